"""The page of the doctor, its line on Home, and its API, in the whole house."""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.features.doctor.service import CHECKS
from tests.api.house import Open, opened, token_of


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as house:
        yield house


def test_the_page_shows_every_check_once(house: Open) -> None:
    with house.visitor() as client:
        page = html.unescape(client.get("/doctor").text)
    assert [check.id for check in CHECKS if page.count(f'id="check-{check.id}"') != 1] == []


def test_what_is_wrong_is_mended_by_a_button_and_told(house: Open) -> None:
    data = house.house.settings.data
    with house.visitor() as client:
        headers = token_of(client)
        data.chmod(0o777)
        assert client.post("/doctor/examine", headers=headers).status_code == 303
        assert "/doctor/mend/data-folder-mode" in client.get("/doctor").text
        mended = client.post("/doctor/mend/data-folder-mode", headers=headers)
        assert (mended.status_code, "0700" in mended.text) == (200, True)
        assert "/doctor/mend/data-folder-mode" not in mended.text
        again = client.post("/doctor/mend/data-folder-mode", headers=headers)
        assert (again.status_code, "nothing was changed" in again.text) == (409, True)
    assert data.stat().st_mode & 0o777 == 0o700


def test_home_says_what_failed_and_nothing_once_nothing_does(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        assert "no process that does jobs" in client.get("/").text  # this house does none
        house.house.settings.data.chmod(0o777)
        client.post("/doctor/examine", headers=headers)
        assert "has mode 0777" in client.get("/").text
        client.post("/doctor/mend/data-folder-mode", headers=headers)
        assert "has mode 0777" not in client.get("/").text


def test_home_says_nothing_where_nothing_failed(house: Open) -> None:
    quiet = [check for check in CHECKS if check.id != "workers"]
    house.house.doctor._checks = quiet
    with house.visitor() as client:
        assert "See the doctor" not in client.get("/").text


def test_a_mend_without_the_token_of_a_page_is_refused(house: Open) -> None:
    house.house.settings.data.chmod(0o777)
    with house.visitor() as client:
        assert client.post("/doctor/mend/data-folder-mode").status_code == 403
    assert house.house.settings.data.stat().st_mode & 0o777 == 0o777


def test_a_program_gets_the_same_and_can_mend(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        house.house.settings.data.chmod(0o777)
        report = client.get("/api/v1/doctor").json()
        assert (report["exit_code"], len(report["checks"])) == (2, len(CHECKS))
        assert next(one for one in report["checks"] if one["can_mend"])["id"] == "data-folder-mode"
        mended = client.post("/api/v1/doctor/mend/data-folder-mode", headers=headers).json()
        assert (mended["check"]["status"], "0700" in mended["done"]) == ("pass", True)
        assert client.post("/api/v1/doctor/mend/no-such-check", headers=headers).status_code == 404
