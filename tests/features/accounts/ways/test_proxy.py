"""A proxy that says who somebody is, on real sockets: believed where it is trusted, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, TypeAlias

import httpx2
import pytest
from litestar import Request
from sqlalchemy import text

from projectionist.errors import InputWrong, NotAllowed
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.users import service as users
from projectionist.web.edge import FROM_PROXY
from tests.features.accounts.house import NAME, PASSWORD, House, words
from tests.features.accounts.opened import house
from tests.features.accounts.ways.at_once import together
from tests.serving import served

__all__ = ["house"]

Headers: TypeAlias = Sequence[tuple[str, str]]
Ask: TypeAlias = Callable[..., httpx2.Response]

LOTTE = ("remote-user", "lotte")
FAMILY = ("remote-groups", "family,films")
NAMED: Headers = (LOTTE, FAMILY)
HERE, ELSEWHERE = ("127.0.0.0/8",), ("192.0.2.0/24",)


def behind(
    house: House, trusted: tuple[str, ...], header: str = "Remote-User", host: str = "127.0.0.1"
) -> AbstractContextManager[Ask]:
    """Asks for a page, one's own account unless another is named, with headers, from this machine."""
    accounts.found(house.database, NAME, PASSWORD, now=house.clock.now)
    roles = ("film-admins=administrator", "family=user")
    house.proxy_way = replace(house.proxy_way, header=header, roles=roles)
    house.trusted_proxies = trusted

    @contextmanager
    def opened() -> Iterator[Ask]:
        with served(house.app, host) as address:
            yield lambda headers, page="/account": httpx2.get(
                address + page, headers=list(headers), timeout=20
            )

    return opened()


def people(house: House) -> set[str]:
    with house.database.read() as session:
        return set(session.execute(text("SELECT name FROM user_account")).scalars())


def test_whom_a_trusted_proxy_names_is_signed_in_and_is_one_user(house: House) -> None:
    with behind(house, HERE) as ask:
        for more in ((), (("x-forwarded-for", "203.0.113.9"),)):
            page = ask([*NAMED, *more])
            assert page.status_code == 200
            assert "lotte" in words(page.text)
    assert people(house) == {NAME, "lotte"}


def test_whom_a_proxy_names_is_told_how_to_come_to_a_password_and_shown_no_form_in_vain(house: House) -> None:
    with behind(house, HERE) as ask:
        pages = [ask(NAMED, page).text for page in ("/account", "/account/profile")]
    for page in pages:
        assert "ten minutes" not in page
        assert "a proxy says who you are" in words(page)
        assert 'action="/account/password"' not in page
        assert 'action="/account/leave"' not in page
    assert "An administrator can make you a link to choose one" in words(pages[0])
    assert "ask an administrator for a link to choose a password" in words(pages[1])


@pytest.mark.parametrize("trusted", [HERE, ("::ffff:127.0.0.0/104",)])
def test_a_trusted_proxy_is_believed_where_both_kinds_of_address_are_listened_at(
    house: House, trusted: tuple[str, ...]
) -> None:
    with behind(house, trusted, host="::") as ask:
        page = ask([*NAMED, ("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")])
        assert (page.status_code, "strict-transport-security" in page.headers) == (200, True)
    with house.database.read() as session:
        acts = session.execute(text("SELECT address FROM audit_entry WHERE act = 'user joined'")).scalars()
        assert list(acts) == ["203.0.113.9"]


@pytest.mark.parametrize("more", [(), (("x-forwarded-for", "192.0.2.1"),)])
def test_whom_anybody_else_names_is_nobody(house: House, more: Headers) -> None:
    with behind(house, ELSEWHERE) as ask:
        answer = ask([*NAMED, *more])
    assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
    assert people(house) == {NAME}


@pytest.mark.parametrize(
    "headers",
    [
        [LOTTE],
        [LOTTE, ("remote-groups", "neighbours")],
        [("remote-user", "x" * 300), FAMILY],
        [("remote-user", "lotte\tb"), FAMILY],
        [("remote-user", ""), LOTTE, FAMILY],
        [LOTTE, ("remote-groups", "x" * 5_000)],
        [LOTTE, ("remote-user", "vera"), FAMILY],
    ],
)
def test_who_is_in_no_group_or_has_an_absurd_name_is_refused(house: House, headers: Headers) -> None:
    with behind(house, HERE) as ask:
        assert ask(headers).status_code == 403
    assert people(house) == {NAME}


def test_without_the_header_one_signs_in_as_ever(house: House) -> None:
    with behind(house, HERE) as ask:
        for headers in ([FAMILY], [("remote-user", ""), FAMILY]):
            assert ask(headers).headers["location"].startswith("/sign-in")


@pytest.mark.parametrize("name", ["remote_user", "x-remote-user", "remote-user-name"])
def test_a_header_of_another_name_names_nobody(house: House, name: str) -> None:
    with behind(house, HERE) as ask:
        assert ask([(name, NAME), FAMILY]).headers["location"].startswith("/sign-in")


