"""The whole house tells a collector on a socket what was done for a request: calls, jobs, and nothing secret."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from projectionist.features.metrics.exporting import Exporting
from projectionist.integrations.telemetry import traces_of
from projectionist.kit.metrics import Family
from projectionist.kit.tracing import TRACES, Kind, Span
from projectionist.processes import outside
from tests.api.canaries import planted
from tests.api.house import Open, opened, token_of
from tests.api.test_secrets import looked_at
from tests.integrations.test_error_reports import Service
from tests.kit.loopback import Loopback, says

LONG_S = 120.0
MESSENGER = "canary-in-the-path-2f1b"


class Collected:
    """What a collector was told."""

    def __init__(self) -> None:
        self.service = Service()

    def spans(self) -> list[Mapping[str, Any]]:
        told = [json.loads(body) for body in self.service.bodies if b"resourceSpans" in body]
        scopes = [
            scope for one in told for resource in one["resourceSpans"] for scope in resource["scopeSpans"]
        ]
        return [span for scope in scopes for span in scope["spans"]]

    def named(self, name: str) -> Mapping[str, Any]:
        """The span of that name, once it is told."""
        until = time.monotonic() + LONG_S
        while time.monotonic() < until:
            if found := [one for one in self.spans() if one["name"] == name]:
                return found[0]
            time.sleep(0.05)
        raise AssertionError(f"There is no {name} among {sorted(one['name'] for one in self.spans())}")


def said_of(span: Mapping[str, Any]) -> dict[str, Any]:
    """Its attributes, as values."""
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


@contextmanager
def told(house: Open) -> Iterator[None]:
    """What is done meanwhile is told outside, as by the process that serves."""
    parts = [part for part in outside(house.house) if isinstance(part, Exporting)]
    (part,) = parts
    part.start()
    with closing(part):
        yield


def test_a_request_the_call_it_made_and_the_job_it_asked_for_are_one_trace(tmp_path: Path) -> None:
    collected = Collected()
    with (
        Loopback(collected.service) as collector,
        Loopback(says(b"no", status="503 Service Unavailable", kind="text/plain")) as messenger,
        opened(tmp_path, otlp_url=collector.url, otlp_traces="1") as house,
    ):
        house.house.jobs.close()
        house.house.jobs.start(work=True)
        with told(house), house.visitor() as client:
            headers = token_of(client)
            address = f"http://127.0.0.1:{messenger.port}/{MESSENGER}?token={MESSENGER}"
            wish = {"name": "mine", "kind": "ntfy", "address": address}
            made = client.post("/api/v1/me/messengers", json=wish, headers=headers).json()
            answer = client.post(f"/api/v1/me/messengers/{made['id']}/test", headers=headers)
            assert answer.status_code >= 500
            backup = client.post("/api/v1/backups", headers=headers)
            assert backup.status_code < 300, backup.text
            job = collected.named("job backups.make")
            asked = collected.named("POST /api/v1/backups")
            tried = collected.named("POST /api/v1/me/messengers/{messenger_id}/test")
            call = collected.named("POST")
        assert "traceparent" not in "".join(messenger.heads).lower(), "nobody outside is told of our traces"

    assert (job["traceId"], job["parentSpanId"], job["kind"]) == (asked["traceId"], asked["spanId"], 5)
    assert said_of(job)["projectionist.job.state"] == "done"
    assert said_of(job)["projectionist.correlation_id"] == backup.headers["x-request-id"]
    assert said_of(asked)["projectionist.correlation_id"] == backup.headers["x-request-id"]
    assert int(said_of(asked)["projectionist.database.statements"]) > 0
    assert (call["traceId"], call["parentSpanId"], call["kind"]) == (tried["traceId"], tried["spanId"], 3)
    assert said_of(call) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": str(messenger.port),
        "http.response.status_code": "503",
        "error.type": "503",
    }
    assert call["status"] == tried["status"] == {"code": 2}
    assert MESSENGER not in json.dumps(collected.spans())
    for span in collected.spans():
        assert re.fullmatch("[0-9a-f]{32}", span["traceId"])
        assert re.fullmatch("[0-9a-f]{16}", span["spanId"])
        assert isinstance(span["startTimeUnixNano"], str)
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])


def test_a_share_of_none_tells_nothing(tmp_path: Path) -> None:
    collected = Collected()
    with (
        Loopback(collected.service) as collector,
        opened(tmp_path, otlp_url=collector.url) as house,
        told(house),
        house.visitor() as client,
    ):
        assert client.get("/health/live").status_code == 200
        assert TRACES.take() == []
    assert collected.spans() == []


class Keeping:
    """Keeps all spans that it is told of."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def send(self, families: Iterable[Family]) -> None:
        """Metrics are not looked at."""

    def send_spans(self, spans: Sequence[Span]) -> int:
        self.spans += spans
        return 0

    def close(self) -> None:
        """Nothing is open."""


def test_no_span_tells_a_secret(tmp_path: Path) -> None:
    keeping = Keeping()
    exporting = Exporting(None, keeping, share=1.0, spans_every_s=0.2)
    exporting.start()
    with closing(exporting), planted(tmp_path) as (house, secrets):
        looked_at(house)
    encoded = json.dumps(traces_of(keeping.spans, process="booth-1"))
    assert len(keeping.spans) > 200
    assert {one.kind for one in keeping.spans} >= {Kind.SERVER, Kind.CLIENT}
    assert [what for what, secret in secrets.items() if secret in encoded] == []
