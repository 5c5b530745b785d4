"""The rules of a tier as they were typed, and what they come to on its drive."""

from __future__ import annotations

import re
from dataclasses import dataclass

from projectionist.errors import InputWrong, UsageWrong
from projectionist.features.cache.sizes import bytes_of, typed_size

_SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)\s*%", re.ASCII)


@dataclass(frozen=True, slots=True)
class Amount:
    """So many bytes, or so much of the drive in per cent."""

    bytes: int = 0
    percent: float = 0.0

    def on(self, total: int) -> int:
        """In bytes, on a drive of `total` bytes."""
        return self.bytes or int(total * self.percent / 100)

    def typed(self) -> str:
        """As somebody may type it: `amount` gives the very same back."""
        return typed_size(self.bytes) if self.bytes else f"{self.percent:f}".rstrip("0").rstrip(".") + "%"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a tier may hold; None where a rule is not set. `drive_size` stands for what the drive says of itself."""

    quota: Amount | None = None
    usage: Amount | None = None
    min_free: Amount | None = None
    drive_size: int | None = None


def amount(text: str, field: str = "") -> Amount | None:
    """A size such as 500GB (a bare number is GB), or a share such as 80 %; None for nothing. Raises InputWrong."""
    text = text.strip()
    if text in ("", "0"):
        return None
    share = _SHARE.fullmatch(text)
    if share is not None and 0 < float(share[1]) <= 100:
        return Amount(percent=float(share[1]))
    if "%" in text:
        raise InputWrong(f"A share of a drive is more than 0 % and at most 100 %; {text!r} is none.", field)
    size = size_of(text, field)
    return None if size is None else Amount(bytes=size)


def size_of(text: str, field: str = "") -> int | None:
    """A size in bytes; None for nothing. Raises InputWrong."""
    if text.strip() in ("", "0"):
        return None
    try:
        return bytes_of(text)
    except UsageWrong as error:
        raise InputWrong(error.message, field) from None