def test_a_program_s_token_counts_before_the_header(house: House) -> None:
    with behind(house, HERE) as ask:
        answer = ask([*NAMED, ("authorization", "Bearer projectionist_of-nobody")])
    assert answer.status_code in (303, 401)
    assert people(house) == {NAME}


def test_a_closed_house_takes_nobody_new_whom_a_proxy_names(house: House) -> None:
    house.proxy_way = replace(house.proxy_way, may_register=False)
    with behind(house, HERE) as ask:
        assert ask(NAMED).status_code == 403
    assert people(house) == {NAME}


def test_groups_of_back_then_change_no_role_while_a_page_stays_open(house: House) -> None:
    """An open stream is asked about again and again; what the proxy says by now is what counts."""
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/events",
        "query_string": b"",
        "state": {FROM_PROXY: True},
    }
    house.proxy_way = replace(
        house.proxy_way, header="Remote-User", roles=("film-admins=administrator", "family=user")
    )
    accounts.found(house.database, NAME, PASSWORD, now=house.clock.now)
    identify = SignedInPeople(house.database, house.clock, proxy=house.proxy_way)

    def request(groups: bytes) -> Request[Any, Any, Any]:
        headers = [(b"remote-user", b"lotte"), (b"remote-groups", groups)]
        state = {FROM_PROXY: True}
        return Request({**scope, "headers": headers, "state": state})  # type: ignore[arg-type]

    def role(one: Request[Any, Any, Any]) -> str:
        house.clock.forward(seconds=10)
        principal = identify(one)
        assert principal is not None
        return principal.role

    stream = request(b"film-admins")
    assert role(stream) == "administrator"
    assert role(request(b"family")) == "user"
    assert role(stream) == "user"
    assert role(stream) == "user"
    assert role(request(b"film-admins")) == "administrator"
    with pytest.raises(NotAllowed):
        identify(request(b"chess"))
    assert role(stream) == "guest", "what the groups gave is gone with them"
    users.remove_user(house.database, users.OWNER, 2, now=house.clock.now)
    assert identify(stream) is None
    assert people(house) == {NAME}


def written_down(house: House) -> list[tuple[str, str, str, str]]:
    with house.database.read() as session:
        rows = session.execute(text("SELECT act, about, who, address FROM audit_entry ORDER BY id")).all()
    return [row._tuple() for row in rows if row.act != "administrator made"]


def test_whom_the_proxy_names_in_vain_is_written_down_once_an_hour(house: House) -> None:
    refused = ("sign-in by another service refused", "lotte", "", "203.0.113.9")
    with behind(house, HERE) as ask:
        for _ in range(3):
            assert ask([LOTTE, ("x-forwarded-for", "203.0.113.9")]).status_code == 403
            house.clock.forward(seconds=1_000)
        assert written_down(house) == [refused]
        assert ask([("remote-user", "otto"), ("x-forwarded-for", "203.0.113.9")]).status_code == 403
        assert written_down(house)[1:] == [("sign-in by another service refused", "otto", *refused[2:])]
        house.clock.forward(seconds=1_000)
        assert ask([LOTTE, ("x-forwarded-for", "203.0.113.9")]).status_code == 403
        assert written_down(house)[2:] == [refused]


def test_a_visit_that_the_proxy_names_is_written_down_where_it_begins(house: House) -> None:
    visit = ("signed in", "lotte", "lotte", "203.0.113.9")
    with behind(house, HERE) as ask:
        for _ in range(4):
            assert ask([*NAMED, ("x-forwarded-for", "203.0.113.9")]).status_code == 200
            house.clock.forward(seconds=1_800)
        assert written_down(house) == [("user joined", *visit[1:])], "she is still there"
        house.clock.forward(seconds=1_800)
        assert ask([*NAMED, ("x-forwarded-for", "203.0.113.9")]).status_code == 200
        assert written_down(house)[1:] == [visit]


def test_of_many_requests_at_once_one_begins_the_visit(house: House) -> None:
    with behind(house, HERE) as ask:
        assert ask(NAMED).status_code == 200
        house.clock.forward(seconds=7_200)
    together([lambda: house.proxy_way.enter(house.proxy_way.read(["lotte"], ["family"]))] * 6)  # type: ignore[arg-type]
    assert [act for act, *_ in written_down(house)] == ["user joined", "signed in"]


def test_whom_a_proxy_names_is_told_how_they_come_to_a_password_to_show(house: House) -> None:
    with behind(house, HERE) as ask:
        assert ask(NAMED).status_code == 200
    lotte = users.user_named(house.database, "lotte", now=house.clock.now)
    with pytest.raises(InputWrong, match="ask an administrator for a link to choose a password"):
        accounts.change_password(house.database, lotte.id, "", PASSWORD, now=house.clock.now)


def test_it_is_off_unless_a_header_is_named(house: House) -> None:
    with behind(house, HERE, header="") as ask:
        assert ask(NAMED).headers["location"].startswith("/sign-in")
    assert people(house) == {NAME}
