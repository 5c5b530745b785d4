"""What happens to a house when the world around it fails: it says so, keeps what it had, and goes on after."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, text

from projectionist.db.model import UtcDateTime
from projectionist.demo.faults import Faults
from projectionist.demo.house import DemoHouse
from projectionist.errors import Conflict
from projectionist.features.library.service import order_sync
from projectionist.features.previews import upkeep
from projectionist.features.previews.queries import Filter
from projectionist.features.servers import service as servers
from projectionist.jobs.ports import JobFilter, JobState
from projectionist.media.vocabulary import ServerKind
from tests.demo.houses import house, house_media
from tests.recovery.houses_under_fire import small_disk, until
from tests.recovery.opened_houses import (
    connected,
    items,
    log_of,
    opened,
    previews,
    rows,
    settle,
    sync,
)

__all__ = ["house", "house_media"]

ALL = "/library/sections/*/all"


def lie_about_the_count(answer: Any) -> Any:
    answer["MediaContainer"]["totalSize"] = 1_000_000
    return answer


def leave_out_the_key(answer: Any) -> Any:
    for item in answer["MediaContainer"].get("Metadata", []):
        item.pop("ratingKey", None)
    return answer


FAULTS: dict[str, tuple[Callable[[Faults], None], str]] = {
    "wrong token": (lambda faults: faults.refuse_token(), "token"),
    "error": (lambda faults: faults.fail(500), "500"),
    "truncated": (lambda faults: faults.truncate(100, path=ALL), "nothing of it was used"),
    "html": (lambda faults: faults.answer(b"<html>", "text/html", path=ALL), "text/html instead of JSON"),
    "a field is missing": (lambda faults: faults.alter(leave_out_the_key, path=ALL), "ratingKey"),
    "a dropped connection": (lambda faults: faults.drop(path=ALL), "closed"),
}


@pytest.mark.timeout(120)
def test_a_server_that_fails_is_told_of_and_nothing_of_its_library_is_lost(
    house: DemoHouse, tmp_path: Path
) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        assert sync(here, server).state is JobState.DONE
        before = items(here)
        assert len(before) > 20
        for name, (fail, words) in FAULTS.items():
            fail(house.faults)
            job = sync(here, server, full=True)
            house.faults.clear()
            assert words in job.error, (name, job.error)
            assert items(here) == before
            failing = servers.get_server(here.database, server.id)
            assert failing.last_error == job.error, name
            if not job.state.is_over:
                here.jobs.cancel(job.id)
            assert sync(here, server, full=True).state is JobState.DONE, name
            assert not servers.get_server(here.database, server.id).last_error
        house.close()
        job = sync(here, server, full=True)
        assert "did not answer" in job.error or "cannot be reached" in job.error
        assert items(here) == before


def test_a_lost_key_is_told_and_the_token_can_be_given_anew(house: DemoHouse, tmp_path: Path) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        sync(here, server)
        before = items(here)
    (tmp_path / "data" / "secret.key").unlink()
    with opened(tmp_path / "data") as here:
        job = sync(here, server)
        assert job.state is JobState.FAILED
        assert "enter the token anew" in job.error
        assert servers.get_server(here.database, server.id).last_error == job.error
        assert items(here) == before
        again = servers.NewServer(ServerKind.PLEX, house.plex_url, house.plex_token)
        servers.edit_server(here.reach, server.id, again, keep_token=False)
        assert sync(here, server).state is JobState.DONE
        assert not servers.get_server(here.database, server.id).last_error


def test_a_setup_done_again_mends_a_lost_key(house: DemoHouse, tmp_path: Path) -> None:
    new = servers.NewServer(ServerKind.PLEX, house.plex_url, house.plex_token)
    with opened(tmp_path / "data", work=False) as here:
        server, _ = servers.ensure_server(here.reach, new)
    (tmp_path / "data" / "secret.key").unlink()
    with opened(tmp_path / "data", work=False) as here:
        assert servers.ensure_server(here.reach, new) == (servers.get_server(here.database, server.id), False)
        assert not servers.check_server(here.reach, server.id).last_error


def test_a_server_that_suddenly_lists_nothing_loses_nothing_at_once(house: DemoHouse, tmp_path: Path) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        sync(here, server)
        before = items(here)
        held = house.catalogue.listed(1)
        for entry in held:
            house.catalogue.remove(entry.key)
        job = sync(here, server, full=True)
        assert job.state is JobState.DONE
        assert items(here) == before
        assert f"{len(held)} of {len(held)} items are kept" in log_of(here, job)
        house.catalogue.put(*held)
        assert sync(here, server, full=True).state is JobState.DONE
        assert items(here) == before


def test_a_library_that_disappears_is_kept_and_marked(house: DemoHouse, tmp_path: Path) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        sync(here, server)
        before = items(here)
        gone = house.catalogue.sections.pop(1)
        assert sync(here, server, full=True).state is JobState.DONE
        assert items(here) == before
        assert rows(here, "SELECT title FROM library WHERE missing_since IS NOT NULL") == [(gone.title,)]
        house.catalogue.sections[1] = gone
        assert sync(here, server, full=True).state is JobState.DONE
        assert rows(here, "SELECT title FROM library WHERE missing_since IS NOT NULL") == []
        assert items(here) == before


def test_two_servers_of_one_identity_are_not_mixed_up(
    house: DemoHouse, house_media: Path, tmp_path: Path
) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        sync(here, server)
        before = items(here)
        other_name = house.plex_url.replace("127.0.0.1", "localhost")
        with pytest.raises(Conflict, match="is here already"):
            servers.add_server(here.reach, servers.NewServer(ServerKind.PLEX, other_name, house.plex_token))
        house.faults.alter(another_identity, path="/")
        house.faults.alter(another_identity, path="/identity")
        job = sync(here, server, full=True)
        assert job.state is JobState.FAILED
        assert "another server answers" in job.error
        assert items(here) == before


def another_identity(answer: Any) -> Any:
    answer["MediaContainer"]["machineIdentifier"] = "somebody else"
    return answer


def a_few_films(house_media: Path, folder: Path) -> Path:
    """Two films in a folder of their own, as a mounted disk."""
    folder.mkdir()
    for film in sorted((house_media / "Movies").rglob("*.m??"))[:2]:
        shutil.copy(film, folder)
    return folder


def test_a_vanished_mount_removes_nothing_and_its_previews_wait_and_say_why(
    house_media: Path, tmp_path: Path
) -> None:
    films = a_few_films(house_media, tmp_path / "films")
    away = tmp_path / "away"
    with opened(tmp_path / "data") as here:
        server = servers.add_server(here.reach, servers.NewServer(ServerKind.FOLDER, str(films)))
        here.jobs.pause("previews")
        sync(here, server)
        before = items(here)
        assert len(before) == 2
        until(
            lambda: [one for one, _ in previews(here).values()] == ["queued"] * 2, 60, lambda: previews(here)
        )
        films.rename(away)
        here.jobs.resume("previews")
        job = sync(here, server, full=True)
        assert str(films) in job.error
        assert items(here) == before
        until(lambda: {one for one, _ in previews(here).values()} == {"waiting"}, 60, lambda: previews(here))
        for _, reason in previews(here).values():
            assert str(films) in reason
            assert "mount" in reason
        away.rename(films)
        here.jobs.cancel(job.id)
        assert sync(here, server, full=True).state is JobState.DONE
        until(lambda: {one for one, _ in previews(here).values()} == {"fresh"}, 60, lambda: previews(here))
        assert items(here) == before


def test_a_sync_of_a_server_that_never_answers_can_be_cancelled(house: DemoHouse, tmp_path: Path) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        sync(here, server)
        before = items(here)
        house.faults.hang(path=ALL)
        job_id = order_sync(here.jobs, server.id, full=True).job_id
        house.faults.forget()
        until(lambda: any(one.path.endswith("/all") for one in house.faults.seen), 60, "The call")
        here.jobs.cancel(job_id)
        asked = time.monotonic()
        until(lambda: here.jobs.get(job_id).state is JobState.CANCELLED, 60, lambda: here.jobs.get(job_id))
        assert time.monotonic() - asked < 10
        house.faults.clear()
        assert items(here) == before


def test_a_clock_that_is_set_back_holds_nothing_up(house: DemoHouse, tmp_path: Path) -> None:
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        server = connected(here, house)
        sync(here, server)
        until(lambda: {one for one, _ in previews(here).values()} == {"queued"}, 60, lambda: previews(here))
        ahead = bindparam("ahead", datetime.now(UTC) + timedelta(days=2), UtcDateTime)
        with here.database.write() as session:
            session.execute(
                text("UPDATE library SET complete_at = :ahead, synced_at = :ahead").bindparams(ahead)
            )
            session.execute(
                text(
                    "INSERT INTO preview_claim (film_id, token, job_id, node, until)"
                    " SELECT id, 'x', 'another', 'dead', :ahead FROM preview_film"
                ).bindparams(ahead)
            )
        here.jobs.resume("previews")
        settle(here)
        assert {one for one, _ in previews(here).values()} == {"fresh"}
        assert sync(here, server).state is JobState.DONE


def test_a_full_disk_leaves_no_half_preview_says_so_and_is_made_good_later(
    house_media: Path, tmp_path: Path
) -> None:
    films = a_few_films(house_media, tmp_path / "films")
    with small_disk(tmp_path / "disk", "12k") as disk, opened(tmp_path / "data") as here:
        server = servers.add_server(here.reach, servers.NewServer(ServerKind.FOLDER, str(films)))
        upkeep.save_choices(here.place, here.jobs, None, {"folder": str(disk), "places": ["folder"]})
        sync(here, server)
        until(lambda: {one for one, _ in previews(here).values()} == {"failed"}, 60, lambda: previews(here))
        assert all("full" in reason for _, reason in previews(here).values()), previews(here)
        assert [path for path in disk.rglob("*") if path.is_file()] == []
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        waiting = JobFilter((JobState.WAITING,))
        until(lambda: here.jobs.find(waiting).total == 2, 60, lambda: here.jobs.find(waiting))
        for job in here.jobs.find(waiting).items:
            here.jobs.cancel(job.id)
        assert upkeep.make_now(here.place, here.jobs, Filter()) == 2
        until(lambda: {one for one, _ in previews(here).values()} == {"fresh"}, 60, lambda: previews(here))
        assert len(list(disk.rglob("*.bif"))) == 2


def test_a_server_that_was_added_and_never_read_is_read_by_the_next_start(
    house: DemoHouse, tmp_path: Path
) -> None:
    with opened(tmp_path / "data", work=False) as here:
        server = connected(here, house)
    with opened(tmp_path / "data") as here:
        here.jobs.pause("previews")
        here.begin_syncs()
        until(lambda: len(items(here)) == len(house.catalogue.all()), 60, lambda: items(here))
        assert here.reach.syncs.begun(server.id)
        here.reach.syncs.forget(server.id)
        until(lambda: here.jobs.find(JobFilter(kinds=("library.sync",))).items[0].state.is_over, 60)
        here.begin_syncs()
        assert not here.reach.syncs.begun(server.id)
