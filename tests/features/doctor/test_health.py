"""Health: each part in every state it can be in, for strangers, programs, monitors and containers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import ServerUnreachable
from projectionist.features.doctor import health
from projectionist.features.doctor.ground import Ground, Running
from projectionist.features.doctor.health import Health, Kind, Level, Part, Pulse
from projectionist.kit.data_folder import DataFolder
from projectionist.kit.probing import Probed
from tests.api.house import TOKEN, Open, opened
from tests.features.command import Ran, projectionist
from tests.features.doctor.grounds import ADDRESS, NOW, Service, bare, start_once

HEALTHY, DEGRADED, UNHEALTHY, UNKNOWN = Level.HEALTHY, Level.DEGRADED, Level.UNHEALTHY, Level.UNKNOWN


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as house:
        yield house


def parts(found: Health, kind: Kind) -> list[Part]:
    return [part for part in found.parts if part.kind is kind]


def one(found: Health, kind: Kind) -> Part:
    (part,) = parts(found, kind)
    return part


def together(*levels: tuple[Kind, Level]) -> Health:
    return Health(NOW, tuple(Part(kind, kind.value, level, "", NOW) for kind, level in levels))


def later(house: Open, hours: float) -> Ground:
    """The house's ground as it is so many hours from now."""
    ground = house.house.ground()
    assert ground.opened is not None
    moment = house.house.clock.now() + timedelta(hours=hours)
    return replace(ground, now=lambda: moment, opened=replace(ground.opened, now=lambda: moment))


@pytest.mark.parametrize(
    ("kind", "level", "whole", "code"),
    [
        (Kind.DATABASE, HEALTHY, HEALTHY, 0),
        (Kind.DATABASE, UNHEALTHY, UNHEALTHY, 2),
        (Kind.DATABASE, UNKNOWN, DEGRADED, 1),
        (Kind.DISK, UNHEALTHY, UNHEALTHY, 2),
        (Kind.DISK, DEGRADED, DEGRADED, 1),
        (Kind.SERVICE, UNHEALTHY, UNHEALTHY, 2),
        (Kind.WORKERS, UNHEALTHY, DEGRADED, 1),
        (Kind.SERVER, UNHEALTHY, DEGRADED, 1),
        (Kind.SERVER, UNKNOWN, DEGRADED, 1),
    ],
)
def test_the_whole_is_as_well_as_what_nothing_works_without(
    kind: Kind, level: Level, whole: Level, code: int
) -> None:
    found = together((Kind.DATABASE, HEALTHY), (kind, level))
    assert (found.level, found.exit_code) == (whole, code)


def test_nothing_probed_is_not_healthy() -> None:
    assert together().level is DEGRADED


def test_a_database_is_told_with_its_numbers(tmp_path: Path, database: Database) -> None:
    url = "" if database.is_sqlite else str(database.url)
    found = health.database_part(replace(bare(tmp_path, database_url=url), store=database))
    assert (found.level in (HEALTHY, DEGRADED), found.probed_at) == (True, NOW)  # connections may be scarce
    assert found.numbers["size_bytes"] > 0
    assert found.numbers["answer_ms"] >= 0
    assert ("connections_count" in found.numbers) is not database.is_sqlite


def test_a_database_that_is_not_there_is_unhealthy(tmp_path: Path) -> None:
    found = health.standing(bare(tmp_path))
    assert (one(found, Kind.DATABASE).level, found.level) == (UNHEALTHY, UNHEALTHY)
    assert {part.level for part in (one(found, Kind.WORKERS), one(found, Kind.SERVER))} == {UNKNOWN}
    assert one(found, Kind.WORKERS).probed_at is None


