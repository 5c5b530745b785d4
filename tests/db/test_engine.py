from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import DatabaseUnusable, NotFound, SettingWrong

NOWHERE = "postgresql://projectionist:a-password@127.0.0.1:1/films"


@pytest.fixture
def counter(database: Database) -> Database:
    with database.write() as session:
        session.execute(text("CREATE TABLE counter (n INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO counter VALUES (0)"))
    return database


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "projectionist.sqlite"


def count_once(database: Database) -> None:
    lock = "" if database.is_sqlite else " FOR UPDATE"
    with database.write() as session:
        now = session.execute(text("SELECT n FROM counter" + lock)).scalar_one()
        session.execute(text("UPDATE counter SET n = :n"), {"n": now + 1})


def counted(database: Database) -> int:
    with database.read() as session:
        return int(session.execute(text("SELECT n FROM counter")).scalar_one())


def pragma(session: Session, name: str) -> object:
    return session.execute(text(f"PRAGMA {name}")).scalar_one()


def test_concurrent_read_modify_writes_lose_nothing(counter: Database) -> None:
    def count() -> None:
        for _ in range(15):
            count_once(counter)

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(counter) == 90


def test_sixty_four_threads_share_the_pool(counter: Database) -> None:
    together = threading.Barrier(64)

    def work(_number: int) -> int:
        together.wait()
        count_once(counter)
        return counted(counter)

    with ThreadPoolExecutor(64) as pool:
        seen = list(pool.map(work, range(64)))
    assert max(seen) == counted(counter) == 64


@pytest.mark.parametrize("values", [{"a": "canary-of-a-row", "b": 1}, {"a": "canary-of-another", "b": None}])
def test_no_value_stands_in_what_is_said_of_a_row_that_cannot_be(
    database: Database, values: dict[str, object]
) -> None:
    with database.write() as session:
        session.execute(text("CREATE TABLE thing (a TEXT PRIMARY KEY, b INTEGER NOT NULL)"))
        session.execute(text("INSERT INTO thing VALUES (:a, 1)"), {"a": "canary-of-a-row"})
    with pytest.raises(IntegrityError) as raised, database.write() as session:
        session.execute(text("INSERT INTO thing VALUES (:a, :b)"), values)
    told = "".join(traceback.format_exception(raised.value))
    assert "INSERT INTO thing" in told
    assert "canary-of" not in told


def test_a_read_session_refuses_to_write(counter: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="read and not written"), counter.read() as session:
        session.execute(text("UPDATE counter SET n = 5"))
    assert counted(counter) == 0


def test_a_read_session_sees_each_commit_as_it_comes(counter: Database) -> None:
    with counter.read() as session:
        before = session.execute(text("SELECT n FROM counter")).scalar_one()
        count_once(counter)
        assert (before, session.execute(text("SELECT n FROM counter")).scalar_one()) == (0, 1)


def test_a_transaction_that_fails_leaves_nothing(counter: Database) -> None:
    def fail() -> None:
        with counter.write() as session:
            session.execute(text("UPDATE counter SET n = 5"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert counted(counter) == 0


@pytest.mark.parametrize(("kind", "synchronous"), [("write", 1), ("durable", 2)])
def test_each_kind_of_session_syncs_as_it_promises(file: Path, kind: str, synchronous: int) -> None:
    database = Database(sqlite_url(file))
    for _ in range(3):  # the very connection comes out of a pool, and goes back to it
        with getattr(database, kind)() as session:
            assert pragma(session, "synchronous") == synchronous
            assert pragma(session, "journal_mode") == "wal"
            assert pragma(session, "foreign_keys") == 1
            assert session.connection().connection.driver_connection.in_transaction
    database.close()


def test_durable_on_postgresql_waits_for_the_disk(database: Database) -> None:
    if database.is_sqlite:
        with database.durable() as session:
            assert pragma(session, "synchronous") == 2
        return
    with database.durable() as session:
        assert session.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def test_a_locked_database_says_so(file: Path) -> None:
    database = Database(sqlite_url(file), busy_timeout_s=0.1)
    other = sqlite3.connect(file, isolation_level=None)
    with database.write() as session:
        session.execute(text("CREATE TABLE t (n)"))
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseUnusable, match="locked by another program"), database.write() as session:
        session.execute(text("SELECT n FROM t"))
    other.close()
    database.close()


def test_a_new_file_that_another_is_writing_to_is_waited_for(file: Path) -> None:
    other = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE t (n)")
    database = Database(sqlite_url(file))

    def look() -> int:
        with database.read() as session:
            return int(session.execute(text("SELECT count(*) FROM t")).scalar_one())

    with ThreadPoolExecutor(1) as waiting:
        found = waiting.submit(look)
        with pytest.raises(TimeoutError):
            found.result(0.2)
        other.execute("COMMIT")
        assert found.result(60) == 0
    other.close()
    database.close()


def test_a_file_that_is_no_database_says_so_and_stays(file: Path) -> None:
    file.write_bytes(b"this is a film" * 1000)
    database = Database(sqlite_url(file))
    for use in (database.read, database.write, database.durable):
        with pytest.raises(DatabaseUnusable, match="damaged; nothing was changed"), use() as session:
            session.execute(text("SELECT 1 FROM sqlite_master"))
    database.close()
    assert file.read_bytes() == b"this is a film" * 1000


def test_a_damaged_page_says_so(file: Path) -> None:
    database = Database(sqlite_url(file))
    with database.write() as session:
        session.execute(text("CREATE TABLE t (n)"))
        session.execute(text("INSERT INTO t VALUES (:n)"), [{"n": "x" * 3000} for _ in range(50)])
    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    with file.open("r+b") as raw:
        raw.seek(4096)
        raw.write(b"\xff" * 4096 * 20)
    with pytest.raises(DatabaseUnusable, match="damaged"), database.read() as session:
        session.execute(text("SELECT count(n) FROM t")).scalar_one()
    database.close()


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "absent" / "x.sqlite"))
    with pytest.raises(DatabaseUnusable, match="cannot be opened"), database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()


