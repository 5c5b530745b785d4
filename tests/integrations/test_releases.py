from __future__ import annotations

import pytest

from projectionist.errors import ServerAnswerWrong, ServiceError
from projectionist.integrations.releases import latest_release
from projectionist.media.releases import Release
from tests.kit.loopback import Loopback, says


def asked(body: bytes, status: str = "200 OK") -> Release:
    with Loopback(says(body, status=status)) as loopback:
        return latest_release(f"{loopback.url}/repos/films/releases/latest")


def test_a_forge_and_a_package_index_are_both_understood() -> None:
    assert asked(b'{"tag_name": "v1.2.3", "html_url": "https://forge.example.org/1.2.3"}') == Release(
        "1.2.3", "https://forge.example.org/1.2.3"
    )
    assert (
        asked(b'{"info": {"version": "1.2.3", "release_url": "https://index.example.org/"}}').version
        == "1.2.3"
    )


def test_a_page_that_is_no_page_is_left_out() -> None:
    assert asked(b'{"tag_name": "1.2.3", "html_url": "javascript:alert(1)"}').page == ""


@pytest.mark.parametrize("body", [b"{}", b'{"tag_name": ""}', b'{"tag_name": "' + b"1" * 60 + b'"}', b"[]"])
def test_what_tells_of_no_release_is_refused(body: bytes) -> None:
    with pytest.raises(ServerAnswerWrong):
        asked(body)


def test_who_is_away_is_a_failure() -> None:
    with pytest.raises(ServiceError):
        asked(b"{}", status="500 Oops")


@pytest.mark.parametrize(
    ("latest", "version", "newer"),
    [
        ("1.2.3", "1.2.2", True),
        ("1.10", "1.9", True),
        ("1.2", "1.2.0", False),
        ("1.2.3", "1.2.3", False),
        ("1.2.2", "1.2.3", False),
        ("2.0.0rc1", "1.0", False),
        ("nonsense", "1.0", False),
        ("1.0", "1.0.dev3", False),
    ],
)
def test_only_what_is_surely_later_is_newer(latest: str, version: str, newer: bool) -> None:
    assert Release(latest).is_newer_than(version) is newer
