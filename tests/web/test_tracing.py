"""The spans of requests, from the shell as it is served on a socket."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from projectionist.kit.tracing import MOST_KEPT, TRACES, Span
from projectionist.web.config import ShellSettings
from tests.serving import served
from tests.web.house import House

TRACE, ABOVE = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TOLD = {"traceparent": f"00-{TRACE}-{ABOVE}-01"}
BEHIND = ShellSettings(version="1.2.3", trusted_proxies=("127.0.0.0/8",))


@pytest.fixture(autouse=True)
def all_of_it() -> Iterator[None]:
    TRACES.open(1.0)
    yield
    TRACES.close()
    TRACES.take(MOST_KEPT)


def asked(
    *asks: tuple[str, str], settings: ShellSettings | None = None, headers: dict[str, str] | None = None
) -> list[Span]:
    """The spans of these requests by ada, method and path, in their order."""
    house = House(settings=settings) if settings else House()
    with served(house.app()) as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        for method, path in asks:
            connection.request(method, path, headers={"cookie": "who=ada", **(headers or {})})
            connection.getresponse().read()
        connection.close()
    return TRACES.take()


def test_a_request_is_told_by_its_route_and_its_status_and_not_by_its_address() -> None:
    page, query, odd, nowhere = asked(
        ("GET", "/jobs?q=canary-1"),
        ("GET", "/api/v1/things?limit=1"),
        ("BREW", "/jobs"),
        ("GET", "/canary-2"),
    )
    assert page.name == "GET /jobs"
    correlation = page.attributes.pop("projectionist.correlation_id")
    assert len(str(correlation)) == 32
    assert page.attributes == {
        "http.request.method": "GET",
        "http.route": "/jobs",
        "http.response.status_code": 200,
        "url.scheme": "http",
    }
    assert query.name == "GET /api/v1/things"
    assert odd.attributes["http.request.method"] == "_OTHER"
    assert odd.name.startswith("HTTP")
    assert nowhere.name == "GET"
    assert "http.route" not in nowhere.attributes
    assert nowhere.attributes["http.response.status_code"] == 404
    assert not nowhere.failed, "that nothing is there is no failure of the server"
    assert "canary" not in "".join(str(one.attributes) + one.name for one in (page, query, odd, nowhere))


def test_a_handler_that_fails_is_an_error_without_its_inside() -> None:
    (span,) = asked(("GET", "/api/v1/broken"))
    assert span.failed
    assert span.attributes["error.type"] == "500"
    assert "hunter2" not in str(span.attributes)
    assert "RuntimeError" not in str(span.attributes)


def test_who_asks_is_believed_where_a_trusted_proxy_says_so() -> None:
    (span,) = asked(("GET", "/jobs"), settings=BEHIND, headers=TOLD)
    assert (span.context.trace_id, span.parent_id) == (TRACE, ABOVE)


def test_a_stranger_names_no_trace() -> None:
    (span,) = asked(("GET", "/jobs"), headers=TOLD)
    assert span.context.trace_id != TRACE
    assert span.parent_id == ""


def test_what_is_no_traceparent_is_not_believed_of_a_proxy_either() -> None:
    (span,) = asked(("GET", "/jobs"), settings=BEHIND, headers={"traceparent": TOLD["traceparent"] + "-x"})
    assert span.context.trace_id != TRACE
    assert span.parent_id == ""


def test_what_the_proxy_does_not_record_is_not_recorded_here() -> None:
    assert asked(("GET", "/jobs"), settings=BEHIND, headers={"traceparent": f"00-{TRACE}-{ABOVE}-00"}) == []


def test_a_share_of_none_makes_no_span_whoever_asks() -> None:
    TRACES.open(0.0)
    assert asked(("GET", "/jobs"), ("GET", "/crash"), settings=BEHIND, headers=TOLD) == []