def test_workers_and_the_disk_are_told_with_their_numbers(house: Open) -> None:
    found = health.standing(house.house.ground())
    workers, disk = one(found, Kind.WORKERS), one(found, Kind.DISK)
    assert workers.level in (UNKNOWN, UNHEALTHY)  # this house takes jobs and does none
    assert disk.numbers["total_bytes"] > disk.numbers["free_bytes"] > 0
    running = Running(ADDRESS, Service(Probed(200, {}, "")))
    idle = one(health.standing(replace(house.house.ground(), running=running)), Kind.WORKERS)
    assert (idle.level, idle.numbers["at_work_count"]) == (UNHEALTHY, 0)


def test_a_disk_that_is_not_there_is_unhealthy(tmp_path: Path) -> None:
    found = health.standing(bare(tmp_path / "none"))
    assert (one(found, Kind.DISK).level, one(found, Kind.DISK).numbers) == (UNHEALTHY, {})


def test_an_answer_of_a_server_counts_for_an_hour_and_is_unknown_then(house: Open) -> None:
    fresh = one(health.standing(later(house, 0.5)), Kind.SERVER)
    assert (fresh.name, fresh.level) == ("Shelves", HEALTHY)
    old = one(health.standing(later(house, 1.5)), Kind.SERVER)
    assert (old.level, old.probed_at) == (UNKNOWN, fresh.probed_at)
    assert "asked last on" in old.evidence


def test_a_server_that_fell_silent_is_told_once_it_was_asked(
    house: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent() -> None:
        raise ServerUnreachable("Shelves does not answer.")

    monkeypatch.setattr(house.wall.server, "info", silent)
    assert one(health.standing(house.house.ground()), Kind.SERVER).level is HEALTHY  # nobody has asked
    asked = one(health.probed(house.house.ground()), Kind.SERVER)
    assert (asked.level, asked.evidence) == (UNHEALTHY, "Shelves does not answer.")
    assert one(health.standing(house.house.ground()), Kind.SERVER).level is UNHEALTHY  # and it is remembered


def test_asking_a_server_makes_the_unknown_known(house: Open) -> None:
    found = one(health.probed(later(house, 0)), Kind.SERVER)
    assert (found.level, "answer_ms" in found.numbers) == (HEALTHY, True)


@pytest.mark.parametrize(("status", "level"), [(200, HEALTHY), (503, UNHEALTHY)])
def test_the_service_is_as_well_as_it_says(tmp_path: Path, status: int, level: Level) -> None:
    ground = replace(bare(tmp_path), running=Running(ADDRESS, Service(Probed(status, {}, "{}"))))
    assert health.service_part(ground).level is level


def test_a_service_that_holds_its_folder_and_answers_nobody_is_unhealthy(tmp_path: Path) -> None:
    def nobody(url: str, headers: object = None) -> Probed:
        raise ServerUnreachable("No answer.")

    assert health.service_part(replace(bare(tmp_path), running=Running(ADDRESS, nobody))).level is UNHEALTHY


def test_a_service_whose_port_nobody_knows_is_unknown(tmp_path: Path) -> None:
    assert health.service_part(bare(tmp_path)).level is UNHEALTHY  # it does not run
    assert health.service_part(bare(tmp_path, port="0")).level is UNKNOWN


def test_what_was_found_is_kept_for_seconds(house: Open) -> None:
    moment = [house.house.clock.now()]
    looked = []

    def ground() -> Ground:
        looked.append(1)
        return replace(house.house.ground(), now=lambda: moment[0])

    pulse = Pulse(ground)
    first = pulse.standing()
    assert pulse.standing() is first
    moment[0] += timedelta(seconds=6)
    assert pulse.standing() is not first
    assert pulse.probed() is not pulse.standing()


# over the web


def test_strangers_get_one_word(house: Open) -> None:
    with house.visitor(signed_in=False) as client:
        answer = client.get("/health")
        refused = client.get("/api/v1/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded"})  # nobody is at work
    assert "set-cookie" not in answer.headers
    assert refused.status_code == 401


def test_a_database_that_is_gone_is_unhealthy_and_no_more_is_said(house: Open) -> None:
    house.house.jobs.close()  # or what looks after jobs may hold a connection that nobody closes any more
    house.house.database.close()
    (house.house.settings.data / "projectionist.sqlite").write_bytes(b"no database any more" * 1000)
    (house.house.settings.data / "projectionist.sqlite-wal").unlink(missing_ok=True)
    with house.visitor(signed_in=False) as client:
        answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "unhealthy"})


