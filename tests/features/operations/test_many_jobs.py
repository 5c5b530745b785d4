"""With thousands of jobs queued, a page of them costs what it costs with a handful: a page is all that is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event, text

from projectionist.db.engine import Database
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobFilter, Order
from projectionist.jobs.tables import JobRow
from tests.features.accounts.house import Browser, House
from tests.jobs import crew

FEW, MANY = 120, 5000


@dataclass
class Reading:
    """What was asked of the tables of jobs, and how many jobs were read for it."""

    statements: list[tuple[str, Any]] = field(default_factory=list)
    rows: int = 0


@contextmanager
def reading() -> Iterator[Reading]:
    """Look at what is read meanwhile."""
    seen = Reading()

    def executed(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "FROM job " in " ".join(statement.split()) + " ":
            seen.statements.append((statement, parameters))

    def loaded(_row: JobRow, _context: Any) -> None:
        seen.rows += 1

    event.listen(SqlEngine, "before_cursor_execute", executed)
    event.listen(JobRow, "load", loaded)
    try:
        yield seen
    finally:
        event.remove(SqlEngine, "before_cursor_execute", executed)
        event.remove(JobRow, "load", loaded)


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> Engine:
    made = crew.engine(database, tmp_path, "here")
    fill(made, FEW)
    return made


@pytest.fixture
def owner(database: Database, tmp_path: Path, jobs: Engine) -> Iterator[Browser]:
    with House(database, tmp_path, jobs=cast(Any, jobs)).owner() as browser:
        yield browser


def fill(jobs: Engine, count: int) -> None:
    there = jobs.find(JobFilter(), size=1).total
    jobs.order_many([Order("note", {"name": f"number {number}"}) for number in range(there, count)])


@pytest.mark.parametrize(
    ("path", "rows", "statements"),
    [
        ("/jobs", 50, 3),
        ("/jobs?state=queued&sort=priority&text=number&offset=20", 50, 3),
        ("/api/v1/jobs", 50, 2),
        ("/api/v1/jobs?state=queued&state=waiting&sort=title&limit=10", 10, 2),
        ("/api/v1/queues", 0, 1),
    ],
)
def test_a_page_reads_no_more_of_many_than_of_few(
    owner: Browser, jobs: Engine, path: str, rows: int, statements: int
) -> None:
    owner.get(path)
    with reading() as of_few:
        owner.get(path)
    fill(jobs, MANY)
    with reading() as of_many:
        answer = owner.get(path)
    assert answer.status_code == 200
    asked = [statement for statement, _ in of_many.statements]
    assert asked == [statement for statement, _ in of_few.statements]
    assert 1 <= len(asked) <= statements
    assert all("LIMIT" in one for one in asked if "job.title, " in one)
    assert of_many.rows == of_few.rows == rows


def test_the_newest_of_many_are_found_without_sorting_all(jobs: Engine) -> None:
    fill(jobs, MANY)
    with reading() as seen:
        found = jobs.find(JobFilter())
    moments = [job.created_at for job in found.items]
    assert moments == sorted(moments, reverse=True)
    (statement, parameters), _count = seen.statements
    explain, sorting = (
        ("EXPLAIN QUERY PLAN", "TEMP B-TREE") if jobs.database.is_sqlite else ("EXPLAIN", "Sort")
    )
    if not jobs.database.is_sqlite:  # it plans by what it knows of the table, and knows nothing yet
        with jobs.database.write() as session:
            session.execute(text("ANALYZE job"))
    with jobs.database.reading_connection() as connection:
        steps = [row[-1] for row in connection.exec_driver_sql(f"{explain} {statement}", parameters)]
    assert steps
    assert not [step for step in steps if sorting in step]
