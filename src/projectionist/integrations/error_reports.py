"""Errors that nobody expected, told to a service that speaks the Sentry protocol, as GlitchTip and Bugsink do too.

Documented at https://develop.sentry.dev/sdk/foundations/transport/envelopes. What is told: the kind of error, its words
with secrets masked, the places in the code, the version, and the correlation id. No variables, no addresses,
nobody's name.
"""

from __future__ import annotations

import logging
import logging.handlers
import queue
import threading
import time
import traceback
from collections import deque
from contextlib import closing, suppress
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from projectionist import __version__
from projectionist.errors import InputWrong, ProjectionistError
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.logs import correlation, mask, masked

_IN_TIME: Final = TimeOuts(connect=5.0, read=5.0, total=10.0)
_WAITING: Final = 20
"""So many wait to be told at most; whatever comes beyond them is in the log only."""
_PER_MINUTE: Final = 10
_PATIENCE_S: Final = 2.0
_FRAMES: Final = 50
_log = logging.getLogger(__name__)


class ErrorReports(logging.handlers.QueueHandler):
    """Tells of every error that comes with where it happened, while it is open. Raises InputWrong for no DSN.

    `dsn` is the address that the service shows: `https://key@host/number`. That an error cannot be put in words is no
    failure of what logged it.
    """

    def __init__(self, dsn: str) -> None:
        self._waiting: queue.Queue[dict[str, Any] | None] = queue.Queue(_WAITING)
        super().__init__(self._waiting)
        self.setLevel(logging.ERROR)
        base, self._path, self._key = parts_of(dsn)
        mask(self._key)
        self._http = HttpClient(
            base,
            {"User-Agent": f"projectionist/{__version__}", "Content-Type": "application/x-sentry-envelope"},
            name="The service for error reports",
            time_outs=_IN_TIME,
            retries=Retries(attempts=1),
            max_body=1024 * 1024,
        )
        self._told_at: deque[float] = deque(maxlen=_PER_MINUTE)
        self._thread = threading.Thread(target=self._work, name="error reports", daemon=True)

    def start(self) -> None:
        """Begin."""
        logging.getLogger().addHandler(self)
        self._thread.start()

    def close(self) -> None:
        """End; what waits is told in the next two seconds, or not at all."""
        logging.getLogger().removeHandler(self)
        if self._thread.is_alive():
            try:
                self._waiting.put(None, timeout=_PATIENCE_S)
            except queue.Full:
                _log.info("Errors that wait to be reported stay in the log only.")
            self._thread.join(_PATIENCE_S)
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Have an error told, unless too many were a moment ago."""
        if not record.exc_info or record.exc_info[1] is None or record.name == __name__:
            return
        now = time.monotonic()
        if len(self._told_at) == _PER_MINUTE and now - self._told_at[0] < 60:
            return
        self._told_at.append(now)
        super().emit(record)

    def prepare(self, record: logging.LogRecord) -> dict[str, Any]:
        """What is told of an error."""
        return event_of(record)

    def enqueue(self, event: Any) -> None:
        """Let it wait; what comes beyond those that wait is in the log only."""
        with suppress(queue.Full):
            self._waiting.put_nowait(event)

    def _work(self) -> None:
        with closing(self._http):
            while (event := self._waiting.get()) is not None:
                try:
                    self._http.request(
                        "POST",
                        self._path,
                        headers={"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={self._key}"},
                        content=envelope(event),
                    )
                except ProjectionistError as error:
                    _log.warning("An error was not reported: %s", error.message)


def parts_of(dsn: str) -> tuple[str, str, str]:
    """Where reports go: the address, the path below it, and the key. Raises InputWrong."""
    try:
        parts = urlsplit(dsn.strip())
        port = parts.port
    except ValueError:
        raise _no_dsn() from None
    folder, _, project = parts.path.rstrip("/").rpartition("/")
    plain = dsn.isascii() and dsn.isprintable() and project.isdecimal()
    if parts.scheme not in ("http", "https") or not parts.hostname or not parts.username or not plain:
        raise _no_dsn()
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return (
        f"{parts.scheme}://{host}{f':{port}' if port else ''}",
        f"{folder}/api/{project}/envelope/",
        parts.username,
    )


def envelope(event: dict[str, Any]) -> bytes:
    """An event as it is sent."""
    head = {"event_id": event["event_id"], "sent_at": datetime.now(UTC).isoformat()}
    return b"\n".join(msgspec.json.encode(one) for one in (head, {"type": "event"}, event)) + b"\n"


def event_of(record: logging.LogRecord) -> dict[str, Any]:
    """An error as the protocol has it."""
    error = record.exc_info[1] if record.exc_info else None
    chain = list(_chain(error))[::-1]
    return {
        "event_id": uuid4().hex,
        "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        "platform": "python",
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "release": f"projectionist@{__version__}",
        "message": {"formatted": _told(record.getMessage())},
        "tags": {"correlation_id": correlation.get()},
        "exception": {"values": [_value(one) for one in chain]},
    }


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found and len(found) < 5:
        found.append(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return found


def _value(error: BaseException) -> dict[str, Any]:
    return {
        "type": type(error).__name__,
        "module": type(error).__module__,
        "value": _told(str(error))[:2000],
        "stacktrace": {"frames": _frames(error.__traceback__)},
    }


def _told(text: str) -> str:
    """Without secrets, and as text: a name of a file need be none."""
    return masked(text).encode("utf-8", "backslashreplace").decode()


def _frames(trace: TracebackType | None) -> list[dict[str, Any]]:
    """Places in the code, by module; where it lies on the disk of this machine is nobody's business."""
    found = [
        {
            "module": frame.f_globals.get("__name__", ""),
            "function": frame.f_code.co_name,
            "lineno": number,
            "in_app": str(frame.f_globals.get("__name__", "")).startswith("projectionist"),
        }
        for frame, number in traceback.walk_tb(trace)
    ]
    return found[-_FRAMES:]


def _no_dsn() -> InputWrong:
    return InputWrong(
        "That is no DSN for error reports; the service shows one that looks like https://key@example.org/1.",
        "error_reports",
    )
