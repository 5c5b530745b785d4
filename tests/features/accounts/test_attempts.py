from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, SignInNeeded, TooManyRequests
from projectionist.features.accounts import attempts, service
from projectionist.features.accounts.users import links, oneself
from projectionist.features.audit_log import service as audit_log
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.passwords import ANOTHER, PASSWORD

HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def owner(database: Database, clock: Clock) -> Principal:
    return service.found(database, "Vera", PASSWORD, now=clock)


def sign_in(database: Database, clock: Clock, password: str = PASSWORD, **more: object) -> service.SignedIn:
    asked = {"name": "vera", "remember": False, "address": HERE} | more
    return service.sign_in(database, password=password, now=clock, **asked)  # type: ignore[arg-type]


def fail_once(database: Database, clock: Clock, about: str = "", **more: Any) -> None:
    """A wrong password, without the work of weighing it."""
    asked = {"name": "vera", "address": HERE, "known": ""} | more
    attempt = attempts.begin(database, now=clock(), tell=attempts.unheard, **asked)
    attempts.fail(database, attempt, clock(), about)


def fail(database: Database, clock: Clock, times: int = 5, **more: Any) -> None:
    """Wrong passwords, as slowly as the limit of a minute wants them."""
    for _ in range(times):
        fail_once(database, clock, **more)
        clock.forward(seconds=61)


def wait_of(database: Database, clock: Clock, **more: Any) -> float:
    with pytest.raises(TooManyRequests) as refused:
        fail_once(database, clock, **more)
    return refused.value.retry_after_s


def slowness(database: Database, clock: Clock, **more: str) -> float:
    asked = {"name": "vera", "address": HERE} | more
    return service.slowness(database, now=clock, **asked)


