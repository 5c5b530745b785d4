"""Who asks is remembered for two seconds; what was read before somebody was signed out is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from litestar import Request
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.accounts import service, tokens
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.sessions import COOKIE
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.passwords import PASSWORD


class Interrupted(Database):
    """A database beside which something happens once, right after it was read."""

    def __init__(self, database: Database) -> None:
        super().__init__(database.url.render_as_string(hide_password=False))
        self.then: Callable[[], object] | None = None

    @contextmanager
    def read(self) -> Iterator[Session]:
        with super().read() as session:
            yield session
        then, self.then = self.then, None
        if then is not None:
            then()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def owner(database: Database, clock: Clock) -> Principal:
    return service.found(database, "vera", PASSWORD, now=clock)


def asking(header: str, value: str) -> Request[Any, Any, Any]:
    headers = [(header.encode(), value.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": headers,
        "state": {},
    }
    return Request(scope)  # type: ignore[arg-type]


def by_cookie(database: Database, owner: Principal, clock: Clock) -> tuple[Request[Any, Any, Any], Any]:
    token = service.sign_in(database, "vera", PASSWORD, now=clock, remember=False, address="192.0.2.7").token
    return asking("cookie", f"{COOKIE}={token}"), lambda: service.sign_out(database, token, now=clock)


def by_token(database: Database, owner: Principal, clock: Clock) -> tuple[Request[Any, Any, Any], Any]:
    made = tokens.make_token(database, owner, "Remote", ["view"], lasts=timedelta(days=9), now=clock)
    assert tokens.bearer(database, made.shown, now=clock) is not None  # which is written down once a minute
    return asking("authorization", f"Bearer {made.shown}"), lambda: tokens.revoke_token(
        database, owner.id, made.token.id, now=clock
    )


@pytest.mark.parametrize("way", [by_cookie, by_token])
def test_who_is_signed_out_while_they_are_looked_up_is_not_believed_after(
    database: Database, owner: Principal, clock: Clock, way: Callable[..., tuple[Request[Any, Any, Any], Any]]
) -> None:
    request, end = way(database, owner, clock)
    beside = Interrupted(database)
    people = SignedInPeople(beside, clock)

    def ended() -> None:
        end()
        people.forget()

    beside.then = ended
    before = people(request)
    assert before is not None, "it was read while it lived"
    assert beside.then is None
    assert people(request) is None
    beside.close()
