from __future__ import annotations

import json
from contextlib import closing

import pytest

from projectionist.errors import ServiceError
from projectionist.integrations.telemetry import Collector, request_of, traces_of
from projectionist.kit.metrics import Family, Registry, gauge
from projectionist.kit.tracing import Kind as SpanKind
from projectionist.kit.tracing import Span, SpanContext
from tests.integrations.test_error_reports import Service
from tests.kit.loopback import Loopback, says


def families() -> list[Family]:
    registry = Registry()
    registry.counter("a_total", "A.", "who").add("x", by=3)
    registry.counter("unused_total", "Never counted.")
    histogram = registry.histogram("b_seconds", "B.")
    histogram.observe(0.004)
    histogram.observe(99.0)
    return [*registry.families(), *gauge("c", "C.", 0.5)]


def test_families_become_sums_histograms_and_gauges() -> None:
    (resource,) = request_of(families(), node="booth", began=1, now=2)["resourceMetrics"]
    told = {one["name"]: one for one in resource["scopeMetrics"][0]["metrics"]}
    assert set(told) == {"a_total", "b_seconds", "c"}
    assert told["a_total"]["sum"] == {
        "dataPoints": [
            {
                "startTimeUnixNano": "1",
                "timeUnixNano": "2",
                "attributes": [{"key": "who", "value": {"stringValue": "x"}}],
                "asDouble": 3.0,
            }
        ],
        "aggregationTemporality": 2,
        "isMonotonic": True,
    }
    (point,) = told["b_seconds"]["histogram"]["dataPoints"]
    assert (point["count"], point["sum"]) == ("2", 99.004)
    assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    assert (point["bucketCounts"][0], point["bucketCounts"][-1]) == ("1", "1")
    assert told["c"]["gauge"]["dataPoints"][0]["asDouble"] == 0.5
    assert {"key": "service.instance.id", "value": {"stringValue": "booth"}} in resource["resource"][
        "attributes"
    ]


def test_they_are_posted_with_the_token_of_the_collector() -> None:
    service = Service()
    with Loopback(service) as loopback:
        with closing(Collector(loopback.url, {"Authorization": "Bearer canary"}, "booth")) as collector:
            collector.send(families())
        assert loopback.heads[0].startswith("POST /v1/metrics ")
        assert "authorization: bearer canary" in loopback.heads[0].lower()
    assert json.loads(service.bodies[0])["resourceMetrics"]


def test_a_collector_that_refuses_is_an_error_without_its_token() -> None:
    with (
        Loopback(says(status="401 Unauthorized")) as loopback,
        closing(Collector(loopback.url, {"Authorization": "Bearer canary"}, "booth")) as collector,
        pytest.raises(ServiceError) as raised,
    ):
        collector.send(families())
    assert "canary" not in raised.value.message


def spans() -> list[Span]:
    """A request, and a call that it made; the first of the list ended first."""
    above = SpanContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", sampled=True)
    outer = Span("GET /jobs", SpanKind.SERVER, above)
    inner = Span(
        "GET", SpanKind.CLIENT, SpanContext(above.trace_id, "00000000000000aa", sampled=True), above.span_id
    )
    inner.set("server.address", "films.example.org")
    inner.add("seconds", 0.5)
    outer.set("http.response.status_code", 500)
    outer.fail("500")
    outer.began, outer.ended = 1_700_000_000_000_000_000, 1_700_000_000_000_000_001
    return [inner, outer]


def test_spans_are_told_as_the_specification_of_otlp_has_them() -> None:
    (resource,) = traces_of(spans(), process="booth-1")["resourceSpans"]
    assert {"key": "service.instance.id", "value": {"stringValue": "booth-1"}} in resource["resource"][
        "attributes"
    ]
    inner, outer = resource["scopeSpans"][0]["spans"]
    assert outer == {
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "spanId": "00f067aa0ba902b7",
        "name": "GET /jobs",
        "kind": 2,
        "startTimeUnixNano": "1700000000000000000",
        "endTimeUnixNano": "1700000000000000001",
        "attributes": [
            {"key": "http.response.status_code", "value": {"intValue": "500"}},
            {"key": "error.type", "value": {"stringValue": "500"}},
        ],
        "status": {"code": 2},
    }
    assert (inner["parentSpanId"], inner["kind"], inner["status"]) == ("00f067aa0ba902b7", 3, {})
    assert {"key": "seconds", "value": {"doubleValue": 0.5}} in inner["attributes"]


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (b"{}", 0),
        (b'{"partialSuccess":{}}', 0),
        (b'{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}', 1),
        (b'{"partialSuccess":{"rejectedSpans":7}}', 2),
        (b'{"partialSuccess":{"rejectedSpans":"many"}}', 0),
        (b"\x0a\x00", 0),
    ],
)
def test_a_collector_may_take_some_spans_and_refuse_others(answer: bytes, refused: int) -> None:
    with (
        Loopback(says(answer)) as loopback,
        closing(Collector(loopback.url, {"Authorization": "Bearer canary"}, "booth")) as collector,
    ):
        assert collector.send_spans(spans()) == refused
        assert loopback.heads[0].startswith("POST /v1/traces ")
        assert "authorization: bearer canary" in loopback.heads[0].lower()
