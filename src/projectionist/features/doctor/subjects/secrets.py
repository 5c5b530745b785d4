"""Checks of the key, and of what is sealed with it."""

from __future__ import annotations

import base64
import binascii
import string
from collections.abc import Callable
from functools import partial
from pathlib import Path

from projectionist.errors import SecretUnreadable
from projectionist.features.alerts import service as alerts
from projectionist.features.backups.service import sealed_values
from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Subject,
    failed,
    passed,
    repairs_opened,
    unknown,
    warned,
    when_opened,
)
from projectionist.features.doctor.ground import Ground, Opened
from projectionist.features.doctor.subjects.files import named
from projectionist.features.servers import service as servers
from projectionist.kit.files import explained
from projectionist.kit.secrets import KEY_FILE, NEXT_KEY_FILE

_KEY_BYTES = 32
_SHORTEST, _LONG = 16, 32
_FEW_BYTES, _FEW_SIGNS = 16, 10


def look_at_key(ground: Ground) -> Finding:
    """Whether there is a key that the program can take."""
    if ground.settings.secret_key:
        return judge_secret_key(len(ground.settings.secret_key))
    path = ground.data / KEY_FILE
    if not path.exists():
        return unknown(f"There is no key at {path} yet; the first start makes one.")
    with explained(path, "read"):
        return judge_key_file(path, path.read_bytes())


def judge_secret_key(length: int) -> Finding:
    """A key given as text must be long enough to be taken at all."""
    if length < _SHORTEST:
        return failed(f"PROJECTIONIST_SECRET_KEY has {length} characters; at least {_SHORTEST} are taken.")
    return passed("The key is given by PROJECTIONIST_SECRET_KEY.")


def judge_key_file(path: Path, content: bytes) -> Finding:
    """A key file holds 32 bytes."""
    if len(_key(content)) != _KEY_BYTES:
        return failed(f"{path} holds no key of {_KEY_BYTES} bytes.")
    return passed(f"{path} holds a key of {_KEY_BYTES} bytes.")


def look_at_strength(ground: Ground) -> Finding:
    """Whether the key can be guessed."""
    if ground.settings.secret_key:
        return judge_text_strength(ground.settings.secret_key)
    path = ground.data / KEY_FILE
    if not path.exists():
        return unknown(f"There is no key at {path} yet; the first start makes one.")
    with explained(path, "read"):
        key = _key(path.read_bytes())
    return judge_bytes_strength(key) if key else unknown(f"{path} holds no key whose strength could be told.")


def judge_text_strength(text: str) -> Finding:
    """What a person thought of is short or of few signs; what chance made is neither."""
    signs = len(set(text))
    if signs < _FEW_SIGNS:
        return failed(f"PROJECTIONIST_SECRET_KEY is made of {signs} different characters.")
    plain = all(sign in string.ascii_lowercase + string.digits + " -_" for sign in text)
    if len(text) < _LONG and (plain or len(text) < 24):
        return warned(f"PROJECTIONIST_SECRET_KEY has {len(text)} characters, as if a person thought of it.")
    return passed(f"PROJECTIONIST_SECRET_KEY has {len(text)} characters, {signs} of them different.")


def judge_bytes_strength(key: bytes) -> Finding:
    """Chance almost never gives 32 bytes with many alike."""
    if len(set(key)) < _FEW_BYTES:
        return failed(f"The key file repeats itself: {len(set(key))} different bytes of {len(key)}.")
    return passed(f"The key file holds {len(set(key))} different bytes of {len(key)}, as chance makes them.")


def look_at_key_mode(ground: Ground) -> Finding:
    """Who may read the key file."""
    path = ground.data / KEY_FILE
    if ground.settings.secret_key:
        return passed("The key is not kept in a file of the data folder.")
    if not path.exists():
        return unknown(f"There is no key at {path} yet; the first start makes one.")
    return judge_key_mode(path, path.stat().st_mode)


def judge_key_mode(path: Path, mode: int) -> Finding:
    """The key is its owner's alone."""
    said = f"{path} has mode {mode & 0o777:04o}"
    if mode & 0o077:
        return failed(f"{said}: other users of this machine may read it, and the service refuses to start.")
    return passed(f"{said}: only its owner may read it.")


def close_key(ground: Ground) -> str:
    """Let nobody but the owner read the key."""
    path = ground.data / KEY_FILE
    with explained(path, "changed"):
        path.chmod(0o600)
    return f"{path} has mode 0600 now. If others could read it, enter your tokens anew with a new key."


def look_at_rotation(ground: Ground) -> Finding:
    """Whether going over to another key was begun and not ended."""
    path = ground.data / NEXT_KEY_FILE
    if path.exists():
        return warned(f"{path} is there: going over to another key was cut off. Both keys are read.")
    return passed("No rotation of the key is under way.")


