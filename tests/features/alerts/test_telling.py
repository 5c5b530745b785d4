from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound, ServerUnreachable
from projectionist.features.alerts import announcing, delivering, service
from projectionist.features.alerts.beating import Beating
from projectionist.features.alerts.service import ANNOUNCEMENTS, MessengerWish
from projectionist.features.alerts.watching import Watching
from projectionist.features.metrics.service import Measures
from projectionist.media.messages import Level, MessengerKind
from tests.features.alerts.house import ADDRESS, NOON, House

FULL: Measures = {"disk": (1, 0.91, 0.91), "cpu": (1, 0.1, 0.1), "queued": (1, 0, 0), "running": (1, 0, 0)}
WELL: Measures = {**FULL, "disk": (1, 0.5, 0.5)}


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def watch(house: House) -> Watching:
    return Watching(house.place, Beating(house.place))


def samples(house: House, watching: Watching, measures: Measures, minutes: float) -> None:
    for _ in range(round(minutes * 2)):
        house.forward(seconds=30)
        watching.sampled(house.moment, measures)


def do_jobs(house: House) -> None:
    """Do every job that waits, whenever it is due."""
    for job in list(house.jobs.held.values()):
        delivering.deliver(house.place, int(job.arguments["delivery_id"]), is_last=False)


def states(house: House) -> list[tuple[str, str]]:
    return [(one.title, one.state) for one in service.deliveries(house.place, house.user_id).items]


def test_a_full_disk_is_told_once_and_so_is_that_there_is_room_again(house: House) -> None:
    house.messenger()
    watching = watch(house)
    samples(house, watching, FULL, 20)
    assert [one.rule.id for one in service.begun(house.place)] == ["disk"]
    samples(house, watching, WELL, 10)
    assert service.begun(house.place) == []
    do_jobs(house)
    do_jobs(house)
    (first, began), (_, ended) = house.outside.sent
    assert first == ADDRESS
    assert began.text.startswith("The disk with the data folder is at 91 %; the limit is 85 %.")
    assert (began.level, ended.level) == (Level.BAD, Level.GOOD)
    assert states(house) == [
        ("Well again: disk of the data folder", "sent"),
        ("Disk of the data folder", "sent"),
    ]
    assert len(house.told) == 2


def test_a_restart_tells_nothing_again(house: House) -> None:
    house.messenger()
    samples(house, watch(house), FULL, 6)
    samples(house, watch(house), FULL, 6)
    do_jobs(house)
    assert len(house.outside.sent) == 1


def test_who_wants_to_hear_nothing_of_it_and_who_is_switched_off_hears_nothing(house: House) -> None:
    house.messenger("Of all")
    house.messenger("Not of disks", left_out=("disk",))
    house.messenger("Off", is_on=False)
    samples(house, watch(house), FULL, 6)
    do_jobs(house)
    assert [one.messenger for one in service.deliveries(house.place, house.user_id).items] == ["Of all"]


def test_in_quiet_hours_only_what_is_bad_and_may_wake_is_sent_and_the_rest_afterwards(house: House) -> None:
    house.messenger("Sleeps", quiet_from=11 * 60, quiet_to=13 * 60, is_woken=False)
    house.messenger("Is woken", quiet_from=11 * 60, quiet_to=13 * 60, is_woken=True)
    samples(house, watch(house), FULL, 6)
    due = {one.messenger: one.due_at for one in service.deliveries(house.place, house.user_id).items}
    assert due["Sleeps"] == NOON + timedelta(hours=1)
    assert due["Is woken"] == NOON + timedelta(minutes=5, seconds=30)


def test_a_messenger_that_is_away_is_tried_again_and_then_given_up(house: House) -> None:
    house.messenger()
    samples(house, watch(house), FULL, 6)
    house.outside.is_away = True
    with pytest.raises(ServerUnreachable):
        do_jobs(house)
    assert states(house) == [("Disk of the data folder", "waiting")]
    number = service.deliveries(house.place, house.user_id).items[0].id
    with pytest.raises(ServerUnreachable):
        delivering.deliver(house.place, number, is_last=True)
    assert states(house) == [("Disk of the data folder", "failed")]
    house.outside.is_away = False
    assert delivering.deliver(house.place, number, is_last=False) == {"outcome": "nothing to send"}


def test_what_was_written_down_and_not_ordered_is_ordered_after_the_next_start(house: House) -> None:
    house.messenger()
    samples(house, watch(house), FULL, 6)
    house.jobs.held.clear()
    samples(house, watch(house), FULL, 1)
    do_jobs(house)
    assert len(house.outside.sent) == 1


