"""The page of care with a real finding of every kind, in a real browser: readable on every screen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from projectionist.features.cache.auditing.audit import audit
from projectionist.features.cache.auditing.findings import FindingKind
from projectionist.features.cache.auditing.jobs import AUDIT, care_of
from projectionist.features.cache.auditing.keeping import findings
from projectionist.features.cache.auditing.repairing import repair
from projectionist.features.cache.auditing.scrubbing import scrub
from projectionist.features.cache.mending.grounds import Care, grounds_of
from projectionist.features.cache.models import Layout
from projectionist.features.cache.queries import copy_at
from projectionist.features.cache.set_up import save_place
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.swapping import cache_in
from projectionist.features.cache.tiers.setting_up import NewPlace
from projectionist.jobs.ports import JobState
from tests.e2e.browser import Pages, Scheme
from tests.features.cache.pages.serving import GB, Premises
from tests.features.cache.set_up_pages.conftest import real
from tests.features.cache.stage import Stage
from tests.serving import served


class Neglected:
    """A house in which everything went wrong that an audit can find."""

    def __init__(self, premises: Premises, excludes: Path) -> None:
        self.stage, self.excludes = premises.stage, excludes
        place = premises.place
        save_place(place, NewPlace(1, str(self.stage.slow), (1,), Layout.SYMLINK))
        self.care: Care = care_of(place)

    def film(self, name: str) -> Spot:
        path = self.stage.film(f"{name}/{name}.mkv")
        return grounds_of(self.care.places)[0].spot(path)

    def cached(self, name: str) -> Spot:
        spot = self.film(name)
        assert cache_in(self.stage.desk, spot) is Outcome.CACHED
        return spot

    def arrange(self) -> None:
        """One of each kind."""
        spot = self.film("Orphan (2009)")
        self.twice(spot)
        spot.path.unlink()
        self.cached("Alone (2020)").aside.unlink()
        spot = self.cached("Replaced (2015)")
        spot.path.unlink()
        spot.path.write_bytes(b"somebody else's")
        self.twice(self.film("Twice (1999)"))
        spot = self.film("Rival (2001)")
        self.twice(spot)
        spot.path.rename(spot.path.with_name(f"{spot.path.name}.plexcached"))
        spot.path.symlink_to(spot.link)
        spot = self.cached("Lost (2004)")
        spot.aside.unlink()
        spot.fast.unlink()
        self.rot(self.cached("Rotten (2008)"))
        self.excludes.mkdir()
        audit(self.care, excludes=self.excludes)
        scrub(self.care)

    def twice(self, spot: Spot) -> None:
        spot.fast.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(spot.path, spot.fast)

    def rot(self, spot: Spot) -> None:
        spot.fast.write_bytes(b"?" + spot.fast.read_bytes()[1:])
        with self.stage.database.write() as session:
            row = copy_at(session, str(spot.path))
            assert row is not None
            row.fast_ctime_ns = spot.fast.stat().st_ctime_ns


@pytest.fixture(scope="module")
def neglected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Premises, Neglected]]:
    home = tmp_path_factory.mktemp("stage")
    stage = Stage(home / "home")
    premises = real(Premises(stage))
    house = Neglected(premises, home / "excluded")
    house.arrange()
    found = {"looked_at": 812, "found": {"orphan": 1}, "living": 0}
    premises.jobs.put("Audit", JobState.DONE, kind=AUDIT, result=found)
    yield premises, house
    stage.close()


@pytest.fixture(scope="module")
def address(neglected: tuple[Premises, Neglected]) -> Iterator[str]:
    with served(neglected[0].app()) as where:
        yield where


def test_every_kind_is_found_with_its_evidence(neglected: tuple[Premises, Neglected]) -> None:
    care = neglected[1].care
    assert {one.kind for one in findings(care.database, care.node)} == set(FindingKind)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("size", ["wide", "phone"])
def test_the_page_is_readable_and_never_scrolls_sideways(
    address: str, pages: Pages, size: str, scheme: Scheme
) -> None:
    watched = pages.open(address, size=size, scheme=scheme)
    page = watched.go("/cache/audit")
    assert watched.hard_to_use() == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", ["wide", "phone"])
def test_what_was_mended_is_readable_among_the_moves_and_at_rest(
    address: str, pages: Pages, neglected: tuple[Premises, Neglected], size: str
) -> None:
    care = neglected[1].care
    for one in findings(care.database, care.node):
        if one.kind in (FindingKind.ORPHAN, FindingKind.DUPLICATE, FindingKind.MISMATCH, FindingKind.FOREIGN):
            repair(care, one)
    premises = neglected[0]
    row = {"path": "/mnt/user/films/Heat.mkv", "outcome": "ours", "why": "Same size.", "size": GB}
    told = {"rivals": ["PlexCache-D"], "files": {"ours": 1}, "dry": True, "rows": [row]}
    premises.jobs.put("Move in", JobState.DONE, kind="cache.adopt", result=told)
    watched = pages.open(address, size=size, scheme="dark")
    for path in ("/cache/moves", "/cache/audit#rests"):
        page = watched.go(path)
        assert watched.hard_to_use() == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
