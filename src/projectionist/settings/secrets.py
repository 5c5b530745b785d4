"""What of the settings no line of a log may hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from urllib.parse import unquote, urlsplit

from projectionist.settings.model import Settings


def secret_names() -> frozenset[str]:
    """The settings that are secrets, or hold one."""
    return frozenset(
        one.name for one in fields(Settings) if "option" in one.metadata and one.metadata["option"].secret
    )


def secret_texts(settings: Settings) -> Iterator[str]:
    """Every secret that a setting holds: of an address its password, or the key before its host, else all of it."""
    for name in sorted(secret_names()):
        value = getattr(settings, name)
        if not isinstance(value, str):
            for header in value:
                yield from _secrets_in_header(header)
        elif "://" in value:
            yield from _secrets_in_address(value)
        elif value:
            yield value


def _secrets_in_header(text: str) -> Iterator[str]:
    """Of `Authorization=Bearer token` the whole value, and the token, which stands alone elsewhere."""
    value = text.partition("=")[2]
    yield from {value, value.rpartition(" ")[2]} - {""}


def _secrets_in_address(text: str) -> Iterator[str]:
    """The password; of a web address that has none its user, which is a key. That of a database is no secret."""
    parts = urlsplit(text)
    key = parts.password or (parts.username if parts.scheme in ("http", "https") else "") or ""
    yield from {key, unquote(key)} - {""}