def test_what_could_not_be_sent_for_a_day_is_given_up(house: House) -> None:
    house.messenger()
    samples(house, watch(house), FULL, 6)
    house.jobs.held.clear()
    house.forward(days=2)
    samples(house, watch(house), FULL, 1)
    assert [job.kind for job in house.jobs.held.values()] == []
    assert states(house) == [("Disk of the data folder", "failed")]


def test_that_the_database_is_lost_is_told_without_it_and_so_is_that_it_is_back(house: House) -> None:
    house.messenger()
    watching = watch(house)
    samples(house, watching, WELL, 1)
    heard = threading.Semaphore(0)
    house.outside.sent = _Heard(heard)
    for _ in range(6):
        house.forward(seconds=30)
        watching.failed(house.moment)
    assert heard.acquire(timeout=60)
    samples(house, watching, WELL, 8)
    do_jobs(house)
    titles = [message.title for _, message in house.outside.sent]
    assert titles == ["Lost database", "Well again: lost database"]
    assert states(house) == [("Well again: lost database", "sent")]


def lose(house: House, watching: Watching, minutes: float) -> list[str]:
    """The database does not answer for so long; what was told of it meanwhile."""
    for _ in range(round(minutes * 2)):
        house.forward(seconds=30)
        watching.failed(house.moment)
    wait_for("telling of the database")
    return [message.title for _, message in house.outside.sent]


def wait_for(name: str) -> None:
    for thread in threading.enumerate():
        if thread.name == name:
            thread.join(60)


def test_a_lost_database_wakes_nobody_who_may_not_be_woken(house: House) -> None:
    house.messenger("Sleeps", quiet_from=11 * 60, quiet_to=13 * 60, is_woken=False)
    watching = watch(house)
    samples(house, watching, WELL, 1)
    assert lose(house, watching, 10) == []
    samples(house, watching, WELL, 8)
    (told,) = service.deliveries(house.place, house.user_id).items
    assert (told.title, told.due_at) == ("Well again: lost database", NOON + timedelta(hours=1))


def test_who_slept_is_told_afterwards_of_a_database_that_is_still_lost(house: House) -> None:
    house.messenger("Sleeps", quiet_from=11 * 60, quiet_to=12 * 60 + 10, is_woken=False)
    watching = watch(house)
    samples(house, watching, WELL, 1)
    assert lose(house, watching, 8) == []
    assert lose(house, watching, 10) == ["Lost database"]


def test_the_rule_of_the_lost_database_is_changed_and_switched_off_too(house: House) -> None:
    house.messenger()
    rule = {"threshold": 600.0, "lasting_s": 0, "cool_down_s": 60}
    service.change_rule(house.place, "database-lost", is_on=True, **rule)  # type: ignore[arg-type]
    watching = watch(house)
    samples(house, watching, WELL, 1)
    assert lose(house, watching, 9) == []
    assert lose(house, watching, 2) == ["Lost database"]
    samples(house, watching, WELL, 8)
    service.change_rule(house.place, "database-lost", is_on=False, **rule)  # type: ignore[arg-type]
    samples(house, watching, WELL, 1)
    assert lose(house, watching, 20) == ["Lost database"]


class _Heard(list):  # type: ignore[type-arg]
    def __init__(self, heard: threading.Semaphore) -> None:
        super().__init__()
        self._heard = heard

    def append(self, one: object) -> None:
        super().append(one)
        self._heard.release()


def test_a_house_that_never_made_a_backup_is_told_so_once_it_is_old_enough(house: House) -> None:
    house.forward(hours=47)
    watching = watch(house)
    samples(house, watching, WELL, 10)
    assert service.begun(house.place) == []
    house.forward(hours=1)
    samples(house, watching, WELL, 10)
    (alert,) = service.begun(house.place)
    assert (alert.rule.id, round(alert.state.value or 0)) == ("backup-old", 48)


def test_a_rule_is_changed_and_switched_off(house: House) -> None:
    house.messenger()
    service.change_rule(house.place, "disk", is_on=True, threshold=0.95, lasting_s=60, cool_down_s=60)
    watching = watch(house)
    samples(house, watching, FULL, 10)
    assert service.begun(house.place) == []
    service.change_rule(house.place, "disk", is_on=True, threshold=0.9, lasting_s=60, cool_down_s=60)
    samples(house, watching, FULL, 3)
    assert [one.rule.id for one in service.begun(house.place)] == ["disk"]
    service.change_rule(house.place, "disk", is_on=False, threshold=0.9, lasting_s=60, cool_down_s=60)
    samples(house, watching, FULL, 3)
    assert service.begun(house.place) == []
    with pytest.raises(InputWrong):
        service.change_rule(house.place, "disk", is_on=True, threshold=90, lasting_s=60, cool_down_s=60)
    with pytest.raises(NotFound):
        service.change_rule(house.place, "moon", is_on=True, threshold=0, lasting_s=60, cool_down_s=60)


