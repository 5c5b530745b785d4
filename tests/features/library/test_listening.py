"""What servers tell by themselves is acted on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from projectionist.errors import DatabaseUnusable, ServerUnreachable
from projectionist.features.library.listening import PLAYING, Listening
from projectionist.features.library.ordering import order_sync
from projectionist.jobs.ports import JobState
from projectionist.media.vocabulary import LibraryEvent, PlaybackEvent, PlaybackSession, PlaybackState
from tests.features.operations.fake_jobs import FakeJobs

DEADLINE_S = 10.0


class Telling:
    """A server that tells what it is given, or breaks off."""

    def __init__(self) -> None:
        self.waiting: list[Any] = []
        self.heard = threading.Event()
        self.closed = 0
        self.playing: list[PlaybackSession] = []

    def events(self, stop: threading.Event) -> Iterator[Any]:
        self.heard.set()
        while not stop.wait(0.01):
            while self.waiting:
                event = self.waiting.pop(0)
                if isinstance(event, Exception):
                    raise event
                yield event

    def sessions(self) -> list[PlaybackSession]:
        return list(self.playing)

    def close(self) -> None:
        self.closed += 1


class Servers:
    """Reads where the server is from a database that fails as often as `failures` says."""

    def __init__(self, telling: Telling, failures: int = 0) -> None:
        self.telling = telling
        self.failures = failures

    def connect(self, server_id: int) -> Any:
        if self.failures:
            self.failures -= 1
            raise DatabaseUnusable("The database is locked.")
        return self.telling


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)


def listening(
    telling: Telling,
    jobs: FakeJobs,
    told: list[tuple[str, Mapping[str, Any]]],
    on_playing: Callable[[int, PlaybackEvent], None] = lambda server_id, event: None,
    failures: int = 0,
    first_wait_s: float = 5.0,
) -> Listening:
    made = Listening(
        lambda: [7],
        Servers(telling, failures),  # type: ignore[arg-type]
        jobs,
        lambda topic, data: told.append((topic, data)),
        on_playing=on_playing,
        quiet_s=0.05,
        tick_s=0.02,
        first_wait_s=first_wait_s,
    )
    made.start()
    assert telling.heard.wait(DEADLINE_S)
    return made


def test_a_library_is_read_once_a_moment_after_a_burst_of_changes() -> None:
    telling, jobs = Telling(), FakeJobs()
    made = listening(telling, jobs, [])
    telling.waiting += [LibraryEvent("1", None)] * 20
    until(lambda: len(jobs.held) == 1)
    threading.Event().wait(0.3)
    made.close()
    assert [job.arguments for job in jobs.held.values()] == [{"server_id": 7}]


def test_a_change_during_a_sync_is_read_by_another_after_it() -> None:
    telling, jobs = Telling(), FakeJobs()
    order_sync(jobs, 7)
    jobs.held["job-1"] = replace(jobs.held["job-1"], state=JobState.RUNNING)
    made = listening(telling, jobs, [])
    telling.waiting.append(LibraryEvent(None, None))
    until(lambda: len(jobs.held) == 2)
    threading.Event().wait(0.2)
    made.close()
    assert [job.state for job in jobs.held.values()] == [JobState.RUNNING, JobState.QUEUED]


def test_playback_is_told_to_the_pages() -> None:
    telling, told = Telling(), []  # type: ignore[var-annotated]
    made = listening(telling, FakeJobs(), told)
    telling.waiting.append(PlaybackEvent("1", "2", PlaybackState.PLAYING, 5))
    until(lambda: bool(told))
    made.close()
    assert told == [(PLAYING, {"server_id": 7})]


def test_a_lost_connection_is_closed_and_nothing_ends() -> None:
    telling, jobs = Telling(), FakeJobs()
    made = listening(telling, jobs, [])
    telling.waiting.append(ServerUnreachable("Plex went away."))
    until(lambda: telling.closed == 1)
    made.close()
    assert jobs.held == {}


@pytest.mark.parametrize("failures", [1, 2])
def test_a_database_that_is_locked_for_a_moment_makes_nobody_deaf(failures: int) -> None:
    telling, jobs = Telling(), FakeJobs()
    made = listening(telling, jobs, [], failures=failures, first_wait_s=0.2)
    telling.waiting.append(LibraryEvent("1", None))
    until(lambda: len(jobs.held) == 1)
    made.close()


def test_whoever_asked_is_told_what_a_player_does_and_a_fault_of_theirs_ends_nothing() -> None:
    telling, heard = Telling(), []

    def hear(server_id: int, event: PlaybackEvent) -> None:
        heard.append((server_id, event.state))
        if event.state is PlaybackState.PLAYING:
            raise DatabaseUnusable("The database is locked.")

    made = listening(telling, FakeJobs(), [], hear)
    telling.waiting += [
        PlaybackEvent("1", "2", state, 5) for state in (PlaybackState.PLAYING, PlaybackState.STOPPED)
    ]
    until(lambda: len(heard) == 2)
    made.close()
    assert heard == [(7, PlaybackState.PLAYING), (7, PlaybackState.STOPPED)]


def test_a_server_that_cannot_be_heard_is_asked_what_it_plays() -> None:
    telling, heard = Telling(), []
    made = listening(telling, FakeJobs(), [], lambda server_id, event: heard.append(event.state))
    telling.waiting.append(ServerUnreachable("The socket is gone."))
    telling.playing = [PlaybackSession("9", "2", "1", "Ada", "TV", PlaybackState.PLAYING, 5, 100)]
    until(lambda: len(heard) == 1)
    telling.playing = []
    until(lambda: len(heard) == 2)
    made.close()
    assert heard == [PlaybackState.PLAYING, PlaybackState.STOPPED]
