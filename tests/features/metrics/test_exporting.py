from __future__ import annotations

import logging
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest

from projectionist.app import House
from projectionist.errors import ServerUnreachable
from projectionist.features.metrics.exporting import Exporting
from projectionist.integrations.error_reports import ErrorReports
from projectionist.kit.metrics import Family
from projectionist.processes import outside
from tests.api.house import opened


class Elsewhere:
    """Takes metrics, unless it is away."""

    def __init__(self) -> None:
        self.names: list[set[str]] = []
        self.is_away = False

    def send(self, families: Iterable[Family]) -> None:
        if self.is_away:
            raise ServerUnreachable("The collector did not answer.")
        self.names.append({family.name for family in families})

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
