"""The planner as it works in the house: with the index, a server, tiers and places in the database."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound, ServerFailed
from projectionist.features.cache import pins
from projectionist.features.cache.models import (
    CapRow,
    CopyRow,
    HolderRow,
    Layout,
    OriginRow,
    PlaceRow,
    PlaceTierRow,
    TierRow,
)
from projectionist.features.cache.planning.plan import PlanRules
from projectionist.features.cache.planning.planner import Planner
from projectionist.features.cache.tiers.capacity import Capacity
from projectionist.features.cache.tiers.caps import limits
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.features.cache.tiers.places import Places
from projectionist.features.cache.wanting.choosing import EVERYBODY, choose
from projectionist.features.cache.wanting.gathering import Wanting
from projectionist.features.cache.wanting.wants import Source
from projectionist.kit.clock import SystemClock
from projectionist.media.vocabulary import LocalPath, ServerPath
from tests.features.cache.wanting.home import SOME, Home, deck, film, series, versions
from tests.features.library.shelves import NOW

NODE = "node"


class Theatre(Home):
    """A household whose films lie below `slow`, with a tier of ten gigabytes at `fast`."""

    def __init__(self, database: Database, folder: Path, *, union: bool = False) -> None:
        super().__init__(database)
        self.slow, self.fast = folder / "slow", folder / "fast"
        self.view = folder / "union" if union else self.slow
        for root in (self.slow, self.fast, self.view):
            root.mkdir(exist_ok=True)
        mark_tier(self.fast)
        self.union = union

    def open(self, quota: str = "10GB") -> Planner:
        """Sync, set the tier and the places up, and plan."""
        self.sync()
        with self.database.write() as session:
            session.add(TierRow(id=1, name="ssd", node=NODE, root=str(self.fast), quota=quota))
            session.flush()
            for number, library in enumerate((1, 2), 1):
                place = PlaceRow(
                    id=number,
                    library_id=library,
                    node=NODE,
                    layout=Layout.UNION if self.union else Layout.SYMLINK,
                    slow_root=str(self.slow),
                    view_root=str(self.view),
                )
                session.add(place)
                session.flush()
                session.add(PlaceTierRow(place_id=number, position=0, tier_id=1))
        places = Places(self.database, NODE)
        capacity = Capacity(self.database, places, NODE, SystemClock())
        wanting = Wanting(self.database, self, self.amounts, self.standard, self.lists, lambda: self.tick)
        return Planner(self.database, wanting, places, capacity, limits, PlanRules())

    def cached(self, name: str, *, size: int = SOME, key: str = "", for_film: str = "", **more: Any) -> None:
        """Let a file be on the fast disk; `for_film` makes it a sidecar of that."""
        path = str(self.slow / name)
        item_id = self.item(key) if key else None
        with self.database.write() as session:
            session.add(
                CopyRow(
                    layout="symlink",
                    path=path,
                    fast=str(self.fast / name),
                    fast_root=str(self.fast),
                    slow_root=str(self.slow),
                    link=str(self.fast / name),
                    size=size,
                    mtime_ns=0,
                    node=NODE,
                    **{"at": NOW - timedelta(days=30), **more},
                )
            )
            session.add(HolderRow(path=path, film=str(self.slow / for_film) if for_film else path))
            session.add(OriginRow(path=path, item_id=item_id))

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        return LocalPath(self.view / Path(path).relative_to("/media"))


@pytest.fixture
def theatre(database: Database, tmp_path: Path) -> Theatre:
    """Folders, a server and an index, on SQLite and on PostgreSQL."""
    return Theatre(database, tmp_path)


_TOUCHED: list[str] | None = None


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    if _TOUCHED is not None and event in ("open", "os.listdir", "os.scandir", "os.chdir", "os.utime"):
        _TOUCHED.append(os.fsdecode(arguments[0]) if not isinstance(arguments[0], int) else "")


sys.addaudithook(_hear)


@contextmanager
def _touches(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every path that is opened, listed or asked for meanwhile."""
    global _TOUCHED  # noqa: PLW0603 (an audit hook cannot be taken out again)
    touched: list[str] = []
    with monkeypatch.context() as patched:
        for name in ("stat", "lstat", "access", "readlink", "statvfs", "getxattr"):
            asked = getattr(os, name)

            def recorded(path: Any, *more: Any, asked: Any = asked, **named: Any) -> Any:
                if not isinstance(path, int):
                    touched.append(os.fsdecode(path))
                return asked(path, *more, **named)

            patched.setattr(os, name, recorded)
        _TOUCHED = touched
        try:
            yield touched
        finally:
            _TOUCHED = None


