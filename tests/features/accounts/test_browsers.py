"""What browsers are called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.accounts.browsers import browser_name

KIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("says", "name"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) {KIT} Chrome/141.0.0.0 Safari/537.36", "Chrome 141 on Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {KIT} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
            "Edge 141 on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0",
            "Firefox 145 on macOS",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.5 Mobile/15E148 Safari/604.1",
            "Safari 18 on iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {KIT} Chrome/140.0.0.0 Mobile Safari/537.36",
            "Chrome 140 on Android",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(says: str, name: str) -> None:
    assert browser_name(says) == name


@given(st.text(max_size=200))
def test_whatever_a_browser_says_it_has_a_name_if_it_says_anything(says: str) -> None:
    assert bool(browser_name(says)) is bool(says)
