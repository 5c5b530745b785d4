"""Two who change the same account at once on PostgreSQL, the one paused where the other may overtake it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from sqlalchemy import event, text

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from tests.databases import drop_postgres, new_postgres

T = TypeVar("T")
U = TypeVar("U")

PATIENCE_S = 60


@pytest.fixture
def database(postgres: str, postgres_template: str) -> Iterator[Database]:
    """A database on PostgreSQL, where two who write wait for rows alone."""
    opened = Database(new_postgres(postgres, postgres_template))
    yield opened
    opened.close()
    drop_postgres(postgres, opened.url.render_as_string())


def overtaken(
    database: Database, statement: str, first: Callable[[], T], second: Callable[[], U]
) -> tuple[T | ProjectionistError, U | ProjectionistError]:
    """What came of both: `first` stops before its statement that begins so, and goes on once `second` is over, or
    waits for a row that `first` holds."""
    reached = threading.Event()
    threads: list[int] = []
    others: list[Future[U | ProjectionistError]] = []

    def pause(_connection: object, _cursor: object, said: str, *_more: Any) -> None:
        if threads != [threading.get_ident()] or reached.is_set() or not said.startswith(statement):
            return
        reached.set()
        give_up = time.monotonic() + PATIENCE_S
        while not (others and others[0].done()) and not _somebody_waits(database):
            assert time.monotonic() < give_up, "neither over nor waiting"

    def begin() -> T | ProjectionistError:
        threads.append(threading.get_ident())
        return _outcome(first)

    event.listen(database.engine, "before_cursor_execute", pause)
    try:
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(begin)
            while not reached.wait(0.1):
                assert not one.done(), f"{statement} was never said"
            others.append(pool.submit(_outcome, second))
            return one.result(PATIENCE_S), others[0].result(PATIENCE_S)
    finally:
        event.remove(database.engine, "before_cursor_execute", pause)


def _outcome(call: Callable[[], T]) -> T | ProjectionistError:
    try:
        return call()
    except ProjectionistError as error:
        return error


def _somebody_waits(database: Database) -> bool:
    with database.read() as session:
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        return bool(session.execute(text(f"{waiting} AND wait_event_type = 'Lock'")).scalar())
