"""The demo house in Projectionist's own: whatever is asked, of its server or its plex.tv, stays on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from projectionist.features.cache.models import AnswerRow
from projectionist.features.servers.service import add_server
from tests.recovery.opened_houses import opened, rows, sync


@pytest.mark.timeout(180)
def test_no_exchange_of_the_demo_house_leaves_this_machine(tmp_path: Path, house_media: Path) -> None:
    """Any name but this machine's ends the test where it is looked up; that rule is tried here too."""
    folder = tmp_path / "data" / "demo-house"
    folder.mkdir(parents=True)
    (folder / "media").symlink_to(house_media)
    with opened(tmp_path / "data") as house:
        demo = house.start_demo()
        sync(house, add_server(house.reach, demo.server))
        thought = house.cache.planner.think(house.clock.now())
        asked = rows(house, f"SELECT source, failing_since, reason FROM {AnswerRow.__tablename__}")

    assert {source for source, *_ in asked} >= {"playing", "on_deck", "watchlist"}
    assert [one for one in asked if one[1] is not None] == []
    assert thought.wanted.failed == ()
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.getaddrinfo("plex.tv", 443)
