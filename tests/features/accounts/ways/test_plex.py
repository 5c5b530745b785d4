"""Signing in by Plex: who is let in as what, how often plex.tv is asked, and what happens when it fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.errors import (
    Conflict,
    NotAllowed,
    NotFound,
    ServerFailed,
    ServerLacks,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
)
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.ways import plex, service
from projectionist.features.accounts.ways.plex import Admission, Arrived, PlexWay, Waiting
from projectionist.features.audit_log import service as audit_log
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.media.identity import SIMULATED
from projectionist.media.vocabulary import ServerKind
from projectionist.web.ports import Principal
from tests.features.accounts.house import NAME, PASSWORD, PLEX, TOKEN, House
from tests.features.accounts.ways.at_once import count, together
from tests.features.accounts.ways.plex_people import CHILD, FRIEND, OWNER, STRANGER, FakePlexTv

BACK = "http://127.0.0.1:8480/sign-in/plex"


class Door:
    """Somebody at the door, with the browser's cookie and a clock to wait by."""

    def __init__(self, house: House) -> None:
        self.house, self.way, self.tv = house, house.plex_way, house.plex_tv
        self.token = ""

    def begin(self, **more: object) -> plex.Begun:
        begun = plex.begin(self.way, back=BACK, **more)  # type: ignore[arg-type]
        self.token = begun.token
        return begun

    def look(self, principal: Principal | None = None) -> Waiting | Arrived:
        self.house.clock.forward(seconds=2)
        return plex.look(self.way, self.token, principal)

    def comes(self, subject: str) -> Principal:
        """Sign in at plex.tv, and come in here."""
        self.begin()
        self.tv.claim(subject)
        seen = self.look()
        assert isinstance(seen, Arrived), seen
        return seen.principal


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    made = House(database, tmp_path)
    servers.add_server(made.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    return made


@pytest.fixture
def door(house: House) -> Door:
    return Door(house)


@pytest.fixture
def vera(house: House) -> Principal:
    return accounts.found(house.database, NAME, PASSWORD, now=house.clock.now)


def acts(house: House) -> list[str]:
    return [one.act for one in audit_log.all_entries(house.database)]


def test_the_owner_becomes_administrator_while_there_is_none(door: Door) -> None:
    marlene = door.comes(OWNER)
    assert (marlene.name, marlene.role) == ("Marlene", "administrator")
    assert door.comes(OWNER).id == marlene.id
    with pytest.raises(Conflict):
        accounts.found(door.house.database, "Other", PASSWORD, now=door.house.clock.now)


def test_the_owner_who_comes_to_a_house_that_has_an_administrator_is_a_user(
    door: Door, vera: Principal
) -> None:
    assert door.comes(OWNER).role == "user"


def test_nobody_but_the_owner_comes_in_before_there_is_an_administrator(door: Door) -> None:
    for subject in (FRIEND, CHILD, STRANGER):
        with pytest.raises(NotAllowed):
            door.comes(subject)
    assert not accounts.has_administrator(door.house.database)


def test_friends_become_users_and_managed_ones_guests(door: Door, vera: Principal) -> None:
    friend, child = door.comes(FRIEND), door.comes(CHILD)
    assert (friend.name, friend.role) == ("farouk", "user")
    assert (child.name, child.role) == ("plex-Li", "guest")


def test_with_whom_the_server_is_not_shared_is_refused_and_written_down(door: Door, vera: Principal) -> None:
    with pytest.raises(NotAllowed, match="not shared with this Plex account"):
        door.comes(STRANGER)
    assert acts(door.house)[-1] == "sign-in by another service refused"
    with pytest.raises(NotFound):
        door.look()


def test_whom_it_is_not_shared_with_any_more_is_refused_but_an_administrator_never(
    door: Door, vera: Principal
) -> None:
    farouk = door.comes(FRIEND)
    service.link(
        door.house.database, vera.id, service.Kind.PLEX, door.tv.person(f"plex-token-of-{STRANGER}"),
        now=door.house.clock.now,
    )  # fmt: skip
    door.tv.others = {}
    with pytest.raises(NotAllowed):
        door.comes(FRIEND)
    assert door.comes(STRANGER).id == vera.id
    door.tv.others = {FRIEND: False}
    assert door.comes(FRIEND).id == farouk.id


@pytest.mark.parametrize(
    "failure", [ServerUnreachable("Away."), ServerRefused("No owner's token."), ServerLacks("Nothing there.")]
)
def test_while_the_list_cannot_be_had_nobody_new_comes_in_and_nobody_known_is_shut_out(
    door: Door, vera: Principal, failure: ServiceError
) -> None:
    farouk = door.comes(FRIEND)
    door.tv.failures["household"] = failure
    assert door.comes(FRIEND).id == farouk.id
    door.begin()
    door.tv.claim(CHILD)
    seen = door.look()
    assert isinstance(seen, Waiting)
    assert seen.trouble == failure.message
    del door.tv.failures["household"]
    arrived = door.look()
    assert isinstance(arrived, Arrived)
    assert arrived.principal.role == "guest"


@pytest.mark.parametrize("call", ["claimed", "person"])
def test_that_plex_tv_fails_for_a_while_ends_nothing(door: Door, vera: Principal, call: str) -> None:
    door.begin()
    door.tv.claim(FRIEND)
    door.tv.failures[call] = ServerFailed("plex.tv fails.")
    for _ in range(5):
        seen = door.look()
        assert isinstance(seen, Waiting)
        assert seen.trouble == "plex.tv fails."
    door.tv.failures.clear()
    assert isinstance(door.look(), Arrived)


def test_plex_tv_is_asked_every_two_seconds_however_often_the_page_asks_and_never_without_it(
    door: Door, vera: Principal
) -> None:
    door.begin()
    door.tv.asked.clear()
    for _ in range(40):
        door.house.clock.forward(seconds=0.25)
        plex.look(door.way, door.token, None)
    assert door.tv.asked == ["claimed"] * 5
    door.house.clock.forward(minutes=2)
    assert len(door.tv.asked) == 5


def test_it_is_over_after_five_minutes_or_when_the_pin_is(door: Door, vera: Principal) -> None:
    begun = door.begin()
    assert begun.expires_at == door.house.clock.now() + timedelta(minutes=5)
    door.tv.claim(FRIEND)
    door.house.clock.forward(minutes=5)
    with pytest.raises(NotFound):
        door.look()
    door.tv.lasts = timedelta(minutes=1)
    assert door.begin().expires_at == door.house.clock.now() + timedelta(minutes=1)
    door.tv.failures["claimed"] = ServerLacks("plex.tv has no such pin any more.")
    for _ in range(2):
        with pytest.raises(NotFound):
            door.look()
    assert plex.waiting(door.way, door.token) is None


def test_it_is_used_up_by_the_first_who_arrives(door: Door, vera: Principal) -> None:
    door.comes(FRIEND)
    with pytest.raises(NotFound):
        door.look()


def test_of_six_looks_at_once_one_asks_and_one_comes_in(door: Door, vera: Principal) -> None:
    begun = door.begin()
    door.tv.claim(FRIEND)
    door.house.clock.forward(seconds=2)

    def come() -> Waiting | Arrived | None:
        try:
            return plex.look(door.way, begun.token, None)
        except NotFound:
            return None

    came = [one for one in together([come] * 6) if isinstance(one, Arrived)]
    assert [one.principal.name for one in came] == ["farouk"]
    assert door.tv.asked.count("claimed") == 1


def test_one_person_from_two_browsers_at_once_is_one_user(door: Door, vera: Principal) -> None:
    tokens = []
    for _ in range(4):
        tokens.append(door.begin().token)
        door.tv.claim(FRIEND)
    door.house.clock.forward(seconds=2)
    came = together([lambda one=one: plex.look(door.way, one, None) for one in tokens])  # type: ignore[misc]
    assert len({one.principal.id for one in came if isinstance(one, Arrived)}) == 1
    assert len(came) == 4
    assert count(door.house.database, "user_account") == 2


def test_only_the_browser_that_began_it_comes_in(door: Door, vera: Principal) -> None:
    door.begin()
    door.tv.claim(FRIEND)
    for token in ("", "another-browser-altogether"):
        with pytest.raises(NotFound):
            plex.look(door.way, token, None)
    assert isinstance(door.look(), Arrived)


def test_neither_token_nor_code_stands_in_the_database_or_the_answers(door: Door, vera: Principal) -> None:
    begun = door.begin()
    with door.house.database.read() as session:
        kept = str(session.execute(text("SELECT * FROM handshake")).all())
    door.tv.claim(FRIEND)
    seen = door.look()
    with door.house.database.read() as session:
        kept += str(session.execute(text("SELECT * FROM identity")).all())
    for shown in (kept, repr(begun), repr(seen)):
        assert "code1" not in shown
        assert "plex-token-of" not in shown
    assert begun.token not in kept


@pytest.mark.parametrize(
    ("change", "comes"),
    [
        ({"admission": Admission.LINKED}, False),
        ({"may_register": False}, False),
        ({}, True),
    ],
)
def test_settings_say_whether_somebody_new_gets_an_account(
    door: Door, vera: Principal, change: dict[str, object], comes: bool
) -> None:
    service.link(
        door.house.database, vera.id, service.Kind.PLEX, door.tv.person(f"plex-token-of-{OWNER}"),
        now=door.house.clock.now,
    )  # fmt: skip
    door.way = replace(door.way, **change)  # type: ignore[arg-type]
    assert door.comes(OWNER).id == vera.id, "who is linked comes in anyway"
    if comes:
        assert door.comes(FRIEND).role == "user"
        return
    with pytest.raises(NotAllowed):
        door.comes(FRIEND)


def test_switched_off_or_without_a_plex_server_it_is_not_begun(
    database: Database, door: Door, tmp_path: Path
) -> None:
    off = replace(door.way, admission=Admission.OFF)
    assert not off.is_open
    with pytest.raises(Conflict, match="switched off"):
        plex.begin(off, back=BACK)
    with database.write() as session:
        session.execute(text("DELETE FROM server"))
    assert not door.way.is_open
    with pytest.raises(Conflict, match="no Plex server"):
        door.begin()


def test_one_links_ones_own_and_comes_in_by_it(door: Door, vera: Principal) -> None:
    door.begin(principal=vera, wanted="/account")
    door.tv.claim(STRANGER)
    seen = door.look(vera)
    assert seen == Arrived(vera, True, False, "/account")
    assert acts(door.house)[-1] == "account of another service linked"
    assert door.comes(STRANGER).id == vera.id


def test_what_one_began_to_link_is_linked_to_nobody_else(door: Door, vera: Principal) -> None:
    farouk = door.comes(FRIEND)
    for principal in (None, farouk, replace(vera, by_token=True)):
        door.begin(principal=vera)
        door.tv.claim(STRANGER)
        with pytest.raises(NotAllowed):
            door.look(principal)
    with pytest.raises(NotAllowed, match="not by a program"):
        door.begin(principal=replace(vera, by_token=True))
    door.begin(principal=vera)
    door.tv.claim(FRIEND)
    with pytest.raises(Conflict, match="somebody else"):
        door.look(vera)


def test_the_people_of_the_demo_house_are_nobody_of_the_real_plex(
    database: Database, house: House, vera: Principal
) -> None:
    demo = FakePlexTv(issuer=SIMULATED)
    simulated = Door(house)
    simulated.way = replace(house.plex_way, provider=lambda _: demo)
    simulated.tv = demo
    farouk = simulated.comes(FRIEND)
    real = Door(house)
    assert real.comes(FRIEND).id != farouk.id
    both = Door(house)
    with database.write() as session:
        session.execute(text("UPDATE server SET address = 'http://127.0.0.1:1', identity = 'demo-server'"))
    servers.add_server(house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    both.way = PlexWay(
        database, house.reach.vault, house.clock.now, Admission.MEMBERS, True,
        lambda address: house.plex_tv if address == PLEX else demo,
    )  # fmt: skip
    both.tv = house.plex_tv
    house.plex_tv.asked.clear()
    both.begin()
    assert house.plex_tv.asked == ["begin"], "the real one goes before"
