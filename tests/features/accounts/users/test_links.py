from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, NotAllowed, NotFound, ProjectionistError, SignInNeeded
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.users import links, service
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, known, owner
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["clock", "owner"]


def join(
    database: Database, clock: Clock, token: str, name: str = "Ada", how: str = "invitation"
) -> Principal:
    return links.join(database, token, name, PASSWORD, registration=Registration(how), now=clock)


def test_who_is_invited_makes_an_account_of_the_role_that_was_meant(
    database: Database, owner: Principal, clock: Clock
) -> None:
    made = links.invite(database, owner, "moderator", "  for   Ada ", now=clock)
    (waiting,) = links.invitations(database, now=clock)
    assert (waiting.role, waiting.note, waiting.made_by) == ("moderator", "for Ada", "Vera")
    assert join(database, clock, made.token).role == "moderator"
    assert links.invitations(database, now=clock) == []
    assert known(database, clock, "Ada").role == "moderator"


def test_only_a_hash_of_a_link_is_kept(database: Database, owner: Principal, clock: Clock) -> None:
    made = links.invite(database, owner, "user", "", now=clock)
    with database.read() as session:
        kept = session.execute(text("SELECT token_hash FROM account_link")).scalar_one()
    assert kept == hash_of(made.token)
    assert made.token not in repr(made)


def test_an_invitation_works_once_however_many_try(
    database: Database, owner: Principal, clock: Clock
) -> None:
    made = links.invite(database, owner, "user", "", now=clock)
    together = threading.Barrier(4)

    def race(name: str) -> bool:
        together.wait(30)
        try:
            join(database, clock, made.token, name)
        except NotAllowed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(race, [f"person{number}" for number in range(4)]))
    assert won.count(True) == 1
    assert service.users(database, now=clock).total == 2


def test_two_who_take_one_name_at_once_make_one_account(
    database: Database, owner: Principal, clock: Clock
) -> None:
    tokens = [links.invite(database, owner, "user", "", now=clock).token for _ in range(4)]
    together = threading.Barrier(4)

    def race(token: str) -> bool:
        together.wait(30)
        try:
            join(database, clock, token, "Ada")
        except InputWrong:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(race, tokens))
    assert won.count(True) == 1
    assert len(links.invitations(database, now=clock)) == 3, "who was refused the name can choose another"


@pytest.mark.parametrize("name", ["Vera", "VERA", "vera"])
def test_a_name_that_somebody_has_is_refused_and_the_link_still_works(
    database: Database, owner: Principal, clock: Clock, name: str
) -> None:
    made = links.invite(database, owner, "user", "", now=clock)
    with pytest.raises(InputWrong) as refused:
        join(database, clock, made.token, name)
    assert refused.value.field == "name"
    assert join(database, clock, made.token, "Ada").name == "Ada"


def test_a_link_that_is_over_taken_back_or_of_another_purpose_opens_nothing(
    database: Database, owner: Principal, clock: Clock
) -> None:
    over = links.invite(database, owner, "user", "", lasts=timedelta(hours=1), now=clock)
    clock.forward(seconds=3601)
    back = links.invite(database, owner, "user", "", now=clock)
    links.withdraw(database, links.invitations(database, now=clock)[0].id, now=clock)
    other = links.make_password_link(database, owner, owner.id, now=clock)
    for token in (over.token, back.token, other.token, "x" * 43):
        with pytest.raises(NotAllowed):
            join(database, clock, token)
    invitation = links.invite(database, owner, "user", "", now=clock)
    with pytest.raises(NotAllowed):
        links.choose_password(database, invitation.token, PASSWORD, now=clock)


def test_an_invitation_that_is_gone_cannot_be_taken_back(
    database: Database, owner: Principal, clock: Clock
) -> None:
    password = links.make_password_link(database, owner, owner.id, now=clock)
    for link_id in (1, 2**62):
        with pytest.raises(NotFound):
            links.withdraw(database, link_id, now=clock)
    assert links.whose_password(database, password.token, now=clock) == "Vera"


