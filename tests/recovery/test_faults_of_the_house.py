"""What happens to a house when the world around it fails: it says so, keeps what it had, and goes on after."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from projectionist.app import House
from projectionist.demo.faults import Faults
from projectionist.demo.house import DemoHouse
from projectionist.errors import Conflict, SecretUnreadable
from projectionist.features.library.service import order_sync
from projectionist.features.previews.upkeep import order_check
from projectionist.features.servers import service as servers
from projectionist.jobs.ports import JobState, Order
from projectionist.media.vocabulary import ServerKind
from tests.demo.houses import house, house_media
from tests.recovery.houses_under_fire import until
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
            print(name, job.state, job.error)
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
        print(job.error)
        assert "did not answer" in job.error or "cannot be reached" in job.error
        assert items(here) == before