def test_the_fourth_attempt_in_a_minute_has_to_wait(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for _ in range(3):
        assert sign_in(database, clock).principal == owner
    assert wait_of(database, clock) == 60
    clock.forward(seconds=60)
    assert sign_in(database, clock).principal == owner


def test_the_eleventh_attempt_in_an_hour_has_to_wait(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for _ in range(10):
        attempts.begin(database, "vera", HERE, "", clock(), attempts.unheard)
        clock.forward(seconds=61)
    assert wait_of(database, clock) == 3600 - 610


def test_five_failures_lock_out_for_a_quarter_of_an_hour(
    database: Database, owner: Principal, clock: Clock
) -> None:
    fail(database, clock)
    assert 800 < wait_of(database, clock) <= 15 * 60 - 61
    clock.forward(minutes=14)
    assert sign_in(database, clock).principal == owner


def test_each_failure_after_a_lock_out_locks_out_for_twice_as_long(
    database: Database, owner: Principal, clock: Clock
) -> None:
    fail(database, clock)
    waits = []
    for _ in range(9):
        clock.forward(seconds=wait_of(database, clock))
        fail(database, clock, 1)
        waits.append(round((wait_of(database, clock) + 61) / 60))
    assert waits == [30, 60, 120, 240, 480, 960, 1440, 1440, 1440]


def test_the_right_password_makes_failures_be_forgotten(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for _ in range(2):
        fail(database, clock, 4)
        assert sign_in(database, clock).principal == owner
        clock.forward(hours=1)


def test_failures_are_forgiven_after_a_week(database: Database, owner: Principal, clock: Clock) -> None:
    fail(database, clock, 4)
    clock.forward(days=7)
    fail(database, clock, 4)
    assert sign_in(database, clock).principal == owner


def test_a_stranger_elsewhere_does_not_lock_out_the_administrator(
    database: Database, owner: Principal, clock: Clock
) -> None:
    fail(database, clock, address=ELSEWHERE)
    assert wait_of(database, clock, address=ELSEWHERE) > 60
    assert sign_in(database, clock).principal == owner


def test_who_tries_many_names_does_not_lock_out_others_behind_the_same_address(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for number in range(60):
        fail_once(database, clock, name=f"guess{number}")
    assert sign_in(database, clock).principal == owner


def test_a_browser_that_was_here_before_is_not_locked_out_from_behind_its_own_address(
    database: Database, owner: Principal, clock: Clock
) -> None:
    known = sign_in(database, clock).browser_token
    clock.forward(seconds=61)
    fail(database, clock)
    assert wait_of(database, clock) > 60
    assert wait_of(database, clock, known="x" * 43) > 60
    assert sign_in(database, clock, known=known).principal == owner


def test_a_known_browser_is_locked_out_by_its_own_failures_alone(
    database: Database, owner: Principal, clock: Clock
) -> None:
    known = sign_in(database, clock).browser_token
    clock.forward(seconds=61)
    fail(database, clock, known=known)
    assert wait_of(database, clock, known=known) > 60
    assert sign_in(database, clock).principal == owner


def test_a_browser_is_known_by_something_new_after_each_sign_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    first = sign_in(database, clock).browser_token
    second = sign_in(database, clock, known=first).browser_token
    clock.forward(seconds=61)
    fail(database, clock)
    assert wait_of(database, clock, known=first) > 60
    assert sign_in(database, clock, known=second).principal == owner


def test_a_browser_known_to_one_account_is_a_stranger_to_another(
    database: Database, owner: Principal, clock: Clock
) -> None:
    known = sign_in(database, clock).browser_token
    fail(database, clock, name="ben")
    assert wait_of(database, clock, name="ben", known=known) > 60


def test_who_takes_the_address_of_somebody_as_a_name_is_a_stranger_to_their_account(
    database: Database, owner: Principal, clock: Clock
) -> None:
    with database.write() as session:
        proven = "UPDATE user_account SET email = 'v@example.org', folded_email = 'v@example.org'"
        session.execute(text(proven))
    room = links.invite(database, owner, "user", "", now=clock)
    joined = links.join(
        database, room.token, "Mal", PASSWORD, registration=Registration.INVITATION, now=clock
    )
    theirs = sign_in(database, clock, name="mal").browser_token
    oneself.rename(database, joined.id, "V@example.org", now=clock)
    mine = sign_in(database, clock, name="v@example.org").browser_token
    clock.forward(seconds=61)
    fail(database, clock, name="v@example.org", known=theirs)
    assert wait_of(database, clock, name="v@example.org") > 60, "counted by the address"
    again = sign_in(database, clock, name="v@example.org", known=mine)
    assert again.principal.id == owner.id
    for number in range(12):
        fail_once(database, clock, name=f"guess{number}")
    assert slowness(database, clock, name="v@example.org", known=theirs) == 5
    assert slowness(database, clock, name="v@example.org", known=again.browser_token) == 0


@pytest.mark.parametrize("name", ["vera", "nobody"])
def test_an_account_that_is_not_there_is_locked_out_in_the_same_words(
    database: Database, owner: Principal, clock: Clock, name: str
) -> None:
    answers = []
    for _ in range(7):
        with pytest.raises((SignInNeeded, TooManyRequests)) as refused:
            sign_in(database, clock, "wrong password", name=name)
        answers.append(refused.value.message)
        clock.forward(seconds=61)
    wrong = "Name and password do not belong together; check both, then try again."
    assert answers == [
        *[wrong] * 5,
        "Too many attempts; try again in 14 minutes.",
        "Too many attempts; try again in 13 minutes.",
    ]


@pytest.mark.parametrize("name", ["vera", "nobody"])
def test_many_failures_slow_down_what_comes_after_them(
    database: Database, owner: Principal, clock: Clock, name: str
) -> None:
    known = sign_in(database, clock).browser_token
    for number in range(9):
        fail_once(database, clock, name=name, address=f"198.51.100.{number}")
    assert slowness(database, clock, name=name) == 0
    waits = []
    for number in range(9, 18):
        fail_once(database, clock, name=name, address=f"198.51.100.{number}")
        waits.append(slowness(database, clock, name=name))
    assert waits == [0.25, 0.5, 1, 2, 4, 5, 5, 5, 5]
    assert slowness(database, clock, known=known) == 0
    clock.forward(hours=1)
    assert slowness(database, clock, name=name) == 0


def test_names_tried_from_one_address_slow_down_that_address(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for number in range(12):
        fail_once(database, clock, name=f"guess{number}", address="2001:db8::1")
    assert slowness(database, clock, address="2001:db8::77") == 1
    assert slowness(database, clock, address=ELSEWHERE) == 0


def test_the_addresses_of_one_household_are_one_place(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for number in range(3):
        fail_once(database, clock, address=f"2001:db8:0:1::{number:x}")
    assert wait_of(database, clock, address="2001:db8:0:1:ffff::9") == 60
    assert sign_in(database, clock, address="2001:db8:0:2::9").principal == owner


def written_down(database: Database, act: str) -> list[audit_log.Entry]:
    return [one for one in audit_log.all_entries(database) if one.act == act]


def test_a_lock_out_of_an_account_is_written_down_however_much_failed_before_it(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for number in range(60):
        fail_once(database, clock, name=f"guess{number}")
    fail(database, clock, about="Vera")
    assert [one.about for one in written_down(database, "sign-in failed")].count("Vera") < 5
    assert [(one.about, one.after) for one in written_down(database, "locked out")] == [
        ("Vera", {"minutes": 15})
    ]


def test_a_wrong_second_step_is_written_down_however_much_failed_before_it(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for number in range(60):
        fail_once(database, clock, name=f"guess{number}")
    for _ in range(5):
        step = attempts.begin_step(database, "vera", HERE, "", clock(), attempts.unheard)
        attempts.fail(database, step, clock(), "Vera", step="code of the second step")
        clock.forward(seconds=61)
    failed = [one for one in written_down(database, "sign-in failed") if one.about == "Vera"]
    assert [one.after["wrong"] for one in failed] == ["code of the second step"] * 5
    assert [one.about for one in written_down(database, "locked out")] == ["Vera"]


def test_who_locks_out_names_that_nobody_has_fills_no_log(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for _ in range(5):
        for number in range(60):
            fail_once(database, clock, name=f"guess{number}")
        clock.forward(seconds=61)
    assert len(written_down(database, "locked out")) == 50


def test_a_lock_out_outlasts_a_restart(database: Database, owner: Principal, clock: Clock) -> None:
    fail(database, clock)
    again = Database(database.url.render_as_string(hide_password=False))
    assert wait_of(again, clock) > 60
    again.close()


def test_a_clock_set_back_locks_nobody_out(database: Database, owner: Principal, clock: Clock) -> None:
    fail(database, clock)
    clock.forward(days=-2)
    assert sign_in(database, clock).principal == owner


def test_a_lock_out_holds_on_a_machine_whose_clock_is_behind(
    database: Database, owner: Principal, clock: Clock
) -> None:
    fail(database, clock)
    clock.forward(minutes=-5)
    assert wait_of(database, clock) > 60


def test_what_was_typed_as_a_name_is_not_kept(database: Database, owner: Principal, clock: Clock) -> None:
    fail_once(database, clock, name="my secret password")
    with database.read() as session:
        kept = str([session.execute(text(f"SELECT * FROM {t}")).all() for t in ("count", "sign_in_failure")])
    assert "secret" not in kept
    assert HERE not in kept


def test_what_is_over_is_swept_at_the_next_sign_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    sign_in(database, clock)
    fail(database, clock, 1)
    clock.forward(days=181)
    sign_in(database, clock)
    with database.read() as session:
        kept = [
            session.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("sign_in", "sign_in_failure", "known_browser")
        ]
    assert kept == [1, 0, 1]


def test_a_password_is_tried_three_times_a_minute(database: Database, owner: Principal, clock: Clock) -> None:
    for _ in range(3):
        with pytest.raises(InputWrong):
            service.change_password(database, owner.id, "guessed", ANOTHER, now=clock)
    with pytest.raises(TooManyRequests):
        service.change_password(database, owner.id, PASSWORD, ANOTHER, now=clock)
    clock.forward(seconds=timedelta(minutes=1).total_seconds())
    service.change_password(database, owner.id, PASSWORD, ANOTHER, now=clock)
