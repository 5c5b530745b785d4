"""Many films on all cores: worker processes, so that a decoder that crashes takes only its own film down.

The parent is one thread that hands out tasks and waits for events; a worker makes one film at a time. Workers
are forked where that is safe, so that a new one costs milliseconds.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import TypeAlias

from projectionist.errors import ProjectionistError
from projectionist.features.previews.making import Recipe, Result, Task, make_previews
from projectionist.kit import files

STALLED_AFTER = 300.0
"""Seconds without a sign of life, after which a worker is given up: a disk or a server has stopped answering."""

_TICK = 0.1
_REPORT_EVERY = 0.2
_GRACE = 0.5
_LONELY = 1.0
"""Seconds between an idle worker's looks at whether its parent still lives."""

_MEMORY = 3 << 30
"""Address space of a worker: whatever a file claims, it cannot take the machine's memory."""

_context = (
    multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Began:
    """A worker took up a film."""

    task: Task


@dataclass(frozen=True, slots=True)
class Progress:
    """So much of a film is done, as a share from 0 to 1."""

    task: Task
    share: float


@dataclass(frozen=True, slots=True)
class Ended:
    """A film is done with."""

    task: Task
    result: Result


Event: TypeAlias = Began | Progress | Ended | None
"""None is the tick of the clock, ten times a second, for those who draw."""

Make: TypeAlias = Callable[[Task, Recipe, Callable[[float], None]], Result]


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    pipe: Connection
    task: Task | None = None
    heard: float = field(default_factory=time.monotonic)


class Batch:
    """Makes the previews of many films; iterate `run`. Closing the iterator stops the workers within a second."""

    def __init__(
        self,
        recipe: Recipe,
        *,
        workers: int,
        nice: int = 0,
        stalled_after: float = STALLED_AFTER,
        make: Make = make_previews,
    ) -> None:
        self._recipe = recipe
        self._wanted = max(1, workers)
        self._nice = nice
        self._stalled_after = stalled_after
        self._make = make
        self._workers: list[_Worker] = []

    def run(self, tasks: Iterable[Task]) -> Generator[Event, None, None]:
        """Work through `tasks`, in their order; yields what happens, and None on each tick."""
        waiting = deque(tasks)
        try:
            while waiting or any(worker.task for worker in self._workers):
                yield from self._hand_out(waiting)
                yield from self._listen()
                yield None
        finally:
            self._stop()

    def _hand_out(self, waiting: deque[Task]) -> Iterator[Event]:
        while waiting:
            worker = self._idle()
            if worker is None:
                return
            worker.task = waiting.popleft()
            worker.heard = time.monotonic()
            try:
                worker.pipe.send(worker.task)
            except OSError:
                yield self._bury(worker)
                continue
            yield Began(worker.task)

    def _idle(self) -> _Worker | None:
        for worker in self._workers:
            if worker.task is None:
                return worker
        if len(self._workers) < self._wanted:
            self._workers.append(self._start())
            return self._workers[-1]
        return None

    def _start(self) -> _Worker:
        ours, theirs = _context.Pipe()
        process = _context.Process(
            target=_work,
            args=(theirs, os.getpid(), self._recipe, self._nice, self._make),
            name="projectionist-previews",
            daemon=True,
        )
        sys.stdout.flush()
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _listen(self) -> Iterator[Event]:
        busy = [worker for worker in self._workers if worker.task]
        ready = wait(
            [one for worker in busy for one in (worker.pipe, worker.process.sentinel)], timeout=_TICK
        )
        for worker in busy:
            if worker.pipe in ready or worker.process.sentinel in ready:
                yield from self._hear(worker)
            elif time.monotonic() - worker.heard > self._stalled_after:
                yield self._bury(worker, stalled=True)

    def _hear(self, worker: _Worker) -> Iterator[Event]:
        task = worker.task
        assert task is not None
        worker.heard = time.monotonic()
        try:
            while worker.pipe.poll():
                message = worker.pipe.recv()
                if isinstance(message, Result):
                    worker.task = None
                    yield Ended(task, message)
                    return
                yield Progress(task, message)
        except (EOFError, OSError):
            yield self._bury(worker)
            return
        if not worker.process.is_alive() and not worker.pipe.poll():
            yield self._bury(worker)

    def _bury(self, worker: _Worker, *, stalled: bool = False) -> Ended:
        """Give up a worker that died or hangs, and say so of its film."""
        task = worker.task
        assert task is not None
        worker.task = None
        self._workers.remove(worker)
        if stalled:
            worker.process.kill()
        worker.process.join(_GRACE)
        worker.pipe.close()
        _clear_up(task)
        if stalled:
            outcome = "stalled"
            message = (
                f"{task.film} gave no answer for {self._stalled_after:.0f} s and was left; check the disk or the "
                "network it is on, then run again."
            )
        else:
            outcome = "crashed"
            message = (
                f"{task.film} made the decoder crash ({_ending(worker.process.exitcode)}); nothing was written for it, "
                "the other films went on."
            )
        return Ended(task, Result(task.film, outcome, message))

    def _stop(self) -> None:
        """Ask all workers to stop, insist after half a second, and leave nothing half-made behind."""
        for worker in self._workers:
            worker.pipe.close()
            if worker.task:
                worker.process.terminate()
        deadline = time.monotonic() + _GRACE
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join(_GRACE)
            if worker.task:
                _clear_up(worker.task)
        self._workers.clear()


def _clear_up(task: Task) -> None:
    for home in {output.home for output in task.outputs if output.home.is_dir()}:
        with suppress(ProjectionistError):
            files.remove_stale_temporaries(home)


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        with suppress(ValueError):
            return signal.Signals(-code).name
    return f"exit code {code}"


class _Stopped(BaseException):
    """The parent asked the worker to stop: unwinds it, so that what is half-made is dropped."""


def _work(pipe: Connection, parent: int, recipe: Recipe, nice: int, make: Make) -> None:
    """The life of a worker: a task, its result, the next; until the parent closes the pipe or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _stop_working)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with suppress(OSError):
        os.nice(nice)
    with suppress(EOFError, OSError, _Stopped):
        while os.getppid() == parent:
            if pipe.poll(_LONELY):
                pipe.send(_made(pipe.recv(), recipe, make, _Reporter(pipe, parent)))


def _made(task: Task, recipe: Recipe, make: Make, report: Callable[[float], None]) -> Result:
    try:
        return make(task, recipe, report)
    except (BrokenPipeError, ConnectionError):
        raise
    except Exception as error:  # noqa: BLE001 - the batch loop: one bad film never stops the rest
        _log.exception("making the previews of one film failed")
        return Result(
            task.film,
            "failed",
            f"{task.film} met a fault in Projectionist itself ({type(error).__name__}: {error}); nothing was written "
            "for it. Please report it.",
        )


def _stop_working(number: int, frame: FrameType | None) -> None:
    raise _Stopped


class _Reporter:
    """Tells the parent how far a film is, a few times a second; stops the worker where the parent is gone."""

    def __init__(self, pipe: Connection, parent: int) -> None:
        self._pipe = pipe
        self._parent = parent
        self._next = 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _REPORT_EVERY
        if os.getppid() != self._parent:
            raise _Stopped
        self._pipe.send(share)
