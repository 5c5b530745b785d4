"""Identities, on both databases: one person is one user, whoever comes at once, and nobody locks themselves out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotAllowed, NotFound, SignInNeeded
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.credentials.linked import identities_of
from projectionist.features.accounts.passwords import NAME
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.ways import service
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.audit_log import service as audit_log
from projectionist.media.identity import SIMULATED, Proven
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, owner
from tests.features.accounts.ways.at_once import count, together
from tests.passwords import PASSWORD

__all__ = ["clock", "owner"]

PLEX = frozenset({"plex"})


def proven(subject: str, name: str = "Farouk", issuer: str = "https://plex.tv") -> Proven:
    return Proven(issuer, subject, name)


def enter(database: Database, clock: Clock, who: Proven, role: Role = Role.USER) -> Principal:
    return service.enter(database, Kind.PLEX, who, lambda: role, now=clock)


def test_somebody_who_comes_in_eight_times_at_once_is_one_user(
    database: Database, owner: Principal, clock: Clock
) -> None:
    found = together([lambda: enter(database, clock, proven("7"))] * 8)
    assert {one.id for one in found} == {found[0].id}
    assert found[0].role == "user"
    assert (count(database, "user_account"), count(database, "identity")) == (2, 1)


def test_somebody_who_comes_in_under_several_names_at_once_is_one_user(
    database: Database, owner: Principal, clock: Clock
) -> None:
    found = together([lambda n=n: enter(database, clock, proven("7", f"Farouk{n}")) for n in range(8)])  # type: ignore[misc]
    assert len({one.id for one in found}) == 1
    assert (count(database, "user_account"), count(database, "identity")) == (2, 1)


def test_those_who_are_called_alike_and_come_at_once_get_names_of_their_own(
    database: Database, owner: Principal, clock: Clock
) -> None:
    found = together([lambda n=n: enter(database, clock, proven(str(n), "vera")) for n in range(6)])  # type: ignore[misc]
    assert len({one.id for one in found}) == 6
    assert {one.name for one in found} == {f"vera-{number}" for number in range(2, 8)}


def test_of_two_owners_who_race_to_found_the_house_one_becomes_administrator(
    database: Database, clock: Clock
) -> None:
    def newcomer() -> Role:
        return Role.USER if accounts.has_administrator(database) else Role.ADMINISTRATOR

    found = together(
        [
            lambda n=n: service.enter(
                database, Kind.PLEX, proven(str(n % 2), f"Owner{n % 2}"), newcomer, now=clock
            )  # type: ignore[misc]
            for n in range(6)
        ]
    )
    assert {one.id for one in found if one.role == "administrator"} != set()
    assert len({one.id for one in found}) == 2
    assert len({one.id for one in found if one.role == "administrator"}) == 1


def test_the_same_number_at_another_service_is_somebody_else(
    database: Database, owner: Principal, clock: Clock
) -> None:
    real, simulated = (
        enter(database, clock, proven("7", issuer=issuer)) for issuer in ("https://plex.tv", SIMULATED)
    )
    assert real.id != simulated.id


def test_who_is_refused_has_no_account(database: Database, owner: Principal, clock: Clock) -> None:
    def nobody() -> Role:
        raise NotAllowed("Not you.")

    with pytest.raises(NotAllowed):
        service.enter(database, Kind.PLEX, proven("7"), nobody, now=clock)
    assert (count(database, "user_account"), count(database, "identity")) == (1, 0)


def test_one_person_links_several_accounts_and_comes_in_by_each(
    database: Database, owner: Principal, clock: Clock
) -> None:
    for subject in ("7", "8", "7"):
        service.link(database, owner.id, Kind.PLEX, proven(subject, f"M{subject}"), now=clock)
    assert [one.name for one in identities_of(database, owner.id)] == ["M7", "M8"]
    assert {enter(database, clock, proven(subject)).id for subject in ("7", "8")} == {owner.id}
    last = list(audit_log.all_entries(database))[-1]
    assert (last.act, dict(last.after)) == (
        "account of another service linked",
        {"way": "plex", "called": "M8"},
    )


def test_of_two_who_link_one_account_at_once_one_gets_it(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")

    def link(user_id: int) -> bool:
        try:
            service.link(database, user_id, Kind.PLEX, proven("7"), now=clock)
        except Conflict as error:
            return "somebody else" not in error.message
        return True

    linked = together([lambda: link(owner.id), lambda: link(ada.id)] * 3)
    assert set(linked) == {True, False}
    assert count(database, "identity") == 1


def test_nobody_unlinks_the_only_way_in_that_they_have(
    database: Database, owner: Principal, clock: Clock
) -> None:
    farouk = enter(database, clock, proven("7"))
    [only] = identities_of(database, farouk.id)
    with pytest.raises(Conflict, match="only way in"):
        service.unlink(database, farouk.id, only.id, open_ways=PLEX, now=clock)
    service.link(database, farouk.id, Kind.PLEX, proven("8"), now=clock)
    service.unlink(database, farouk.id, only.id, open_ways=PLEX, now=clock)
    assert [one.name for one in identities_of(database, farouk.id)] == ["Farouk"]
    assert service.known(database, Kind.PLEX, proven("7")) is None


def test_what_is_switched_off_is_no_way_in_that_is_left(
    database: Database, owner: Principal, clock: Clock
) -> None:
    farouk = enter(database, clock, proven("7"))
    service.link(database, farouk.id, Kind.PLEX, proven("8"), now=clock)
    first, _ = identities_of(database, farouk.id)
    with pytest.raises(Conflict):
        service.unlink(database, farouk.id, first.id, open_ways=frozenset(), now=clock)


def test_two_who_unlink_at_once_do_not_lock_themselves_out(
    database: Database, owner: Principal, clock: Clock
) -> None:
    farouk = enter(database, clock, proven("7"))
    service.link(database, farouk.id, Kind.PLEX, proven("8"), now=clock)
    ids = [one.id for one in identities_of(database, farouk.id)]

    def unlink(identity_id: int) -> bool:
        try:
            service.unlink(database, farouk.id, identity_id, open_ways=PLEX, now=clock)
        except Conflict:
            return False
        return True

    assert sorted(together([lambda: unlink(ids[0]), lambda: unlink(ids[1])])) == [False, True]
    assert count(database, "identity") == 1


def test_whoever_holds_the_data_folder_unlinks_also_the_only_way_in(
    database: Database, owner: Principal, clock: Clock
) -> None:
    farouk = enter(database, clock, proven("7"))
    [only] = identities_of(database, farouk.id)
    service.unlink(database, farouk.id, only.id, open_ways=None, now=clock)
    assert identities_of(database, farouk.id) == []


@pytest.mark.parametrize("name", ["a\0b", "\x1b[31m", "\u202eevil", "x" * 500, "🎬" * 200])
def test_whatever_somebody_is_called_is_kept_as_it_can_be_shown(
    database: Database, owner: Principal, clock: Clock, name: str
) -> None:
    farouk = enter(database, clock, proven("7", name))
    [one] = identities_of(database, farouk.id)
    assert one.name.isprintable()
    assert len(one.name) <= 100
    assert enter(database, clock, proven("7", name)) == farouk


def test_who_has_a_password_unlinks_everything_and_nobody_unlinks_for_others(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    service.link(database, ada.id, Kind.PLEX, proven("7"), now=clock)
    [linked] = identities_of(database, ada.id)
    with pytest.raises(NotFound):
        service.unlink(database, owner.id, linked.id, open_ways=PLEX, now=clock)
    service.unlink(database, ada.id, linked.id, open_ways=PLEX, now=clock)
    assert identities_of(database, ada.id) == []


def test_what_is_linked_goes_with_its_user(database: Database, owner: Principal, clock: Clock) -> None:
    farouk = enter(database, clock, proven("7"))
    with database.write() as session:
        session.execute(text("DELETE FROM user_account WHERE id = :id"), {"id": farouk.id})
    assert count(database, "identity") == 0


@pytest.mark.parametrize("password", ["", "nobody has this password", PASSWORD])
def test_who_has_no_password_comes_in_by_none(
    database: Database, owner: Principal, clock: Clock, password: str
) -> None:
    farouk = enter(database, clock, proven("7"))
    with pytest.raises(SignInNeeded):
        accounts.sign_in(database, farouk.name, password, now=clock, remember=False, address="192.0.2.7")


def came_by_plex(database: Database, clock: Clock, person: Principal) -> str:
    return accounts.let_in_proven(
        database, person.id, "plex", now=clock, remember=False, address="192.0.2.7"
    ).token


def test_a_first_password_is_chosen_shortly_after_signing_in_and_by_oneself_alone(
    database: Database, owner: Principal, clock: Clock
) -> None:
    farouk = enter(database, clock, proven("7"))
    others = accounts.welcome(database, owner, now=clock, address="192.0.2.7").token
    own = came_by_plex(database, clock, farouk)
    for token in ("", others):
        with pytest.raises(InputWrong, match="did not sign in here yourself"):
            accounts.change_password(database, farouk.id, "", PASSWORD, now=clock, token=token)
    clock.forward(minutes=11)
    with pytest.raises(InputWrong, match="sign in anew"):
        accounts.change_password(database, farouk.id, "", PASSWORD, now=clock, token=own)
    fresh = came_by_plex(database, clock, farouk)
    clock.forward(minutes=9)
    accounts.change_password(database, farouk.id, "", PASSWORD, now=clock, token=fresh)
    came = accounts.sign_in(database, farouk.name, PASSWORD, now=clock, remember=False, address="192.0.2.7")
    assert came.principal.id == farouk.id
    clock.forward(minutes=5)
    with pytest.raises(InputWrong) as wrong:
        accounts.change_password(database, farouk.id, "", PASSWORD + "!", now=clock, token=came.token)
    assert wrong.value.field == "current", "who has one needs it, however fresh the sign-in"


@given(st.text(max_size=120))
def test_whatever_somebody_is_called_elsewhere_gives_names_that_can_be_taken(wanted: str) -> None:
    names = list(service._names(Kind.PLEX, wanted))
    assert [name for name in names if not re.fullmatch(NAME, name)] == []
    assert len({name.lower() for name in names}) >= len(names) - 1
