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
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, SpawnContext
from multiprocessing.process import BaseProcess
from typing import TypeAlias

from projectionist.errors import ProjectionistError
from projectionist.features.previews.making import WHOLE, Recipe, Result, Task, make_previews
from projectionist.kit import files

STALLED_AFTER = 300.0
"""Seconds without a sign of life, after which a worker is given up: a disk or a server has stopped answering."""

_TICK = 0.1
_REPORT_EVERY = 0.2
_GRACE = 0.5
_ASLEEP = 5.0
"""Seconds without a look at the workers, after which their silence tells nothing: we were stopped, or they were."""
_LONELY = 1.0
"""Seconds between an idle worker's looks at whether its parent still lives."""

_MEMORY = 3 << 30
"""Address space of a worker: whatever a file claims, it cannot take the machine's memory."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)

_context = (
    multiprocessing.get_context("fork") if sys.platform == "linux" else multiprocessing.get_context("spawn")
)
_server = (
    multiprocessing.get_context("forkserver")
    if sys.platform == "linux"
    else multiprocessing.get_context("spawn")
)
"""For a parent of many threads, where a fork may copy a lock that nobody will ever open again."""

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
    """Makes the previews of many films; iterate `run`. Closing the iterator ends the workers within a second."""

    def __init__(
        self,
        recipe: Recipe,
        *,
        workers: int,
        nice: int = 0,
        stalled_after: float = STALLED_AFTER,
        make: Make = make_previews,
        threaded: bool = False,
    ) -> None:
        """`threaded` says that the parent has other threads: its workers come from a server of forks."""
        self._recipe = recipe
        self._wanted = max(1, workers)
        self._nice = nice
        self._stalled_after = stalled_after
        self._make = make
        self._threaded = threaded
        self._workers: list[_Worker] = []
        self._looked = time.monotonic()

    def run(self, tasks: Iterable[Task]) -> Generator[Event, None, None]:
        """Work through `tasks`, in their order; yields what happens, and None on each tick.

        Raises ProjectionistError where the system gives no process at all.
        """
        waiting = deque(tasks)
        tick = 0.0
        try:
            while waiting or any(worker.task for worker in self._workers):
                yield from self._hand_out(waiting)
                yield from self._listen()
                if time.monotonic() >= tick:
                    tick = time.monotonic() + _TICK
                    yield None
        finally:
            with _signals_held():
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
        self._drop_dead_idlers()
        for worker in self._workers:
            if worker.task is None:
                return worker
        if len(self._workers) >= self._wanted:
            return None
        try:
            with _signals_held():
                self._workers.append(self._start())
        except OSError as error:
            if not self._workers:
                raise ProjectionistError(
                    f"No process could be started to work in ({error.strerror}); close other programs, or raise the "
                    "limit on processes, and run again."
                ) from None
            self._wanted = len(self._workers)
            return None
        return self._workers[-1]

    def _drop_dead_idlers(self) -> None:
        """A worker that was killed between two films has taken none down."""
        for worker in [one for one in self._workers if one.task is None and not one.process.is_alive()]:
            worker.pipe.close()
            self._workers.remove(worker)

    def _start(self) -> _Worker:
        """A new worker. Signals are held: one that came right after the fork would unwind the child as us."""
        context = _ready_server() if self._threaded else _context
        ours, theirs = context.Pipe()
        try:
            process = context.Process(
                target=_work,
                args=(theirs, None if self._threaded else os.getpid(), self._recipe, self._nice, self._make),
                name="projectionist-previews",
                daemon=True,
            )
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        return _Worker(process, ours)

    def _listen(self) -> Iterator[Event]:
        busy = [worker for worker in self._workers if worker.task]
        ready = wait(
            [one for worker in busy for one in (worker.pipe, worker.process.sentinel)], timeout=_TICK
        )
        now = time.monotonic()
        if now - self._looked > _ASLEEP:
            for worker in busy:
                worker.heard = now
        self._looked = now
        for worker in busy:
            if worker.pipe in ready or worker.process.sentinel in ready:
                yield from self._hear(worker)
            elif now - worker.heard > self._stalled_after:
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
        _clear_up(worker, task)
        if stalled:
            outcome = "stalled"
            message = (
                f"{task.film} gave no answer for {self._stalled_after:.0f} s and was left; check the disk or the "
                "network it is on, then run again."
            )
        else:
            outcome = "crashed"
            message = _why_it_ended(task, worker.process.exitcode)
        return Ended(task, Result(task.film, outcome, message))

    def _stop(self) -> None:
        """End all workers at once, and leave nothing half-made behind."""
        for worker in self._workers:
            worker.process.kill()
        deadline = time.monotonic() + _GRACE
        for worker in self._workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.pipe.close()
        for worker in self._workers:
            if worker.task:
                _clear_up(worker, worker.task)
        self._workers.clear()


def _ready_server() -> ForkServerContext | SpawnContext:
    """The server of forks has read the decoder in before its first fork, so that a worker costs milliseconds."""
    if sys.platform == "linux":
        _server.set_forkserver_preload([__name__])
    return _server


@contextmanager
def _signals_held() -> Iterator[None]:
    """Ctrl-C and a request to end wait until the block is left."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _clear_up(worker: _Worker, task: Task) -> None:
    """Remove what a worker left; one that cannot even be killed hangs on a disk that would hang us too."""
    if worker.process.is_alive():
        return
    for home in {output.home for output in task.outputs if output.home.is_dir()}:
        with suppress(ProjectionistError):
            files.remove_stale_temporaries(home)


