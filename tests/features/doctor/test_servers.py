"""The checks of people, servers and libraries, each in every state it can be in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.errors import ServerRefused, ServerUnreachable
from projectionist.features.doctor import service
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.subjects import people
from projectionist.features.doctor.subjects import servers as checks
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import PathMapping, Server
from projectionist.jobs.ports import JobFilter
from projectionist.kit.secrets import Vault
from projectionist.media.server import MediaServer, ServerAddress
from projectionist.media.vocabulary import ServerKind
from tests.api.house import Open, opened
from tests.features.doctor.grounds import NOW, bare, found, start_once, stopped_house

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN
OF_AN_OPEN_HOUSE = [check.id for check in checks.CHECKS] + ["administrator"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as house:
        yield house


def with_servers_that(house: Open, error: Exception | None) -> Ground:
    """The ground of a house whose servers all fail in one way."""
    ground = house.house.ground()
    assert ground.opened is not None

    def connect(address: ServerAddress) -> MediaServer:
        if error is not None:
            raise error
        return house.house.reach.connect(address)

    reach = replace(ground.opened.reach, connect=connect)
    return replace(ground, opened=replace(ground.opened, reach=reach))


def test_what_needs_an_open_house_is_unknown_without_one(tmp_path: Path) -> None:
    assert {found(bare(tmp_path), name).status for name in OF_AN_OPEN_HOUSE} == {UNKNOWN}


def test_a_house_without_servers_has_nothing_wrong_with_them(tmp_path: Path) -> None:
    start_once(tmp_path)
    with stopped_house(tmp_path) as ground:
        came = {name: found(ground, name).status for name in OF_AN_OPEN_HOUSE}
    assert came == {**dict.fromkeys(OF_AN_OPEN_HOUSE, PASS), "administrator": FAIL}


def test_an_administrator_is_there_once_the_setup_is_done(house: Open) -> None:
    assert found(house.house.ground(), "administrator").status is PASS


@pytest.mark.parametrize(("idle", "status"), [(timedelta(minutes=80), PASS), (timedelta(days=30), WARN)])
def test_forgotten_sign_ins_end(tmp_path: Path, idle: timedelta, status: Status) -> None:
    assert people.judge_idle(idle).status is status
    assert found(bare(tmp_path), "idle-sign-ins").status is PASS


def test_servers_that_answer_are_well(house: Open) -> None:
    ground = house.house.ground()
    assert found(ground, "servers-answer").status is PASS
    assert found(ground, "server-tokens").status is PASS


def test_a_silent_server_is_told_with_its_reason(house: Open) -> None:
    ground = with_servers_that(house, ServerUnreachable("It did not answer in 5 s."))
    came = found(ground, "servers-answer")
    assert (came.status, "in 5 s" in came.evidence) == (FAIL, True)
    assert found(ground, "server-tokens").status is UNKNOWN


def test_a_server_that_refuses_has_answered(house: Open) -> None:
    ground = with_servers_that(house, ServerRefused("It refused the token."))
    assert found(ground, "servers-answer").status is PASS
    assert found(ground, "server-tokens").status is FAIL


def test_a_server_whose_token_cannot_be_opened_is_not_asked(house: Open) -> None:
    ground = with_servers_that(house, None)
    assert ground.opened is not None
    reach = replace(ground.opened.reach, vault=Vault(bytes(32)))
    locked = replace(ground, opened=replace(ground.opened, reach=reach))
    names = ("servers-answer", "server-tokens", "tokens")
    assert [found(locked, name).status for name in names] == [UNKNOWN, UNKNOWN, FAIL]


def server(address: str, *, verify_tls: bool = True, has_token: bool = True) -> Server:
    return Server(
        1, ServerKind.PLEX, "Attic", address, "id", "1", has_token, verify_tls, NOW, NOW, NOW, "", None
    )


def test_certificates_that_are_not_looked_at_are_told(house: Open) -> None:
    assert checks.judge_certificates([server("https://plex.lan", verify_tls=False)]).status is WARN
    assert checks.judge_certificates([server("https://plex.lan"), server("http://plex.lan")]).status is PASS
    assert found(house.house.ground(), "server-certificates").status is PASS


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://192.168.1.4:32400", PASS),
        ("http://plex:32400", PASS),
        ("http://plex.lan", PASS),
        ("https://plex.example.org", PASS),
        ("http://plex.example.org", FAIL),
        ("http://8.8.8.8:32400", FAIL),
        ("http://[2001:4860:4860::8888]:32400", FAIL),
    ],
)
def test_tokens_stay_at_home_or_are_encrypted(house: Open, address: str, status: Status) -> None:
    assert checks.judge_plain_tokens([server(address)]).status is status
    assert checks.judge_plain_tokens([server(address, has_token=False)]).status is PASS
    assert found(house.house.ground(), "server-transport").status is PASS


def test_path_mappings_are_tried_and_tried_again(house: Open, tmp_path: Path) -> None:
    ground = house.house.ground()
    assert found(ground, "path-mappings").status is PASS
    folder = tmp_path / "films"
    folder.mkdir()
    servers.save_mapping(house.house.reach, 1, "/nowhere/at/all", str(folder))
    assert found(ground, "path-mappings").status is WARN
    mended = service.mend(ground, "path-mappings")
    assert (mended.result.status, "were tried" in mended.sentence) == (WARN, True)
    folder.rmdir()
    assert found(ground, "path-mappings").status is FAIL


def test_a_mapping_that_opened_a_file_is_well() -> None:
    proven = PathMapping(1, 1, "booth", "/films", "/mnt/films", NOW, "It opened a file.")
    assert checks.judge_mappings([proven], []).status is PASS


def test_plex_data_folders_are_tried_by_writing(house: Open, tmp_path: Path) -> None:
    ground = house.house.ground()
    assert found(ground, "plex-data").status is PASS
    folder = tmp_path / "Plex Media Server"
    (folder / "Media" / "localhost").mkdir(parents=True)
    (folder / "Metadata").mkdir()
    servers.try_plex_data(house.house.reach, 1, str(folder))
    came = found(ground, "plex-data")
    assert (came.status, "1 Plex data" in came.evidence) == (PASS, True)
    (folder / "Media" / "localhost").rmdir()
    (folder / "Media").rmdir()
    folder.joinpath("Metadata").rmdir()
    folder.rmdir()
    assert found(ground, "plex-data").status is FAIL


@pytest.mark.parametrize(("age", "status"), [(1, PASS), (3, WARN), (20, FAIL), (None, WARN)])
def test_libraries_are_read_again_and_again(age: int | None, status: Status) -> None:
    read = None if age is None else NOW - timedelta(days=age)
    assert checks.judge_syncs(NOW, {"Films": read, "Shows": NOW}).status is status


def test_libraries_are_read_on_demand(house: Open) -> None:
    ground = house.house.ground()
    assert ground.opened is not None
    assert found(ground, "syncs").status is PASS
    later = house.house.clock.now() + timedelta(days=5)
    late = replace(ground, opened=replace(ground.opened, now=lambda: later))
    assert service.mend(late, "syncs").sentence.startswith("1 servers")
    kinds = [job.kind for job in house.house.jobs.find(JobFilter()).items]
    assert "library.sync" in kinds


def test_libraries_in_trouble_are_told(house: Open) -> None:
    assert found(house.house.ground(), "libraries").status is PASS
    assert checks.judge_libraries({"Films": "", "Shows": "12 are no longer listed."}).status is WARN
