"""A proxy that says who somebody is, on real sockets: believed where it is trusted, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import TypeAlias

import httpx2
import pytest
from sqlalchemy import text

from projectionist.features.accounts import service as accounts
from tests.features.accounts.house import NAME, PASSWORD, House, words
from tests.features.accounts.opened import house
from tests.serving import served

__all__ = ["house"]

Headers: TypeAlias = Sequence[tuple[str, str]]
Ask: TypeAlias = Callable[[Headers], httpx2.Response]

LOTTE = ("remote-user", "lotte")
FAMILY = ("remote-groups", "family,films")
NAMED: Headers = (LOTTE, FAMILY)
HERE, ELSEWHERE = ("127.0.0.0/8",), ("192.0.2.0/24",)


def behind(house: House, trusted: tuple[str, ...], header: str = "Remote-User") -> AbstractContextManager[Ask]:
    """Asks for one's own account with headers, from this machine."""
    accounts.found(house.database, NAME, PASSWORD, now=house.clock.now)
    roles = ("film-admins=administrator", "family=user")
    house.proxy_way = replace(house.proxy_way, header=header, roles=roles)
    house.trusted_proxies = trusted

    @contextmanager
    def opened() -> Iterator[Ask]:
        with served(house.app) as address:
            yield lambda headers: httpx2.get(f"{address}/account", headers=list(headers), timeout=20)

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
        [("remote-user", " "), FAMILY],
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
        assert ask([FAMILY]).headers["location"].startswith("/sign-in")


def test_it_is_off_unless_a_header_is_named(house: House) -> None:
    with behind(house, HERE, header="") as ask:
        assert ask(NAMED).headers["location"].startswith("/sign-in")
    assert people(house) == {NAME}
