"""Take files at rest back and be killed before and after every call that changes a file.

`test_kill_taking_back` runs this as a program: `python -m tests.recovery.taking_back SCENE HOME`. For every point
there are fresh disks and a process of its own that dies there; what it left is recovered and looked at. Prints what it
saw as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from projectionist.features.cache.mending.taking_back import Where, take_back
from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import look_after, recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.swapping import cache_in
from projectionist.kit.swaps import FileCalls
from tests.features.cache.auditing.ward import FILM, Ward
from tests.features.cache.stage import PlainCalls, Stage
from tests.recovery.swapping import PlainPointedCalls, PointedCalls, Points, in_child

CONTENT = b"every byte of it" * 8192
NEWER = b"a newer film" * 999


@dataclass(frozen=True)
class Scene:
    """What is taken back, and where to; `original` or the fast copy, with `newer` at the path or nothing."""

    original: bool
    where: Where = Where.PATH
    layout: Layout = Layout.SYMLINK
    plain: bool = False
    newer: bool = False


class Life:
    """A film whose path somebody deleted: what there was of it rests."""

    def __init__(self, home: Path, scene: Scene) -> None:
        self.home, self.scene = home, scene
        self.path = home / "slow" / FILM
        self.first = home.with_name("first")
        stage = Stage(home)
        try:
            self._prepare(Ward(stage, scene.layout))
        finally:
            stage.close()
        shutil.copytree(home, self.first, symlinks=True)

    def begin(self) -> None:
        """Bring the disks and the database to where it starts."""
        shutil.rmtree(self.home)
        shutil.copytree(self.first, self.home, symlinks=True)

    def _prepare(self, ward: Ward) -> None:
        spot = ward.spot(ward.stage.film(FILM, CONTENT))
        assert cache_in(ward.stage.desk, spot) is Outcome.CACHED
        (spot.path if spot.path.is_symlink() else spot.fast).unlink()
        look_after(ward.stage.desk)
        if self.scene.newer:
            ward.put(self.path, NEWER)
        rows = ward.stage.journal.at_rest()
        row = next(
            one for one in rows if self.scene.original is (Path(one.resting).parent == Path(one.path).parent)
        )
        self.number, self.resting = row.id, Path(row.resting)
        self.copies = ward.everything().count(CONTENT)

    def act(self, points: Points | None, deed: Callable[[Ward], Any]) -> Any:
        plain, pointed = (PlainCalls, PlainPointedCalls) if self.scene.plain else (FileCalls, PointedCalls)
        stage = Stage(self.home, pointed(points) if points else plain(), fresh=False)
        try:
            return deed(Ward(stage, self.scene.layout))
        finally:
            stage.close()

    def operate(self, ward: Ward) -> None:
        take_back(ward.care, self.number, lambda: None, where=self.scene.where)

    def look(self, ward: Ward) -> list[str]:
        """What is wrong after a recovery."""
        wrong = []
        recover(ward.stage.desk)
        rests = {Path(row.resting) for row in ward.stage.journal.at_rest()}
        if ward.everything().count(CONTENT) < self.copies:
            wrong.append("a content is lost")
        if self.scene.newer and self.path.read_bytes() != NEWER:
            wrong.append("what was at the path is something else")
        if any(not one.exists() for one in rests):
            wrong.append("a file at rest is lost")
        orphans = {ward.stage.home / name for name in ward.stage.hidden()} - rests
        if orphans:
            wrong.append(f"orphans {sorted(orphans)}")
        if ward.stage.journal.unfinished():
            wrong.append("the journal is not empty")
        # on the fast disk it is again what it was before its rest: a file that nobody knows
        expected = {"duplicate", "orphan"} if self.scene.where is Where.PLACE else {"duplicate"}
        if {one.kind for one in ward.look().findings} - expected:
            wrong.append(f"an audit finds {ward.found()}")
        return wrong

    def again(self, ward: Ward) -> list[str]:
        """What is wrong once somebody has taken it back where it rests still."""
        if self.resting.exists() and not (self.path.exists() and self.scene.where is Where.PATH):
            self.operate(ward)
        if self.scene.where is Where.PATH and self.path.read_bytes() != CONTENT:
            return ["it is not at its path"]
        return []


def count(life: Life) -> dict[str, Any]:
    """The calls of one whole taking back, and what changed a file without being one."""
    reading, writing = os.pipe()

    def record() -> None:
        points = Points()
        points.judge(life.home)
        life.act(points, life.operate)
        os.write(writing, json.dumps({"names": points.names, "unmarked": points.unmarked}).encode())

    status = in_child(record)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    assert status == 0, "it fails without being killed"
    return dict(json.loads(text))


def main(home: Path, scene: Scene) -> dict[str, Any]:
    life = Life(home, scene)
    counted = count(life)
    wrong: list[str] = []
    killed = 0
    for number in range(1, len(counted["names"]) + 1):
        for after in (False, True):
            life.begin()
            status = in_child(partial(life.act, Points(number, after=after), life.operate))
            killed += status == signal.SIGKILL
            found = life.act(None, life.look) + life.act(None, life.again)
            where = f"{'after' if after else 'before'} {number} {counted['names'][number - 1]}"
            wrong += [f"{where}: {what}" for what in found]
    return {**counted, "killed": killed, "wrong": wrong}


def scene_of(text: str) -> Scene:
    given = json.loads(text)
    return Scene(
        given["original"],
        Where(given.get("where", Where.PATH)),
        Layout(given.get("layout", Layout.SYMLINK)),
        bool(given.get("plain")),
        bool(given.get("newer")),
    )


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[2]), scene_of(sys.argv[1]))))
