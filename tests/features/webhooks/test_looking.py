"""The look itself: the server is asked, its library is read until the file is there, and no longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from msgspec.structs import replace as changed

from projectionist.errors import JobCancelled, JobPostponed, ServerLacks
from projectionist.features.library import service as library
from projectionist.features.webhooks.looking import LOOK, look, order_look
from projectionist.jobs.ports import Job, JobState
from projectionist.media.telling import ToldFile
from projectionist.media.vocabulary import ServerPath
from tests.features.library.shelves import NOW, Running, movie
from tests.features.webhooks.house import House

LATER = NOW + timedelta(seconds=1)


def ordered(home: House, name: str = "9.mkv", size: int | None = 1000) -> Job:
    films = next(one for one in library.libraries(home.database) if one.title == "Films")
    made = order_look(
        home.jobs,
        home.wall.server_id,
        "webhook One",
        library_id=films.id,
        folder="/media",
        files=[ToldFile(f"/media/{name}", size)],
    )
    return home.jobs.get(made.job_id)


def syncs(home: House) -> int:
    return len([job for job in home.jobs.held.values() if job.kind == "library.sync"])


def test_the_server_is_asked_to_look_and_the_library_is_read_until_the_file_is_in_it(home: House) -> None:
    job, run = ordered(home), Running()
    home.server.hold(movie("9", updated_at=LATER))
    assert look(home.place, run, job.arguments) == {"folder": "/media", "listed": True}
    assert home.server.looked == [("1", "/media")]
    assert home.server.closed
    assert syncs(home) == 1
    assert home.found == 1
    assert [
        part.path
        for part in library.parts_at(home.database, home.wall.server_id, [ServerPath("/media/9.mkv")])
    ]


def test_a_file_that_replaces_one_of_the_same_name_is_waited_for(home: House) -> None:
    job, run = ordered(home, "1.mkv", 2000), Running()
    rest = home.place.rest

    def replaced_meanwhile(seconds: float) -> None:
        if home.slept > 1.5:
            home.server.hold(movie("1", size=2000, updated_at=LATER))
        rest(seconds)

    place = replace(home.place, rest=replaced_meanwhile)
    assert look(place, run, job.arguments)["listed"] is True
    assert syncs(home) >= 2


def test_what_the_server_does_not_find_is_a_result_and_said_in_the_log(home: House) -> None:
    run = Running()
    assert look(home.place, run, ordered(home).arguments)["listed"] is False
    assert syncs(home) == 3
    assert "does not list all of it yet" in run.lines[-1]
    assert home.found == 0


def test_what_is_gone_is_waited_for_twice(home: House) -> None:
    job = ordered(home)
    assert look(home.place, Running(), {**job.arguments, "files": {}})["listed"] is True
    assert syncs(home) == 2


def test_a_server_that_spoke_of_itself_is_not_asked_to_look(home: House) -> None:
    look(home.place, Running(), {"server_id": home.wall.server_id})
    assert home.server.looked == []
    assert syncs(home) == 1


def test_a_library_that_is_gone_is_told(home: House) -> None:
    job = ordered(home)
    home.server.listed = []
    with pytest.raises(ServerLacks):
        look(home.place, Running(), job.arguments)


def test_a_second_look_at_a_folder_follows_the_first(home: House) -> None:
    first = ordered(home)
    home.jobs.held[first.id] = replace(first, state=JobState.RUNNING)
    second = ordered(home)
    assert second.id != first.id
    home.jobs.held[second.id] = replace(second, state=JobState.RUNNING)
    with pytest.raises(JobPostponed):
        look(home.place, Running(job_id=second.id), second.arguments)
    home.jobs.held[first.id] = replace(first, state=JobState.DONE)
    assert look(home.place, Running(job_id=second.id), second.arguments)["listed"] is False


def test_a_look_that_is_cancelled_ends_at_once(home: House) -> None:
    def cancelled() -> None:
        if home.slept >= 0.5:
            raise JobCancelled("Somebody cancelled it.")

    with pytest.raises(JobCancelled):
        look(home.place, Running(on_check=cancelled), ordered(home).arguments)
    assert home.slept < 1


def test_windows_names_are_joined_as_the_server_spells_them(home: House) -> None:
    item = movie("9", updated_at=LATER)
    version = item.versions[0]
    part = changed(version.parts[0], path=ServerPath("D:\\Films\\9.mkv"))
    home.server.hold(changed(item, versions=(changed(version, parts=(part,)),)))
    made = order_look(
        home.jobs,
        home.wall.server_id,
        "webhook One",
        library_id=1,
        folder="D:\\Films",
        files=[ToldFile("D:\\Films\\9.mkv", 1000)],
    )
    job = home.jobs.get(made.job_id)
    assert (job.kind, job.arguments["files"]) == (LOOK, {"9.mkv": 1000})
    assert look(home.place, Running(), job.arguments)["listed"] is True
