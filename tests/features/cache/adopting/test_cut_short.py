"""Repairs and takings-over that end before or after any call that changes a file, and are begun again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from projectionist.features.cache.adopting.moving_in import adopt, look_over
from projectionist.features.cache.auditing.repairing import repair
from projectionist.features.cache.auditing.scrubbing import scrub
from projectionist.features.cache.journal import Journal
from projectionist.features.cache.models import Layout
from projectionist.features.cache.queries import copy_at
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.kit.swaps import FileCalls
from tests.features.cache.adopting.rival import cached_by_rival
from tests.features.cache.auditing.ward import FILM, Ward
from tests.features.cache.stage import OLD, Stage

BETTER = b"a better version " * 9999


class Died(BaseException):
    """The process ended here."""


class Dying(FileCalls):
    """Dies before the n-th call, or after it; with 0 it lives and counts. `look` sees what every call left."""

    def __init__(self, at: int, look: Callable[[], None], *, after: bool, plain: bool) -> None:
        self.at, self.after, self.plain, self.look = at, after, plain, look
        self.count = 0

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        self.count += 1
        if self.count == self.at and not self.after:
            raise Died
        refused = self.plain and function.__name__ == "rename_with_flags"
        done = False if refused else super().run(function, *args, **kwargs)
        self.look()
        if self.count == self.at:
            raise Died
        return done


@dataclass(frozen=True)
class Scene:
    """What is on the disks at first, what is done then, and what is at the path in the end."""

    name: str
    arrange: Callable[[Ward], bytes]
    act: Callable[[Ward], object]
    may_differ: bool = False
    """Whether players may see another content in between, or in the end, than they saw at first."""


def move_in(ward: Ward) -> None:
    list(adopt(ward.care, look_over(ward.care, (), lambda: None)))


def audit_and_mend(ward: Ward) -> None:
    for finding in ward.look().findings:
        repair(ward.care, finding)


def scrub_and_mend(ward: Ward) -> None:
    for finding in scrub(ward.care).findings:
        repair(ward.care, finding)


def a_pair(ward: Ward) -> bytes:
    return cached_by_rival(ward)[2]


def a_hidden_pair(ward: Ward) -> bytes:
    return cached_by_rival(ward, hidden=True)[2]


def a_stub(ward: Ward) -> bytes:
    spot, _, good = cached_by_rival(ward)
    ward.put(spot.fast, good[:50_000], OLD + 5)
    return good


def an_upgrade(ward: Ward) -> bytes:
    spot, _, _ = cached_by_rival(ward)
    ward.put(spot.fast, BETTER, OLD + 5)
    return BETTER


def a_duplicate(ward: Ward) -> bytes:
    path = ward.stage.film(FILM)
    ward.put(ward.spot(path).fast, path.read_bytes(), OLD)
    return path.read_bytes()


def a_torn_duplicate(ward: Ward) -> bytes:
    path = ward.stage.film(FILM)
    good = path.read_bytes()
    ward.put(ward.spot(path).fast, good[:50_000], OLD + 5)
    return good


def an_only_copy(ward: Ward) -> bytes:
    spot, good = ward.cached()
    spot.aside.unlink()
    return good


def a_torn_original(ward: Ward) -> bytes:
    spot, good = ward.cached()
    spot.aside.write_bytes(b"torn")
    return good


def a_rotten_copy(ward: Ward) -> bytes:
    spot, good = ward.cached()
    spot.fast.write_bytes(b"?" + good[1:])
    found = spot.fast.stat()
    with ward.stage.database.write() as session:
        row = copy_at(session, str(spot.path))
        assert row is not None
        row.fast_ctime_ns = found.st_ctime_ns
    return good


SCENES = (
    Scene("a pair of PlexCache-D", a_pair, move_in),
    Scene("a pair of Cacherr", a_hidden_pair, move_in),
    Scene("a stub", a_stub, move_in, may_differ=True),
    Scene("an upgrade", an_upgrade, move_in),
    Scene("a duplicate", a_duplicate, audit_and_mend),
    Scene("a torn duplicate", a_torn_duplicate, audit_and_mend, may_differ=True),
    Scene("an only copy", an_only_copy, audit_and_mend),
    Scene("a torn original", a_torn_original, audit_and_mend),
    Scene("a rotten copy", a_rotten_copy, scrub_and_mend, may_differ=True),
)


class Life:
    """One scene on fresh disks, told to die at a call."""

    def __init__(self, home: Path, scene: Scene, layout: Layout, prepared: Path, *, plain: bool) -> None:
        self.home, self.scene, self.layout, self.plain = home, scene, layout, plain
        home.mkdir()
        shutil.copy(prepared, home)
        for tier in ("slow", "fast"):
            (home / tier).mkdir()
            mark_tier(home / tier)
        self.missing: list[str] = []

    def ward(self) -> Ward:
        stage = Stage(self.home, fresh=False)
        stage.journal = Journal(stage.database, stage.clock, "here")
        stage.desk = replace(stage.desk, journal=stage.journal, grace_s=0.0)
        return Ward(stage, self.layout)

    def live(self, at: int, *, after: bool) -> int:
        """Act and die, then recover and act again; how many calls it made until it died, or in all."""
        ward = self.ward()
        path = ward.stage.slow / FILM
        good = self.scene.arrange(ward)
        before = set(ward.everything())
        seen = ward.shown(path)

        def look() -> None:
            try:
                now = ward.shown(path)
            except FileNotFoundError:
                self.missing.append(f"missing at {at}")
                return
            if now != seen and not (self.scene.may_differ and now == good):
                self.missing.append(f"another content at {at}")

        calls = Dying(at, look, after=after, plain=self.plain)
        ward.stage.desk = replace(ward.stage.desk, calls=calls)
        try:
            self.scene.act(ward)
        except Died:
            pass
        finally:
            ward.stage.close()
        again = self.ward()
        recover(again.stage.desk)
        assert before <= set(again.everything()), "a content was lost"
        self.scene.act(again)
        audit_and_mend(again)
        assert again.shown(path) == good
        assert before <= set(again.everything()), "a content was lost"
        assert self.missing == []
        assert not again.stage.journal.unfinished()
        assert again.found() == []
        again.stage.close()
        return calls.count


@pytest.mark.slow
@pytest.mark.parametrize("plain", [False, True], ids=["exchange", "plain"])
@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_cut_short_at_any_call_it_loses_nothing_and_is_ended_later(
    tmp_path: Path, prepared: Path, scene: Scene, layout: Layout, plain: bool
) -> None:
    points = Life(tmp_path / "whole", scene, layout, prepared, plain=plain).live(0, after=False)
    assert points > 1
    for at in range(1, points + 1):
        for after in (False, True):
            Life(tmp_path / f"{at}{after}", scene, layout, prepared, plain=plain).live(at, after=after)
    print(f"{scene.name}, {layout}: {2 * points} points")
