"""A service that cannot start says why in one sentence, changes nothing, and starts once that is mended."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.demo.house import DemoHouse
from projectionist.kit.data_folder import DataFolder
from tests.demo.houses import house, house_media
from tests.recovery.houses_under_fire import small_disk, under_fire, until
from tests.running import COMMAND, run
from tests.serving import free_port

__all__ = ["house", "house_media"]


def refused(data: Path, *words: object, **environment: str) -> str:
    """What a start that must not succeed says: one sentence on one line, and nothing else."""
    environment = {"PROJECTIONIST_PORT": str(free_port()), **environment}
    ran = run("serve", "--data", data, *words, cwd=None, **environment)
    assert ran.code in (1, 2), ran
    lines = ran.err.strip().splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("projectionist: ")
    return lines[0]


def begun(data: Path) -> None:
    """A data folder that has been in use."""
    with DataFolder.open(data):
        database = Database(sqlite_url(data / "projectionist.sqlite"))
        schema.prepare(database)
        database.close()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused(tmp_path / "data", "--port", taken.getsockname()[1])
    assert "Address already in use" in said
    assert "--port" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7"])
def test_listening_beyond_this_machine_needs_to_be_allowed(tmp_path: Path, host: str) -> None:
    assert "LISTEN_BEYOND_LOOPBACK" in refused(tmp_path / "data", "--host", host)


def test_a_second_service_on_one_data_folder_is_refused(tmp_path: Path) -> None:
    begun(tmp_path / "data")
    with DataFolder.open(tmp_path / "data"):
        said = refused(tmp_path / "data")
    assert f"process {os.getpid()}" in said
    assert "--data" in said


@pytest.mark.parametrize("name", ["projectionist.sqlite", "jobs.sqlite"])
@pytest.mark.parametrize("how", ["garbage", "torn"])
def test_a_damaged_database_is_told_and_left_as_it_is(tmp_path: Path, name: str, how: str) -> None:
    data = tmp_path / "data"
    begun(data)
    file = data / name
    if name == "jobs.sqlite":
        with sqlite3.connect(file) as connection:
            connection.executescript("CREATE TABLE a (b); CREATE TABLE workflow_status (c);")
        connection.close()
    content = file.read_bytes()
    file.write_bytes(
        b"no database at all" * 500 if how == "garbage" else content[:100] + b"\xff" * (len(content) - 100)
    )
    before = file.read_bytes()
    said = refused(data)
    assert "damaged" in said
    assert "backup" in said
    assert (name in said) is (name == "jobs.sqlite")
    assert file.read_bytes() == before


def test_a_database_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    begun(tmp_path / "data")
    with sqlite3.connect(tmp_path / "data" / "projectionist.sqlite") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer" in refused(tmp_path / "data")


def test_a_database_that_cannot_be_reached_is_told_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+psycopg://vera:verysecret@127.0.0.1:{free_port()}/films"
    said = refused(tmp_path / "data", PROJECTIONIST_DATABASE_URL=url)
    assert "cannot be reached" in said
    assert "verysecret" not in said


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    begun(tmp_path / "data")
    (tmp_path / "data" / "secret.key").write_text("anything")
    (tmp_path / "data" / "secret.key").chmod(0o644)
    assert "chmod 600" in refused(tmp_path / "data")


def test_a_data_folder_on_a_disk_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "4m") as disk:
        begun(disk / "data")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        said = refused(disk / "data")
    assert "read-only" in said


@pytest.mark.parametrize("room", [0, 30_000])
def test_a_data_folder_on_a_full_disk_is_told(tmp_path: Path, room: int) -> None:
    """A limit to the size of files is to a program what a full disk or a quota is."""
    command = [
        "prlimit",
        f"--fsize={room}",
        COMMAND,
        "serve",
        "--data",
        str(tmp_path),
        "--port",
        str(free_port()),
    ]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert "full" in ran.stderr


def test_a_worker_with_a_queue_that_is_none_is_told(tmp_path: Path) -> None:
    ran = run("worker", "--data", tmp_path / "data", "--queues", "previews,nonsense")
    assert ran.code in (1, 2)
    assert "no queue nonsense" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_a_folder_in_use_is_not_even_migrated_by_a_second_service(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with DataFolder.open(data):
        database = Database(sqlite_url(data / "projectionist.sqlite"))
        schema.migrate(database, "0003")
        refused(data)
        assert schema.revision_of(database) == "0003"
        database.close()


def test_an_old_database_is_brought_up_by_a_start_and_served(tmp_path: Path) -> None:
    with under_fire(tmp_path / "fire") as fire:
        with DataFolder.open(fire.data):
            database = Database(sqlite_url(fire.data / "projectionist.sqlite"))
            schema.migrate(database, "0002")
            database.close()
        service = fire.serve().start()
        until(fire.answers, 60, lambda: f"The start ({service.said})")
        assert fire.listed("/libraries") == []
        assert service.ask_to_end() == 0


def test_sigterm_ends_a_service_with_open_streams_and_connections_in_seconds(tmp_path: Path) -> None:
    with under_fire(tmp_path / "fire") as fire, contextlib.ExitStack() as clients:
        service = fire.serve().start()
        until(fire.answers, 60, lambda: f"The start ({service.said})")
        cookie = fire.cookie()
        for path in ("/health/live", "/events", "/events", "/health/live"):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", fire.port), 10))
            client.sendall(
                f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{fire.port}\r\nCookie: {cookie}\r\n\r\n".encode()
            )
            assert client.recv(15) == b"HTTP/1.1 200 OK"
        idle = clients.enter_context(socket.create_connection(("127.0.0.1", fire.port), 10))
        idle.sendall(b"GET / HTTP/1.1\r\nHost: ")
        asked = time.monotonic()
        assert service.ask_to_end() == 0
        assert time.monotonic() - asked < 15
        assert "Traceback" not in service.said


def test_sigterm_does_not_wait_for_a_server_that_never_answers(house: DemoHouse, tmp_path: Path) -> None:
    house.faults.hang(path="/library/sections/*/all")
    with under_fire(tmp_path / "fire", house) as fire:
        service = fire.serve().start()
        until(fire.answers, 60, lambda: f"The start ({service.said})")
        until(lambda: any(one.path.endswith("/all") for one in house.faults.seen), 60, "The call that hangs")
        asked = time.monotonic()
        assert service.ask_to_end() == 0
        assert time.monotonic() - asked < 15