@pytest.mark.parametrize(
    ("how", "may"), [("closed", (False, False)), ("invitation", (True, False)), ("open", (True, True))]
)
def test_registration_is_closed_by_invitation_or_open(
    database: Database, owner: Principal, clock: Clock, how: str, may: tuple[bool, bool]
) -> None:
    made = links.invite(database, owner, "guest", "", now=clock)
    found = []
    for name, token in (("Ada", made.token), ("Ben", "")):
        try:
            found.append(join(database, clock, token, name, how).role)
        except NotAllowed:
            found.append("")
    assert found == [role if allowed else "" for role, allowed in zip(("guest", "user"), may, strict=True)]


def test_open_registration_makes_nobody_before_there_is_an_administrator(
    database: Database, clock: Clock
) -> None:
    with pytest.raises(NotAllowed):
        join(database, clock, "", "Ada", "open")


@pytest.mark.parametrize(
    "lasts", [timedelta(0), timedelta(minutes=59), timedelta(days=31), -timedelta(days=1)]
)
def test_an_invitation_lasts_no_shorter_and_no_longer_than_it_should(
    database: Database, owner: Principal, clock: Clock, lasts: timedelta
) -> None:
    with pytest.raises(InputWrong) as refused:
        links.invite(database, owner, "user", "", lasts=lasts, now=clock)
    assert refused.value.field == "days"


def test_nobody_invites_into_more_than_they_may_themselves(
    database: Database, owner: Principal, clock: Clock
) -> None:
    mod = invited(database, owner, clock, "Mod", "moderator")
    links.invite(database, mod, "user", "", now=clock)
    with pytest.raises(NotAllowed):
        links.invite(database, mod, "administrator", "", now=clock)
    weak = Principal(9, "weak", "guest", frozenset())
    with pytest.raises(NotAllowed):
        links.invite(database, weak, "user", "", now=clock)


def test_a_new_password_signs_out_everywhere_and_the_link_is_dead(
    database: Database, owner: Principal, clock: Clock
) -> None:
    signed_in = accounts.sign_in(database, "Vera", PASSWORD, now=clock, remember=True, address="192.0.2.7")
    made = links.make_password_link(database, owner, owner.id, now=clock)
    links.choose_password(database, made.token, ANOTHER, now=clock)
    assert accounts.known(database, hash_of(signed_in.token), now=clock) is None
    with pytest.raises(SignInNeeded):
        known(database, clock, "Vera")
    with pytest.raises(NotAllowed):
        links.choose_password(database, made.token, "a third password", now=clock)


def test_only_the_newest_password_link_works_and_for_an_hour(
    database: Database, owner: Principal, clock: Clock
) -> None:
    first = links.make_password_link(database, owner, owner.id, now=clock)
    second = links.make_password_link(database, owner, owner.id, now=clock)
    assert links.whose_password(database, first.token, now=clock) is None
    clock.forward(seconds=3599)
    assert links.whose_password(database, second.token, now=clock) == "Vera"
    clock.forward(seconds=1)
    assert links.whose_password(database, second.token, now=clock) is None


def test_a_weak_password_is_refused_and_the_link_still_works(
    database: Database, owner: Principal, clock: Clock
) -> None:
    made = links.make_password_link(database, owner, owner.id, now=clock)
    for password in ("short", "vera", ""):
        with pytest.raises(InputWrong):
            links.choose_password(database, made.token, password, now=clock)
    assert links.choose_password(database, made.token, ANOTHER, now=clock).name == "Vera"


def test_a_password_link_dies_with_its_account(database: Database, owner: Principal, clock: Clock) -> None:
    ada = invited(database, owner, clock, "Ada")
    made = links.make_password_link(database, owner, ada.id, now=clock)
    service.remove_user(database, owner, ada.id, now=clock)
    with pytest.raises(ProjectionistError):
        links.choose_password(database, made.token, ANOTHER, now=clock)


def test_a_moderator_makes_no_password_link_for_an_administrator(
    database: Database, owner: Principal, clock: Clock
) -> None:
    mod = invited(database, owner, clock, "Mod", "moderator")
    with pytest.raises(NotAllowed):
        links.make_password_link(database, mod, owner.id, now=clock)
