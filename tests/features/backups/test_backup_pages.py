"""The page and the API of backups, and the job that both ask for, in the whole house."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.features.backups import service
from projectionist.features.backups.ordering import MAKE
from projectionist.jobs.ports import JobKind
from tests.api.house import PASSWORD, TOKEN, Open, opened, token_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as house:
        yield house


class Run:
    """A job that nobody cancels."""

    job_id = "one"
    attempt = 1

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Is not shown."""

    def check(self) -> None:
        """Goes on."""

    def log(self, message: str, level: str = "info") -> None:
        """Is not kept."""


def kind(house: Open) -> JobKind:
    return house.house.jobs.kinds[MAKE]


def test_the_page_asks_for_a_backup_and_shows_it_once_it_is_made(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        assert "No backup yet" in client.get("/backups").text
        answer = client.post("/backups", headers=headers)
        assert re.fullmatch(r"/jobs/\S+", answer.headers["location"])
        job = house.house.jobs.get(answer.headers["location"].rsplit("/", 1)[1])
        assert (job.kind, job.queue) == (MAKE, "backups")
        told = kind(house).run(Run(), job.arguments)
        assert told is not None
        page = html.unescape(client.get("/backups").text)
        assert str(told["name"]) in page
        assert ("proven" in page, "by hand" in page) == (True, True)


def test_a_program_asks_for_one_and_lists_them(house: Open) -> None:
    with house.visitor() as client:
        first = client.post("/api/v1/backups", headers=token_of(client))
        again = client.post("/api/v1/backups", headers=token_of(client))
        assert (first.status_code, first.json()["created"], again.json()["created"]) == (202, True, False)
        kind(house).run(Run(), {})
        (told,) = client.get("/api/v1/backups").json()["items"]
    assert (told["is_proven"], told["reason"], told["trouble"]) == (True, "schedule", "")


def test_a_backup_of_the_whole_house_holds_no_planted_secret(house: Open, tmp_path: Path) -> None:
    kind(house).run(Run(), {})
    folder = service.folder_of(house.house.settings)
    (record,) = service.backups(folder)
    with service.opened(folder / record.name, "", tmp_path) as found:
        content = found.database.read_bytes()
    key = (house.house.settings.data / "secret.key").read_bytes().strip()
    assert b"Shelves" in content
    assert [secret for secret in (TOKEN.encode(), PASSWORD.encode(), key) if secret in content] == []


def test_one_is_made_every_night_until_somebody_changes_that(house: Open) -> None:
    house.house.follow_schedules()
    schedule = next(one for one in house.house.jobs.schedules() if one.kind == MAKE)
    assert schedule.when == "30 3 * * *"
    with house.visitor() as client:
        assert "Nobody asks for one" not in client.get("/backups").text
