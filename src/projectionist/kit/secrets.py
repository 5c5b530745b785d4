"""Secrets at rest: the key of this installation, and what is sealed with it."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from projectionist.errors import SecretUnreadable, SettingWrong
from projectionist.kit.files import explained, sync_folder

KEY_FILE = "secret.key"
NEXT_KEY_FILE = "secret.key.next"
"""The key that a rotation goes over to, until it is done."""
_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_SHORTEST_PASSPHRASE = 16
SEALED = _FORM = "v1."
"""What every sealed text begins with, so that another form can be told from it one day."""


class Secret:
    """A text that is dots wherever it is shown; `reveal` gives it out where it is used."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "Secret('••••')" if self._text else "Secret('')"

    __str__ = __repr__


class Vault:
    """Seals texts with AES-256-GCM: what was sealed can be neither read nor changed without the key.

    What one of the `other` keys sealed is opened too; nothing is sealed with them.
    """

    def __init__(self, key: bytes, *other: bytes) -> None:
        self._cipher = AESGCM(key)
        self._others = tuple(AESGCM(one) for one in other)

    def seal(self, text: str) -> str:
        """The text, sealed; another result each time."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, text.encode(), None)
        return _FORM + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """What was sealed. Raises SecretUnreadable where another key sealed it, or it was changed."""
        try:
            if not sealed.startswith(_FORM):
                raise ValueError("no sealed text")
            content = base64.urlsafe_b64decode(sealed[len(_FORM) :])
            return self._decrypted(content[:_NONCE_BYTES], content[_NONCE_BYTES:]).decode()
        except (InvalidTag, ValueError, binascii.Error):
            raise SecretUnreadable(
                "A kept token cannot be read with this installation's key; it is left as it is: put the former "
                f"{KEY_FILE} or PROJECTIONIST_SECRET_KEY back, or enter the token anew."
            ) from None

    def _decrypted(self, nonce: bytes, content: bytes) -> bytes:
        for cipher in self._others:
            with suppress(InvalidTag):
                return cipher.decrypt(nonce, content, None)
        return self._cipher.decrypt(nonce, content, None)


def is_sealed(text: str) -> bool:
    """Whether a text has the shape of a sealed one, whichever key sealed it."""
    try:
        content = base64.b64decode(text[len(_FORM) :], altchars=b"-_", validate=True)
    except ValueError:
        return False
    return text.startswith(_FORM) and len(content) >= _NONCE_BYTES + _TAG_BYTES


def load_vault(data: Path, secret_key: str = "") -> Vault:  # nosec B107
    """What seals with the installation's key, and opens too what a rotation sealed anew before it was cut off.

    Raises as `load_key` does.
    """
    key = load_key(data, secret_key)
    if secret_key or not (data / NEXT_KEY_FILE).exists():
        return Vault(key)
    return Vault(key, next_key(data))


def next_key(data: Path) -> bytes:
    """The key that a rotation goes over to, made where there is none yet. Raises SettingWrong, TargetUnwritable."""
    return _key_in(data / NEXT_KEY_FILE)


def load_key(data: Path, secret_key: str = "") -> bytes:  # nosec B107
    """The installation's key: made of `secret_key`, else kept in the data folder, where the first start makes it.

    Raises SettingWrong where the text is short, or the file can be read by others or is none of ours, and
    TargetUnwritable where it cannot be read or made.
    """
    if secret_key:
        if len(secret_key) < _SHORTEST_PASSPHRASE:
            raise SettingWrong(
                f"PROJECTIONIST_SECRET_KEY has {len(secret_key)} characters; it must have at least "
                f"{_SHORTEST_PASSPHRASE}, best made by chance: openssl rand -base64 32."
            )
        return hashlib.scrypt(
            secret_key.encode(), salt=b"projectionist key", n=2**14, r=8, p=1, dklen=_KEY_BYTES
        )
    return _key_in(data / KEY_FILE)


def kept_key(data: Path) -> bytes | None:
    """What the key file of a data folder holds, None where there is none. Raises TargetUnwritable."""
    path = data / KEY_FILE
    with explained(path, "read"):
        return path.read_bytes() if path.is_file() else None


def put_key(data: Path, content: bytes) -> Path:
    """Make the key file of a folder, which must not be there, and return it. Raises SettingWrong, TargetUnwritable."""
    path = data / KEY_FILE
    _decoded(content, path)
    with explained(path):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, content)
            os.fsync(fd)
        finally:
            os.close(fd)
        sync_folder(data)
    return path


def new_token() -> str:
    """256 bits by chance, to be put into links and cookies."""
    return secrets.token_urlsafe(32)


def _key_in(path: Path) -> bytes:
    with explained(path, "read or made"):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)  # two processes that start at once make one key
            if stat.S_IMODE(os.fstat(fd).st_mode) & 0o077:
                raise SettingWrong(
                    f"{path} can be read by other users of this machine; nothing was started: chmod 600 {path}"
                )
            content = os.read(fd, 4096)
            if not content:
                content = base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)) + b"\n"
                os.write(fd, content)
                os.fsync(fd)
                sync_folder(path.parent)  # what is sealed next can be opened after a power cut too
        finally:
            os.close(fd)
    return _decoded(content, path)


def is_key(content: bytes) -> bool:
    """Whether this is what a key file of ours holds."""
    return len(_bytes_of(content)) == _KEY_BYTES


def _bytes_of(content: bytes) -> bytes:
    try:
        return base64.b64decode(content.strip(), altchars=b"-_", validate=True)
    except binascii.Error:
        return b""


def _decoded(content: bytes, path: Path) -> bytes:
    key = _bytes_of(content)
    if len(key) != _KEY_BYTES:
        raise SettingWrong(
            f"{path} holds no key of ours; it is left as it is: put the former file back from your backup, or move "
            "it away to begin with a new key and enter every token anew."
        )
    return key
