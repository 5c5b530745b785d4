from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.features.accounts import setup
from tests.features.accounts.house import NAME, PASSWORD, PLEX, TOKEN, Browser, House, film_item, shelf, words
from tests.features.accounts.opened import house, owner

__all__ = ["house", "owner"]


def choose_plex(owner: Browser, **more: str) -> Any:
    asked: dict[str, Any] = {"kind": "plex", "address": PLEX, "token": TOKEN, "verify_tls": "true"} | more
    return owner.post("/setup/source", **asked)


def test_the_link_is_exchanged_and_leaves_the_address_bar(house: House) -> None:
    with house.browser() as browser:
        answer = browser.get(house.link(), follow=False)
        assert answer.status_code == 303
        assert answer.headers["location"] == "/setup"
        assert "httponly" in answer.headers["set-cookie"].lower()
        assert "Welcome" in words(browser.get("/setup").text)


def test_only_hashes_of_the_link_are_kept(house: House) -> None:
    token = house.link().partition("=")[2]
    with house.browser() as browser, house.database.read() as session:
        browser.get(f"/setup?token={token}")
        kept = str(session.execute(text("SELECT * FROM setup")).all())
        assert token not in kept
        assert browser.cookies["projectionist_setup"] not in kept


@pytest.mark.parametrize("path", ["/setup", "/setup?token=guessed"])
def test_without_the_link_there_is_no_setup(house: House, path: str) -> None:
    house.link()
    with house.browser() as browser:
        assert browser.get(path).status_code == 403
        assert browser.post("/setup/administrator", name=NAME, password=PASSWORD).status_code == 403


def test_a_new_start_makes_the_former_link_dead(house: House) -> None:
    former = house.link()
    house.link()
    with house.browser() as browser:
        answer = browser.get(former)
        assert answer.status_code == 403
        assert "no longer, good" in answer.text


def test_the_setup_is_dead_once_there_is_an_administrator(house: House) -> None:
    link = house.link()
    with house.browser() as early, house.browser() as late:
        early.get(link)
        late.get(link)
        assert early.post("/setup/administrator", name=NAME, password=PASSWORD).status_code == 200
        answer = late.post("/setup/administrator", name="Intruder", password=PASSWORD)
        assert answer.status_code == 410
        assert "Sign in" in words(answer.text)
        assert late.get(link).status_code == 410
    with pytest.raises(AssertionError):
        house.link()


def test_of_two_who_race_the_link_one_becomes_administrator(database: Database, tmp_path: Path) -> None:
    link = House(database, tmp_path).link()
    together = threading.Barrier(2)
    with House(database, tmp_path).browser() as one, House(database, tmp_path).browser() as other:
        for browser in (one, other):
            browser.get(link)
            browser.csrf()

        def race(browser: Browser, name: str) -> int:
            together.wait(30)
            answer = browser.post("/setup/administrator", follow=False, name=name, password=PASSWORD)
            return int(answer.status_code)

        with ThreadPoolExecutor(2) as pool:
            answers = sorted(pool.map(race, (one, other), ("First", "Second")))
    assert answers == [303, 410]
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM user_account")).scalar() == 1


def test_a_name_that_cannot_be_is_told_beside_its_field(house: House) -> None:
    with house.browser() as browser:
        browser.get(house.link())
        answer = browser.post("/setup/administrator", name="a b", password=PASSWORD)
        assert answer.status_code == 422
        assert 'id="name-error"' in answer.text
        assert PASSWORD not in answer.text


def test_a_tested_server_shows_its_libraries_and_nothing_is_kept(house: House, owner: Browser) -> None:
    house.plex.shelves = [shelf("1", "Films", "/data/films")]
    answer = owner.post("/setup/test", kind="plex", address=PLEX, token=TOKEN, verify_tls="true")
    assert "Films" in answer.text
    assert TOKEN not in answer.text
    assert "Where are your media" in words(owner.get("/setup").text)


def test_a_server_that_does_not_answer_is_told_in_words(house: House, owner: Browser) -> None:
    answer = choose_plex(owner, address="http://192.0.2.99:32400")
    assert "did not answer in 5 s" in words(answer.text)
    assert "Plex does not take this token" in words(choose_plex(owner, token="wrong").text)


