"""Run a batch with a stand-in for the maker of previews; `test_kill_batch` runs this as a program.

`python -m tests.recovery.batches FOLDER DEED...` makes one "film" per deed with two workers and prints, per film that
ended, a JSON line with its name (the deed's number), outcome and message; the last line tells the most films that
were worked on at once. Deeds write what they do into FOLDER. A number before the deeds is how many processes the
system gives, each of them at the moment of a Ctrl-C.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from projectionist.features.previews import batch
from projectionist.features.previews.batch import Began, Ended
from projectionist.features.previews.making import Recipe, Result, Task
from projectionist.frames.thumbnails import Wanted

STALLED_AFTER = 1.0
ASLEEP = 0.5


class Hostile:
    """A system that starts so many processes and no more, and each of them in the very moment of a Ctrl-C."""

    def __init__(self, processes: int) -> None:
        self._left = processes
        self._real = batch._context

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def Process(self, **wanted: Any) -> Any:  # noqa: N802
        if not self._left:
            raise BlockingIOError(11, "Resource temporarily unavailable")
        self._left -= 1
        return self._real.Process(**{**wanted, "target": interrupted(wanted["target"])})


def interrupted(work: Callable[..., None]) -> Callable[..., None]:
    def start(*arguments: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        work(*arguments)

    return start


def make(task: Task, recipe: Recipe, report: Callable[[float], None]) -> Result:
    """Do what the film's name says."""
    folder, deed = task.film.parent, task.film.suffix[1:]
    report(0.5)
    (folder / f"{task.film.stem}.pid").write_text(str(os.getpid()))
    if deed == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif deed == "segv":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif deed == "leave":
        os._exit(3)
    elif deed == "hang":
        signal.pause()
    elif deed == "raise":
        raise ZeroDivisionError("one\ntwo")
    elif deed == "memory":
        bytearray(1 << 40)
    elif deed == "pipe":
        raise BrokenPipeError(32, "Broken pipe")
    elif deed == "work":
        while not (folder / "enough").exists():
            report(0.5)
            os.sched_yield()
    elif deed == "wait":
        _wait_for_the_other(folder, task.film.stem)
    return Result(task.film, "made")


def _wait_for_the_other(folder: Path, mine: str) -> None:
    """Two films that wait for each other end only where they are worked on at once."""
    deadline = time.monotonic() + 20
    while len(list(folder.glob("*.pid"))) < 2 and time.monotonic() < deadline:
        os.sched_yield()


def main(folder: Path, deeds: list[str]) -> None:
    batch._ASLEEP = ASLEEP
    if deeds[0].isdigit():
        batch._context = cast(Any, Hostile(int(deeds.pop(0))))
    tasks = [Task(folder / f"{number}.{deed}", (), 1) for number, deed in enumerate(deeds)]
    films = batch.Batch(Recipe(Wanted()), workers=2, stalled_after=STALLED_AFTER, make=make)
    working, peak = 0, 0
    for event in films.run(tasks):
        working += isinstance(event, Began) - isinstance(event, Ended)
        peak = max(peak, working)
        if isinstance(event, Ended):
            result = event.result
            print(json.dumps([result.path.name, result.outcome, result.message]), flush=True)
    print(json.dumps(peak), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
