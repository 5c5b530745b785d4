from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import (
    Conflict,
    InputWrong,
    MailNotSet,
    NotAllowed,
    SignInNeeded,
    TooManyRequests,
)
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.users import emails, links, mailing, service
from projectionist.features.accounts.users.emails import Email
from projectionist.features.audit_log import service as audit_log
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, known, owner
from tests.features.accounts.users.post import Post, post, postbox
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["clock", "owner", "post", "postbox"]

ADDRESS = "Vera@example.org"


def want(post: Post, who: Principal, address: str = ADDRESS) -> Email:
    return emails.want_email(post.room, who, address, PASSWORD)


def have(post: Post, who: Principal, address: str = ADDRESS) -> None:
    """Have an address, by the link that is mailed there."""
    want(post, who, address)
    emails.verify_email(post.room, post.token())


def of(post: Post, who: Principal) -> Email:
    return emails.email_of(post.room.database, who.id, now=post.room.now)


def test_an_address_is_ones_own_once_the_link_was_followed(
    post: Post, owner: Principal, clock: Clock
) -> None:
    asked = want(post, owner)
    assert (asked.address, asked.wanted) == ("", ADDRESS)
    mail = post.one()
    assert mail.to == (ADDRESS,)
    path, _, token = mail.link.partition("?token=")
    assert path == "/verify-email"
    assert mail.text.count("https://films.example.org/verify-email") == 1
    found = emails.asked_of(post.room.database, token, now=clock)
    assert found is not None
    assert (found.name, found.address) == ("Vera", ADDRESS)
    assert of(post, owner).address == ""
    emails.verify_email(post.room, token)
    assert of(post, owner) == Email(ADDRESS)
    with pytest.raises(NotAllowed):
        emails.verify_email(post.room, token)


@pytest.mark.parametrize("typed", ["vera@example.org", " VERA@EXAMPLE.ORG ", "Vera", "vera"])
def test_one_signs_in_by_name_or_address(
    post: Post, owner: Principal, clock: Clock, database: Database, typed: str
) -> None:
    have(post, owner)
    assert known(database, clock, typed).id == owner.id


