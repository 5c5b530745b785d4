from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest

from projectionist.errors import ServerUnreachable
from projectionist.features.operations import updates
from projectionist.features.operations.updates import Asking, Notice
from projectionist.media.releases import Release
from projectionist.processes import outside
from tests.api.house import opened


@pytest.fixture
def told() -> Iterator[None]:
    updates.NOTICE.heard(Release("999.1", "https://forge.example.org/999.1"))
    yield
    updates.NOTICE.heard(Release("0"))


def away() -> Release:
    raise ServerUnreachable("It is away.")


def test_a_newer_version_is_told_and_silence_takes_nothing_back() -> None:
    notice = Notice("1.0")
    assert notice.newer() is None
    Asking(lambda: Release("1.0"), notice).turn()
    assert notice.newer() is None
    Asking(lambda: Release("1.1"), notice).turn()
    Asking(away, notice).turn()
    assert notice.newer() == Release("1.1")


def test_it_is_asked_at_the_start() -> None:
    asked = Event()

    def ask() -> Release:
        asked.set()
        return Release("1.0")

    asking = Asking(ask, Notice("1.0"))
    asking.start()
    with closing(asking):
        assert asked.wait(60)


@pytest.mark.usefixtures("told")
def test_who_may_do_something_about_it_sees_it_on_the_bell_and_everybody_on_about(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as house, house.visitor() as client:
        assert "Projectionist 999.1 is there" in client.get("/frame/ring").text
        page = client.get("/about").text
    assert 'href="https://forge.example.org/999.1"' in page
    assert "Nobody is asked for newer versions" in page


def test_nobody_is_asked_unless_the_settings_name_whom(tmp_path: Path) -> None:
    with opened(tmp_path / "quiet") as quiet:
        assert list(outside(quiet.house)) == []
    with opened(tmp_path / "asks", update_address="http://127.0.0.1:9/latest") as asks:
        assert [type(part) for part in outside(asks.house)] == [Asking]
        assert [type(part) for part in outside(asks.house, exports=False)] == [Asking]  # it has pages too
        assert list(outside(asks.house, pages=False, exports=False)) == []
        with asks.visitor() as client:
            assert "Once a day it asks" in client.get("/about").text