def test_a_plan_opens_lists_and_asks_for_nothing_on_a_slow_disk(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    theatre.hold(*series("s", episodes=5), film("f"), film("g"))
    theatre.server.decks = {None: deck("f")}
    theatre.play("2", "s-1-1")
    planner = theatre.open()
    theatre.cached("g.mkv", key="g")
    for name in ("f.mkv", "g.mkv", "s-1-1.mkv"):
        (theatre.slow / name).write_bytes(b"film")
    with _touches(monkeypatch) as touched:
        made = planner.plan(NOW)
        planner.why(theatre.item("f"), NOW)
    assert len(made.copies) == 5
    assert len(made.returns) == 1
    assert any(path.startswith(str(theatre.fast)) for path in touched), "the recorder hears"
    assert [path for path in touched if path.startswith(str(theatre.slow))] == []


def test_the_recorder_hears_every_way_to_touch_a_slow_disk(
    theatre: Theatre, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = theatre.slow / "f.mkv"
    file.write_bytes(b"film")
    with _touches(monkeypatch) as touched:
        file.stat()
        file.lstat()
        file.exists()
        file.read_bytes()
        list(theatre.slow.iterdir())
        os.access(file, os.R_OK)
    assert touched.count(str(file)) >= 5
    assert str(theatre.slow) in touched


def test_what_is_on_deck_comes_and_what_nobody_wants_goes_back(theatre: Theatre) -> None:
    theatre.hold(film("f"), film("old"))
    theatre.server.decks = {None: deck("f")}
    planner = theatre.open()
    theatre.cached("old.mkv", key="old")
    theatre.cached("old.srt", size=10, for_film="old.mkv")
    made = planner.plan(NOW)
    assert [(one.want.file.path, one.tier_id) for one in made.copies] == [(theatre.slow / "f.mkv", 1)]
    assert [(one.path, one.why) for one in made.returns] == [
        (theatre.slow / "old.mkv", "Nobody is expected to watch it soon.")
    ], "a sidecar goes with its film and is not planned by itself"


def test_in_a_union_the_plan_tells_of_originals(database: Database, tmp_path: Path) -> None:
    theatre = Theatre(database, tmp_path, union=True)
    theatre.hold(film("f"), film("g"))
    theatre.server.decks = {None: deck("f", "g")}
    planner = theatre.open()
    theatre.cached("g.mkv", key="g")
    made = planner.plan(NOW)
    assert [one.want.file.path for one in made.copies] == [theatre.slow / "f.mkv"]
    assert [one.path for one in made.kept] == [theatre.slow / "g.mkv"]


def test_nothing_leaves_while_a_server_does_not_say_who_plays(theatre: Theatre) -> None:
    theatre.hold(film("f"))
    planner = theatre.open()
    theatre.cached("f.mkv", key="f")
    theatre.fail("sessions", ServerFailed("The server is out of order."))
    kept = [one.why for one in planner.plan(NOW).kept]
    assert kept == ["Its server does not say whether it is played."]
    theatre.fail("sessions", None)
    theatre.tick += 61
    assert [one.path.name for one in planner.plan(NOW).returns] == ["f.mkv"]


def test_what_is_played_stays_though_the_source_is_switched_off_for_everybody(theatre: Theatre) -> None:
    theatre.hold(film("f"))
    theatre.play("1", "f")
    planner = theatre.open()
    theatre.cached("f.mkv", key="f")
    choose(theatre.database, Source.PLAYING, EVERYBODY, False)
    assert [one.why for one in planner.plan(NOW).kept] == ["It is played."]


def test_what_was_played_a_while_ago_stays_until_the_retention_is_over(theatre: Theatre) -> None:
    theatre.hold(film("f"))
    planner = theatre.open()
    theatre.cached("f.mkv", key="f", played_at=NOW - timedelta(hours=11))
    assert [one.why for one in planner.plan(NOW).kept] == ["It was played less than 12 hours ago."]
    assert [one.path.name for one in planner.plan(NOW + timedelta(hours=2)).returns] == ["f.mkv"]


def test_what_excludes_a_show_excludes_its_episodes(theatre: Theatre) -> None:
    theatre.hold(*series("s"))
    theatre.play("1", "s-1-1")
    planner = theatre.open()
    with theatre.database.write() as session:
        session.add(CapRow(scope="item", key=str(theatre.item("s")), excluded=True))
    made = planner.plan(NOW)
    assert made.copies == ()
    assert {one.why for one in made.refused} == {"It is excluded."}


def test_why_tells_of_each_file_what_becomes_of_it_and_for_what_reasons(theatre: Theatre) -> None:
    theatre.hold(*series("s"), versions(film("f"), 1080, 2160), film("g"))
    theatre.play("1", "s-1-1")
    planner = theatre.open()
    theatre.cached("s-1-1.mkv", key="s-1-1")
    told = {one.path.name: one for one in planner.why(theatre.item("s"), NOW).files}
    assert told["s-1-1.mkv"].verdict == "It stays. It is played."
    assert told["s-1-1.mkv"].is_here
    second = told["s-1-2.mkv"]
    assert second.verdict == "It is to be copied: it is the next after what Ada plays."
    assert not second.is_here
    assert 50 < second.score == sum(term.points for term in second.terms) <= 99
    [film_g] = planner.why(theatre.item("g"), NOW).files
    assert (film_g.verdict, film_g.score) == ("Nobody is expected to watch it soon.", 0.0)
    assert len(planner.why(theatre.item("f"), NOW).files) == 2
    with pytest.raises(NotFound):
        planner.why(999_999, NOW)


def test_a_pin_that_fits_is_kept_and_says_what_no_longer_fits(theatre: Theatre) -> None:
    theatre.hold(film("f", size=6 * SOME), film("g", size=6 * SOME))
    theatre.server.decks = {None: deck("g")}
    planner = theatre.open()
    item = theatre.item("f")
    assert [one.want.file.title for one in planner.plan(NOW).copies] == ["Film g (2000)"]
    weighed = pins.weigh_pin(theatre.database, planner, item, "highest", "ada", NOW)
    assert (weighed.size, weighed.files, weighed.refused) == (6 * SOME, 1, ())
    assert weighed.leaves == ("Film g (2000)",)
    assert pins.pins(theatre.database) == []
    assert pins.pin(theatre.database, planner, item, "highest", "ada", NOW) == weighed
    assert [one.want.file.title for one in planner.plan(NOW).copies] == ["Film f (2000)"]
    [pinned] = pins.pins(theatre.database)
    assert (pinned.title, pinned.version, pinned.asked_by) == ("Film f (2000)", "highest", "ada")
    assert pins.unpin(theatre.database, item) == "Film f (2000)"
    with pytest.raises(NotFound, match="not pinned"):
        pins.unpin(theatre.database, item)


def test_a_pin_that_does_not_fit_is_refused_with_what_would_not(theatre: Theatre) -> None:
    theatre.hold(film("f", size=9 * SOME), versions(film("s"), 2160))
    planner = theatre.open()
    pins.pin(theatre.database, planner, theatre.item("f"), "highest", "ada", NOW)
    with pytest.raises(
        Conflict,
        match=r"Film s \(2000\) takes 2\.0 GB.* nothing was pinned\. s@2160\.mkv: What is wanted more",
    ):
        pins.pin(theatre.database, planner, theatre.item("s"), "highest", "ada", NOW)
    assert [one.title for one in pins.pins(theatre.database)] == ["Film f (2000)"]


def test_a_pin_never_takes_the_room_of_an_earlier_one_that_has_not_come_yet(theatre: Theatre) -> None:
    theatre.hold(film("z", size=9 * SOME), film("a", size=2 * SOME))
    planner = theatre.open()
    pins.pin(theatre.database, planner, theatre.item("z"), "highest", "ada", NOW)
    with pytest.raises(Conflict, match=r"nothing was pinned\. z\.mkv: What is wanted more"):
        pins.pin(theatre.database, planner, theatre.item("a"), "highest", "ada", NOW)


def test_a_pin_names_an_item_that_is_there_and_a_version_that_there_is(theatre: Theatre) -> None:
    theatre.hold(film("f"))
    planner = theatre.open()
    with pytest.raises(NotFound):
        pins.pin(theatre.database, planner, 999_999, "highest", "ada", NOW)
    with pytest.raises(InputWrong, match="highest, lowest, 4k"):
        pins.pin(theatre.database, planner, theatre.item("f"), "8k", "ada", NOW)