def test_an_address_that_is_not_proven_is_no_way_in(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    want(post, owner)
    post.deliver()
    with pytest.raises(SignInNeeded):
        known(database, clock, ADDRESS)


def test_whose_proven_an_address_is_comes_before_who_is_only_called_so(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    invited(database, owner, clock, ADDRESS)
    have(post, owner)
    signed_in = accounts.sign_in(database, ADDRESS, PASSWORD, now=clock, remember=False, address="192.0.2.9")
    assert signed_in.principal.id == owner.id


def test_an_unknown_address_is_answered_as_an_unknown_name_is(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    have(post, owner)
    told = []
    for typed in ("vera@example.org", "ada@example.org", "ada"):
        with pytest.raises(SignInNeeded) as refused:
            accounts.sign_in(database, typed, "x", now=clock, remember=False, address="192.0.2.9")
        told.append(refused.value.message)
    assert len(set(told)) == 1


def test_failures_by_address_do_not_tell_whose_it_is(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    """Were they counted together with those by name, who is locked out by both would know that they belong together."""
    have(post, owner)

    def fail(typed: str) -> type[Exception]:
        clock.forward(seconds=61)
        try:
            accounts.sign_in(database, typed, "x", now=clock, remember=False, address="192.0.2.9")
        except (SignInNeeded, TooManyRequests) as error:
            return type(error)
        raise AssertionError(typed)

    assert [fail(ADDRESS) for _ in range(6)] == [SignInNeeded] * 5 + [TooManyRequests]
    assert fail("Vera") is SignInNeeded


def test_the_link_works_for_a_day_from_when_it_was_sent(post: Post, owner: Principal, clock: Clock) -> None:
    want(post, owner)
    clock.forward(hours=5)
    token = post.token()
    clock.forward(hours=23, minutes=59)
    assert emails.asked_of(post.room.database, token, now=clock) is not None
    clock.forward(minutes=1)
    assert emails.asked_of(post.room.database, token, now=clock) is None
    with pytest.raises(NotAllowed):
        emails.verify_email(post.room, token)


def test_only_the_newest_address_that_was_asked_for_can_be_proven(post: Post, owner: Principal) -> None:
    want(post, owner, "first@example.org")
    first = post.token()
    want(post, owner, "second@example.org")
    with pytest.raises(NotAllowed):
        emails.verify_email(post.room, first)
    mail = post.one()
    assert mail.to == ("second@example.org",)


def test_a_letter_that_was_overtaken_is_not_sent(post: Post, owner: Principal) -> None:
    want(post, owner, "first@example.org")
    want(post, owner, "second@example.org")
    assert [mail.to for mail in post.deliver()] == [("second@example.org",)]


def test_the_former_address_holds_until_the_new_one_is_proven_and_is_told_then(
    post: Post, owner: Principal, clock: Clock
) -> None:
    have(post, owner)
    want(post, owner, "new@example.org")
    assert of(post, owner).address == ADDRESS
    emails.verify_email(post.room, post.token())
    assert of(post, owner).address == "new@example.org"
    told = post.one()
    assert told.to == (ADDRESS,)
    assert "n…@example.org" in told.text
    assert "new@example.org" not in told.text


def test_a_link_to_a_new_password_that_went_to_the_former_address_is_dead(
    post: Post, owner: Principal, clock: Clock
) -> None:
    have(post, owner)
    mailing.forgotten(post.room, ADDRESS)
    stolen = post.token()
    want(post, owner, "new@example.org")
    emails.verify_email(post.room, post.token())
    assert links.whose_password(post.room.database, stolen, now=clock) is None


def test_a_new_password_ends_an_address_that_was_asked_for(
    post: Post, owner: Principal, clock: Clock
) -> None:
    """Whoever sat at a browser that was left open does not keep a way in by it."""
    have(post, owner)
    want(post, owner, "thief@example.net")
    planted = post.token()
    mailing.forgotten(post.room, ADDRESS)
    links.choose_password(post.room.database, post.token(), ANOTHER, now=clock)
    with pytest.raises(NotAllowed):
        emails.verify_email(post.room, planted)


def test_nobody_learns_whose_an_address_is_by_asking_for_it(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    have(post, owner)
    ada = invited(database, owner, clock, "Ada")
    taken, free = want(post, ada, ADDRESS.upper()), want(post, ada, "free@example.org")
    assert (taken.address, free.address) == ("", "")
    want(post, ada, ADDRESS)
    with pytest.raises(Conflict, match="Another account here has this address"):
        emails.verify_email(post.room, post.token())
    assert of(post, ada).address == ""
    assert of(post, owner).address == ADDRESS


def test_of_two_who_prove_one_address_at_once_one_has_it(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    people = [owner, *(invited(database, owner, clock, f"person{number}") for number in range(3))]
    tokens = []
    for one in people:
        want(post, one)
        tokens.append(post.token())
    together = threading.Barrier(len(people))

    def race(token: str) -> bool:
        together.wait(30)
        try:
            emails.verify_email(post.room, token)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(len(people)) as pool:
        won = list(pool.map(race, tokens))
    assert won.count(True) == 1
    assert [of(post, one).address for one in people].count(ADDRESS) == 1


@pytest.mark.parametrize(
    "typed",
    [
        "ada",
        "ada@example",
        "a\0@example.org",
        "ada@example.org\r\nBcc: x@example.org",
        "ä@example.org",
        "a" * 300,
    ],
)
def test_what_is_no_address_is_refused_beside_its_field(post: Post, owner: Principal, typed: str) -> None:
    with pytest.raises(InputWrong) as refused:
        want(post, owner, typed)
    assert refused.value.field == "email"
    assert post.deliver() == []


def test_an_address_is_asked_for_and_dropped_with_the_password_alone(post: Post, owner: Principal) -> None:
    have(post, owner)
    with pytest.raises(InputWrong) as refused:
        emails.want_email(post.room, owner, "thief@example.net", "wrong")
    assert refused.value.field == "current"
    with pytest.raises(InputWrong) as refused:
        emails.drop_email(post.room, owner, "wrong")
    assert refused.value.field == "current"
    with pytest.raises(TooManyRequests):
        emails.want_email(post.room, owner, "thief@example.net", "wrong")
    assert post.deliver() == []
    assert of(post, owner) == Email(ADDRESS)


def test_who_drops_their_address_has_none(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    have(post, owner)
    clock.forward(minutes=2)
    want(post, owner, "new@example.org")
    waiting = post.token()
    assert emails.drop_email(post.room, owner, PASSWORD) == Email()
    assert of(post, owner) == Email()
    with pytest.raises(SignInNeeded):
        known(database, clock, ADDRESS)
    with pytest.raises(NotAllowed):
        emails.verify_email(post.room, waiting)


def test_ones_own_address_is_not_asked_for_again(post: Post, owner: Principal) -> None:
    have(post, owner)
    with pytest.raises(InputWrong, match="already"):
        want(post, owner, ADDRESS.lower())


def test_without_a_mail_server_nothing_is_asked_for(owner: Principal, post: Post) -> None:
    with pytest.raises(MailNotSet):
        emails.want_email(replace(post.room, server=None), owner, ADDRESS, PASSWORD)


def test_no_link_rests_anywhere(post: Post, owner: Principal, database: Database) -> None:
    want(post, owner)
    token = post.token()
    told = [str(dict(job.arguments)) + job.title for job in post.jobs.held.values()]
    with database.read() as session:
        for table in ("account_link", "mail_letter", "audit_entry", "user_account"):
            rows = session.execute(text(f"SELECT * FROM {table}")).all()
            told += [repr(row) for row in rows]
    assert len(told) > 3
    assert [one for one in told if token in one] == []


def test_the_audit_log_tells_of_it_without_the_address(
    post: Post, owner: Principal, database: Database
) -> None:
    have(post, owner)
    emails.drop_email(post.room, owner, PASSWORD)
    entries = list(audit_log.all_entries(database))
    told = [(one.act, dict(one.before), dict(one.after)) for one in entries][1:]
    assert told == [
        ("e-mail address asked for", {}, {"email": "V…@example.org"}),
        ("e-mail address changed", {}, {"email": "V…@example.org", "instead_of": ""}),
        ("e-mail address changed", {"email": "V…@example.org"}, {}),
    ]
    assert ADDRESS.lower() not in str(entries).lower()


def test_administrators_find_users_by_address(
    post: Post, owner: Principal, clock: Clock, database: Database
) -> None:
    invited(database, owner, clock, "Ada")
    have(post, owner)
    found = service.users(database, "VERA@exa", now=clock)
    assert [(one.name, one.email) for one in found.items] == [("Vera", ADDRESS)]
    assert service.users(database, "", now=clock).total == 2


def test_a_link_dies_with_its_account(post: Post, owner: Principal, clock: Clock, database: Database) -> None:
    ada = invited(database, owner, clock, "Ada")
    want(post, ada, "ada@example.org")
    service.remove_user(database, owner, ada.id, now=clock)
    assert post.deliver() == []
