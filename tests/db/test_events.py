from __future__ import annotations

import asyncio
import multiprocessing
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing.synchronize import Barrier

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.db.events import Event, Events
from projectionist.db.model import Base
from projectionist.db.tables import EventRow
from projectionist.db.tail import Tail

WITHIN_S = 5.0
"""What is promised within a second, with headroom."""


@pytest.fixture
def events(database: Database) -> Iterator[Events]:
    opened = Events(database, poll_s=0.05)
    yield opened
    opened.close()


@pytest.fixture
def others(database: Database) -> Iterator[Events]:
    """What another process has: connections and a thread of its own."""
    own = Database(database.url.render_as_string(hide_password=False))
    opened = Events(own, poll_s=0.05)
    yield opened
    opened.close()
    own.close()


def heard(got: Event | None) -> tuple[str, object]:
    assert got is not None, "nothing was heard in time"
    return got.topic, got.data


def test_what_is_published_is_heard_by_all(events: Events, others: Events) -> None:
    with events.subscribe() as one, others.subscribe() as two:
        events.publish("library", {"library_id": 3}, permission="manage_servers", person=7)
        for subscription in (one, two):
            got = subscription.get(WITHIN_S)
            assert heard(got) == ("library", {"library_id": 3})
            assert got is not None
            assert (got.permission, got.person, got.at.tzinfo) == ("manage_servers", 7, UTC)
            assert subscription.get(0.1) is None


def test_what_was_published_before_is_not_heard(events: Events, others: Events) -> None:
    others.publish("jobs")
    with events.subscribe() as subscription:
        others.publish("library")
        assert heard(subscription.get(WITHIN_S)) == ("library", {})


def test_listeners_come_and_go_and_hear_each_event_once(events: Events, others: Events) -> None:
    for round_number in range(3):
        with events.subscribe() as subscription:
            others.publish("jobs", {"round": round_number})
            assert heard(subscription.get(WITHIN_S)) == ("jobs", {"round": round_number})
            assert subscription.get(0.1) is None
        others.publish("jobs", {"unheard": round_number})


def test_an_event_of_a_transaction_is_heard_where_it_commits_and_only_there(
    events: Events, others: Events, database: Database
) -> None:
    def fail() -> None:
        with database.write() as session:
            others.publish("job", {"id": "undone"}, session=session)
            session.flush()
            raise ZeroDivisionError

    with events.subscribe() as subscription:
        with pytest.raises(ZeroDivisionError):
            fail()
        with database.write() as session:
            others.publish("job", {"id": "done"}, session=session)
            session.flush()
            assert subscription.get(0.2) is None
        assert heard(subscription.get(WITHIN_S)) == ("job", {"id": "done"})


def test_an_event_that_commits_after_a_later_one_is_heard_too(events: Events, database: Database) -> None:
    if database.is_sqlite:
        return  # its writers stand in line, so numbers commit in their order
    with events.subscribe() as subscription:
        with database.write() as slow:
            events.publish("slow", session=slow)
            slow.flush()
            events.publish("fast")
            assert heard(subscription.get(WITHIN_S)) == ("fast", {})
            assert subscription.get(0.2) is None
        assert heard(subscription.get(WITHIN_S)) == ("slow", {})
        assert subscription.get(0.2) is None


def test_an_event_under_way_when_the_first_listener_came_is_heard(events: Events, database: Database) -> None:
    if database.is_sqlite:
        return
    events.publish("before")
    with database.write() as slow:
        events.publish("slow", session=slow)
        slow.flush()
        events.publish("fast")
        subscription = events.subscribe()
    with subscription:
        assert heard(subscription.get(WITHIN_S)) == ("slow", {})
        assert subscription.get(0.2) is None


def test_a_number_that_never_comes_is_given_up(database: Database) -> None:
    if database.is_sqlite:
        return
    now = [0.0]
    tail = Tail(database, monotonic=lambda: now[0])
    tail.seek_end()
    with database.write() as session:
        session.execute(text("SELECT setval('event_id_seq', 100)"))
        session.add(EventRow(at=datetime.now(UTC), topic="jobs", data={}, permission="view"))
    assert [row.topic for row in tail.read()] == ["jobs"]
    assert len(tail._gaps) == 100
    now[0] = 61.0
    assert list(tail.read()) == []
    assert tail._gaps == {}


