"""Rights and links that two change at once on PostgreSQL: neither waits for what the other holds in turn."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.features.accounts import attempts, service
from projectionist.features.accounts.attempts import Attempt
from projectionist.features.accounts.users import links
from projectionist.features.accounts.users.letters import FORGOTTEN, writers
from projectionist.features.accounts.users.service import change_user, remove_user
from projectionist.features.mail.service import Letter
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.overtaking import database, overtaken
from tests.features.accounts.users.people import clock, invited, owner
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["clock", "database", "owner"]

ENDS_LINKS_BY = "DELETE FROM account_link WHERE account_link.maker_id"


@pytest.fixture
def host(database: Database, owner: Principal, clock: Clock) -> Principal:
    """Who invites besides the first administrator."""
    return invited(database, owner, clock, "Ada", "administrator")


def join(database: Database, clock: Clock, token: str) -> Principal:
    return links.join(database, token, "Bob", PASSWORD, registration=Registration.INVITATION, now=clock)


def test_somebody_joins_while_who_invited_them_loses_rights(
    database: Database, owner: Principal, host: Principal, clock: Clock
) -> None:
    made = links.invite(database, host, "user", "for Bob", now=clock)
    changed, joined = overtaken(
        database,
        ENDS_LINKS_BY,
        lambda: change_user(database, owner, host.id, role="user", now=clock),
        lambda: join(database, clock, made.token),
    )
    assert not isinstance(changed, Exception), changed
    assert isinstance(joined, Principal), joined


def test_who_invited_somebody_signs_out_while_they_are_removed(
    database: Database, owner: Principal, host: Principal, clock: Clock
) -> None:
    links.invite(database, host, "user", "for Bob", now=clock)
    came = service.sign_in(database, "ada", PASSWORD, now=clock, remember=True, address="192.0.2.7")
    removed, signed_out = overtaken(
        database,
        "DELETE FROM user_account",
        lambda: remove_user(database, owner, host.id, now=clock),
        lambda: service.sign_out(database, came.token, now=clock),
    )
    assert (removed, signed_out) == ("Ada", None)


def test_two_administrators_make_links_for_each_other(
    database: Database, owner: Principal, host: Principal, clock: Clock
) -> None:
    one, other = overtaken(
        database,
        "INSERT INTO account_link",
        lambda: links.make_password_link(database, owner, host.id, now=clock),
        lambda: links.make_password_link(database, host, owner.id, now=clock),
    )
    assert isinstance(one, links.Made), one
    assert isinstance(other, links.Made), other


def test_somebody_invites_while_they_lose_rights(
    database: Database, owner: Principal, host: Principal, clock: Clock
) -> None:
    links.invite(database, host, "user", "over by then", lasts=timedelta(hours=1), now=clock)
    clock.forward(hours=2)
    invites, changed = overtaken(
        database,
        "INSERT INTO account_link",
        lambda: links.invite(database, host, "user", "for Bob", now=clock),
        lambda: change_user(database, owner, host.id, role="user", now=clock),
    )
    assert isinstance(invites, links.Made), invites
    assert not isinstance(changed, Exception), changed


def test_a_password_is_changed_while_the_mail_about_it_is_written(
    database: Database, owner: Principal, clock: Clock
) -> None:
    with database.durable() as session:
        session.execute(
            text("UPDATE user_account SET email = 'v@example.org', folded_email = 'v@example.org'")
        )
    links.make_password_link(database, owner, owner.id, now=clock)
    letter = Letter(1, FORGOTTEN, "v@example.org", {"from": "192.0.2.7"}, "", clock())

    def write() -> object:
        with database.durable() as session:
            return writers("https://films.example.org")[FORGOTTEN](session, letter, clock())

    written, changed = overtaken(
        database,
        "INSERT INTO account_link",
        write,
        lambda: service.change_password(database, owner.id, PASSWORD, ANOTHER, now=clock),
    )
    assert not isinstance(written, Exception), written
    assert changed is None, changed


def test_two_names_are_locked_out_of_which_one_failed_often_enough_to_stay_out_of_the_log(
    database: Database, owner: Principal, clock: Clock
) -> None:
    crowded = [Attempt(f"pair {number}", f"account {number}", "crowded") for number in range(60)]
    for one in [
        *crowded,
        *[Attempt("pair", "account", "crowded")] * 4,
        *[Attempt("other", "other", "quiet")] * 4,
    ]:
        attempts.fail(database, one, clock())
    outcomes = overtaken(
        database,
        "INSERT INTO audit_head",
        lambda: attempts.fail(database, Attempt("pair", "account", "crowded"), clock()),
        lambda: attempts.fail(database, Attempt("other", "other", "quiet"), clock()),
    )
    assert outcomes == (attempts.LOCKED, attempts.LOCKED)
