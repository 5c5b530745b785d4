from __future__ import annotations

from collections.abc import Iterator

import pytest

from projectionist.db.engine import Database
from projectionist.db.events import Events


@pytest.fixture
def events(database: Database) -> Iterator[Events]:
    opened = Events(database, poll_s=0.05)
    yield opened
    opened.close()


def test_what_is_published_is_heard_by_all(events: Events, database: Database) -> None:
    other = Events(database, poll_s=0.05)
    with events.subscribe() as one, other.subscribe() as two:
        events.publish("library", {"library_id": 3}, permission="manage_servers", person=7)
        for subscription in (one, two):
            heard = subscription.get(5)
            assert heard is not None
            assert (heard.topic, heard.data, heard.permission, heard.person) == (
                "library",
                {"library_id": 3},
                "manage_servers",
                7,
            )
            assert subscription.get(0.1) is None
    other.close()