def _why_it_ended(task: Task, code: int | None) -> str:
    if code == -signal.SIGKILL:
        return (
            f"The process that worked on {task.film} was killed, most often because memory ran out; what was there is "
            "kept: run again with fewer --workers."
        )
    how = f"exit code {code}"
    if code is not None and code < 0:
        with suppress(ValueError):
            how = signal.Signals(-code).name
    return (
        f"{task.film} made the decoder crash ({how}); what was there is kept, the other films went on: copy or "
        "download it again, and report it if that does not help."
    )


def _work(pipe: Connection, parent: int | None, recipe: Recipe, nice: int, make: Make) -> None:
    """The life of a worker: a task, its result, the next; until the parent closes the pipe or is gone.

    Forked siblings hold copies of the parent's ends of the pipes, so that a dead `parent` is told by its id;
    where it is None the parent's end is the parent's alone, and closes with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.getrlimit(resource.RLIMIT_AS)[1]))
    with suppress(OSError):
        os.nice(nice)
    with suppress(EOFError, OSError):
        while parent in (None, os.getppid()):
            if pipe.poll(_LONELY):
                pipe.send(_made(pipe.recv(), recipe, make, _Reporter(pipe, parent)))


def _made(task: Task, recipe: Recipe, make: Make, report: Callable[[float], None]) -> Result:
    try:
        return make(task, recipe, report)
    except MemoryError:
        return Result(
            task.film,
            "out_of_memory",
            f"{task.film} asks for more than the {_MEMORY >> 30} GiB of memory that one film may take, so it is "
            "probably damaged; copy or download it again.",
        )
    except Exception as error:  # noqa: BLE001 - the batch loop: one bad film never stops the rest
        _log.exception("making the previews of one film failed")
        return Result(
            task.film,
            "failed",
            f"{task.film} met a fault in Projectionist itself ({type(error).__name__}: {error}); what was there is "
            "kept: please report it.",
        )


class _Reporter:
    """Tells the parent how far a film is, a few times a second and at its end; ends the worker where it is gone.

    It is called from within libavformat's reads, where an exception would count as the end of the film and a
    preview of half of it be made: so the worker ends at once, and unpublished files with it.
    """

    def __init__(self, pipe: Connection, parent: int | None) -> None:
        self._pipe = pipe
        self._parent = parent
        self._next = 0.0

    def __call__(self, share: float) -> None:
        now = time.monotonic()
        if now < self._next and share < WHOLE:
            return
        self._next = now + _REPORT_EVERY
        try:
            self._pipe.send(share)
        except OSError:
            os._exit(1)
        if self._parent not in (None, os.getppid()):
            os._exit(1)