def test_a_trial_is_sent_at_once_and_told_in_the_log_whatever_comes_of_it(house: House) -> None:
    number = house.messenger()
    service.try_messenger(house.place, house.user_id, number)
    house.outside.is_away = True
    with pytest.raises(ServerUnreachable):
        service.try_messenger(house.place, house.user_id, number)
    assert states(house) == [("A trial message", "failed"), ("A trial message", "sent")]


def test_messengers_are_ones_own_and_their_addresses_are_sealed(house: House, database: Database) -> None:
    number = house.messenger()
    for another in (
        lambda: service.try_messenger(house.place, 99, number),
        lambda: service.remove_messenger(house.place, 99, number),
        lambda: service.save_messenger(house.place, 99, MessengerWish("Mine", MessengerKind.NTFY), number),
    ):
        with pytest.raises(NotFound):
            another()
    with database.read() as session:
        kept = str(session.execute(text("SELECT name, address, host FROM messenger")).all())
        audit = str(session.execute(text("SELECT after FROM audit_entry")).all())
    assert "canary-of-the-topic" not in kept + audit
    changed = MessengerWish("Phone", MessengerKind.NTFY, quiet_from=60)
    service.save_messenger(house.place, house.user_id, changed, number)
    service.try_messenger(house.place, house.user_id, number)
    assert house.outside.sent[0][0] == ADDRESS, "without an address it keeps the one that it has"
    with pytest.raises(InputWrong, match="messenger of this name"):
        house.messenger("Phone")
    with pytest.raises(InputWrong, match="Give the address"):
        service.save_messenger(house.place, house.user_id, MessengerWish("New", MessengerKind.NTFY))
    service.remove_messenger(house.place, house.user_id, number)
    assert states(house) == []


def test_announcements_are_told_to_all_until_they_end(house: House) -> None:
    house.messenger("Hears")
    house.messenger("Of rules only", left_out=(ANNOUNCEMENTS,))
    announcing.announce(house.place, "ada", "Down tonight", ends_at=NOON + timedelta(hours=2))
    row = announcing.announce(house.place, "ada", "New films")
    assert [one.text for one in announcing.announcements(house.place)] == ["New films", "Down tonight"]
    house.forward(hours=3)
    assert [one.text for one in announcing.announcements(house.place)] == ["New films"]
    announcing.take_back(house.place, row.id)
    assert announcing.announcements(house.place) == []
    assert {one.messenger for one in service.deliveries(house.place, house.user_id).items} == {"Hears"}
    with pytest.raises(NotFound):
        announcing.take_back(house.place, row.id)
    with pytest.raises(InputWrong):
        announcing.announce(house.place, "ada", " ")
    with pytest.raises(InputWrong):
        announcing.announce(house.place, "ada", "Late", ends_at=house.moment)
    for number in range(announcing.MOST):
        announcing.announce(house.place, "ada", f"Number {number}")
    with pytest.raises(Conflict):
        announcing.announce(house.place, "ada", "One too many")


def test_the_heart_beats_as_often_as_it_is_asked_to_and_only_while_all_is_well(house: House) -> None:
    _, trouble = announcing.save_heartbeat(house.place, "https://hc.example.org/abc", timedelta(minutes=1))
    assert (trouble, house.outside.beats) == ("", ["https://hc.example.org/abc"])
    beating = Beating(house.place)
    house.forward(minutes=5)
    beating.look()
    assert len(house.outside.beats) == 1, "nobody has said that all is well"
    beating.is_well(house.moment)
    beating.look()
    beating.look()
    assert len(house.outside.beats) == 2
    house.forward(minutes=1)
    beating.look()
    assert len(house.outside.beats) == 3
    house.forward(minutes=5)
    beating.look()
    assert len(house.outside.beats) == 3


def test_a_heartbeat_that_nobody_hears_says_so(house: House) -> None:
    house.outside.is_away = True
    row, trouble = announcing.save_heartbeat(house.place, "https://hc.example.org/abc", timedelta(minutes=1))
    assert "did not answer" in trouble
    assert (row.error, row.heard_at) == (trouble, None)
    announcing.remove_heartbeat(house.place)
    assert announcing.heartbeat(house.place) is None
    with pytest.raises(InputWrong):
        announcing.save_heartbeat(house.place, "", timedelta(minutes=1))
    with pytest.raises(InputWrong):
        announcing.save_heartbeat(house.place, "https://hc.example.org/abc", timedelta(seconds=1))
