"""Open event streams end soon after their sign-in or their token does, whichever process ended it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from projectionist.db.engine import Database
from projectionist.features.accounts import service, tokens
from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.accounts.users import others_tokens
from projectionist.features.accounts.users.service import OWNER
from tests.features.accounts.clocks import Clock
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.passwords import ANOTHER
from tests.serving import served

WITHIN_S = 5
HEADROOM = 5
END = Callable[[Database, str], object]


class Running(Clock):
    """The time as it is."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def sign_in(database: Database) -> str:
    return service.sign_in(
        database, NAME, PASSWORD, now=Running().now, remember=False, address="127.0.0.1"
    ).token


def revoke(database: Database, token: str) -> None:
    """As the page of another browser does it."""
    others = service.browsers(database, 1, token, now=Running().now)
    for one in others:
        if not one.is_this:
            service.revoke(database, 1, one.id, now=Running().now)


def revoke_all_others(database: Database, token: str) -> None:
    service.revoke_others(database, 1, token, now=Running().now)


def change_password(database: Database, token: str) -> None:
    service.change_password(database, 1, PASSWORD, ANOTHER, now=Running().now)


@pytest.mark.slow
@pytest.mark.parametrize("end", [revoke, revoke_all_others, change_password])
def test_a_stream_at_another_process_ends_soon_after_the_sign_in_does(
    database: Database, tmp_path: Path, end: END
) -> None:
    service.found(database, NAME, PASSWORD, now=Running().now)
    here, there = sign_in(database), sign_in(database)
    elsewhere = Database(database.url.render_as_string(hide_password=False))
    house = House(elsewhere, tmp_path, Running())
    try:
        with (
            served(house.app) as address,
            httpx2.stream("GET", f"{address}/events", cookies={COOKIE: there}, timeout=60) as stream,
        ):
            lines = stream.iter_lines()
            assert stream.status_code == 200
            assert next(lines) == "retry: 2000"
            end(database, here)
            began = time.monotonic()
            for _ in lines:
                pass
            assert time.monotonic() - began < WITHIN_S * HEADROOM
            refused = httpx2.get(f"{address}/events", cookies={COOKIE: there})
            assert refused.status_code == 401
    finally:
        elsewhere.close()


def revoke_own(database: Database, user_id: int, token_id: int) -> None:
    tokens.revoke_token(database, user_id, token_id, now=Running().now)


def revoke_for_them(database: Database, user_id: int, token_id: int) -> None:
    """As whoever manages users does it."""
    others_tokens.revoke(database, OWNER, user_id, token_id, now=Running().now)


@pytest.mark.slow
@pytest.mark.parametrize("end", [revoke_own, revoke_for_them])
def test_a_programs_stream_at_another_process_ends_soon_after_its_token_does(
    database: Database, tmp_path: Path, end: Callable[[Database, int, int], None]
) -> None:
    owner = service.found(database, NAME, PASSWORD, now=Running().now)
    made = tokens.make_token(
        database, owner, "A watcher", ["view"], lasts=timedelta(days=1), now=Running().now
    )
    shown = {"authorization": f"Bearer {made.shown}"}
    elsewhere = Database(database.url.render_as_string(hide_password=False))
    house = House(elsewhere, tmp_path, Running())
    try:
        with (
            served(house.app) as address,
            httpx2.stream("GET", f"{address}/events", headers=shown, timeout=60) as stream,
        ):
            lines = stream.iter_lines()
            assert stream.status_code == 200
            assert next(lines) == "retry: 2000"
            end(database, owner.id, made.token.id)
            began = time.monotonic()
            for _ in lines:
                pass
            assert time.monotonic() - began < WITHIN_S * HEADROOM
            assert httpx2.get(f"{address}/events", headers=shown).status_code == 401
    finally:
        elsewhere.close()
