"""Figures as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.web import formatting
from projectionist.web.paging import _csv_line

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (None, "–"),
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_999, "1.0 MB"),
        (14.2e9, "14.2 GB"),
        (98e9, "98.0 GB"),
    ],
)
def test_sizes_are_in_powers_of_a_thousand(count: float | None, words: str) -> None:
    assert formatting.size(count) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [(None, "–"), (1023, "1.0 KB"), (4 << 20, "4.0 MB"), (500 << 30, "500 GB"), (1 << 40, "1.0 TB")],
)
def test_sizes_are_in_powers_of_1024_where_they_are_typed_so(count: float | None, words: str) -> None:
    assert formatting.size(count, 1024) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0042, "4 ms"),
        (4.24, "4.2 s"),
        (59.6, "1 min"),
        (245, "4 min 5 s"),
        (4320, "1 h 12 min"),
        (86400, "1 d"),
    ],
)
def test_lengths_have_their_two_largest_parts(seconds: float, words: str) -> None:
    assert formatting.duration(seconds) == words


@given(st.floats(0, 1e15))
def test_any_size_and_length_is_short(number: float) -> None:
    assert len(formatting.size(number)) < 12
    assert len(formatting.duration(number)) < 24


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (timedelta(seconds=2), "just now"),
        (timedelta(minutes=3), "3 min ago"),
        (-timedelta(hours=2), "in 2 h"),
    ],
)
def test_moments_are_told_from_now(ago: timedelta, words: str) -> None:
    assert formatting.relative(NOON - ago, NOON) == words


def test_the_exact_moment_is_in_the_viewers_zone() -> None:
    assert formatting.exact(NOON, "Europe/Berlin") == "Sat 21 Nov 2026, 13:00:00 CET"
    assert formatting.exact(NOON, "../../etc/passwd") == "Sat 21 Nov 2026, 12:00:00 UTC"


def test_no_cell_of_an_export_is_a_formula() -> None:
    assert _csv_line(["=1+1", "@x", "plain", -3]) == b"'=1+1,'@x,plain,-3\r\n"
