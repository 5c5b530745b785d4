"""Move films between two tiers and be killed before and after every call that changes a file.

`test_kill_swap` runs this as a program: `python -m tests.recovery.swapping SCENE HOME VIEW`. One film lives in HOME
through it all; a process of its own is forked for every point, dies there, and what it left is recovered and
looked at, while another process reads the film through VIEW without a pause. Prints what it saw as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from projectionist.features.cache.models import Layout
from projectionist.features.cache.recovering import recover
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.sidecars import (
    Sidecars,
    cache_with_sidecars,
    move_back_with_sidecars,
    return_stranded,
)
from projectionist.features.cache.spots import Standing, look
from projectionist.kit.swaps import FileCalls
from tests.features.cache.stage import GRACE_S, PlainCalls, Stage

NAME = "Film (2001)/Film (2001).mkv"
CONTENT = b"every byte of it" * 8192
CHANGING = {
    *("os.remove", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.rmdir", "os.truncate"),
    *("os.chmod", "os.chown", "os.utime", "os.setxattr", "ctypes.dlsym"),
}
"""What Python's audit calls the changes of files; `open` is looked at by its flags."""


@dataclass(frozen=True)
class Scene:
    """What is done, and on what kind of file system."""

    layout: Layout
    plain: bool
    back: bool
    changed: bool = False
    linked: bool = False
    sidecars: bool = False
    twice: bool = False
    """Whether the recovery is killed as well, at every call it makes."""


class Points:
    """Counts calls and, where it is told to, ends the process before or after one."""

    def __init__(self, at: int | None = None, *, after: bool = False) -> None:
        self.at, self.after = at, after
        self.names: list[str] = []
        self.inside = 0
        self.unmarked: list[str] = []

    def run(self, call: Callable[..., Any], function: Any, *args: Any, **kwargs: Any) -> Any:
        self.names.append(function.__name__)
        self._end_if(not self.after)
        self.inside += 1
        try:
            return call(function, *args, **kwargs)
        finally:
            self.inside -= 1
            self._end_if(self.after)

    def _end_if(self, now: bool) -> None:
        if now and self.at == len(self.names):
            os.kill(os.getpid(), signal.SIGKILL)

    def judge(self, home: Path) -> None:
        """From now on note every change of a file in `home` that came without a point."""

        def hear(event: str, args: tuple[Any, ...]) -> None:
            writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
            if not (event in CHANGING or writes) or self.inside:
                return
            if any(str(home / tier) in str(arg) for arg in args for tier in ("slow", "fast")) or (
                event == "ctypes.dlsym"
            ):
                self.unmarked.append(event)

        sys.addaudithook(hear)


class PointedCalls(FileCalls):
    def __init__(self, points: Points) -> None:
        self.points = points

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return self.points.run(super().run, function, *args, **kwargs)