def look_at_tokens(opened: Opened) -> Finding:
    """Open whatever is sealed to last, but for what push services know us by, which is looked at by itself."""
    vault = opened.reach.vault
    locked = [
        server.name
        for server in servers.all_servers(opened.database)
        if server.has_token and not _opens(partial(servers.server_address, opened.database, vault, server.id))
    ]
    kept = sealed_values(opened.database, but=("push_key",))
    closed = sum(not _opens(partial(vault.open, sealed)) for sealed in kept)
    return judge_tokens(len(kept), closed, locked)


def _opens(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except SecretUnreadable:
        return False
    return True


def judge_tokens(kept: int, closed: int, whose: list[str]) -> Finding:
    """Whether all that is sealed can be opened; `whose` are the servers whose tokens are among the `closed`."""
    if whose:
        return failed(
            f"The key does not open {closed} of {kept} kept secrets, among them the tokens of {named(whose)}."
        )
    if closed:
        return failed(f"The key does not open {closed} of {kept} kept secrets.")
    return passed(f"The key opens all {kept} kept secrets." if kept else "No secret is kept.")


def look_at_push_key(opened: Opened) -> Finding:
    """Whether the key by which push services know this house can be opened."""
    opens = alerts.house_key_opens(opened.database, opened.reach.vault)
    if opens is None:
        return passed("No browser was ever notified.")
    if not opens:
        return failed(
            "The key does not open that by which push services know this house; no browser is notified."
        )
    return passed("The key opens that by which push services know this house.")


def begin_anew(opened: Opened) -> str:
    """Forget what cannot be opened, so that browsers can be notified again."""
    gone = alerts.begin_anew(opened.database, opened.reach.vault, opened.now())
    return (
        f"Push services get another key now. Browsers removed: {gone}; switch notifications on there again."
    )


def look_at_setup_file(ground: Ground) -> Finding:
    """A setup file holds the first administrator's password."""
    path = ground.settings.setup_file
    if path is None:
        return passed("No setup file is named in the settings.")
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return passed(f"The setup file {path} is not there any more.")
    return judge_setup_file(path, mode)


def judge_setup_file(path: Path, mode: int) -> Finding:
    """It may stay, for its owner alone."""
    if mode & 0o007:
        return failed(f"Every user of this machine may read the setup file {path}.")
    if mode & 0o070:
        return warned(f"The group of its owner may read the setup file {path}.")
    return passed(f"The setup file {path} is for its owner alone.")


def _key(content: bytes) -> bytes:
    try:
        return base64.b64decode(content.strip(), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""


CHECKS = (
    Check(
        "key",
        Subject.SECRETS,
        "There is a key for the kept tokens",
        "Without its key Projectionist does not start, and no kept token can be used.",
        "Put the former secret.key or PROJECTIONIST_SECRET_KEY back; or move the broken file away, and enter every "
        "token anew.",
        look_at_key,
    ),
    Check(
        "key-strength",
        Subject.SECRETS,
        "The key cannot be guessed",
        "Who guesses the key reads every token out of a stolen database.",
        "Take a key that chance made (openssl rand -base64 32), then enter the tokens of your servers anew.",
        look_at_strength,
    ),
    Check(
        "key-mode",
        Subject.SECRETS,
        "Nobody else may read the key file",
        "Who reads the key reads every token out of a stolen database.",
        "chmod 600 secret.key in the data folder.",
        look_at_key_mode,
        close_key,
        "Close the file",
    ),
    Check(
        "key-rotation",
        Subject.SECRETS,
        "No rotation of the key was cut off",
        "Until it is ended, what the former key sealed can be read with the former key.",
        "Stop the service and its workers, then run: projectionist secrets rotate",
        look_at_rotation,
    ),
    Check(
        "tokens",
        Subject.SECRETS,
        "The key opens every kept secret",
        "A server whose token cannot be opened is not asked any more; a list, a messenger or a second step is dead so.",
        "Put the former key back; or enter tokens, keys of lists and messengers anew, and set second steps up again.",
        when_opened(look_at_tokens),
    ),
    Check(
        "push-key",
        Subject.SECRETS,
        "The key opens that of push services",
        "Push services take messages only from who has the key that the browser was given.",
        "Put the former key back; or begin anew, which removes every browser that is notified: each is switched on "
        "again on its page of notifications.",
        when_opened(look_at_push_key),
        repairs_opened(begin_anew),
        "Begin anew",
    ),
    Check(
        "setup-file",
        Subject.SECRETS,
        "Nobody else may read the setup file",
        "It may hold a password and a token as they were typed.",
        "chmod 600 the setup file, or remove it once the setup is done.",
        look_at_setup_file,
    ),
)