def test_a_full_disk_says_so(file: Path) -> None:
    program = (
        "import resource, signal, sys\n"
        "from sqlalchemy import text\n"
        "from projectionist.db.engine import Database, sqlite_url\n"
        "from projectionist.errors import DatabaseUnusable\n"
        "database = Database(sys.argv[1])\n"
        "with database.write() as session: session.execute(text('PRAGMA max_page_count = 3'))\n"
        "try:\n"
        "    with database.write() as session:\n"
        "        session.execute(text('PRAGMA max_page_count = 3'))\n"
        "        session.execute(text('CREATE TABLE t (n)'))\n"
        "        session.execute(text('INSERT INTO t VALUES (zeroblob(100000))'))\n"
        "except DatabaseUnusable as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, sqlite_url(file)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "is full; nothing was changed" in done.stdout


@pytest.mark.parametrize(
    "address",
    [NOWHERE, NOWHERE + "?sslmode=require", NOWHERE.replace("127.0.0.1", "")],
)
def test_an_unreachable_server_says_so_and_tells_no_password(address: str) -> None:
    database = Database(address)
    with pytest.raises(DatabaseUnusable) as caught, database.read() as session:
        session.execute(text("SELECT 1"))
    database.close()
    assert "cannot be reached" in caught.value.message
    assert "a-password" not in caught.value.message + repr(database.url)


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("postgresql://u:a-password@host:port/films", "cannot be read"),
        ("a film", "cannot be read"),
        ("nosuch://u:a-password@host/films", "kind nosuch"),
        ("mysql://u:a-password@host/films", "kind mysql"),
        (NOWHERE + "?sslmode=maybe", "wrong sslmode"),
        (NOWHERE + "?connect_timeout=soon", "wrong connect_timeout"),
        (NOWHERE + "?nonsense=1", 'invalid connection option "nonsense"'),
    ],
)
def test_an_address_that_cannot_be_taken_is_told_without_its_password(address: str, wrong: str) -> None:
    with pytest.raises(SettingWrong, match=wrong) as caught:
        Database(address)
    assert "a-password" not in str(caught.value)


def test_postgresql_is_asked_under_our_name_unless_the_address_says_another(postgres: str) -> None:
    for address, name in ((postgres, "projectionist"), (postgres + "&application_name=theatre", "theatre")):
        for use in kinds(database := Database(address)):
            with use() as session:
                assert session.execute(text("SHOW application_name")).scalar_one() == name
        database.close()


def test_options_of_the_address_are_kept() -> None:
    asked = Database(NOWHERE + "?sslmode=verify-full&connect_timeout=3").url.query
    assert (asked["sslmode"], asked["connect_timeout"]) == ("verify-full", "3")
    assert Database(NOWHERE).url.query["connect_timeout"] == "10"


def kinds(database: Database) -> tuple[Callable[[], AbstractContextManager[Session]], ...]:
    return database.read, database.write, database.durable


@pytest.mark.parametrize(
    ("address", "mode"),
    [
        ("postgresql://u@db.lan/films", "require"),
        ("postgresql://u@192.168.1.4/films", "require"),
        ("postgresql://u@/films?host=db.lan", "require"),
        ("postgresql://u@/films?host=localhost,db.lan", "require"),
        ("postgresql://u@localhost/films?hostaddr=192.168.1.4", "require"),
        ("postgresql://u@db.lan/films?sslmode=verify-full", "verify-full"),
        ("postgresql://u@db.lan/films?sslmode=disable", "disable"),
        ("postgresql://u@localhost/films", None),
        ("postgresql://u@[::1]/films", None),
        ("postgresql://u@/films?host=/run/postgresql", None),
    ],
)
def test_a_database_elsewhere_is_spoken_to_by_tls_unless_the_address_says_so(
    address: str, mode: str | None
) -> None:
    database = Database(address)
    assert database.url.query.get("sslmode") == mode
    database.close()


def test_a_server_without_tls_elsewhere_is_told_nothing() -> None:
    """Not even a name: it is asked for TLS first, and the connection ends where it has none."""
    heard: list[bytes] = []

    def answer(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            heard.append(connection.recv(100))
            connection.sendall(b"N")
            heard.append(connection.recv(100))

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer, args=(server,))
        thread.start()
        port = server.getsockname()[1]
        database = Database(f"postgresql://u:a-password@db.lan:{port}/films?hostaddr=127.0.0.1")
        with pytest.raises(DatabaseUnusable), database.read() as session:
            session.execute(text("SELECT 1"))
        thread.join()
        database.close()
    assert heard[1:] == [b""]
    assert b"a-password" not in heard[0]


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_nothing_has_a_number_that_no_database_holds(database: Database, number: int) -> None:
    with pytest.raises(NotFound, match="as large"), database.read() as session:
        session.execute(
            text("SELECT id FROM user_account WHERE id = CAST(:number AS BIGINT)"), {"number": number}
        )


def test_a_sum_that_grows_too_large_is_not_told_as_something_that_is_not_there(database: Database) -> None:
    if database.is_sqlite:
        return
    with pytest.raises(DataError), database.read() as session:
        session.execute(text("SELECT CAST(:number AS BIGINT) + 1"), {"number": 2**63 - 1})