def test_every_step_is_kept_so_that_a_reload_goes_on_where_one_was(
    house: House, owner: Browser, tmp_path: Path
) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "Alien.mkv").write_bytes(b"film")
    house.plex.shelves = [shelf("1", "Films", "/data/films"), shelf("2", "Home videos", "/data/home")]
    house.plex.held = [film_item("1", "/data/films/Alien.mkv", 4)]

    choose_plex(owner)
    assert "Which libraries" in words(owner.get("/setup").text)
    owner.post("/setup/libraries", library="1")
    assert house.excluded == {1: ["2"]}

    page = words(owner.get("/setup").text)
    assert "Can the files be reached" in page
    assert "/data/films" in page
    assert "/data/home" not in page
    owner.post("/setup/mapping", server_prefix="/data/films", local_prefix=str(films))
    assert f"here opened {films / 'Alien.mkv'}" in words(owner.get("/setup").text)

    owner.post("/setup/plex-data", folder=str(tmp_path))
    assert "A file was written to" in words(owner.get("/setup").text)
    assert not house.jobs.held
    owner.post("/setup/finish")
    owner.post("/setup/finish")
    assert [job.kind for job in house.jobs.held.values()] == ["library.sync"]
    assert [plan.when for plan in house.jobs.plans.values()] == ["every 15m"]
    assert "All set" in words(owner.get("/setup").text)


def test_a_choice_can_be_taken_back(house: House, owner: Browser) -> None:
    choose_plex(owner)
    owner.post("/setup/back", step="source")
    assert "Where are your media" in words(owner.get("/setup").text)


def test_the_setup_is_under_way_from_the_first_choice_to_its_finish(house: House, owner: Browser) -> None:
    assert not setup.is_under_way(house.database)  # a house that was set up without a person stays like this
    choose_plex(owner)
    assert setup.is_under_way(house.database)
    owner.post("/setup/back", step="source")
    assert setup.is_under_way(house.database)
    choose_plex(owner)
    owner.post("/setup/finish")
    assert not setup.is_under_way(house.database)


def test_choosing_the_same_server_again_adds_it_once(house: House, owner: Browser) -> None:
    for _ in range(2):
        choose_plex(owner)
        owner.post("/setup/back", step="source")
    assert owner.api("GET", "/servers").json()["total"] == 1


def test_the_demo_house_is_one_button(house: House, owner: Browser) -> None:
    owner.post("/setup/source", kind="demo")
    assert (
        "From The demo house" in words(owner.get("/setup").text)
        or "The demo house" in owner.get("/setup").text
    )


def test_a_folder_is_enough(house: House, owner: Browser, tmp_path: Path) -> None:
    answer = owner.post("/setup/source", kind="folder", folder=str(tmp_path / "absent"))
    assert answer.status_code == 422
    assert 'id="folder-error"' in answer.text
    owner.post("/setup/source", kind="folder", folder=str(tmp_path))
    assert "Which libraries" in words(owner.get("/setup").text)


def test_nobody_but_an_administrator_takes_steps(house: House, owner: Browser) -> None:
    with house.browser() as other:
        assert (
            other.post("/setup/source", follow=False, kind="demo").headers["location"].startswith("/sign-in")
        )
        assert other.get("/setup").status_code == 410


def test_folders_may_be_left_out_with_the_libraries(house: House, owner: Browser) -> None:
    owner.post("/setup/source", kind="demo")
    owner.post("/setup/libraries", library="1", left_out="/films/kids\n")
    assert house.left_out == ["/films/kids\n"]


def test_the_steps_need_both_managing_settings_and_managing_servers(house: House, owner: Browser) -> None:
    choose_plex(owner)
    for scope, other in (("manage_settings", "manage_servers"), ("manage_servers", "manage_settings")):
        made = owner.api("POST", "/me/tokens", {"name": scope, "scopes": ["view", scope], "days": 1})
        with house.browser() as program:
            program.csrf()
            program.headers["authorization"] = f"Bearer {made.json()['shown']}"
            steps = (
                program.get("/setup", follow=False),
                program.post("/setup/test", kind="demo"),
                program.post("/setup/source", kind="demo"),
                program.post("/setup/libraries", left_out="/films/kids\n"),
                program.post("/setup/mapping", server_prefix="/data", local_prefix="/"),
                program.post("/setup/plex-data", folder="/"),
                program.post("/setup/back", step="source"),
                program.post("/setup/finish", follow=False),
            )
        refused = [(answer.request.url.path, answer.status_code) for answer in steps]
        assert [status for _, status in refused[1:]] == [403] * 7, refused
        assert refused[0][1] in (403, 410)
        assert other.replace("_", " ") in steps[2].text
    assert house.left_out == []
    assert setup.is_under_way(house.database)
    assert owner.api("GET", "/servers").json()["total"] == 1
