"""Addresses that people type: checked, and spelled one way."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from projectionist.errors import AddressRefused, InputWrong
from projectionist.kit.confining import check_root, is_folder
from projectionist.kit.outbound import plain_host
from projectionist.media.vocabulary import ServerKind

_PLEX_PORT = 32400
_LONGEST = 2000


def checked(kind: ServerKind, address: str) -> str:
    """The address as it is kept. Raises InputWrong."""
    address = address.strip()
    return _folder(address) if kind is ServerKind.FOLDER else _url(address)


def _folder(address: str) -> str:
    path = Path(address).expanduser() if address[:2] in ("~", "~/") else Path(address)
    if not address or not path.is_absolute():
        raise InputWrong("A folder is given by its whole path, such as /media/films.", "address")
    check_root(path, "address")
    if not is_folder(path):
        raise InputWrong(
            f"There is no folder {path} on this machine; check its spelling and mount.", "address"
        )
    return str(path.resolve())


def _url(address: str) -> str:
    text = address if "://" in address else f"http://{address}"
    if len(text) > _LONGEST or not text.isprintable() or " " in text:
        raise _wrong()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong() from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong()
    if parts.username or parts.password or parts.query or parts.fragment:
        raise InputWrong(
            "The address holds more than host and port; put a token into its own field, where it is kept secret.",
            "address",
        )
    try:
        host = plain_host(parts.hostname)
    except AddressRefused as error:
        raise InputWrong(error.message, "address") from None
    host = f"[{host}]" if ":" in host else host
    if port is None and "://" not in address:
        port = _PLEX_PORT
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}{parts.path.rstrip('/')}"


def _wrong() -> InputWrong:
    return InputWrong("An address looks like http://192.0.2.10:32400 or https://plex.example.org.", "address")
