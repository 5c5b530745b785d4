"""Browsers that people are notified in: whose each is, what it is told, and how it goes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import (
    Conflict,
    InputWrong,
    JobPostponed,
    NotFound,
    ServerFailed,
    ServerUnreachable,
    SubscriptionGone,
)
from projectionist.features.alerts import announcing, delivering, devices, pushed, service
from projectionist.features.alerts.delivering import ANNOUNCEMENTS
from projectionist.features.alerts.devices import DeviceWish
from projectionist.features.alerts.watching import Watching
from projectionist.features.alerts.workplace import Workplace
from projectionist.media.messages import Message
from tests.features.alerts.house import Browsers, House, subscription
from tests.features.alerts.test_telling import FULL, WELL, do_jobs, samples, states, watch

ORIGIN = "https://films.example.org"


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


def guest(house: House, name: str = "guest", role: str = "user") -> int:
    """Another account; its number."""
    with house.place.database.write() as session:
        session.execute(
            text(
                "INSERT INTO user_account (name, folded_name, role, exceptions, password_hash, time_zone, language, "
                "created_at, password_changed_at) SELECT :name, :name, :role, '{}', '', '', '', created_at, created_at "
                "FROM user_account WHERE id = 1"
            ),
            {"name": name, "role": role},
        )
        return int(session.execute(text("SELECT max(id) FROM user_account")).scalar_one())


def device(house: House, user_id: int, endpoint: str = "one", name: str = "Phone") -> int:
    return devices.take_in(house.place, user_id, subscription(endpoint), name, ORIGIN).id


def told(house: House) -> list[tuple[str, str]]:
    return [(address.rpartition("/")[2], message.title) for address, message in house.outside.sent]


def fresh(house: House) -> Workplace:
    """The same house as another process opens it: nothing is remembered."""
    place = house.place
    return Workplace(
        place.database, place.jobs, place.vault, place.connect, place.now, place.publish, place.pushing
    )


def test_announcements_reach_everybodys_devices_and_alerts_those_who_may_mend_what_is_wrong(
    house: House,
) -> None:
    other = guest(house)
    device(house, house.user_id, "adas")
    device(house, other, "guests")
    announcing.announce(house.place, "ada", "Down tonight")
    do_jobs(house)
    assert sorted(told(house)) == [("adas", "ada announces"), ("guests", "ada announces")]
    house.outside.sent.clear()
    samples(house, watch(house), FULL, 6)
    do_jobs(house)
    assert told(house) == [("adas", "Disk of the data folder")]
    ((_, message),) = house.outside.sent
    assert (message.path, message.about) == ("/alerts", "disk")


def test_who_may_not_manage_settings_any_more_hears_of_no_alert_not_even_of_one_that_waits(
    house: House,
) -> None:
    other = guest(house, role="administrator")
    device(house, other, "was-administrator")
    samples(house, watch(house), FULL, 6)
    with house.place.database.write() as session:
        session.execute(text("UPDATE user_account SET role = 'user' WHERE id = :id"), {"id": other})
    do_jobs(house)
    assert told(house) == []
    (kept,) = service.deliveries(house.place, other).items
    assert (kept.state, "not allowed" in kept.error) == ("failed", True)


def test_who_switched_announcements_off_hears_none_and_may_not_choose_alerts_for_themselves(
    house: House,
) -> None:
    other = guest(house)
    number = device(house, other)
    wish = DeviceWish("Phone", left_out=(ANNOUNCEMENTS, "disk"))
    changed = devices.change(house.place, other, number, wish, may_hear_alerts=False)
    assert changed.left_out == (ANNOUNCEMENTS,)
    announcing.announce(house.place, "ada", "Down tonight")
    do_jobs(house)
    assert told(house) == []


def test_in_quiet_hours_a_device_is_told_afterwards(house: House) -> None:
    number = device(house, house.user_id)
    wish = DeviceWish("Phone", quiet_from=11 * 60, quiet_to=13 * 60)
    devices.change(house.place, house.user_id, number, wish, may_hear_alerts=True)
    announcing.announce(house.place, "ada", "Down tonight")
    (waits,) = service.deliveries(house.place, house.user_id).items
    assert waits.due_at == house.moment + timedelta(hours=1)


def test_a_browser_tells_one_person_only_whoever_switched_it_on_last(house: House) -> None:
    other = guest(house)
    first = device(house, house.user_id, "shared")
    announcing.announce(house.place, "ada", "For ada")
    second = device(house, other, "shared")
    assert devices.devices(house.place, house.user_id) == []
    assert [one.id for one in devices.devices(house.place, other)] == [second]
    do_jobs(house)
    assert told(house) == [], "what waited for the one before is not shown to the next"
    (kept,) = service.deliveries(house.place, house.user_id).items
    assert (kept.state, "Somebody else" in kept.error) == ("failed", True)
    assert service.deliveries(house.place, other).items == ()
    with pytest.raises(NotFound):
        devices.try_out(house.place, house.user_id, first)


def test_the_same_browser_twice_is_one_device_and_names_are_told_apart(house: House) -> None:
    assert device(house, house.user_id, "one") == device(house, house.user_id, "one")
    device(house, house.user_id, "two")
    assert [one.name for one in devices.devices(house.place, house.user_id)] == ["Phone", "Phone (2)"]
    for number in range(devices.MOST - 2):
        device(house, house.user_id, f"more-{number}")
    with pytest.raises(Conflict, match="remove one first"):
        device(house, house.user_id, "one-too-many")


@pytest.mark.parametrize("by_trial", [False, True])
def test_a_browser_that_takes_none_any_more_is_removed_and_the_log_says_so(
    house: House, by_trial: bool
) -> None:
    number = device(house, house.user_id)
    house.outside.trouble = SubscriptionGone("It takes no messages any more (410), so it was removed.")
    if by_trial:
        with pytest.raises(SubscriptionGone):
            devices.try_out(house.place, house.user_id, number)
    else:
        announcing.announce(house.place, "ada", "Down tonight")
        do_jobs(house)
    assert devices.devices(house.place, house.user_id) == []
    (kept,) = service.deliveries(house.place, house.user_id).items
    assert (kept.state, kept.messenger, "(410)" in kept.error) == ("failed", "Phone", True)
    with house.place.database.read() as session:
        removed = session.execute(text("SELECT count(*) FROM audit_entry WHERE act = 'messenger removed'"))
        assert removed.scalar_one() == 1


@pytest.mark.parametrize(("asked_s", "waited_s"), [(60.0, 60), (0.0, 5), (10_000_000.0, 7200), (1e300, 7200)])
def test_a_push_service_is_left_alone_as_long_as_it_asks_within_limits(
    house: House, asked_s: float, waited_s: int
) -> None:
    device(house, house.user_id)
    announcing.announce(house.place, "ada", "Down tonight")
    house.outside.trouble = ServerFailed("It asks to be asked less often.", retry_after_s=asked_s)
    with pytest.raises(JobPostponed) as raised:
        do_jobs(house)
    assert raised.value.after == timedelta(seconds=waited_s)
    assert states(house) == [("ada announces", "waiting")]
    house.forward(hours=23, minutes=59)
    if waited_s > 60:
        with pytest.raises(ServerFailed):
            delivering.deliver(house.place, 1, is_last=True)
        assert states(house) == [("ada announces", "failed")]
    house.outside.trouble = None


def test_a_device_is_tried_and_its_last_message_is_known(house: House) -> None:
    number = device(house, house.user_id)
    assert devices.devices(house.place, house.user_id)[0].reached_at is None
    devices.try_out(house.place, house.user_id, number)
    assert devices.devices(house.place, house.user_id)[0].reached_at == house.moment
    ((_, message),) = house.outside.sent
    assert message.path == pushed.PAGE
    house.outside.is_away = True
    with pytest.raises(ServerUnreachable):
        devices.try_out(house.place, house.user_id, number)
    assert states(house) == [("A trial message", "failed"), ("A trial message", "sent")]


def test_a_browser_says_itself_that_its_subscription_is_another_now(house: House) -> None:
    number = device(house, house.user_id, "old")
    devices.take_over(house.place, subscription("old").endpoint, subscription("new"))
    devices.try_out(house.place, house.user_id, number)
    assert told(house) == [("new", "A trial message")]
    with pytest.raises(NotFound):
        devices.take_over(house.place, subscription("old").endpoint, subscription("newer"))
    assert isinstance(house.place.pushing, Browsers)
    tried = len(house.place.pushing.contacts)
    for number in range(3):
        with pytest.raises(NotFound):
            devices.take_over(house.place, "https://push.example.org/unknown", subscription(f"{number}"))
    assert len(house.place.pushing.contacts) == tried, "whoever guesses costs us a look into the database"
    devices.let_go(house.place, subscription("new").endpoint)
    devices.let_go(house.place, subscription("new").endpoint)
    assert devices.devices(house.place, house.user_id) == []
    assert [one.state for one in service.deliveries(house.place, house.user_id).items] == ["sent"]


def test_devices_are_ones_own_and_no_messengers(house: House) -> None:
    number = device(house, house.user_id)
    other = guest(house)
    wish = DeviceWish("Mine")
    attempts: tuple[Callable[[], object], ...] = (
        lambda: devices.try_out(house.place, other, number),
        lambda: devices.remove(house.place, other, number),
        lambda: devices.change(house.place, other, number, wish, may_hear_alerts=True),
        lambda: service.try_messenger(house.place, house.user_id, number),
        lambda: service.remove_messenger(house.place, house.user_id, number),
        lambda: devices.remove(house.place, house.user_id, house.messenger("Chat")),
    )
    for attempt in attempts:
        with pytest.raises(NotFound):
            attempt()
    assert [one.name for one in service.messengers(house.place, house.user_id)] == ["Chat"]
    with pytest.raises(InputWrong, match="choose another"):
        devices.change(house.place, house.user_id, number, DeviceWish("Chat"), may_hear_alerts=True)
    with pytest.raises(InputWrong, match="no alert rule moon"):
        devices.change(
            house.place, house.user_id, number, DeviceWish("A", left_out=("moon",)), may_hear_alerts=True
        )
    with pytest.raises(InputWrong):
        devices.change(house.place, house.user_id, number, DeviceWish(" "), may_hear_alerts=True)
    devices.remove(house.place, house.user_id, number)
    assert devices.devices(house.place, house.user_id) == []


def test_what_a_browser_gave_and_the_key_of_the_house_are_sealed(house: House, database: Database) -> None:
    device(house, house.user_id, "canary-of-the-endpoint-19b4")
    private = pushed.house_key(house.place).private
    with database.read() as session:
        tables = ("messenger", "push_device", "push_key", "audit_entry", "delivery")
        kept = "".join(str(session.execute(text(f"SELECT * FROM {table}")).all()) for table in tables)
    assert "canary-of-the-endpoint" not in kept
    assert private not in kept
    assert subscription("x").p256dh not in kept
    assert "push.example.org" in kept, "the host may be shown"


def test_the_house_has_one_key_whoever_asks_first(house: House) -> None:
    places, found = [fresh(house) for _ in range(6)], []
    together = threading.Barrier(len(places))

    def ask(place: Workplace) -> None:
        together.wait(timeout=30)
        found.append(pushed.house_key(place))

    threads = [threading.Thread(target=ask, args=(place,)) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(found) == 6
    assert len({one.public for one in found}) == len({one.private for one in found}) == 1


def test_a_push_service_learns_who_runs_the_house_where_that_is_known(house: House) -> None:
    browsers = house.place.pushing
    assert isinstance(browsers, Browsers)
    devices.try_out(house.place, house.user_id, device(house, house.user_id))
    assert browsers.contacts[-1] == ORIGIN
    plain = devices.take_in(house.place, house.user_id, subscription("plain"), "Plain", "http://nas:8480")
    devices.try_out(house.place, house.user_id, plain.id)
    assert browsers.contacts[-1] == "https://localhost"


def test_that_the_database_is_lost_is_told_to_devices_without_it(house: House) -> None:
    device(house, house.user_id, "adas")
    device(house, guest(house), "guests")
    place = fresh(house)
    house.place = place
    watching: Watching = watch(house)
    samples(house, watching, WELL, 1)
    heard = threading.Event()

    class Hears(list[tuple[str, Message]]):
        def append(self, one: tuple[str, Message]) -> None:
            super().append(one)
            heard.set()

    house.outside.sent = Hears()
    place.database.close()
    for _ in range(6):
        house.forward(seconds=30)
        watching.failed(house.moment)
    assert heard.wait(timeout=60)
    assert told(house) == [("adas", "Lost database")]


def test_what_is_kept_of_somebody_names_their_messengers_and_messages_and_opens_none(house: House) -> None:
    other = guest(house)
    house.messenger("Topic")
    device(house, house.user_id, "canary-of-an-endpoint")
    device(house, other, "guests")
    announcing.announce(house.place, "ada", "Down tonight")
    do_jobs(house)
    kept = service.messengers_kept_of(house.place, house.user_id)
    assert [(one["name"], one["kind"]) for one in kept] == [("Topic", "ntfy"), ("Phone", "browser")]
    messages = service.messages_kept_of(house.place, house.user_id)
    sent = sorted((str(one["messenger"]), one["title"], one["state"]) for one in messages)
    assert sent == [("Phone", "ada announces", "sent"), ("Topic", "ada announces", "sent")]
    assert "canary" not in str([*kept, *messages])
    assert [one["name"] for one in service.messengers_kept_of(house.place, other)] == ["Phone"]
