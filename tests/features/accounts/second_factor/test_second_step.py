from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import (
    Conflict,
    InputWrong,
    NotAllowed,
    NotFound,
    SecretUnreadable,
    SignInNeeded,
    TooManyRequests,
)
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.second_factor import service
from projectionist.features.accounts.sessions import STEP_WITHIN, hash_of
from projectionist.features.accounts.users import service as users
from projectionist.features.audit_log import service as audit_log
from projectionist.kit.secrets import Vault
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.second_factor.apps import (
    ELSEWHERE,
    VAULT,
    App,
    code_step,
    connected,
    password_step,
)
from tests.features.accounts.users.people import clock, invited, owner
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["clock", "owner"]


@pytest.fixture
def app(database: Database, owner: Principal, clock: Clock) -> App:
    return connected(database, clock, owner.id)


def acts(database: Database) -> list[str]:
    return [entry.act for entry in audit_log.all_entries(database)]


def test_the_password_alone_lets_nobody_in(database: Database, app: App, clock: Clock) -> None:
    password_step(database, clock)
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM sign_in")).scalar() == 0
    assert "signed in" not in acts(database)


def test_password_and_code_let_in_as_was_asked_for(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    signed_in = code_step(database, clock, password_step(database, clock), app.code())
    assert (signed_in.principal, signed_in.remembered) == (owner, True)
    assert accounts.known(database, hash_of(signed_in.token), now=clock) == owner


@pytest.mark.parametrize("periods", [-1, 1])
def test_a_clock_half_a_minute_off_is_no_hindrance(
    database: Database, app: App, clock: Clock, periods: int
) -> None:
    clock.forward(minutes=5)
    code_step(database, clock, password_step(database, clock), app.code(periods))


def test_a_code_is_taken_once(database: Database, app: App, clock: Clock) -> None:
    code = app.code()
    code_step(database, clock, password_step(database, clock), code)
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), code)


def test_no_older_code_is_taken_after_a_newer_one(database: Database, app: App, clock: Clock) -> None:
    code_step(database, clock, password_step(database, clock), app.code(1))
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), app.code())


def test_the_code_that_confirmed_the_app_signs_nobody_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    begun = service.begin(database, VAULT, owner.id, PASSWORD, now=clock)
    code = App(begun.secret, clock).code()
    service.confirm(database, VAULT, owner.id, code, now=clock)
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), code)


def test_of_two_who_bring_one_code_at_once_one_gets_in(database: Database, app: App, clock: Clock) -> None:
    steps = [password_step(database, clock) for _ in range(2)]
    together, code = threading.Barrier(2), app.code()

    def race(step: str) -> bool:
        together.wait(30)
        try:
            code_step(database, clock, step, code)
        except SignInNeeded:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(race, steps)) == [False, True]


def test_a_step_is_taken_once(database: Database, app: App, clock: Clock) -> None:
    step = password_step(database, clock)
    code_step(database, clock, step, app.code())
    clock.forward(seconds=60)
    with pytest.raises(SignInNeeded, match="took too long"):
        code_step(database, clock, step, app.code())


def test_a_step_is_over_after_five_minutes(database: Database, app: App, clock: Clock) -> None:
    step = password_step(database, clock)
    clock.forward(seconds=STEP_WITHIN.total_seconds() - 1)
    assert service.waits(database, step, now=clock)
    clock.forward(seconds=1)
    assert not service.waits(database, step, now=clock)
    with pytest.raises(SignInNeeded, match="took too long"):
        code_step(database, clock, step, app.code())


def test_a_step_somebody_made_up_is_none(database: Database, app: App, clock: Clock) -> None:
    with pytest.raises(SignInNeeded):
        code_step(database, clock, "x" * 43, app.code())


def test_a_changed_password_ends_a_sign_in_between_its_steps(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    step = password_step(database, clock)
    accounts.change_password(database, owner.id, PASSWORD, ANOTHER, now=clock)
    assert not service.waits(database, step, now=clock)


def test_a_recovery_code_lets_in_once_however_it_is_typed(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    typed = f" {app.codes[3].lower().replace('-', ' ')} "
    assert code_step(database, clock, password_step(database, clock), typed).principal == owner
    assert service.standing(database, owner.id).codes_left == service.CODES - 1
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), app.codes[3])
    assert acts(database).count("recovery code used") == 1


