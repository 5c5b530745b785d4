"""Names and passwords: which are taken, how strong a password is, and its argon2id hash."""

from __future__ import annotations

import re
import threading
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from projectionist.errors import InputWrong
from projectionist.features.accounts.known_passwords import is_widely_known

NAME = re.compile(r"[A-Za-z0-9_-]{3,30}")
LONGEST_NAME = 60
"""So long may an e-mail address be that is a name: as long as what names who asked for a job."""
_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
EMAIL = re.compile(rf"[A-Za-z0-9_%+-]+(?:\.[A-Za-z0-9_%+-]+)*@(?:{_PART}\.)+[A-Za-z]{{2,63}}")
SHORTEST = 8
LENGTHS = (SHORTEST, 12, 16)
"""Each of them that a password reaches makes it stronger."""
LONGEST = 1024
"""Nobody types more; what is hashed is bounded."""

_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB while it is made; a crowd at the door waits instead of filling the memory."""


def check_name(name: str) -> str:
    """The name without spaces around it. Raises InputWrong for one that cannot be taken."""
    name = name.strip()
    is_email = len(name) <= LONGEST_NAME and EMAIL.fullmatch(name) is not None
    if not is_email and NAME.fullmatch(name) is None:
        raise InputWrong(
            "A name has 3 to 30 of these: letters without accents, digits, _ and -; or it is an e-mail address of "
            f"at most {LONGEST_NAME} characters.",
            "name",
        )
    return name


def check_password(password: str, name: str = "") -> None:
    """Raises InputWrong for a password that is too short or too long, lacks a class, or is tried first by everybody."""
    if len(password) < SHORTEST:
        raise InputWrong(
            f"A password has at least {SHORTEST} characters; a few words in a row are good.", "password"
        )
    if len(password) > LONGEST:
        raise InputWrong(f"A password has at most {LONGEST} characters; shorten it.", "password")
    if lacking := _lacking(password):
        raise InputWrong(
            f"A password mixes four kinds of characters; this one lacks {_listed(lacking)}.", "password"
        )
    if is_widely_known(password, name):
        raise InputWrong(
            "This password, or one much like it, is among those that are tried first; choose another.",
            "password",
        )


def strength(password: str) -> int:
    """From 0 to 7: a point for each length that it reaches, and for each kind of characters that it has."""
    reached = sum(len(password) >= length for length in LENGTHS)
    return reached + len(_KINDS) - len(_lacking(password))


_KINDS = {"Ll": "a small letter", "Lu": "a capital letter", "Nd": "a digit", "": "a space or a sign"}


def _lacking(password: str) -> list[str]:
    """The kinds of characters that a password has none of; letters that are neither small nor capital are signs."""
    found = {unicodedata.category(letter) for letter in password}
    kinds = {category if category in _KINDS else "" for category in found}
    return [words for kind, words in _KINDS.items() if kind not in kinds]


def _listed(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


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
