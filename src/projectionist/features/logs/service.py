"""Looking at the log that is kept: the newest lines that fit, and where to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

import msgspec

from projectionist.errors import InputWrong
from projectionist.kit.kept_log import lines_backwards
from projectionist.kit.logs import masked

Place: TypeAlias = tuple[int, int]
"""Where a line is: the segment, and where in it it begins."""

FOLDER = "logs"
"""Where it is kept in the data folder."""
MOST_READ = 16 * 1024 * 1024
"""So many bytes are looked through at once; who wants to see further back asks again."""
_KNOWN = frozenset(
    {"timestamp", "level", "message", "logger", "function", "line", "correlation_id", "exception"}
)


class LogLevel(StrEnum):
    """How much a line matters, from the least on."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


_ORDER = {level.value: number for number, level in enumerate(LogLevel)}


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log. `at` is None and `level` empty where it cannot be read; then it is all in `message`.

    `more` is what it says besides, by name.
    """

    place: Place
    at: datetime | None
    level: str
    message: str
    source: str = ""
    correlation: str = ""
    exception: str = ""
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines: at least this level, with this text in any letters, and of this thread of events."""

    level: LogLevel = LogLevel.DEBUG
    text: str = ""
    correlation: str = ""

    def fits(self, line: LogLine) -> bool:
        """Whether a line is wanted; one that cannot be read has no level, and is wanted at each."""
        if line.level and _ORDER.get(line.level, 0) < _ORDER[self.level]:
            return False
        if self.correlation and not line.correlation.startswith(self.correlation):
            return False
        said = (line.message, line.source, line.exception, *line.more, *line.more.values())
        return not self.text or any(self.text.lower() in one.lower() for one in said)


@dataclass(frozen=True, slots=True)
class Found:
    """Lines, the newest first. `next` is where to go on, None at the end; `is_cut` where the search stopped early."""

    lines: tuple[LogLine, ...]
    next: Place | None
    is_cut: bool = False


def look(folder: Path, wanted: Wanted, *, before: Place | None = None, most: int = 100) -> Found:
    """The newest lines that are wanted, before a place where one is given."""
    lines: list[LogLine] = []
    read, last = 0, before
    for place, raw in lines_backwards(folder, before):
        line = line_of(place, raw)
        if wanted.fits(line):
            if len(lines) == most:
                return Found(tuple(lines), last)
            lines.append(_shown(line))
        read, last = read + len(raw), place
        if read > MOST_READ:
            return Found(tuple(lines), last, is_cut=True)
    return Found(tuple(lines), None)


def line_of(place: Place, raw: bytes) -> LogLine:
    """A line as it was written."""
    try:
        told = _DECODER.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return LogLine(place, None, "", raw.decode("utf-8", "replace"))
    source = ".".join(_text(told.get(name)) for name in ("logger", "function"))
    return LogLine(
        place,
        _moment(told.get("timestamp")),
        _text(told.get("level")),
        _text(told.get("message")),
        f"{source}:{_text(told.get('line'))}",
        _text(told.get("correlation_id")),
        _text(told.get("exception")),
        {name: _text(value) for name, value in told.items() if name not in _KNOWN},
    )


def _shown(line: LogLine) -> LogLine:
    """Without secrets that were learned only after it was written."""
    return replace(
        line,
        message=masked(line.message),
        exception=masked(line.exception),
        more={name: masked(value) for name, value in line.more.items()},
    )


def place_of(text: str) -> Place | None:
    """A place out of `12-3456`, None out of nothing. Raises InputWrong."""
    if not text:
        return None
    segment, dash, start = text.partition("-")
    if not dash or not all(one.isascii() and one.isdecimal() and len(one) <= 18 for one in (segment, start)):
        raise InputWrong("A place in the log looks like 12-3456, as a page of it gives it.", "before")
    return int(segment), int(start)


def text_of(place: Place | None) -> str:
    """`12-3456` out of a place."""
    return "" if place is None else f"{place[0]}-{place[1]}"


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


_DECODER: msgspec.json.Decoder[dict[str, object]] = msgspec.json.Decoder(dict[str, object])
