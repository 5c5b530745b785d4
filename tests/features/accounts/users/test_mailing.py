from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, MailNotSet, NotAllowed
from projectionist.features.accounts.users import emails, links, mailing, service
from projectionist.features.audit_log import service as audit_log
from projectionist.kit.acting import Actor, acting
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, known, owner
from tests.features.accounts.users.post import Post, post, post_of, postbox
from tests.passwords import ANOTHER, PASSWORD
from tests.postbox import Postbox

__all__ = ["clock", "owner", "post", "postbox"]

ADDRESS = "ada@example.org"


@pytest.fixture
def ada(post: Post, database: Database, owner: Principal, clock: Clock) -> Principal:
    """Somebody whose address is proven."""
    person = invited(database, owner, clock, "Ada")
    emails.want_email(post.room, person, ADDRESS, PASSWORD)
    emails.verify_email(post.room, post.token())
    return person


def join(post: Post, token: str, name: str = "Ada") -> Principal:
    return links.join(
        post.room.database, token, name, PASSWORD, registration=Registration.INVITATION, now=post.room.now
    )


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """What is asked of the database meanwhile, without the values."""
    asked: list[str] = []
    engines = {database._reading, database._writing, database._lasting}

    def hear(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    for engine in engines:
        event.listen(engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", hear)


def test_who_joins_by_a_mailed_invitation_has_role_and_address(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    until = mailing.invite_by_mail(post.room, owner, "moderator", "for Ada", ADDRESS, lasts=timedelta(days=2))
    assert until == clock() + timedelta(days=2)
    (waiting,) = links.invitations(database, now=clock)
    assert (waiting.note, waiting.address, waiting.role) == ("for Ada", ADDRESS, "moderator")
    mail = post.one()
    path, _, token = mail.link.partition("?token=")
    assert (mail.to, path) == ((ADDRESS,), "/join")
    assert join(post, token).role == "moderator"
    assert known(database, clock, ADDRESS).name == "Ada"
    with pytest.raises(NotAllowed):
        join(post, token, "Ben")


def test_an_invitation_that_was_taken_back_is_not_mailed(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    mailing.invite_by_mail(post.room, owner, "user", "", ADDRESS)
    links.withdraw(database, links.invitations(database, now=clock)[0].id, now=clock)
    assert post.deliver() == []


def test_an_address_that_somebody_has_meanwhile_stays_theirs(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    mailing.invite_by_mail(post.room, owner, "user", "", ADDRESS)
    token = post.token()
    ben = invited(database, owner, clock, "Ben")
    emails.want_email(post.room, ben, ADDRESS.upper(), PASSWORD)
    emails.verify_email(post.room, post.token())
    ada = join(post, token)
    assert emails.email_of(database, ada.id, now=clock).address == ""
    assert emails.email_of(database, ben.id, now=clock).address.lower() == ADDRESS


def test_nobody_invites_by_mail_into_more_than_they_may(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    mod = invited(database, owner, clock, "Mod", "moderator")
    with pytest.raises(NotAllowed):
        mailing.invite_by_mail(post.room, mod, "administrator", "", ADDRESS)
    for days in (0, 31):
        with pytest.raises(InputWrong):
            mailing.invite_by_mail(post.room, owner, "user", "", ADDRESS, lasts=timedelta(days=days))
    with pytest.raises(InputWrong):
        mailing.invite_by_mail(post.room, owner, "user", "", "ada\0@example.org")
    assert post.deliver() == []


def test_who_forgot_the_password_gets_a_link_to_a_new_one(
    post: Post, ada: Principal, clock: Clock, database: Database
) -> None:
    mailing.forgotten(post.room, " ADA@example.ORG ")
    clock.forward(hours=3)
    mail = post.one()
    assert mail.to == (ADDRESS,), "to the address that is kept, not the one that was typed"
    path, _, token = mail.link.partition("?token=")
    assert path == "/new-password"
    clock.forward(minutes=59)
    assert links.choose_password(database, token, ANOTHER, now=clock).name == "Ada"


def test_the_link_works_for_an_hour_from_when_it_was_sent(
    post: Post, ada: Principal, clock: Clock, database: Database
) -> None:
    mailing.forgotten(post.room, ADDRESS)
    token = post.token()
    clock.forward(hours=1)
    assert links.whose_password(database, token, now=clock) is None


def test_only_the_newest_link_works(post: Post, ada: Principal, clock: Clock, database: Database) -> None:
    mailing.forgotten(post.room, ADDRESS)
    first = post.token()
    mailing.forgotten(post.room, ADDRESS)
    second = post.token()
    assert links.whose_password(database, first, now=clock) is None
    assert links.whose_password(database, second, now=clock) == "Ada"


def test_nobody_is_mailed_where_nobody_has_the_address(
    post: Post, ada: Principal, database: Database
) -> None:
    mailing.forgotten(post.room, "nobody@example.org")
    assert post.deliver() == []
    assert {job.state.is_over for job in post.jobs.held.values()} == {True}
    with database.read() as session:
        assert session.execute(text("SELECT count(*) FROM mail_letter")).scalar_one() == 0


def test_asking_does_the_same_whether_anybody_has_the_address(
    post: Post, ada: Principal, database: Database
) -> None:
    """The same statements in the same order, and the same job: what takes as long tells nothing."""
    done: list[tuple[list[str], int]] = []
    mailing.forgotten(post.room, "warm@example.org")
    for address in (ADDRESS, "nobody@example.org"):
        before = len(post.jobs.held)
        with statements(database) as asked:
            mailing.forgotten(post.room, address)
        done.append((asked, len(post.jobs.held) - before))
    known_one, unknown_one = done
    assert len(known_one[0]) > 3
    assert known_one == unknown_one
    assert not any("user_account" in statement for statement in known_one[0])


def test_one_address_gets_three_mails_an_hour_wherever_they_are_asked_for(
    post: Post, ada: Principal, clock: Clock
) -> None:
    for _ in range(5):
        mailing.forgotten(post.room, ADDRESS)
    assert len(post.deliver()) == 3
    mailing.forgotten(post.room, ADDRESS.upper())
    assert post.deliver() == []
    clock.forward(hours=1, seconds=1)
    mailing.forgotten(post.room, ADDRESS)
    assert len(post.deliver()) == 1


def test_what_is_no_address_is_told_to_everybody_alike(post: Post, ada: Principal) -> None:
    for typed in ("Ada", "", "ada@example.org\0"):
        with pytest.raises(InputWrong) as refused:
            mailing.forgotten(post.room, typed)
        assert refused.value.field == "email"


def test_the_audit_log_tells_who_asked_and_for_whom_a_link_was_made(
    post: Post, ada: Principal, database: Database
) -> None:
    known_so_far = audit_log.entries(database).total
    marker = acting.set(Actor(address="203.0.113.9"))
    try:
        mailing.forgotten(post.room, ADDRESS)
        mailing.forgotten(post.room, "nobody@example.org")
    finally:
        acting.reset(marker)
    post.deliver()
    told = [(one.act, one.about, one.address) for one in audit_log.all_entries(database)][known_so_far:]
    assert told == [
        ("password forgotten", "", "203.0.113.9"),
        ("password forgotten", "", "203.0.113.9"),
        ("password link made", "Ada", "203.0.113.9"),
    ]


@pytest.mark.parametrize("ask", ["invite", "forgotten"])
def test_without_a_mail_server_that_is_said(post: Post, owner: Principal, ask: str) -> None:
    room = replace(post.room, server=None)
    asked: dict[str, Callable[[], object]] = {
        "invite": lambda: mailing.invite_by_mail(room, owner, "user", "", ADDRESS),
        "forgotten": lambda: mailing.forgotten(room, ADDRESS),
    }
    with pytest.raises(MailNotSet):
        asked[ask]()


def test_a_mail_that_is_sent_again_carries_a_new_link(
    database: Database, owner: Principal, clock: Clock
) -> None:
    with Postbox(refusals={"DATA": ["451 Busy"]}) as slow:
        post = post_of(database, clock, slow)
        mailing.invite_by_mail(post.room, owner, "user", "", ADDRESS)
        with database.read() as session:
            at_first = session.execute(text("SELECT token_hash FROM account_link")).scalar_one()
        assert post.deliver() == []
        with database.read() as session:
            then = session.execute(text("SELECT token_hash FROM account_link")).scalar_one()
        assert at_first != then
        assert join(post, post.token()).name == "Ada"
    assert service.users(database, now=clock).total == 2
