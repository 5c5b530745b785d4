from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from projectionist.app import House
from projectionist.errors import ServerUnreachable
from projectionist.features.metrics.exporting import Exporting
from projectionist.integrations.error_reports import ErrorReports
from projectionist.kit.metrics import Family
from projectionist.kit.tracing import BATCH, MOST_KEPT, SPANS, TRACES, Kind, Span, entered
from projectionist.processes import outside
from tests.api.house import opened


class Elsewhere:
    """Takes metrics and spans, unless it is away."""

    def __init__(self) -> None:
        self.names: list[set[str]] = []
        self.spans: list[Span] = []
        self.heard = threading.Event()
        self.is_away = False

    def send(self, families: Iterable[Family]) -> None:
        if self.is_away:
            raise ServerUnreachable("The collector did not answer.")
        self.names.append({family.name for family in families})

    def send_spans(self, spans: Sequence[Span]) -> int:
        self.heard.set()
        if self.is_away:
            raise ServerUnreachable("The collector did not answer.")
        self.spans += spans
        return 0

    def close(self) -> None:
        """Nothing is open."""


def test_metrics_are_sent_on_and_that_nobody_takes_them_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "projectionist.features.metrics.exporting")
    elsewhere = Elsewhere()
    with opened(tmp_path / "data") as house:
        exporting = Exporting(house.house.metrics, elsewhere)
        exporting.turn()
        elsewhere.is_away = True
        exporting.turn()
        exporting.turn()
        elsewhere.is_away = False
        exporting.turn()
    assert len(elsewhere.names) == 2
    assert {"projectionist_jobs", "projectionist_info"} <= elsewhere.names[0]
    mine = [one.getMessage() for one in caplog.records if one.name.endswith("exporting")]
    assert [one.partition(":")[0] for one in mine] == [
        "Metrics are not sent on for now",
        "Metrics are sent on again.",
    ]


def kinds(house: House, *, exports: bool) -> list[type]:
    found = []
    for part in outside(house, exports=exports):
        part.start()
        with closing(part):
            found.append(type(part))
    return found


def test_nobody_is_told_of_errors_and_metrics_unless_the_settings_say_so(tmp_path: Path) -> None:
    with opened(tmp_path / "quiet") as quiet:
        assert kinds(quiet.house, exports=True) == []
    with opened(
        tmp_path / "told",
        error_reports="http://key@127.0.0.1:9/1",
        otlp_url="http://127.0.0.1:9",
        otlp_headers="Authorization=Bearer canary",
    ) as told:
        assert kinds(told.house, exports=True) == [ErrorReports, Exporting]
        assert kinds(told.house, exports=False) == [ErrorReports]


def outcomes() -> Counter[str]:
    return Counter({one.labels[0]: int(one.value) for one in SPANS.family().series})


def do_things(count: int) -> None:
    for number in range(count):
        with entered(f"thing {number}", Kind.SERVER):
            pass


def test_spans_are_sent_when_a_batch_waits_and_what_is_left_at_the_end() -> None:
    elsewhere = Elsewhere()
    exporting = Exporting(None, elsewhere, share=1.0, spans_every_s=300.0)
    exporting.start()
    do_things(BATCH)
    assert elsewhere.heard.wait(60)
    do_things(3)
    exporting.close()
    assert len(elsewhere.spans) == BATCH + 3
    do_things(3)
    assert TRACES.take() == [], "after the end nothing is recorded"


def test_spans_are_sent_after_a_while_too() -> None:
    elsewhere = Elsewhere()
    exporting = Exporting(None, elsewhere, share=1.0, spans_every_s=0.05)
    exporting.start()
    with closing(exporting):
        do_things(1)
        assert elsewhere.heard.wait(60)


def test_a_collector_that_is_away_costs_spans_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "projectionist.features.metrics.exporting")
    elsewhere, before = Elsewhere(), outcomes()
    exporting = Exporting(None, elsewhere, share=1.0)
    TRACES.open(1.0)
    elsewhere.is_away = True
    do_things(MOST_KEPT + 10)
    exporting.send_spans()
    exporting.send_spans()
    elsewhere.is_away = False
    exporting.send_spans()
    TRACES.close()
    assert outcomes() - before == Counter(dropped=10, lost=2 * BATCH, sent=MOST_KEPT - 2 * BATCH)
    mine = [one.getMessage() for one in caplog.records if one.name.endswith("exporting")]
    assert [one.partition(":")[0] for one in mine] == [
        "Traces are not sent on for now",
        "Traces are sent on again.",
    ]


def test_every_process_sends_its_own_traces_and_one_the_metrics(tmp_path: Path) -> None:
    with opened(tmp_path / "told", otlp_url="http://127.0.0.1:9", otlp_traces="0.5") as told:
        assert kinds(told.house, exports=True) == [Exporting]
        assert kinds(told.house, exports=False) == [Exporting]
