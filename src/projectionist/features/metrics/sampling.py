"""Taking a sample of all metrics twice a minute; of all processes that could, one does, and the others report to it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import msgspec
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.metrics import queries
from projectionist.features.metrics.gathering import counted, grown, of_host, once
from projectionist.features.metrics.host import HostNow, host_now
from projectionist.features.metrics.of_process import families_of_process
from projectionist.features.metrics.rolling import (
    FINER,
    KEPT,
    RAW_S,
    Measure,
    Sample,
    Step,
    end_of,
    roll,
    start_of,
)
from projectionist.jobs.locks import Claim, claim
from projectionist.jobs.ports import Jobs
from projectionist.kit.metrics import REGISTRY, Family

REPORTED = timedelta(seconds=3 * RAW_S)
"""A report that is older says nothing of now."""

_FORGOTTEN = timedelta(days=1)
_AHEAD = timedelta(minutes=10)
_CLAIM = "metrics"
_PATIENCE_S = 2.0
"""So long the end of the process waits for a sample that is being taken."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """What is measured here. `process` tells what this process is called among all that take part in jobs."""

    database: Database
    jobs: Jobs
    folder: Path
    now: Callable[[], datetime]
    process: Callable[[], str]
    families: Callable[[], list[Family]] = REGISTRY.families
    host: Callable[[Path], HostNow] = host_now
    monotonic: Callable[[], float] = time.monotonic


class Watch(Protocol):
    """Hears of every sample that this process takes; called in the thread that takes them."""

    def sampled(self, now: datetime, measures: Mapping[str, Measure]) -> None:
        """A sample was kept. Raises DatabaseUnusable."""

    def failed(self, now: datetime) -> None:
        """None could be taken, since the database did not answer; raises nothing of that."""


class Sampling:
    """Samples, or reports to who does, while it is open; `samples` says whether this process may be the one."""

    def __init__(
        self,
        place: Place,
        *,
        samples: bool,
        watch: Watch | None = None,
    ) -> None:
        self._place = place
        self._samples = samples
        self._watch = watch
        self._claim: Claim | None = None
        self._before: dict[str, Sequence[Family]] = {}
        self._looked_at: float | None = None
        self._host: HostNow | None = None
        self._rolled: datetime | None = None
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._work, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """End, and leave sampling to another."""
        self._ends.set()
        self._thread.join(_PATIENCE_S)
        self._let_go()

    def turn(self) -> None:
        """What is due twice a minute. Raises DatabaseUnusable."""
        if self._is_ours():
            self._sample()
        else:
            self._report()

    def _work(self) -> None:
        while not self._ends.wait(RAW_S - self._place.now().timestamp() % RAW_S):
            try:
                self.turn()
            except ProjectionistError as error:
                _log.warning("No metrics are kept for now: %s", error.message)
                if self._samples and self._watch is not None:
                    self._watch.failed(self._place.now())

    def _is_ours(self) -> bool:
        if not self._samples:
            return False
        if self._claim is not None and self._claim.is_ours:
            return True
        self._claim = claim(self._place.database, self._place.folder, _CLAIM)
        self._before, self._looked_at, self._host, self._rolled = {}, None, None, None
        if self._claim is not None:
            with self._place.database.write() as session:
                queries.remove_report(session, self._place.process())
        return self._claim is not None

    def _report(self) -> None:
        place = self._place
        families: list[Any] = msgspec.to_builtins([*place.families(), *families_of_process(place.database)])
        with place.database.write() as session:
            queries.put_report(session, place.process(), place.now(), families)

    def _sample(self) -> None:
        place = self._place
        now, tick = place.now(), place.monotonic()
        began = place.monotonic()
        with place.database.read() as session:
            stand = {place.process(): place.families(), **reported(session, now, place.process())}
            live = queries.live_jobs(session)
            due = queries.due_jobs(session, now)
        answered = place.monotonic() - began
        measures = {**self._grown(stand, tick), **self._of_host()}
        measures |= {
            "queued": once(float(due)),
            "running": once(float(sum(count for _, state, count in live if state == "running"))),
            "workers": once(float(sum(node.alive and bool(node.queues) for node in place.jobs.nodes()))),
            "database_s": once(answered),
            "connections": once(float(place.database.connections()[0])),
        }
        at = start_of(Step.RAW, now + timedelta(seconds=RAW_S / 2)) - timedelta(seconds=RAW_S)
        with place.database.write() as session:
            queries.put_sample(session, Step.RAW, at, measures)
            self._roll(session, now)
        self._before |= stand
        self._looked_at = tick
        if self._watch is not None:
            self._watch.sampled(now, measures)

    def _grown(self, stand: Mapping[str, Sequence[Family]], tick: float) -> dict[str, Measure]:
        """What happened since the last look; the first one only finds out where counters stand."""
        if self._looked_at is None:
            return {}
        families = [one for name, now in stand.items() for one in grown(self._before.get(name, ()), now)]
        return {"seconds": once(tick - self._looked_at), **counted(families)}

    def _of_host(self) -> dict[str, Measure]:
        now = self._place.host(self._place.folder)
        before, self._host = self._host, now
        return of_host(before, now)

    def _roll(self, session: Session, now: datetime) -> None:
        """Every five minutes: coarser samples of what is over, and what is too old goes."""
        due = start_of(Step.FIVE_MINUTES, now)
        if due == self._rolled:
            return
        self._rolled = due
        for step in FINER:
            roll_up(session, step, now)
        for step, kept in KEPT.items():  # only now, as what is too old may not have been rolled up before
            queries.remove_samples(session, step, now - kept, now + _AHEAD)
        queries.remove_reports_before(session, now - _FORGOTTEN)

    def _let_go(self) -> None:
        try:
            with self._place.database.write() as session:
                queries.remove_report(session, self._place.process())
        except ProjectionistError as error:
            _log.info("What this process reported stays for a while: %s", error.message)
        if self._claim is not None:
            self._claim.close()


def roll_up(session: Session, step: Step, now: datetime) -> None:
    """Make the samples of a step that are over and not made yet, whatever time was missed."""
    last = queries.last_sample(session, step)
    since = now - KEPT[FINER[step]] if last is None else end_of(step, last)
    finer = queries.samples(session, FINER[step], since, start_of(step, now))
    for sample in roll(step, [sample_of(row.at, row.measures) for row in finer], now):
        queries.put_sample(session, step, sample.at, sample.measures)


def sample_of(at: datetime, measures: Mapping[str, Any]) -> Sample:
    """A sample out of its row."""
    return Sample(at, msgspec.convert(measures, dict[str, Measure]))


def reported(session: Session, now: datetime, but: str) -> dict[str, Sequence[Family]]:
    """How other processes stood when they reported, lately; what one of another version says may be left out."""
    found: dict[str, Sequence[Family]] = {}
    for row in queries.reports(session, now - REPORTED, but):
        try:
            found[row.process] = msgspec.convert(row.families, list[Family])
        except msgspec.ValidationError as error:
            _log.info("The metrics of %s cannot be read here: %s", row.process, error)
    return found
