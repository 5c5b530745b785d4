from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, SignInNeeded, TooManyRequests
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts import tokens
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.users import emails, oneself, service
from projectionist.features.audit_log import service as audit_log
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, known, owner
from tests.features.accounts.users.post import Post, post, postbox
from tests.passwords import PASSWORD

__all__ = ["clock", "owner", "post", "postbox"]


def test_one_takes_another_name_and_signs_in_with_it(
    database: Database, owner: Principal, clock: Clock
) -> None:
    renamed = oneself.rename(database, owner.id, " Veronika ", now=clock)
    assert (renamed.id, renamed.name) == (owner.id, "Veronika")
    assert known(database, clock, "veronika").id == owner.id
    with pytest.raises(SignInNeeded):
        known(database, clock, "Vera")
    changed = next(one for one in audit_log.all_entries(database) if one.act == "user changed")
    assert (changed.before, changed.after) == ({"name": "Vera"}, {"name": "Veronika"})


def test_the_same_name_in_other_letters_is_taken_and_that_of_another_is_not(
    database: Database, owner: Principal, clock: Clock
) -> None:
    invited(database, owner, clock, "Ada")
    assert oneself.rename(database, owner.id, "VERA", now=clock).name == "VERA"
    for wanted in ("ada", "ADA", "a", "a b", "Vera\0", "vera@example"):
        with pytest.raises(InputWrong) as refused:
            oneself.rename(database, owner.id, wanted, now=clock)
        assert refused.value.field == "name"
    assert service.get_user(database, owner.id, now=clock).name == "VERA"


def test_ones_own_data_holds_all_that_is_kept_and_nothing_that_opens_anything(
    database: Database, owner: Principal, clock: Clock, post: Post
) -> None:
    ada = invited(database, owner, clock, "Ada")
    emails.want_email(post.room, ada, "ada@example.org", PASSWORD)
    proof = post.token()
    made = tokens.make_token(database, ada, "A script", ["view"], lasts=tokens.LONGEST, now=clock)
    signed_in = accounts.sign_in(
        database, "Ada", PASSWORD, now=clock, remember=True, address="192.0.2.7", browser="curl/8"
    )
    who = accounts.known(database, hash_of(signed_in.token), now=clock)
    assert who is not None
    found = msgspec.to_builtins(oneself.own_data(database, who, now=clock))
    assert found["account"]["name"] == "Ada"
    assert found["account"]["email_asked_for"] == "ada@example.org"
    assert [(one["browser"], one["address"]) for one in found["browsers"]] == [("curl/8", "192.0.2.7")]
    assert [one["name"] for one in found["tokens"]] == ["A script"]
    assert [one["act"] for one in found["acts"]][:1] == ["signed in"]
    told = str(found)
    with database.read() as session:
        kept = session.execute(text("SELECT password_hash FROM user_account")).scalars().all()
    for secret in (
        made.shown,
        signed_in.token,
        proof,
        PASSWORD,
        "Vera",
        *map(hash_of, (made.shown, proof)),
        *kept,
    ):
        assert secret not in told


@pytest.mark.parametrize("days", [0, -2])
def test_a_newcomer_is_told_nothing_of_a_former_user_of_the_same_number(
    database: Database, owner: Principal, clock: Clock, days: int
) -> None:
    ada = invited(database, owner, clock, "Ada")
    accounts.sign_in(
        database, "Ada", PASSWORD, now=clock, remember=False, address="192.0.2.7", browser="Ada's"
    )
    oneself.leave(database, ada, PASSWORD, now=clock)
    clock.forward(days=days)
    if (
        not database.is_sqlite
    ):  # as after moving to another database, where numbers begin after the highest one
        with database.write() as session:
            numbers = "pg_get_serial_sequence('user_account', 'id')"
            session.execute(text(f"SELECT setval({numbers}, {owner.id})"))
    ben = invited(database, owner, clock, "Ben")
    assert ben.id == ada.id
    known(database, clock, "Ben")
    found = msgspec.to_builtins(oneself.own_data(database, ben, now=clock))
    assert [(one["act"], one["about"]) for one in found["acts"]] == [
        ("signed in", "Ben"),
        ("user joined", "Ben"),
    ]


def test_who_leaves_is_gone_with_sign_ins_and_tokens(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    signed_in = accounts.sign_in(database, "Ada", PASSWORD, now=clock, remember=False, address="192.0.2.7")
    made = tokens.make_token(database, ada, "A script", ["view"], lasts=tokens.LONGEST, now=clock)
    oneself.leave(database, ada, PASSWORD, now=clock)
    assert accounts.known(database, hash_of(signed_in.token), now=clock) is None
    assert tokens.bearer(database, made.shown, now=clock) is None
    assert [one.name for one in service.users(database, now=clock).items] == ["Vera"]
    assert [one.act for one in audit_log.all_entries(database)][-1] == "user removed"


def test_nobody_leaves_without_the_password_and_it_cannot_be_guessed(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    for _ in range(3):
        with pytest.raises(InputWrong) as refused:
            oneself.leave(database, ada, "wrong", now=clock)
        assert refused.value.field == "password"
    with pytest.raises(TooManyRequests):
        oneself.leave(database, ada, PASSWORD, now=clock)
    assert service.users(database, now=clock).total == 2


def test_the_last_administrator_stays(database: Database, owner: Principal, clock: Clock) -> None:
    ada = invited(database, owner, clock, "Ada")
    with pytest.raises(Conflict, match="last administrator"):
        oneself.leave(database, owner, PASSWORD, now=clock)
    service.change_user(database, owner, ada.id, role="administrator", now=clock)
    oneself.leave(database, owner, PASSWORD, now=clock)
    assert [one.name for one in service.users(database, now=clock).items] == ["Ada"]
