"""Syncs by the real job engine: one that is asked for while another runs sees what changed meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.features.library import jobs as library_jobs
from projectionist.features.library import ordering, service
from projectionist.features.library.ordering import order_sync
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobState
from projectionist.media.vocabulary import ListedItem, Page
from tests.features.library.pages import Reachable
from tests.features.library.shelves import Shelves, Wall, add_server, movie
from tests.jobs import crew

DEADLINE_S = 30.0


def test_what_changes_after_its_page_was_read_is_seen_by_the_sync_asked_for_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordering, "_LOOK_AGAIN", timedelta(seconds=0.2))
    database = Database(sqlite_url(tmp_path / "index.sqlite"))
    prepare(database)
    wall = Wall(database, Shelves(), add_server(database))
    wall.server.hold(movie("1", "Heat"))
    read, go_on = threading.Event(), threading.Event()

    def hold_back(page: Page[ListedItem]) -> Page[ListedItem]:
        if page.items and not read.is_set():
            read.set()
            assert go_on.wait(DEADLINE_S)
        return page

    wall.server.lie = hold_back
    engine = Engine(database, tmp_path, node="here", publish=wall.publish, retention=timedelta(days=7))
    engine.bring(library_jobs.kinds(database, Reachable(wall), wall, engine), (library_jobs.QUEUE,))
    engine.start(work=True)
    try:
        first = order_sync(engine, wall.server_id)
        assert read.wait(DEADLINE_S)
        wall.server.hold(movie("2", "Ronin"))
        crew.until(lambda: crew.running(engine, first.job_id), DEADLINE_S)
        asked = {order_sync(engine, wall.server_id).job_id for _ in range(3)}
        (second,) = asked - {first.job_id}
        crew.until(lambda: "this one follows it" in engine.get(second).now, DEADLINE_S)
        assert engine.get(first.job_id).state is JobState.RUNNING
        go_on.set()
        done = [crew.over(engine, job_id, DEADLINE_S) for job_id in (first.job_id, second)]
    finally:
        go_on.set()
        engine.close()
    assert [job.state for job in done] == [JobState.DONE, JobState.DONE]
    assert [job.attempt for job in done] == [1, 1]
    assert {card.title for card in service.search_items(database, "ronin")} == {"Ronin"}
    assert [job.ended_at for job in done] == sorted(job.ended_at for job in done if job.ended_at)
    database.close()
