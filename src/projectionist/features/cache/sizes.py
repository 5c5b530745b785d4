"""Sizes and rates as people write them, in units of 1024."""

from __future__ import annotations

import re
from decimal import Decimal

from projectionist.errors import UsageWrong

_UNITS = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([KMGT]?B)?", re.ASCII | re.IGNORECASE)


def bytes_of(text: str) -> int:
    """The bytes of a size such as 500GB; a bare number is GB. Raises UsageWrong."""
    found = _amount(text.strip(), "GB")
    if found is None:
        raise UsageWrong(f"A size is a number with B, KB, MB, GB or TB, as in 500GB; {text!r} is none.")
    return found


def rate_of(text: str) -> int:
    """Bytes per second of a rate such as 150MB/s; a bare number is MB/s. Raises UsageWrong."""
    found = _amount(text.strip().removesuffix("/s"), "MB")
    if found is None:
        raise UsageWrong(f"A rate is a number with KB/s, MB/s or GB/s, as in 150MB/s; {text!r} is none.")
    return found


def _amount(text: str, bare: str) -> int | None:
    matched = _SIZE.fullmatch(text)
    if matched is None:
        return None
    amount = int(Decimal(matched[1]) * _UNITS[(matched[2] or bare).upper()])
    return amount if 0 < amount < 1 << 63 else None


def typed_size(size: int) -> str:
    """Bytes as somebody may type them: `bytes_of` gives the very same number back."""
    unit = next((name for name, count in reversed(_UNITS.items()) if size % count == 0), "B")
    return f"{size // _UNITS[unit]}{unit}"


def shown_size(size: float) -> str:
    """Bytes in the largest unit that leaves a number before the point."""
    for unit in ("TB", "GB", "MB", "KB"):
        if size >= _UNITS[unit]:
            return f"{size / _UNITS[unit]:.1f} {unit}"
    return f"{size:.0f} B"
