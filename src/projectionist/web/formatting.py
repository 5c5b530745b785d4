"""Sizes, durations, rates and counts as people read them, in the language that is spoken now.

Units are the symbols that all languages share; how long ago something was is said in words, the same as the page's
script says it later (`Intl.RelativeTimeFormat`), so that a text does not change while it is read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from datetime import date as date_type
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from projectionist.web.words import _, counted, counts, said

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
BINARY = 1024
_DECIMAL: Final = _("1.5")
"""One and a half, which shows what stands between the whole and the parts of a number."""
_WEEKDAYS: Final = _("Mon Tue Wed Thu Fri Sat Sun")
_MONTHS: Final = _("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec")
_STEPS: Final = (
    (86400 * 365, counts("%(num)s y ago", "%(num)s y ago"), counts("in %(num)s y", "in %(num)s y")),
    (86400 * 30, counts("%(num)s mo ago", "%(num)s mo ago"), counts("in %(num)s mo", "in %(num)s mo")),
    (86400, counts("%(num)s d ago", "%(num)s d ago"), counts("in %(num)s d", "in %(num)s d")),
    (3600, counts("%(num)s h ago", "%(num)s h ago"), counts("in %(num)s h", "in %(num)s h")),
    (60, counts("%(num)s min ago", "%(num)s min ago"), counts("in %(num)s min", "in %(num)s min")),
    (1, counts("%(num)s s ago", "%(num)s s ago"), counts("in %(num)s s", "in %(num)s s")),
)


def size(count: float | None, step: int = 1000) -> str:
    """Bytes in powers of a thousand: 14.2 GB; with a `step` of 1024 as they are typed there: 500 GB is 500 × 1024³."""
    if count is None:
        return "–"
    amount = float(count)
    for unit in UNITS:
        if abs(amount) < 999.5 or unit == UNITS[-1]:
            shown = "KB" if unit == "kB" and step == BINARY else unit
            return (
                f"{amount:.0f} {shown}"
                if unit == "B" or abs(amount) >= 99.95
                else f"{decimal(amount)} {shown}"
            )
        amount /= step
    return f"{count} B"


def duration(seconds: float | None) -> str:
    """A length of time by its two largest parts: 1 h 12 min, 4.2 s."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.95:
        return f"{decimal(seconds)} s"
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


def decimal(number: float, places: int = 1) -> str:
    """A number with so many places after the sign that the language puts there."""
    return f"{number:.{places}f}".replace(".", said(_DECIMAL)[1])


def exact(moment: datetime, zone: str = "") -> str:
    """A moment in a zone: Sat 21 Nov 2026, 05:12:09 CET."""
    local = moment.astimezone(zone_of(zone))
    return said(_("%(weekday)s %(day)s %(month)s %(year)s, %(time)s %(zone)s")) % {
        "weekday": said(_WEEKDAYS).split()[local.weekday()],
        "day": local.day,
        "month": said(_MONTHS).split()[local.month - 1],
        "year": f"{local:%Y}",
        "time": f"{local:%H:%M:%S}",
        "zone": f"{local:%Z}",
    }


def day(date: date_type, year: bool = True) -> str:
    """A day: 21 Nov 2026, or 21 Nov."""
    told = {"day": date.day, "month": said(_MONTHS).split()[date.month - 1], "year": f"{date:%Y}"}
    return (said(_("%(day)s %(month)s %(year)s")) if year else said(_("%(day)s %(month)s"))) % told


def relative(moment: datetime, now: datetime | None = None) -> str:
    """How long ago or ahead: 3 min ago, in 2 h, just now."""
    seconds = ((now or datetime.now(UTC)) - moment).total_seconds()
    ahead, away = seconds < 0, abs(seconds)
    if away < 5:
        return said(_("just now"))
    size_s, ago, to_come = next((step for step in _STEPS if away >= step[0]), _STEPS[-1])
    number = int(away // size_s)
    return counted(*(to_come if ahead else ago), number) % {"num": number}
