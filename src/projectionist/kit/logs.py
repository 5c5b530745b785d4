"""The log: one line per event, as text for people or as JSON for programs, and never a secret in it.

Any module logs by `logging.getLogger(__name__)`; structlog's loggers end in the same lines.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from logging.handlers import WatchedFileHandler
from pathlib import Path
from typing import Any
from uuid import uuid4

import structlog
from structlog.processors import CallsiteParameter, CallsiteParameterAdder
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

correlation: ContextVar[str] = ContextVar("correlation", default="")
"""What ties together all that came of one request: its job, and the calls that job makes."""

MASKED = "••••"
_SHORTEST = 4
"""A shorter secret would make holes in ordinary words."""

_ORDER = ("timestamp", "level", "message", "logger", "function", "line", "correlation_id")
_END = r"[^\s&\"'<>,;)}\]\\]+"
_SHAPES = (
    re.compile(
        r"(?i)(x-plex-token|x-emby-token|x-api-key|api[_-]?key|access[_-]?token|password|passwd)"
        r"(\\?[\"']?\s*(?:=|:|%3D)\s*\\?[\"']?)" + _END
    ),
    re.compile(r"(?i)(authorization)(\\?[\"']?\s*[:=]\s*\\?[\"']?(?:bearer |basic )?)" + _END),
    re.compile(r"(://[^\s/:@]*)(:)[^\s/@]+(?=@)"),
    # some senders of webhooks can show their secret in the address only
    re.compile(r"(/webhooks/[^\s/]+)(/|%2[Ff])" + _END),
)
_secrets: set[str] = set()
"""Grows by the tokens of an installation, which are few."""

logger = logging.getLogger(__name__)


def new_correlation() -> str:
    """The id of a new thread of events; who begins it sets it in `correlation`, or keeps it with what it asks for."""
    return uuid4().hex


def mask(secret: str) -> None:
    """Show dots in place of this text in every line from now on; texts under four characters stay."""
    if len(secret) >= _SHORTEST:
        _secrets.add(secret)


def masked(text: str) -> str:
    """The text with dots for every secret that is known, or looks like one."""
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, MASKED)
    for shape in _SHAPES:
        text = shape.sub(rf"\1\2{MASKED}", text)
    return text


def configure(
    log_format: str = "text",
    level: str = "info",
    file: Path | None = None,
    kept: logging.Handler | None = None,
) -> None:
    """Send the log to standard error, and to `file` too where one is given; may be called again.

    `log_format` is `text` or `json`; `kept` is given lines of JSON whichever that is. A file that cannot be opened is
    one warning in the log, and no failure.
    """
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *_common(), ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    trouble = ""
    if file is not None:
        try:
            handlers.append(WatchedFileHandler(file, encoding="utf-8", errors="backslashreplace"))
        except OSError as error:
            trouble = error.strerror or str(error)
    _replace_handlers(handlers, log_format, kept)
    logging.getLogger().setLevel(level.upper())
    logging.captureWarnings(True)
    if trouble:
        logger.warning(
            "The log file %s cannot be opened (%s); the log goes to standard error only.", file, trouble
        )


def _replace_handlers(handlers: list[logging.Handler], log_format: str, kept: logging.Handler | None) -> None:
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old.formatter, ProcessorFormatter):
            root.removeHandler(old)
            old.close()
    shown = _as_json() if log_format == "json" else _as_text()
    for handler, renderers in [*((one, shown) for one in handlers), *([(kept, _as_json())] if kept else [])]:
        handler.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=_common(),
                processors=[ProcessorFormatter.remove_processors_meta, *renderers],
            )
        )
        root.addHandler(handler)


def _common() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        CallsiteParameterAdder(
            [CallsiteParameter.FUNC_NAME, CallsiteParameter.LINENO], additional_ignores=["logging"]
        ),
        _add_correlation,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _mask_all,
    ]


def _as_json() -> list[Processor]:
    return [_ordered, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _as_text() -> list[Processor]:
    return [_as_line]


def _add_correlation(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    event["correlation_id"] = correlation.get()
    return event


def _mask_all(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    return {name: value if name == "_record" else _masked_value(value) for name, value in event.items()}


def _masked_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _masked_value(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked_value(inner) for inner in value]
    return masked(value if isinstance(value, str) else repr(value))


def _ordered(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The names that other programs look for, first and always; then what the call added."""
    named = _renamed(event)
    return {name: named.pop(name, "") for name in _ORDER} | named


def _as_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    named = _renamed(event)
    exception = named.pop("exception", "")
    start, level, message, name, function, line, correlation_id = (named.pop(key, "") for key in _ORDER)
    more = "".join(f" {key}={value}" for key, value in named.items())
    thread = f" [{correlation_id[:8]}]" if correlation_id else ""
    shown = f"{start} {level:<8} {message}{more}{thread} ({name}.{function}:{line})"
    return f"{shown}\n{exception}" if exception else shown


def _renamed(event: EventDict) -> dict[str, Any]:
    names = {"event": "message", "func_name": "function", "lineno": "line"}
    return {names.get(name, name): value for name, value in event.items()}
