from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.testing import TestClient

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.web.access import OPEN
from projectionist.web.limits import (
    API,
    ELSEWHERE,
    EMAIL,
    FORGOTTEN,
    HOME,
    PASSKEY,
    REGISTER,
    RESET,
    Limit,
    Limiter,
    limited,
    network_of,
)
from projectionist.web.ports import WebFeature
from projectionist.web.shell import create_shell
from tests.web.house import House
from tests.web.visitors import ORIGIN


class Hands:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()


@get("/", sync_to_thread=True, include_in_schema=False, **limited(HOME))
def home() -> str:
    return "home"


@get("/api/v1/thing", sync_to_thread=True)
def thing() -> str:
    return "thing"


@get("/api/v1/uncounted", sync_to_thread=True, **limited(None))
def uncounted() -> str:
    return "thing"


BY_ADDRESS = (ELSEWHERE, FORGOTTEN, PASSKEY, REGISTER, RESET)


def counted_by(limit: Limit) -> HTTPRouteHandler:
    @get(f"/{limit.name}", sync_to_thread=True, include_in_schema=False, **limited(limit, OPEN))
    def counted() -> str:
        return limit.name

    return counted


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()


@pytest.fixture
def hands() -> Hands:
    return Hands()


def visiting(store: Database, hands: Hands, per_minute: dict[str, int] | None = None) -> TestClient:  # type: ignore[type-arg]
    """A browser of Ada, in front of a process of its own over the same database."""
    house = House()
    app = create_shell(
        features=[WebFeature("things", (home, thing, uncounted, *map(counted_by, (*BY_ADDRESS, EMAIL))))],
        identify=house.people.identify,
        dependencies={},
        settings=house.settings,
        events=house.events,
        limiter=Limiter(store, hands, per_minute),
    )
    client = TestClient(app, base_url=ORIGIN, raise_server_exceptions=False)
    client.follow_redirects = False
    client.cookies.set("who", "ada")
    return client


def asked(client: TestClient, path: str, times: int) -> list[int]:  # type: ignore[type-arg]
    return [client.get(path).status_code for _ in range(times)]


def test_home_is_opened_thirty_times_a_minute(store: Database, hands: Hands) -> None:
    client = visiting(store, hands)
    assert asked(client, "/", 32) == [200] * 30 + [429] * 2
    hands.moment += timedelta(seconds=60)
    assert asked(client, "/", 1) == [200]


def test_answers_say_how_the_limit_stands_and_when_to_come_back(store: Database, hands: Hands) -> None:
    client = visiting(store, hands, {"api": 5})
    told = [client.get("/api/v1/thing").headers for _ in range(5)]
    assert [one["ratelimit-remaining"] for one in told] == ["4", "3", "2", "1", "0"]
    assert {(one["ratelimit-limit"], one["ratelimit-policy"]) for one in told} == {("5", "5;w=60")}
    hands.moment += timedelta(seconds=21)
    refused = client.get("/api/v1/thing")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert (refused.headers["retry-after"], refused.headers["ratelimit-reset"]) == ("39", "39")
    assert (refused.headers["ratelimit-remaining"], refused.json()["retryable"]) == ("0", True)


def test_two_processes_never_let_more_through_than_the_limit(store: Database, hands: Hands) -> None:
    first, second = visiting(store, hands), visiting(store, hands)
    statuses = []
    for _ in range(110):
        statuses += [client.get("/api/v1/thing").status_code for client in (first, second)]
    assert statuses.count(200) == 100
    assert statuses[0:100] == [200] * 100


def test_what_one_process_took_and_did_not_use_is_less_than_a_step(store: Database, hands: Hands) -> None:
    first, second = visiting(store, hands), visiting(store, hands)
    assert asked(first, "/api/v1/thing", 1) == [200]
    assert asked(second, "/api/v1/thing", 120).count(200) == 100 - API.step


def test_a_restart_forgets_nothing(store: Database, hands: Hands) -> None:
    assert asked(visiting(store, hands), "/", 30) == [200] * 30
    assert asked(visiting(store, hands), "/", 1) == [429]


def test_what_is_asked_from_memory_costs_no_transaction(store: Database, hands: Hands) -> None:
    client = visiting(store, hands)
    written = []
    with store.engine.connect() as looking:
        for _ in range(100):
            client.get("/api/v1/thing")
            written.append(looking.exec_driver_sql("PRAGMA data_version").scalar())
            looking.rollback()
    assert len(set(written)) <= 100 // API.step + 2


def test_strangers_are_counted_by_their_address_for_longer(store: Database, hands: Hands) -> None:
    client = visiting(store, hands)
    client.cookies.clear()
    day = []
    for _ in range(10):
        day += asked(client, "/", 60)
        hands.moment += timedelta(minutes=2)
        day += asked(client, "/", 60)
        hands.moment += timedelta(hours=1)
    assert day[:30] == [303] * 30
    assert day[:120].count(303) == 50
    assert day.count(303) == 200
    client.cookies.set("who", "ada")
    assert asked(client, "/", 1) == [200]


@pytest.mark.parametrize("limit", BY_ADDRESS, ids=lambda limit: limit.name)
def test_who_signs_in_as_somebody_else_each_time_is_counted_by_their_address(
    store: Database, hands: Hands, limit: Limit
) -> None:
    client = visiting(store, hands)
    most = limit.rates[0].most
    statuses = []
    for number in range(most + 2):
        client.cookies.set("who", ("ada", "", "ben")[number % 3])
        statuses += asked(client, f"/{limit.name}", 1)
    assert statuses == [200] * most + [429] * 2


def test_one_person_is_counted_wherever_they_are(store: Database, hands: Hands) -> None:
    client = visiting(store, hands)
    assert asked(client, "/email", 6) == [200] * 5 + [429]
    client.cookies.set("who", "ben")
    assert asked(client, "/email", 1) == [200]


def test_a_limit_can_be_changed_or_lifted(store: Database, hands: Hands) -> None:
    client = visiting(store, hands, {"home": 0, "api": 3})
    assert asked(client, "/", 40) == [200] * 40
    assert asked(client, "/api/v1/thing", 4) == [200] * 3 + [429]


@pytest.mark.parametrize("path", ["/api/v1/uncounted", "/health/live", "/favicon.ico"])
def test_what_is_exempt_is_never_counted(store: Database, hands: Hands, path: str) -> None:
    client = visiting(store, hands, {"api": 2})
    answers = [client.get(path) for _ in range(5)]
    assert {one.status_code for one in answers} <= {200, 303, 307}
    assert all("ratelimit-limit" not in one.headers for one in answers)


def test_a_clock_set_back_lets_people_in(store: Database, hands: Hands) -> None:
    client = visiting(store, hands, {"api": 2})
    assert asked(client, "/api/v1/thing", 3) == [200, 200, 429]
    hands.moment -= timedelta(days=2)
    assert asked(client, "/api/v1/thing", 1) == [200]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_address_is_counted_as_one_household(address: str, network: str) -> None:
    assert network_of(address) == network