def test_recovery_codes_work_where_the_key_of_the_house_was_lost(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    other = Vault(b"o" * 32)
    with pytest.raises(SecretUnreadable):
        service.take_step(
            database, other, password_step(database, clock), app.code(), now=clock, address=ELSEWHERE
        )
    step = password_step(database, clock)
    service.take_step(database, other, step, app.codes[0], now=clock, address=ELSEWHERE)


def test_nobodys_recovery_code_works_for_another(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    hers = connected(database, clock, ada.id)
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), hers.codes[0])
    assert service.standing(database, ada.id).codes_left == service.CODES


def test_new_recovery_codes_replace_the_former(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    fresh = service.renew_codes(database, owner.id, PASSWORD, now=clock)
    assert len(set(fresh)) == service.CODES
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), app.codes[0])
    code_step(database, clock, password_step(database, clock), fresh[0])


def test_codes_are_tried_three_times_a_minute_from_wherever(
    database: Database, app: App, clock: Clock
) -> None:
    step = password_step(database, clock)
    for number in range(3):
        with pytest.raises(SignInNeeded):
            code_step(database, clock, step, app.wrong(), address=f"198.51.100.{number}")
    with pytest.raises(TooManyRequests) as refused:
        code_step(database, clock, step, app.code(), address="203.0.113.5")
    assert 1 <= refused.value.retry_after_s <= 60


def test_of_many_who_guess_codes_at_once_exactly_the_limit_is_let_through(
    database: Database, app: App, clock: Clock
) -> None:
    step, together = password_step(database, clock), threading.Barrier(12)

    def guess(number: int) -> bool:
        together.wait(60)
        try:
            code_step(database, clock, step, app.wrong(), address=f"198.51.100.{number}")
        except TooManyRequests:
            return False
        except SignInNeeded:
            return True
        raise AssertionError("A wrong code let somebody in.")

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(guess, range(12))) == 3


def fail(database: Database, app: App, clock: Clock, times: int, known: str = "") -> None:
    """Wrong codes, as slowly as the limit of a minute wants them, each after the right password."""
    for _ in range(times):
        step = password_step(database, clock, known=known)
        with pytest.raises(SignInNeeded):
            code_step(database, clock, step, app.wrong(), known=known)
        clock.forward(seconds=61)


def test_five_wrong_codes_lock_out_though_the_password_was_right_in_between(
    database: Database, app: App, clock: Clock
) -> None:
    fail(database, app, clock, 5)
    step = password_step(database, clock)
    with pytest.raises(TooManyRequests) as refused:
        code_step(database, clock, step, app.code())
    assert 800 < refused.value.retry_after_s <= 900
    assert "locked out" in acts(database)


