"""Jobs per second: ordered and carried out by Projectionist, and by bare DBOS with the same database settings.

One side per process, since DBOS is one in a process: `python -m bench.jobs ours|bare URL FOLDER COUNT` prints a rate.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.db.schema import prepare
from projectionist.jobs.durable import Durable
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobKind, JobRun, Order, QueueSpec

_AT_ONCE = 1000
"""So many that neither side waits for the next look at its queue, twice a second."""
_LONGEST_S = 300.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Jobs per second of both sides."""

    ours: float
    bare: float

    @property
    def ratio(self) -> float:
        """Ours against bare DBOS; 0.6 is wanted."""
        return self.ours / self.bare


def measure(urls: Mapping[str, str], folder: Path, count: int) -> Rates:
    """Measure both sides, `urls` naming an empty database of its own for `ours` and for `bare`."""
    return Rates(
        _in_process("ours", urls["ours"], folder, count), _in_process("bare", urls["bare"], folder, count)
    )


def _in_process(side: str, url: str, folder: Path, count: int) -> float:
    own = folder / side
    own.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "bench.jobs", side, url, str(own), str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


class _Count:
    def __init__(self, wanted: int) -> None:
        self._left = wanted
        self._lock = threading.Lock()
        self.reached = threading.Event()

    def __call__(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.reached.set()


def _ours(database: Database, folder: Path, count: int) -> float:
    prepare(database)
    done = _Count(count)

    def run(_run: JobRun, _arguments: Mapping[str, Any]) -> None:
        done()

    engine = Engine(database, folder, node="bench", publish=Events(database).publish)
    engine.bring(
        [JobKind("trivial", "bench", lambda _: "Trivial", run)], [QueueSpec("bench", "Bench", _AT_ONCE)]
    )
    engine.start()
    rate = _timed(lambda: engine.order_many([Order("trivial", {})] * count), done, count)
    engine.close()
    return rate


def _bare(database: Database, folder: Path, count: int) -> float:
    done = _Count(count)
    durable = Durable(database, folder, "bench-1", lambda _job, _workflow: done(), listen=("bench",))
    durable.keep_queue("bench", _AT_ONCE)

    def ask() -> None:
        for number in range(count):
            durable.enqueue(f"job-{number}", f"job-{number}", "bench", 20)

    rate = _timed(ask, done, count)
    durable.close(5.0)
    return rate


def _timed(ask: Callable[[], object], done: _Count, count: int) -> float:
    began = time.monotonic()
    ask()
    if not done.reached.wait(_LONGEST_S):
        raise TimeoutError(f"{count} jobs were not done in {_LONGEST_S:.0f} s")
    return count / (time.monotonic() - began)


if __name__ == "__main__":
    _side, _url, _folder, _count = sys.argv[1:]
    _measured = {"ours": _ours, "bare": _bare}[_side](Database(_url), Path(_folder), int(_count))
    print(f"{_measured:.1f}")
