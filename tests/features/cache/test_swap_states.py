"""Anything may happen to cached films in any order, and the newest content stays at the path."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from projectionist.errors import ProjectionistError
from projectionist.features.cache.journal import REST, Journal
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import hide_returned, let_go, look_after, rebuild, recover
from projectionist.features.cache.spots import Spot, Standing, look
from projectionist.features.cache.swapping import cache_in, move_back
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import Stage

NAMES = ("one.mkv", "Show/Season 1/two.mkv")


class Died(BaseException):
    """The process ended here."""


class Dying(FileCalls):
    """Dies before the n-th call, or after it; where there is only so much `room`, its disk `fast` fills up."""

    def __init__(self, at: int, *, after: bool, plain: bool, fast: Path, room: int) -> None:
        self.left, self.after, self.plain = at, after, plain
        self.fast, self.room = fast, room

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.left -= 1
        if function is os.write and self.is_full_for(*args):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self.left == 0 and not self.after:
            raise Died
        plain = self.plain and function.__name__ == "rename_with_flags"
        done = False if plain else super().run(function, *args, **kwargs)
        if self.left == 0:
            raise Died
        return done

    def is_full_for(self, fd: int, data: memoryview) -> bool:
        if not Path(f"/proc/self/fd/{fd}").readlink().is_relative_to(self.fast):
            return False
        return (
            sum(file.stat().st_size for file in self.fast.rglob("*") if file.is_file()) + len(data)
            > self.room
        )


class Films(RuleBasedStateMachine):
    """Two films; `newest` is what everybody expects at a path, None where it was deleted."""

    def __init__(self) -> None:
        super().__init__()
        self.home = Path(tempfile.mkdtemp())
        self.stage = Stage(self.home / "stage")
        self.newest: dict[Path, bytes | None] = {}
        self.kept: list[tuple[datetime, bytes]] = []
        self.strays: set[str] = set()
        self.adrift: set[Path] = set()
        self.written = 0

    @initialize(layout=st.sampled_from(Layout), plain=st.booleans(), room=st.sampled_from((300, 1 << 30)))
    def begin(self, layout: Layout, plain: bool, room: int) -> None:
        self.layout, self.plain, self.room = layout, plain, room
        self.stage.desk = replace(self.stage.desk, grace_s=0.0, calls=self.calls())
        for name in NAMES:
            path = self.stage.film(name, name.encode())
            self.newest[path] = name.encode()
            cache_in(self.stage.desk, self.stage.spot(path, self.layout))

    def teardown(self) -> None:
        self.stage.close()
        shutil.rmtree(self.home)

    def calls(self, at: int = 0, *, after: bool = False) -> Dying:
        return Dying(at, after=after, plain=self.plain, fast=self.stage.fast, room=self.room)

    def path(self, number: int) -> Path:
        return sorted(self.newest)[number]

    def spot(self, path: Path) -> Spot:
        """Where its fast copy is, or would be."""
        known = self.stage.journal.cached(path)
        return self.stage.spot(path, self.layout) if known is None else known[0]

    def shown(self, path: Path) -> Path:
        """What the servers' view leads to."""
        fast = self.stage.spot(path).fast
        return fast if self.layout is Layout.UNION and fast.exists() else path

    def fresh(self) -> bytes:
        self.written += 1
        return f"content {self.written}".encode() * self.written

    @rule(number=st.integers(0, 1), back=st.booleans(), dies_at=st.integers(0, 40), after=st.booleans())
    def move(self, number: int, back: bool, dies_at: int, after: bool) -> None:
        path = self.path(number)
        desk = replace(self.stage.desk, calls=self.calls(dies_at, after=after))
        try:
            move_back(desk, path) if back else cache_in(desk, self.stage.spot(path, self.layout))
        except ProjectionistError:
            pass
        except Died:
            self.restart()

    @rule(number=st.integers(0, 1))
    def cache(self, number: int) -> None:
        with contextlib.suppress(ProjectionistError):
            cache_in(self.stage.desk, self.stage.spot(self.path(number), self.layout))

    def restart(self) -> None:
        self.stage.journal = Journal(self.stage.database, self.stage.clock, "here")
        self.stage.desk = replace(self.stage.desk, journal=self.stage.journal)
        recover(self.stage.desk)

    def expect_kept(self, path: Path) -> None:
        """What we have of a cached path is not to be lost for 14 days, whatever comes in its place."""
        spot = self.spot(path)
        if look(spot) is not Standing.AWAY:
            return
        until = self.stage.clock.now() + REST
        ours = (spot.aside, spot.fast) if self.layout is Layout.SYMLINK else (spot.aside,)
        self.kept += [(until, file.read_bytes()) for file in ours]

    @rule(number=st.integers(0, 1))
    def write_in_place(self, number: int) -> None:
        path = self.path(number)
        if self.newest[path] is not None and self.shown(path).exists():
            self.newest[path] = content = self.fresh()
            self.shown(path).write_bytes(content)

    @rule(number=st.integers(0, 1))
    def upgrade(self, number: int) -> None:
        path = self.path(number)
        self.expect_kept(path)
        self.newest[path] = content = self.fresh()
        self.stage.spot(path).path.parent.mkdir(parents=True, exist_ok=True)
        new = path.parent / "new"
        new.write_bytes(content)
        new.rename(path)
        if self.layout is Layout.UNION:  # renaming in a union removes the name from the other branches
            self.stage.spot(path).fast.unlink(missing_ok=True)

    @rule(number=st.integers(0, 1))
    def delete(self, number: int) -> None:
        path = self.path(number)
        self.expect_kept(path)
        self.newest[path] = None
        path.unlink(missing_ok=True)
        if self.layout is Layout.UNION:
            self.stage.spot(path).fast.unlink(missing_ok=True)

    @rule(number=st.integers(0, 1))
    def a_mover_empties_the_fast_disk(self, number: int) -> None:
        """As Unraid's does where nobody excludes the file: it comes to the slow disk, with its times."""
        spot = self.spot(self.path(number))
        if look(spot) is not Standing.AWAY:
            return
        self.kept.append((self.stage.clock.now() + REST, spot.aside.read_bytes()))
        moved = spot.path.parent / "moved"
        shutil.copy2(spot.fast, moved)
        moved.rename(spot.path)
        spot.fast.unlink()

    @rule(number=st.integers(0, 1))
    def a_mover_fills_the_fast_disk(self, number: int) -> None:
        """The other way round it takes what is hidden as well."""
        spot = self.spot(self.path(number))
        if look(spot) is Standing.AWAY and spot.aside.exists():
            stray = spot.fast.parent / spot.aside.name
            self.strays.add(str(stray))
            spot.aside.rename(stray)

    @rule(number=st.integers(0, 1), name=st.sampled_from(("three.mkv", "Show/Season 2/four.mkv")))
    def rename(self, number: int, name: str) -> None:
        """As an *arr does, through the servers' view."""
        path, new = self.path(number), self.stage.slow / name
        if new in self.newest or self.newest[path] is None:
            return
        for one in (path, self.stage.spot(path).fast) if self.layout is Layout.UNION else (path,):
            if os.path.lexists(one):
                there = one.parents[len(path.relative_to(self.stage.slow).parts) - 1] / name
                there.parent.mkdir(parents=True, exist_ok=True)
                one.rename(there)
        self.newest[new] = self.newest.pop(path)
        look_after(self.stage.desk)
        if self.layout is Layout.UNION and self.stage.journal.cached(new) is None:
            # Written to, then renamed: the union shows it, and only an audit can find it.
            self.adrift.add(new)

    @rule()
    def pull_and_plug(self) -> None:
        """Only what was not written to since it was copied is whole without the drive."""
        if self.layout is Layout.UNION:  # where a deletion that nobody saw before looks like a lost drive
            look_after(self.stage.desk)
        spots = [(self.spot(path), self.shown(path)) for path in self.newest]
        if any(shown.resolve() == spot.fast and not spot.aside.exists() for spot, shown in spots):
            return
        for spot, shown in spots:
            if self.newest[spot.path] is not None and shown.resolve() == spot.fast:
                self.newest[spot.path] = spot.aside.read_bytes()
        self.stage.pull()
        look_after(self.stage.desk)
        self.the_newest_is_at_the_path()
        self.stage.plug()
        hide_returned(self.stage.desk)

    @rule()
    def look_after(self) -> None:
        look_after(self.stage.desk)
        assert not self.stage.journal.unfinished()

    @rule(days=st.integers(1, 9))
    def days_pass(self, days: int) -> None:
        self.stage.clock.pass_by(days=days)
        let_go(self.stage.desk)

    @rule()
    def rebuild(self) -> None:
        look_after(self.stage.desk)
        rebuild(self.stage.desk, self.stage.slow, self.stage.fast, self.layout)

    @invariant()
    def the_newest_is_at_the_path(self) -> None:
        for path, content in self.newest.items():
            shown = self.shown(path)
            assert (shown.read_bytes() if shown.exists() else None) == content

    @invariant()
    def nothing_is_dropped_unseen(self) -> None:
        self.kept = [(until, content) for until, content in self.kept if until > self.stage.clock.now()]
        held = (
            {file.read_bytes() for file in self.stage.home.rglob("*") if file.is_file()} if self.kept else ()
        )
        for _, content in self.kept:
            assert content in held

    @invariant()
    def there_is_one_original_aside_at_most_and_all_else_is_known(self) -> None:
        rests = {row.resting for row in self.stage.journal.at_rest()}
        asides = {str(self.stage.spot(path).aside) for path in self.newest}
        hidden = {str(self.stage.home / name) for name in self.stage.hidden()}
        assert hidden <= rests | asides | self.strays
        for path in self.newest:
            spot = self.spot(path)
            if self.stage.journal.cached(path) is None:
                bare = {Standing.BARE} if path in self.adrift else set()
                assert look(spot) in {Standing.HOME, Standing.NOTHING} | bare


TestFilms = pytest.mark.slow(Films.TestCase)
TestFilms.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
