"""What every test has: the rules of the house, films, databases, and one browser for all."""

from __future__ import annotations

from tests.contract.described import pytest_terminal_summary
from tests.databases import database, database_url, postgres, postgres_template, sqlite_template
from tests.e2e.browser import browser, pages
from tests.features.doctor.every_state import pytest_configure
from tests.films import film
from tests.quickly import make_quickly
from tests.rules import (
    heard_signals,
    pytest_collection_finish,
    pytest_make_collect_report,
    pytest_runtest_logreport,
    pytest_runtest_makereport,
)

make_quickly()

__all__ = [
    "browser",
    "database",
    "database_url",
    "film",
    "heard_signals",
    "pages",
    "postgres",
    "postgres_template",
    "pytest_collection_finish",
    "pytest_configure",
    "pytest_make_collect_report",
    "pytest_runtest_logreport",
    "pytest_runtest_makereport",
    "pytest_terminal_summary",
    "sqlite_template",
]