class PlainPointedCalls(PlainCalls):
    def __init__(self, points: Points) -> None:
        self.points = points

    def run(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        return self.points.run(super().run, function, *args, **kwargs)


class Life:
    """One film, and whoever works on it; `calls` is made anew for every process."""

    def __init__(self, home: Path, scene: Scene) -> None:
        self.home, self.scene = home, scene
        self.path = home / "slow" / NAME
        stage = Stage(home)
        stage.film(NAME, CONTENT)
        self.beside = self.path.with_suffix(".en.srt") if scene.sidecars else None
        if self.beside is not None:
            stage.film(str(self.beside.relative_to(stage.slow)), CONTENT)
        if scene.linked:
            os.link(self.path, home / "slow" / "seed.mkv")
        stage.close()
        self.content = CONTENT

    def act(self, points: Points | None, deed: Callable[[Stage], Any]) -> Any:
        plain, pointed = (PlainCalls, PlainPointedCalls) if self.scene.plain else (FileCalls, PointedCalls)
        stage = Stage(self.home, pointed(points) if points else plain(), fresh=False)
        try:
            return deed(stage)
        finally:
            stage.close()

    def operate(self, stage: Stage) -> None:
        if self.scene.back:
            assert move_back_with_sidecars(stage.desk, self.path) is Outcome.HOME
        else:
            assert self.cache(stage) is Outcome.CACHED

    def cache(self, stage: Stage) -> Outcome:
        spot = stage.spot(self.path, self.scene.layout)
        wanted = Sidecars.SUBTITLES if self.scene.sidecars else Sidecars.NONE
        return cache_with_sidecars(stage.desk, spot, wanted, hard_links=self.scene.linked)

    def recover(self, stage: Stage) -> None:
        recover(stage.desk)
        return_stranded(stage.desk)

    def begin(self, stage: Stage) -> None:
        """Bring the film to where the operation starts."""
        cached = stage.journal.cached(self.path) is not None
        spot = stage.spot(self.path, self.scene.layout)
        if cached and (self.beside is not None or not self.scene.back):
            move_back_with_sidecars(stage.desk, self.path)
            cached = False
        if self.scene.back and not cached:
            self.cache(stage)
        if self.scene.changed and spot.fast.exists():
            with spot.fast.open("ab") as file:  # in place, as a tool that writes tags does
                file.write(b"!")
            self.content += b"!"

    def look(self, stage: Stage) -> list[str]:
        """What is wrong after a recovery."""
        spot, wrong = stage.spot(self.path, self.scene.layout), []
        standing, cached = look(spot), stage.journal.cached(self.path) is not None
        shown = spot.fast if spot.fast.exists() else spot.path
        if shown.read_bytes() != self.content:
            wrong.append("other bytes")
        if standing not in (Standing.HOME, Standing.AWAY) or cached != (standing is Standing.AWAY):
            wrong.append(f"{standing} while cached={cached}")
        rests = {row.resting for row in stage.journal.at_rest()}
        orphans = {str(stage.home / name) for name in stage.hidden()} - rests
        if self.beside is not None:
            orphans -= self.look_beside(stage, wrong)
        if orphans != ({str(spot.aside)} if cached else set()):
            wrong.append(f"orphans {sorted(orphans)}")
        if rests and not self.scene.changed:
            wrong.append(f"at rest without reason: {rests}")
        if any(not Path(rest).exists() for rest in rests):
            wrong.append("a file at rest is lost")
        kept = [name for name in stage.on_fast() if (stage.fast / name).is_file() and ".rest" not in name]
        left = [name for name in kept if self.beside is None or Path(name).name != self.beside.name]
        if left and not cached:
            wrong.append(f"left on the fast disk: {left}")
        if stage.journal.unfinished():
            wrong.append("the journal is not empty")
        if self.scene.linked and (stage.slow / "seed.mkv").read_bytes() != CONTENT:
            wrong.append("the seed has changed")
        return wrong

    def look_beside(self, stage: Stage, wrong: list[str]) -> set[str]:
        """The same for the sidecar, which may be at home while its film is away; what is rightly hidden of it."""
        assert self.beside is not None
        spot = stage.spot(self.beside, self.scene.layout)
        standing, cached = look(spot), stage.journal.cached(self.beside) is not None
        shown = spot.fast if spot.fast.exists() else spot.path
        if shown.read_bytes() != CONTENT:
            wrong.append("other bytes beside")
        if cached != (standing is Standing.AWAY) or spot.fast.exists() != cached:
            wrong.append(f"the sidecar is {standing} while cached={cached}")
        if cached and stage.journal.cached(self.path) is None:
            wrong.append("the sidecar is stranded")
        return {str(spot.aside)} if cached else set()


def in_child(deed: Callable[[], object]) -> int:
    child = os.fork()
    if not child:
        code = 1
        try:
            deed()
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def poll(views: list[Path], told: int, longest: int, *, is_union: bool) -> None:
    """Read through the first view that has it, without a pause, until told to stop by SIGTERM.

    A real union looks for the branch and opens the file there in two steps of its own, and says
    that there is none where a branch's name goes between the two; the next look is right then: that is `between`.
    """
    seen = {"polls": 0, "missing": 0, "other": 0, "asleep": 0, "between": 0}
    going = True

    def stop(*_: Any) -> None:
        nonlocal going
        going = False

    signal.signal(signal.SIGTERM, stop)
    while going:
        seen["polls"] += 1
        began = time.monotonic()
        try:
            content = read_first(views)
        except OSError:
            # Who was put to sleep between two branches, for longer than a union is given, has seen nothing.
            if time.monotonic() - began >= GRACE_S / 2:
                seen["asleep"] += 1
            elif is_union and is_there(views[0]):
                seen["between"] += 1
            else:
                seen["missing"] += 1
            continue
        if not (len(CONTENT) <= len(content) <= longest) or content.rstrip(b"!") != CONTENT:
            seen["other"] += 1
    os.write(told, json.dumps(seen).encode())


def is_there(path: Path) -> bool:
    try:
        path.read_bytes()
    except OSError:
        return False
    return True


def read_first(views: list[Path]) -> bytes:
    for view in views[:-1]:
        try:
            return view.read_bytes()
        except FileNotFoundError:
            continue
    return views[-1].read_bytes()


def announced(deed: Callable[[], object]) -> None:
    """For whoever traces this process."""
    with Path(os.devnull).open("wb", buffering=0) as nobody:
        nobody.write(b"the operation begins")
        deed()
        nobody.write(b"the operation has ended")


def count(life: Life) -> dict[str, Any]:
    """The calls of one whole operation, and what changed a file without being one."""
    reading, writing = os.pipe()

    def record() -> None:
        points = Points()
        points.judge(life.home)
        life.act(points, lambda stage: announced(partial(life.operate, stage)))
        os.write(writing, json.dumps({"names": points.names, "unmarked": points.unmarked}).encode())

    life.act(None, life.begin)
    status = in_child(record)
    os.close(writing)
    with os.fdopen(reading) as told:
        text = told.read()
    assert status == 0, "the operation fails without being killed"
    return dict(json.loads(text))


def kill_everywhere(life: Life) -> dict[str, Any]:
    counted = count(life)
    wrong: list[str] = []
    killed = again = 0
    for number in range(1, len(counted["names"]) + 1):
        for after in (False, True):
            life.act(None, life.begin)
            status = in_child(partial(life.act, Points(number, after=after), life.operate))
            killed += status == signal.SIGKILL
            if status != signal.SIGKILL:
                wrong.append(f"point {number} was not reached")
            again += die_again(life) if life.scene.twice else 0
            life.act(None, life.recover)
            found = life.act(None, life.look)
            where = f"{'after' if after else 'before'} {number} {counted['names'][number - 1]}"
            wrong += [f"{where}: {what}" for what in found]
    return {**counted, "killed": killed, "killed_again": again, "wrong": wrong}


def die_again(life: Life) -> int:
    """Recover and be killed after the first call, then after the second one that is left, until one gets through."""
    for number in range(100):
        points = Points(1 + number % 3, after=True)
        status = in_child(partial(life.act, points, lambda stage: recover(stage.desk)))
        if status != signal.SIGKILL:
            return number
    raise AssertionError("no recovery gets through")


def main(scene: Scene, home: Path, views: list[Path]) -> dict[str, Any]:
    life = Life(home, scene)
    reading, writing = os.pipe()
    poller = os.fork()
    if not poller:
        is_union = scene.layout is Layout.UNION and len(views) == 1
        poll([view / NAME for view in views], writing, len(CONTENT) + 10_000, is_union=is_union)
        os._exit(0)
    os.close(writing)
    try:
        time.sleep(0.1)
        result = kill_everywhere(life)
    finally:
        os.kill(poller, signal.SIGTERM)
        os.waitpid(poller, 0)
    with os.fdopen(reading) as told:
        return result | dict(json.loads(told.read()))


def scene_of(text: str) -> Scene:
    wanted = replace(Scene(Layout.SYMLINK, plain=False, back=False), **json.loads(text))
    return replace(wanted, layout=Layout(wanted.layout))


if __name__ == "__main__":
    if sys.argv[1] == "count":
        print(json.dumps(count(Life(Path(sys.argv[3]), scene_of(sys.argv[2])))))
    else:
        print(
            json.dumps(main(scene_of(sys.argv[1]), Path(sys.argv[2]), [Path(view) for view in sys.argv[3:]]))
        )
