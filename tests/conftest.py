"""What every test has: the rules of the house, and films."""

from __future__ import annotations

from tests.films import film
from tests.rules import heard_signals, pytest_make_collect_report, pytest_runtest_makereport

__all__ = ["film", "heard_signals", "pytest_make_collect_report", "pytest_runtest_makereport"]
