from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.accounts import tokens
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.tokens import NewToken
from projectionist.features.accounts.users import service
from projectionist.web.ports import Permission, Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, owner

__all__ = ["clock", "owner"]

MONTH = timedelta(days=30)


def made(database: Database, who: Principal, clock: Clock, *scopes: str, name: str = "A script") -> NewToken:
    return tokens.make_token(database, who, name, scopes or ("view",), lasts=MONTH, now=clock)


def test_a_token_acts_for_its_owner_within_its_scopes(
    database: Database, owner: Principal, clock: Clock
) -> None:
    shown = made(database, owner, clock, "view", "manage_jobs").shown
    acting = tokens.bearer(database, shown, now=clock)
    assert acting is not None
    assert (acting.id, acting.name) == (owner.id, "Vera")
    assert acting.permissions == {Permission.VIEW, Permission.MANAGE_JOBS}


def test_only_a_hash_of_a_token_is_kept(database: Database, owner: Principal, clock: Clock) -> None:
    new = made(database, owner, clock)
    with database.read() as session:
        row = session.execute(text("SELECT * FROM api_token")).one()
    assert row.token_hash == hash_of(new.shown)
    assert new.shown not in f"{row} {new!r}"


def test_a_token_loses_what_its_owner_loses(database: Database, owner: Principal, clock: Clock) -> None:
    ada = invited(database, owner, clock, "Ada", "moderator")
    shown = made(database, ada, clock, "view", "manage_cache").shown
    service.change_user(database, owner, ada.id, role="user", now=clock)
    acting = tokens.bearer(database, shown, now=clock)
    assert acting is not None
    assert acting.permissions == {Permission.VIEW}
    service.remove_user(database, owner, ada.id, now=clock)
    assert tokens.bearer(database, shown, now=clock) is None


def test_tokens_open_nothing_while_their_owner_may_make_none(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    shown = made(database, ada, clock, "view").shown
    service.change_user(database, owner, ada.id, exceptions={"make_tokens": False}, now=clock)
    assert tokens.bearer(database, shown, now=clock) is None
    service.change_user(database, owner, ada.id, exceptions={}, now=clock)
    assert tokens.bearer(database, shown, now=clock) is not None
    service.change_user(database, owner, ada.id, role="guest", now=clock)
    assert tokens.bearer(database, shown, now=clock) is None


def test_no_token_makes_tokens(database: Database, owner: Principal, clock: Clock) -> None:
    with pytest.raises(InputWrong):
        made(database, owner, clock, "make_tokens")
    shown = made(database, owner, clock).shown
    with database.write() as session:
        session.execute(text('UPDATE api_token SET scopes = \'["view", "make_tokens"]\''))
    acting = tokens.bearer(database, shown, now=clock)
    assert acting is not None
    assert acting.permissions == {Permission.VIEW}


def test_a_token_ends_when_its_time_is_over(database: Database, owner: Principal, clock: Clock) -> None:
    shown = made(database, owner, clock).shown
    clock.forward(seconds=MONTH.total_seconds() - 1)
    assert tokens.bearer(database, shown, now=clock) is not None
    clock.forward(seconds=1)
    assert tokens.bearer(database, shown, now=clock) is None
    assert tokens.tokens_of(database, owner.id, now=clock)[0].is_over


def test_a_revoked_token_is_refused(database: Database, owner: Principal, clock: Clock) -> None:
    new = made(database, owner, clock)
    tokens.revoke_token(database, owner.id, new.token.id, now=clock)
    assert tokens.bearer(database, new.shown, now=clock) is None
    with pytest.raises(NotFound):
        tokens.revoke_token(database, owner.id, new.token.id, now=clock)


def test_nobody_revokes_anothers_token(database: Database, owner: Principal, clock: Clock) -> None:
    ada = invited(database, owner, clock, "Ada")
    new = made(database, owner, clock)
    with pytest.raises(NotFound):
        tokens.revoke_token(database, ada.id, new.token.id, now=clock)
    assert tokens.bearer(database, new.shown, now=clock) is not None


def test_when_a_token_was_used_last_is_told(database: Database, owner: Principal, clock: Clock) -> None:
    new = made(database, owner, clock)
    assert tokens.tokens_of(database, owner.id, now=clock)[0].used_at is None
    first = clock()
    tokens.bearer(database, new.shown, now=clock)
    clock.forward(seconds=30)
    tokens.bearer(database, new.shown, now=clock)
    assert tokens.tokens_of(database, owner.id, now=clock)[0].used_at == first, "at most once a minute"
    clock.forward(seconds=31)
    tokens.bearer(database, new.shown, now=clock)
    assert tokens.tokens_of(database, owner.id, now=clock)[0].used_at == clock()


@pytest.mark.parametrize(
    ("name", "scopes", "lasts", "field"),
    [
        ("", ("view",), MONTH, "name"),
        (" \t ", ("view",), MONTH, "name"),
        ("x" * 61, ("view",), MONTH, "name"),
        ("x", (), MONTH, "scopes"),
        ("x", ("manage_cache",), MONTH, "scopes"),
        ("x", ("everything",), MONTH, "scopes"),
        ("x", ("view",), timedelta(0), "days"),
        ("x", ("view",), timedelta(days=366), "days"),
    ],
)
def test_what_a_token_cannot_be_is_told_by_its_field(
    database: Database,
    owner: Principal,
    clock: Clock,
    name: str,
    scopes: tuple[str, ...],
    lasts: timedelta,
    field: str,
) -> None:
    ada = invited(database, owner, clock, "Ada")
    with pytest.raises(InputWrong) as refused:
        tokens.make_token(database, ada, name, scopes, lasts=lasts, now=clock)
    assert refused.value.field == field
    assert tokens.tokens_of(database, ada.id, now=clock) == []


def test_two_tokens_of_one_person_have_two_names_and_there_are_not_too_many(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    for number in range(tokens.MOST):
        made(database, ada, clock, name=f"Script {number}")
    with pytest.raises(Conflict):
        made(database, ada, clock, name="One more")
    made(database, owner, clock, name="Script 1")
    with pytest.raises(InputWrong) as refused:
        made(database, owner, clock, name="Script 1")
    assert refused.value.field == "name"
