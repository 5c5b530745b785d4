"""A password that is changed while somebody signs in with the old one, or changes it too, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed, SignInNeeded
from projectionist.features.accounts import service
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.users import links
from projectionist.features.accounts.users.service import OWNER, sign_out_everywhere
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.overtaking import database, overtaken
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["database"]

THIRD = "Third-of-the-passwords-52"
FORGIVES, SIGNS_IN, ENDS_LINKS = (
    "DELETE FROM sign_in_failure",
    "INSERT INTO sign_in ",
    "DELETE FROM account_link",
)

Way = Callable[[Database, Principal, Clock], object]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def owner(database: Database, clock: Clock) -> Principal:
    return service.found(database, "Vera", PASSWORD, now=clock)


def sign_in(database: Database, clock: Clock, password: str = PASSWORD) -> service.SignedIn:
    return service.sign_in(database, "vera", password, now=clock, remember=True, address="192.0.2.7")


def by_form(database: Database, owner: Principal, clock: Clock) -> None:
    service.change_password(database, owner.id, PASSWORD, ANOTHER, now=clock)


def by_link(database: Database, owner: Principal, clock: Clock) -> object:
    made = links.make_password_link(database, OWNER, owner.id, now=clock)
    return links.choose_password(database, made.token, ANOTHER, now=clock)


def signed_out(database: Database, owner: Principal, clock: Clock) -> object:
    return sign_out_everywhere(database, OWNER, owner.id, now=clock)


def is_signed_in(database: Database, clock: Clock, came: object) -> bool:
    return (
        isinstance(came, service.SignedIn)
        and service.known(database, hash_of(came.token), now=clock) is not None
    )


def make_easier(database: Database) -> None:
    """Have everybody's hash be one of an older program."""
    easier = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    with database.durable() as session:
        session.execute(text("UPDATE user_account SET password_hash = :easier"), {"easier": easier})


@pytest.mark.parametrize("way", [by_form, by_link, signed_out])
@pytest.mark.parametrize("before", [FORGIVES, SIGNS_IN])
def test_a_sign_in_under_way_does_not_outlive_what_ends_them_all(
    database: Database, owner: Principal, clock: Clock, way: Way, before: str
) -> None:
    came, ended = overtaken(
        database, before, lambda: sign_in(database, clock), lambda: way(database, owner, clock)
    )
    assert not isinstance(ended, Exception), ended
    assert not is_signed_in(database, clock, came)


def test_nobody_signs_in_with_the_old_password_while_it_is_changed(
    database: Database, owner: Principal, clock: Clock
) -> None:
    changed, came = overtaken(
        database, ENDS_LINKS, lambda: by_form(database, owner, clock), lambda: sign_in(database, clock)
    )
    assert changed is None
    assert isinstance(came, SignInNeeded)


def test_a_hash_that_is_renewed_at_sign_in_does_not_bring_the_old_password_back(
    database: Database, owner: Principal, clock: Clock
) -> None:
    make_easier(database)
    _, changed = overtaken(
        database,
        "UPDATE user_account",
        lambda: sign_in(database, clock),
        lambda: by_form(database, owner, clock),
    )
    assert changed is None, "only the hash was another meanwhile, of the same password"
    assert is_signed_in(database, clock, sign_in(database, clock, ANOTHER))
    with pytest.raises(SignInNeeded):
        sign_in(database, clock)


def test_two_who_sign_in_while_their_hash_is_renewed_are_both_let_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    make_easier(database)
    first, second = overtaken(
        database, "UPDATE user_account", lambda: sign_in(database, clock), lambda: sign_in(database, clock)
    )
    assert is_signed_in(database, clock, first), first
    assert is_signed_in(database, clock, second), second


def test_who_knows_the_old_password_does_not_overwrite_one_chosen_by_a_link(
    database: Database, owner: Principal, clock: Clock
) -> None:
    made = links.make_password_link(database, OWNER, owner.id, now=clock)
    chosen, taken = overtaken(
        database,
        "DELETE FROM sign_in WHERE",
        lambda: links.choose_password(database, made.token, ANOTHER, now=clock),
        lambda: service.change_password(database, owner.id, PASSWORD, THIRD, now=clock),
    )
    assert isinstance(chosen, Principal)
    assert isinstance(taken, Conflict)
    assert is_signed_in(database, clock, sign_in(database, clock, ANOTHER))


def test_a_change_under_way_does_not_overwrite_a_password_chosen_by_a_link(
    database: Database, owner: Principal, clock: Clock
) -> None:
    made = links.make_password_link(database, OWNER, owner.id, now=clock)
    taken, chosen = overtaken(
        database,
        "UPDATE user_account",
        lambda: service.change_password(database, owner.id, PASSWORD, THIRD, now=clock),
        lambda: links.choose_password(database, made.token, ANOTHER, now=clock),
    )
    assert taken is None, "it was first, so that the link was dead before it was used"
    assert isinstance(chosen, NotAllowed)
    assert is_signed_in(database, clock, sign_in(database, clock, THIRD))
