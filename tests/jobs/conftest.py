"""A job engine that works, shared by the tests of a module: DBOS is one in a process, and takes a second to end."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.jobs.engine import Engine
from tests.databases import ENGINES, drop_postgres, new_postgres
from tests.jobs import crew


@pytest.fixture(scope="module", params=ENGINES)
def jobs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A job engine that works, on SQLite and then on PostgreSQL."""
    folder = tmp_path_factory.mktemp("jobs")
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "projectionist.sqlite")
        database = Database(sqlite_url(folder / "projectionist.sqlite"))
        with crew.started(database, folder) as engine:
            yield engine
        database.close()
        return
    server = request.getfixturevalue("postgres")
    database = Database(new_postgres(server, request.getfixturevalue("postgres_template")))
    with crew.started(database, folder) as engine:
        yield engine
    database.close()
    drop_postgres(server, database.url.render_as_string())
