"""A house that works, on a real socket: what Radarr tells of a new file is in the index within seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from projectionist.features.library import service as library
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.features.webhooks import service
from projectionist.jobs.ports import JobFilter
from projectionist.media.vocabulary import ServerKind, ServerPath
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.features.webhooks.tellings import radarr
from tests.films import make_film
from tests.serving import served

LONG_S = 180.0


def until(condition: Callable[[], bool]) -> float:
    """Wait for it; how long that took."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < LONG_S
        time.sleep(0.1)
    return time.monotonic() - began


@pytest.mark.slow
def test_a_file_that_radarr_tells_of_is_in_the_index_without_a_sync_being_due(tmp_path: Path) -> None:
    films = tmp_path / "films"
    make_film(films / "Movies" / "Heat (1995)" / "Heat (1995).mkv")
    settings = load_settings({}, {"data": str(tmp_path / "data"), "sync_interval": "every 1d"})
    with open_house(settings, exclusive=True) as house:
        house.jobs.start(work=True)
        try:
            added = servers.add_server(house.reach, NewServer(ServerKind.FOLDER, str(films)))
            house.reach.syncs.start(added.id, "test")
            until(lambda: any(one.item_count for one in library.libraries(house.database)))
            made = service.add_sender(
                house.database, "Radarr", "radarr", lambda session: None, now=house.clock.now
            )
            path = films / "Movies" / "Ronin (1998)" / "Ronin (1998).mkv"
            make_film(path)
            with served(house.web()) as address:
                answer = httpx2.post(
                    f"{address}{made.path}",
                    content=radarr(str(path), path.stat().st_size),
                    headers={"content-type": "application/json"},
                    auth=("radarr", made.secret),
                )
            assert answer.status_code == 204, answer.text
            wanted = [ServerPath(str(path))]
            until(lambda: bool(library.parts_at(house.database, added.id, wanted)))
            looks = JobFilter(queues=("webhooks",))
            until(lambda: all(one.state.is_over for one in house.jobs.find(looks).items))
            (look,) = house.jobs.find(looks).items
        finally:
            house.jobs.close()
    assert look.result is not None
    assert look.result["listed"] is True
    assert look.asked_by == "webhook Radarr"
