from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import event

from projectionist.db.engine import Database
from projectionist.errors import DatabaseUnusable, JobPostponed, SecretUnreadable
from projectionist.features.alerts import announcing, delivering, queries, service
from projectionist.features.alerts.beating import Beating
from projectionist.features.alerts.models import SENDING, TRYING
from projectionist.features.alerts.standing_in import THREAD
from projectionist.features.alerts.watching import Watching
from projectionist.features.metrics.service import Measures
from projectionist.jobs.ports import Queue
from tests.features.alerts.house import NOON, House

WELL: Measures = {"disk": (1, 0.5, 0.5), "queued": (1, 0, 0), "running": (1, 0, 0)}
FULL: Measures = {**WELL, "disk": (1, 0.91, 0.91)}
STUCK: Measures = {**WELL, "queued": (1, 3, 3)}


class Watched:
    """A house that is watched, and what of it was heard outside."""

    def __init__(self, database: Database) -> None:
        self.house = House(database)
        self.beating = Beating(self.house.place)
        self.watching = Watching(self.house.place, self.beating)
        announcing.save_heartbeat(self.house.place, "https://hc.example.org/abc", timedelta(minutes=1))
        self.house.outside.beats.clear()

    def samples(self, minutes: float, measures: Measures = WELL) -> None:
        for _ in range(round(minutes * 2)):
            self.house.forward(seconds=30)
            self.watching.sampled(self.house.moment, measures)
            for thread in threading.enumerate():
                if thread.name == THREAD:
                    thread.join(60)
            self.beating.look()

    def do_jobs(self) -> None:
        for job in list(self.house.jobs.held.values()):
            number = int(job.arguments["delivery_id"])
            delivering.deliver(self.house.place, number, is_last=False)

    @property
    def told(self) -> list[str]:
        return [message.title for _, message in self.house.outside.sent]

    @property
    def number(self) -> int:
        return service.deliveries(self.house.place, self.house.user_id).items[0].id


@pytest.fixture
def watched(database: Database) -> Watched:
    return Watched(database)


def test_that_no_worker_lives_is_told_though_none_does_and_once_only(watched: Watched) -> None:
    watched.house.messenger()
    watched.house.jobs.done = ()
    watched.samples(6)
    assert watched.told == ["Dead worker"]
    watched.house.jobs.done = ("sync", "alerts")
    watched.do_jobs()
    watched.samples(6)
    watched.do_jobs()
    assert watched.told == ["Dead worker", "Well again: dead worker"]


def test_where_no_living_process_does_the_jobs_of_messages_all_are_sent_all_the_same(
    watched: Watched,
) -> None:
    watched.house.messenger()
    watched.house.jobs.done = ("sync",)
    watched.samples(8, FULL)
    assert watched.told == ["Disk of the data folder"]


def test_a_stuck_queue_is_told_though_the_message_is_stuck_too(watched: Watched) -> None:
    watched.house.messenger()
    watched.samples(20, STUCK)
    assert watched.told == ["Stuck queue"]


def test_the_heart_does_not_beat_while_no_worker_sends_messages(watched: Watched) -> None:
    watched.samples(2)
    beats = len(watched.house.outside.beats)
    assert beats > 0
    watched.house.jobs.done = ("sync",)
    watched.samples(2)
    beats = len(watched.house.outside.beats)
    watched.samples(20)
    assert len(watched.house.outside.beats) == beats
    watched.house.jobs.done = ("alerts",)
    watched.samples(2)
    assert len(watched.house.outside.beats) > beats


def test_a_worker_that_is_started_anew_sends_by_itself(watched: Watched) -> None:
    watched.house.messenger()
    watched.samples(6, FULL)
    watched.house.jobs.done = ()
    watched.samples(1, FULL)
    watched.house.jobs.done = ("alerts",)
    watched.samples(4, FULL)
    assert watched.told == []
    watched.do_jobs()
    assert watched.told == ["Disk of the data folder"]


def test_a_queue_that_somebody_paused_stays_so_and_the_heart_is_still(watched: Watched) -> None:
    watched.house.messenger()
    watched.house.jobs.lanes["alerts"] = Queue("alerts", "Messages", True, 4, 0, 0)
    watched.samples(10, FULL)
    assert (watched.told, watched.house.outside.beats) == ([], [])


def test_quiet_hours_hold_without_a_worker(watched: Watched) -> None:
    watched.house.messenger(quiet_from=11 * 60, quiet_to=13 * 60, is_woken=False)
    watched.house.jobs.done = ()
    watched.samples(59)
    assert watched.told == []
    watched.samples(2)
    assert watched.told == ["Dead worker"]


def test_a_messenger_that_is_away_is_left_alone_longer_and_longer_and_told_when_it_is_back(
    watched: Watched,
) -> None:
    watched.house.messenger()
    watched.house.jobs.done = ()
    watched.house.outside.is_away = True
    watched.samples(20)
    assert service.deliveries(watched.house.place, watched.house.user_id).items[0].state == "waiting"
    watched.house.outside.is_away = False
    watched.samples(3)
    assert watched.told == []
    watched.samples(20)
    assert watched.told == ["Dead worker"]


def test_what_will_never_be_sent_is_given_up(watched: Watched) -> None:
    watched.house.messenger()
    watched.house.jobs.done = ()
    watched.house.outside.trouble = SecretUnreadable("The token cannot be opened.")
    watched.samples(6)
    assert service.deliveries(watched.house.place, watched.house.user_id).items[0].state == "failed"


def test_a_job_waits_while_the_service_sends_its_message_and_the_service_leaves_alone_what_a_job_took(
    watched: Watched,
) -> None:
    watched.house.messenger()
    watched.samples(6, FULL)
    place = watched.house.place
    with place.database.write() as session:
        assert queries.take(session, watched.number, SENDING)
        assert not queries.take(session, watched.number, TRYING)
    with pytest.raises(JobPostponed):
        watched.do_jobs()
    assert watched.told == []
    watched.watching = Watching(place, watched.beating)
    watched.samples(1, FULL)
    with place.database.write() as session:
        assert queries.take(session, watched.number, TRYING)
    watched.house.jobs.done = ()
    watched.samples(2.5, FULL)
    assert "Disk of the data folder" not in watched.told
    watched.do_jobs()
    assert watched.told.count("Disk of the data folder") == 1, "its job is run again after a crash"


def test_what_the_service_took_and_did_not_send_is_sent_after_the_next_start(watched: Watched) -> None:
    watched.house.messenger()
    watched.samples(6, FULL)
    with watched.house.place.database.write() as session:
        assert queries.take(session, watched.number, SENDING)
    watched.watching = Watching(watched.house.place, watched.beating)
    watched.samples(0.5, FULL)
    watched.do_jobs()
    assert watched.told == ["Disk of the data folder"]
    assert watched.house.moment > NOON


def test_what_the_service_could_not_come_to_an_end_with_is_sent_once_the_database_is_back(
    watched: Watched,
) -> None:
    watched.house.messenger()
    watched.house.jobs.done = ()
    lost: list[str] = []

    def loses(_connection: object, _cursor: object, said: str, *_more: object) -> None:
        if (
            said.startswith("UPDATE delivery")
            and "WHERE delivery.id" in said
            and "ended_at" in said
            and len(lost) < 3
        ):
            lost.append(said)
            raise DatabaseUnusable("The database is locked.")

    event.listen(watched.house.place.database.engine, "before_cursor_execute", loses)
    watched.samples(30)
    assert len(lost) == 3
    assert service.deliveries(watched.house.place, watched.house.user_id).items[0].state == "sent"
