from __future__ import annotations

import json
from contextlib import closing

import pytest

from projectionist.errors import ServiceError
from projectionist.integrations.telemetry import Collector, request_of
from projectionist.kit.metrics import Family, Registry, gauge
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
