"""Passwords: which are taken, and their argon2id hashes."""

from __future__ import annotations

import re
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from projectionist.errors import InputWrong

NAME = re.compile(r"[A-Za-z0-9_-]{3,30}")
SHORTEST = 8
LONGEST = 1024
"""Nobody types more; what is hashed is bounded."""

_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB while it is made; a crowd at the door waits instead of filling the memory."""


def check_name(name: str) -> str:
    """The name without spaces around it. Raises InputWrong for one that cannot be taken."""
    name = name.strip()
    if NAME.fullmatch(name) is None:
        raise InputWrong(
            "A name has 3 to 30 of these: letters without accents, digits, _ and -; choose another.", "name"
        )
    return name


def check_password(password: str, name: str = "") -> None:
    """Raises InputWrong for a password that is too short or too long, or is the name itself."""
    if len(password) < SHORTEST:
        raise InputWrong(
            f"A password has at least {SHORTEST} characters; a few words in a row are good.", "password"
        )
    if len(password) > LONGEST:
        raise InputWrong(f"A password has at most {LONGEST} characters; shorten it.", "password")
    if name and password.casefold() == name.casefold():
        raise InputWrong("The password is the same as the name; choose another.", "password")


def hash_password(password: str) -> str:
    """Its argon2id hash, with a salt of its own."""
    with _at_once:
        return _hasher.hash(_same_everywhere(password))


def matches(password: str, hashed: str | None) -> bool:
    """Whether this is the password; without a hash (no such person, or no password) it takes as long, and is not."""
    with _at_once:
        try:
            _hasher.verify(hashed or _nobody(), _same_everywhere(password[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
    return bool(hashed)


def is_outdated(hashed: str) -> bool:
    """Whether today's hashes are made harder than this one."""
    return _hasher.check_needs_rehash(hashed)


def _same_everywhere(password: str) -> str:
    """One spelling for what looks the same: keyboards compose accents differently."""
    return unicodedata.normalize("NFKC", password)


_decoy: list[str] = []


def _nobody() -> str:
    if not _decoy:
        _decoy.append(_hasher.hash("nobody has this password"))
    return _decoy[0]