def test_who_lost_the_line_reads_on_from_the_last_number(events: Events) -> None:
    with events.subscribe() as subscription:
        for number in range(4):
            events.publish("job", {"n": number})
        first = subscription.get(WITHIN_S)
    assert first is not None
    assert [event.data["n"] for event in events.since(first.id)] == [1, 2, 3]
    assert events.reaches_back_to(first.id)


def test_old_events_go_and_their_numbers_are_not_given_again(events: Events, database: Database) -> None:
    with database.write() as session:
        at = datetime.now(UTC) - timedelta(minutes=11)
        session.add(EventRow(at=at, topic="old", data={}, permission="view"))
    events.publish("young")
    (old, young) = events.since(0)
    assert events.prune() == 1
    assert [event.topic for event in events.since(0)] == ["young"]
    assert (events.reaches_back_to(old.id - 1), events.reaches_back_to(old.id)) == (False, True)
    assert events.prune(timedelta(minutes=-1)) == 1
    assert not events.reaches_back_to(young.id - 1)
    events.publish("new")
    assert [event.id > young.id for event in events.since(0)] == [True]


def test_a_listener_that_is_too_slow_knows_what_it_lost(events: Events, others: Events) -> None:
    with events.subscribe(limit=2) as slow, events.subscribe() as quick:
        for number in range(5):
            others.publish("job", {"n": number})
        for _ in range(5):
            heard(quick.get(WITHIN_S))
        assert [heard(slow.get(0)) for _ in range(2)] == [("job", {"n": 3}), ("job", {"n": 4})]
        assert (slow.lost, slow.lost, quick.lost) == (True, False, False)


def test_asyncio_listens_until_its_loop_is_closed(events: Events, others: Events) -> None:
    async def hear() -> Event:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[Event] = asyncio.Queue()
        events.listen(lambda event: loop.call_soon_threadsafe(queue.put_nowait, event))
        others.publish("alert", {"text": "a disk is full"})
        return await asyncio.wait_for(queue.get(), WITHIN_S)

    with ThreadPoolExecutor(1) as thread:  # a browser's test may have left a loop in this one
        assert heard(thread.submit(asyncio.run, hear()).result()) == ("alert", {"text": "a disk is full"})
    with events.subscribe() as subscription:
        others.publish("jobs")  # the closed loop is asked once more, and then no longer
        assert heard(subscription.get(WITHIN_S)) == ("jobs", {})
        assert len(events._listeners) == 1


def test_what_ends_listening_ends_it(events: Events) -> None:
    seen: list[Event] = []
    with events.subscribe() as other:
        stop = events.listen(seen.append)
        events.publish("one")
        heard(other.get(WITHIN_S))
        stop()
        events.publish("two")
        heard(other.get(WITHIN_S))
    assert [event.topic for event in seen] == ["one"]


def test_closing_ends_the_thread_and_those_who_wait(events: Events) -> None:
    subscription = events.subscribe()
    waiter = threading.Thread(target=subscription.get, args=(60,))
    waiter.start()
    subscription.close()
    waiter.join(WITHIN_S)
    events.close()
    assert not waiter.is_alive()
    assert not [thread for thread in threading.enumerate() if thread.name == "events"]


def _publish_elsewhere(url: str, gate: Barrier, number: int) -> None:
    database = Database(url)
    events = Events(database)
    gate.wait()
    for _ in range(20):
        events.publish("job", {"from": number, "at": time.time()})
    events.close()
    database.close()


def test_other_processes_are_heard_in_time_each_event_once(database_url: str) -> None:
    database = Database(database_url)
    Base.metadata.create_all(database.engine)
    events = Events(database)
    spawned = multiprocessing.get_context("spawn")
    gate = spawned.Barrier(2)
    publishers = [
        spawned.Process(target=_publish_elsewhere, args=(database_url, gate, number)) for number in range(2)
    ]
    with events.subscribe() as subscription:
        for publisher in publishers:
            publisher.start()
        got = [subscription.get(60)]
        got += [subscription.get(WITHIN_S) for _ in range(39)]
        late = [time.time() - event.data["at"] for event in got[-1:] if event is not None]
        assert subscription.get(0.5) is None
    for publisher in publishers:
        publisher.join(60)
    events.close()
    database.close()
    assert sorted(event.data["from"] for event in got if event is not None) == [0] * 20 + [1] * 20
    assert max(late) < WITHIN_S