def test_who_guesses_codes_elsewhere_does_not_lock_out_a_browser_that_was_here(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    known = code_step(database, clock, password_step(database, clock), app.code()).browser_token
    clock.forward(minutes=2)
    fail(database, app, clock, 5)
    step = password_step(database, clock, known=known)
    assert code_step(database, clock, step, app.code(), known=known).principal == owner


def test_the_right_code_makes_failures_be_forgotten(database: Database, app: App, clock: Clock) -> None:
    for _ in range(2):
        fail(database, app, clock, 4)
        code_step(database, clock, password_step(database, clock), app.code())
        clock.forward(hours=1)


def test_a_wrong_code_is_told_in_the_audit_log_without_the_code(
    database: Database, app: App, clock: Clock
) -> None:
    with pytest.raises(SignInNeeded):
        code_step(database, clock, password_step(database, clock), "ABCDE-WRONG")
    *_, last = audit_log.all_entries(database)
    assert (last.act, last.about) == ("sign-in failed", "Vera")
    assert last.after["wrong"] == "code of the second step"
    assert "WRONG" not in str(last)


def test_neither_secret_nor_code_stands_in_the_database_or_in_a_repr(
    database: Database, owner: Principal, clock: Clock
) -> None:
    begun = service.begin(database, VAULT, owner.id, PASSWORD, now=clock)
    app = App(begun.secret, clock)
    codes = service.confirm(database, VAULT, owner.id, app.code(), now=clock)
    step = password_step(database, clock)
    with database.read() as session:
        kept = str(
            [
                session.execute(text(f"SELECT * FROM {table}")).all()
                for table in ("second_factor", "recovery_code", "sign_in_step", "audit_entry")
            ]
        )
    assert "v1." in kept
    assert begun.secret not in kept + repr(begun)
    assert step not in kept
    assert [code for code in codes if code in kept or code.replace("-", "") in kept] == []


@pytest.mark.parametrize("change", ["begin", "renew", "off"])
def test_every_change_asks_for_the_password(
    database: Database, owner: Principal, clock: Clock, change: str
) -> None:
    if change != "begin":
        connected(database, clock, owner.id)
    changes: dict[str, Callable[[], object]] = {
        "begin": lambda: service.begin(database, VAULT, owner.id, "guessed", now=clock),
        "renew": lambda: service.renew_codes(database, owner.id, "guessed", now=clock),
        "off": lambda: service.switch_off(database, owner.id, "guessed", now=clock),
    }
    with pytest.raises(InputWrong) as refused:
        changes[change]()
    assert refused.value.field == "password"
    assert service.standing(database, owner.id).is_on == (change != "begin")
    assert acts(database)[-1] == "change of the second step refused"


def test_an_app_counts_only_once_it_is_confirmed(database: Database, owner: Principal, clock: Clock) -> None:
    begun = service.begin(database, VAULT, owner.id, PASSWORD, now=clock)
    assert not service.standing(database, owner.id).is_on
    with pytest.raises(InputWrong) as refused:
        service.confirm(database, VAULT, owner.id, App(begun.secret, clock).wrong(), now=clock)
    assert refused.value.field == "code"
    signed_in = accounts.sign_in(database, "vera", PASSWORD, now=clock, remember=False, address="192.0.2.7")
    assert signed_in.principal == owner


def test_an_app_that_was_begun_long_ago_is_begun_anew(
    database: Database, owner: Principal, clock: Clock
) -> None:
    first = App(service.begin(database, VAULT, owner.id, PASSWORD, now=clock).secret, clock)
    clock.forward(seconds=service.CONFIRMED_WITHIN.total_seconds())
    with pytest.raises(Conflict):
        service.confirm(database, VAULT, owner.id, first.code(), now=clock)
    second = App(service.begin(database, VAULT, owner.id, PASSWORD, now=clock).secret, clock)
    with pytest.raises(InputWrong):
        service.confirm(database, VAULT, owner.id, first.code(), now=clock)
    assert service.confirm(database, VAULT, owner.id, second.code(), now=clock)


def test_no_second_app_takes_the_place_of_the_first(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    with pytest.raises(Conflict):
        service.begin(database, VAULT, owner.id, PASSWORD, now=clock)
    code_step(database, clock, password_step(database, clock), app.code())


def test_switched_off_the_password_is_enough_and_the_recovery_codes_are_dead(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    step = password_step(database, clock)
    service.switch_off(database, owner.id, PASSWORD, now=clock)
    with pytest.raises(SignInNeeded):
        code_step(database, clock, step, app.codes[0])
    signed_in = accounts.sign_in(database, "vera", PASSWORD, now=clock, remember=False, address=ELSEWHERE)
    assert signed_in.principal == owner
    with pytest.raises(Conflict):
        service.switch_off(database, owner.id, PASSWORD, now=clock)


def test_an_administrator_takes_it_off_for_somebody_who_lost_it(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    connected(database, clock, ada.id)
    assert users.get_user(database, ada.id, now=clock).second_step
    assert service.take_off(database, owner, ada.id, now=clock) == "Ada"
    assert not users.get_user(database, ada.id, now=clock).second_step
    *_, last = audit_log.all_entries(database)
    assert (last.act, last.about) == ("second step switched off", "Ada")
    with pytest.raises(Conflict):
        service.take_off(database, owner, ada.id, now=clock)
    with pytest.raises(NotFound):
        service.take_off(database, owner, 99, now=clock)


def test_only_an_administrator_takes_it_off_for_an_administrator(
    database: Database, owner: Principal, app: App, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada", "moderator")
    with pytest.raises(NotAllowed):
        service.take_off(database, ada, owner.id, now=clock)
    assert service.standing(database, owner.id).is_on


def test_with_the_account_all_of_it_goes(database: Database, owner: Principal, clock: Clock) -> None:
    ada = invited(database, owner, clock, "Ada")
    connected(database, clock, ada.id)
    password_step(database, clock, "ada")
    users.remove_user(database, owner, ada.id, now=clock)
    with database.read() as session:
        left = [
            session.execute(text(f"SELECT count(*) FROM {table}")).scalar()
            for table in ("second_factor", "recovery_code", "sign_in_step")
        ]
    assert left == [0, 0, 0]