def test_the_administrator_gets_the_parts_and_no_secret(house: Open) -> None:
    with house.visitor() as client:
        told = client.get("/api/v1/health").json()
        asked = client.get("/api/v1/health", params={"probe": "true"})
    assert [part["kind"] for part in told["parts"]] == ["database", "workers", "disk", "server"]
    assert "answer_ms" in asked.json()["parts"][-1]["numbers"]
    assert TOKEN not in asked.text


# on the command line


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("started") / "data"
    start_once(folder)
    return folder


class Answering(BaseHTTPRequestHandler):
    """A service as far as health is concerned."""

    def do_GET(self) -> None:
        well = self.path == "/health/ready"
        self.send_response(200 if well else 404)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Says nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def asked(ran: Ran) -> dict[str, str]:
    assert ran.err == ""
    return {part["name"]: part["status"] for part in json.loads(ran.out)["parts"]}


def test_a_container_asks_on_the_port_that_is_set(
    started: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DataFolder.open(started):
        told = projectionist("health", "--data", started, "--port", str(port), "--json")
        assert (told.status, asked(told)) == (0, {"database": "healthy", "service": "healthy"})
        monkeypatch.setenv("PROJECTIONIST_PORT", str(port))
        assert projectionist("health", "--data", started).status == 0
        monkeypatch.setenv("PROJECTIONIST_PORT", "1")
        wrong = projectionist("health", "--data", started, "--json")
    assert (wrong.status, asked(wrong)["service"]) == (2, "unhealthy")


def test_a_service_that_does_not_run_is_unhealthy(started: Path) -> None:
    ran = projectionist("health", "--mode", "quick", "--data", started)
    assert (ran.status, "not running" in ran.out) == (2, True)


def test_a_broken_database_is_unhealthy_though_the_service_answers(tmp_path: Path, port: int) -> None:
    (tmp_path / "projectionist.sqlite").write_bytes(b"no database, and never was one" * 100)
    with DataFolder.open(tmp_path):
        told = projectionist("health", "--data", tmp_path, "--port", str(port), "--json")
    assert (told.status, asked(told)) == (2, {"database": "unhealthy", "service": "healthy"})


def test_everything_is_looked_at_where_asked(started: Path, port: int) -> None:
    words = ("health", "--mode", "comprehensive", "--data", started, "--port", str(port), "--json")
    with DataFolder.open(started):
        told = projectionist(*words)
    assert set(asked(told)) == {"service", "database", "workers", "disk"}
    assert (told.status, asked(told)["workers"]) == (1, "unhealthy")


def test_continuous_looks_again_and_ends_with_what_it_saw_last(started: Path, port: int) -> None:
    words = ("--mode", "continuous", "--every", "1", "--times", "2", "--data", started, "--port", str(port))
    with DataFolder.open(started):
        ran = projectionist("health", *words)
    assert (ran.status, ran.out.count(" UTC")) == (1, 2)


def test_wrong_settings_are_unhealthy(tmp_path: Path) -> None:
    ran = projectionist("health", "--data", tmp_path, "--config", tmp_path / "none.toml")
    assert (ran.status, ran.err.startswith("projectionist: ")) == (2, True)


def test_a_quick_look_makes_nothing(tmp_path: Path) -> None:
    assert projectionist("health", "--data", tmp_path / "none").status == 2
    assert list(tmp_path.iterdir()) == []


def test_a_quick_look_leaves_an_old_database_as_it_is(tmp_path: Path) -> None:
    start_once(tmp_path)
    with closing(Database(sqlite_url(tmp_path / "projectionist.sqlite"))) as database:
        schema.migrate(database, "0003")
        projectionist("health", "--data", tmp_path)
        assert schema.revision_of(database) == "0003"
