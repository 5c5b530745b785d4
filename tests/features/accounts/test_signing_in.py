from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, SignInNeeded
from projectionist.features.accounts import service
from projectionist.features.accounts.passwords import matches
from projectionist.features.accounts.sessions import hash_of
from projectionist.web.ports import Permission, Principal
from tests.features.accounts.clocks import Clock
from tests.passwords import ANOTHER, PASSWORD


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def owner(database: Database, clock: Clock) -> Principal:
    return service.found(database, "Vera", PASSWORD, now=clock)


def sign_in(database: Database, clock: Clock, password: str = PASSWORD, **more: object) -> service.SignedIn:
    asked = {"name": "vera", "remember": False, "address": "192.0.2.7"} | more
    return service.sign_in(database, password=password, now=clock, **asked)  # type: ignore[arg-type]


def test_of_many_who_race_one_becomes_administrator(database: Database, clock: Clock) -> None:
    together = threading.Barrier(6)

    def race(name: str) -> bool:
        together.wait(30)
        try:
            service.found(database, name, PASSWORD, now=clock)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(race, [f"person{number}" for number in range(6)]))
    assert won.count(True) == 1
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM user_account")).scalar() == 1


def test_a_second_administrator_cannot_be_founded_even_by_hand(
    database: Database, owner: Principal, clock: Clock
) -> None:
    with database.write() as session:
        session.execute(text("UPDATE setup SET founded_at = NULL"))
    with pytest.raises(Conflict):
        service.found(database, "Other", PASSWORD, now=clock)


def test_the_first_administrator_may_do_everything(owner: Principal) -> None:
    assert owner.permissions == frozenset(Permission)


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "x" * 31,
        "a b c",
        "émile",
        "a;b--",
        "../etc",
        "",
        "a@b",
        "@example.org",
        "vera@-x.org",
        "a..b@example.org",
        "vera@example.org\n.net",
        f"{'x' * 50}@example.org",
    ],
)
def test_a_name_that_cannot_be_is_refused(database: Database, clock: Clock, name: str) -> None:
    with pytest.raises(InputWrong) as refused:
        service.found(database, name, PASSWORD, now=clock)
    assert refused.value.field == "name"
    assert not service.has_administrator(database)


@pytest.mark.parametrize("name", ["Vera.Smith+home@mail.example.org", "abc", "x" * 30, "Under_score-1"])
def test_a_name_is_short_or_an_email_address(database: Database, clock: Clock, name: str) -> None:
    assert service.found(database, f" {name} ", PASSWORD, now=clock).name == name
    assert sign_in(database, clock, name=name.upper()).principal.name == name


@pytest.mark.parametrize(
    "password", ["short", "longname", "x" * 2000, "Longname-7", "Tr0ub4dor", "tr0ub4dor & 3"]
)
def test_a_password_that_cannot_be_is_refused(database: Database, clock: Clock, password: str) -> None:
    with pytest.raises(InputWrong) as refused:
        service.found(database, "LongName", password, now=clock)
    assert refused.value.field == "password"


def test_who_signs_in_is_known_by_their_token(database: Database, owner: Principal, clock: Clock) -> None:
    signed_in = sign_in(database, clock)
    assert service.known(database, hash_of(signed_in.token), now=clock) == owner


def test_neither_password_nor_token_stands_in_the_database(
    database: Database, owner: Principal, clock: Clock
) -> None:
    token = sign_in(database, clock).token
    with database.read() as session:
        stored = str(session.execute(text("SELECT * FROM user_account")).all())
        stored += str(session.execute(text("SELECT * FROM sign_in")).all())
    assert "$argon2id$" in stored
    assert PASSWORD not in stored
    assert token not in stored


def test_an_unknown_name_gets_the_answer_of_a_wrong_password(
    database: Database, owner: Principal, clock: Clock
) -> None:
    answers = set()
    for name in ("vera", "nobody"):
        with pytest.raises(SignInNeeded) as refused:
            sign_in(database, clock, "wrong password", name=name)
        answers.add(refused.value.message)
    assert len(answers) == 1


def test_without_a_hash_a_password_is_weighed_all_the_same() -> None:
    assert not matches("nobody has this password", None)


def test_an_idle_sign_in_ends_after_eighty_minutes(
    database: Database, owner: Principal, clock: Clock
) -> None:
    token = hash_of(sign_in(database, clock).token)
    clock.forward(minutes=79)
    assert service.known(database, token, now=clock) is not None
    clock.forward(minutes=79)
    assert service.known(database, token, now=clock) is not None
    clock.forward(minutes=80)
    assert service.known(database, token, now=clock) is None


def test_a_remembered_sign_in_lives_thirty_days(database: Database, owner: Principal, clock: Clock) -> None:
    token = hash_of(sign_in(database, clock, remember=True).token)
    clock.forward(days=29, hours=23)
    assert service.known(database, token, now=clock) is not None
    clock.forward(days=30)
    assert service.known(database, token, now=clock) is None


def test_each_sign_in_has_a_token_of_its_own(database: Database, owner: Principal, clock: Clock) -> None:
    assert sign_in(database, clock).token != sign_in(database, clock).token


def test_who_signs_out_is_unknown_at_once(database: Database, owner: Principal, clock: Clock) -> None:
    token = sign_in(database, clock).token
    service.sign_out(database, token, now=clock)
    assert service.known(database, hash_of(token), now=clock) is None


def test_a_changed_password_ends_every_sign_in(database: Database, owner: Principal, clock: Clock) -> None:
    tokens = [sign_in(database, clock).token for _ in range(2)]
    service.change_password(database, owner.id, PASSWORD, ANOTHER, now=clock)
    assert [service.known(database, hash_of(token), now=clock) for token in tokens] == [None, None]
    with pytest.raises(SignInNeeded):
        sign_in(database, clock)
    clock.forward(minutes=1)
    assert sign_in(database, clock, ANOTHER).principal == owner


def test_a_password_is_changed_only_by_who_knows_it(
    database: Database, owner: Principal, clock: Clock
) -> None:
    with pytest.raises(InputWrong) as refused:
        service.change_password(database, owner.id, "guessed", ANOTHER, now=clock)
    assert refused.value.field == "current"
    clock.forward(minutes=1)
    assert sign_in(database, clock).principal == owner


def test_all_other_browsers_are_revoked_at_once(database: Database, owner: Principal, clock: Clock) -> None:
    kept, *others = [sign_in(database, clock).token for _ in range(3)]
    assert service.revoke_others(database, owner.id, kept, now=clock) == 2
    assert service.known(database, hash_of(kept), now=clock) == owner
    assert [service.known(database, hash_of(token), now=clock) for token in others] == [None, None]


def test_a_page_that_is_only_left_open_keeps_nobody_signed_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    token = hash_of(sign_in(database, clock).token)
    for _ in range(79):
        clock.forward(minutes=1)
        assert service.known(database, token, now=clock, active=False) == owner
    clock.forward(minutes=1)
    assert service.known(database, token, now=clock, active=False) is None


def test_one_browser_is_revoked_and_the_other_stays(
    database: Database, owner: Principal, clock: Clock
) -> None:
    kept, lost = sign_in(database, clock).token, sign_in(database, clock, browser="A phone").token
    other = next(one for one in service.browsers(database, owner.id, kept, now=clock) if not one.is_this)
    assert other.browser == "A phone"
    assert service.revoke(database, owner.id, other.id, now=clock) == hash_of(lost)
    assert service.known(database, hash_of(lost), now=clock) is None
    assert service.known(database, hash_of(kept), now=clock) == owner
