"""What the API of the log takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar.params import QueryParameter

from projectionist.features.logs.service import Found, LogLine, text_of

Text = Annotated[str, QueryParameter(max_length=200)]
Thread = Annotated[str, QueryParameter(max_length=64)]
Before = Annotated[str, QueryParameter(max_length=40)]


class LogLineDocument(msgspec.Struct, frozen=True):
    """A line of the log. `at` is null and `level` empty where it cannot be read; then it is all in `message`.

    `source` is who wrote it; `correlation_id` is the same for all that came of one request or job; `more` is what it
    says besides.
    """

    at: datetime | None
    level: str
    message: str
    source: str
    correlation_id: str
    exception: str
    more: dict[str, str]


class LogDocument(msgspec.Struct, frozen=True):
    """Lines, the newest first. `next` is what to ask for as `before` to go on, empty where there are no more.

    `is_cut` says that the search stopped before it had seen all; it goes on from `next`.
    """

    items: list[LogLineDocument]
    next: str
    is_cut: bool


def log_document(found: Found) -> LogDocument:
    """What was found, for the API."""
    return LogDocument([_line(line) for line in found.lines], text_of(found.next), found.is_cut)


def _line(line: LogLine) -> LogLineDocument:
    return LogLineDocument(
        line.at, line.level, line.message, line.source, line.correlation, line.exception, dict(line.more)
    )
