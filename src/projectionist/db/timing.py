"""How long statements took, told to the span of the request or job that made them."""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import event

from projectionist.db.engine import Database
from projectionist.kit.tracing import current

SECONDS: Final = "projectionist.database.seconds"
STATEMENTS: Final = "projectionist.database.statements"
_BEGAN: Final = "projectionist_statement_began"


def time_statements(database: Database) -> None:
    """From now on every statement is timed; where nothing is traced this need not be called, and costs nothing."""
    for engine in database.engines:
        event.listen(engine, "before_cursor_execute", _begin)
        event.listen(engine, "after_cursor_execute", _end)


def _begin(connection: Any, *_statement: Any) -> None:
    connection.info[_BEGAN] = time.perf_counter()


def _end(connection: Any, *_statement: Any) -> None:
    span = current()
    span.add(SECONDS, time.perf_counter() - connection.info.pop(_BEGAN, time.perf_counter()))
    span.add(STATEMENTS, 1)
