from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from litestar import Litestar, get
from litestar.params import FromPath
from litestar.testing import TestClient

from projectionist.web.access import OPEN
from projectionist.web.measuring import REQUESTS, SECONDS
from projectionist.web.ports import WebFeature
from projectionist.web.shell import create_shell
from tests.web.house import House
from tests.web.visitors import ORIGIN


@get("/measured/{number:int}", sync_to_thread=True, include_in_schema=False, **OPEN)
def measured(number: FromPath[int]) -> str:
    return str(1 // number)


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    house = House()
    app = create_shell(
        features=[WebFeature("measured", (measured,))],
        identify=house.people.identify,
        dependencies={},
        settings=house.settings,
        events=house.events,
    )
    with TestClient(app, base_url=ORIGIN, raise_server_exceptions=False) as client:
        yield client


def counted() -> Counter[tuple[str, ...]]:
    return Counter({one.labels: int(one.value) for one in REQUESTS.family().series})


def test_requests_are_counted_by_the_template_of_their_route_never_by_their_address(
    client: TestClient[Litestar],
) -> None:
    before = counted()
    for number in (1, 2, 3, 0):
        client.get(f"/measured/{number}")
    assert counted() - before == Counter(
        {("GET", "/measured/{number}", "200"): 3, ("GET", "/measured/{number}", "500"): 1}
    )


def test_what_leads_nowhere_and_what_is_refused_at_the_door_counts_too(client: TestClient[Litestar]) -> None:
    before = counted()
    client.get("/no/such/page/7f3a")
    client.get("/measured/1", headers={"host": "evil.example"})
    client.request("BREW", "/measured/1")
    fresh = counted() - before
    assert {labels[1] for labels in fresh} <= {"unmatched", "/measured/{number}"}
    assert fresh["GET", "unmatched", "400"] == 1
    assert sum(fresh.values()) == 3
    assert "7f3a" not in str(fresh)


def test_each_request_is_timed_once(client: TestClient[Litestar]) -> None:
    def times() -> int:
        return sum(
            sum(one.counts) for one in SECONDS.family().series if one.labels[1] == "/measured/{number}"
        )

    before = times()
    client.get("/measured/1")
    client.get("/measured/2")
    assert times() - before == 2
