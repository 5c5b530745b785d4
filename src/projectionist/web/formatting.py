"""Sizes, durations, rates and counts as people read them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
BINARY = 1024


def size(count: float | None, step: int = 1000) -> str:
    """Bytes in powers of a thousand: 14.2 GB; with a `step` of 1024 as they are typed there: 500 GB is 500 × 1024³."""
    if count is None:
        return "–"
    amount = float(count)
    for unit in UNITS:
        if abs(amount) < 999.5 or unit == UNITS[-1]:
            said = "KB" if unit == "kB" and step == BINARY else unit
            return f"{amount:.0f} {said}" if unit == "B" or abs(amount) >= 99.95 else f"{amount:.1f} {said}"
        amount /= step
    return f"{count} B"


def duration(seconds: float | None) -> str:
    """A length of time by its two largest parts: 1 h 12 min, 4.2 s."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size_s, unit, small_s, small in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size_s:
            rest = whole % size_s // small_s
            return f"{whole // size_s} {unit} {rest} {small}" if rest else f"{whole // size_s} {unit}"
    return f"{whole} s"


def count(number: float | None) -> str:
    """A number with thin spaces between thousands."""
    if number is None:
        return "–"
    return f"{number:,.0f}".replace(",", "\u202f")


def zone_of(name: str) -> ZoneInfo:
    """A time zone by its IANA name, UTC where there is none such."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def exact(moment: datetime, zone: str = "") -> str:
    """A moment in a zone: Sat 21 Nov 2026, 05:12:09 CET."""
    local = moment.astimezone(zone_of(zone))
    return local.strftime("%a %-d %b %Y, %H:%M:%S %Z")


def relative(moment: datetime, now: datetime | None = None) -> str:
    """How long ago or ahead: 3 min ago, in 2 h, just now."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    ahead, away = seconds < 0, abs(seconds)
    if away < 5:
        return "just now"
    for size_s, unit in (
        (86400 * 365, "y"),
        (86400 * 30, "mo"),
        (86400, "d"),
        (3600, "h"),
        (60, "min"),
        (1, "s"),
    ):
        if away >= size_s:
            words = f"{away // size_s:.0f} {unit}"
            return f"in {words}" if ahead else f"{words} ago"
    return "just now"
