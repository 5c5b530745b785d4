"""Who may copy now: one copy at a time from each slow disk, and as many onto each fast tier as it is set to take.

A lane is held by one process at a time on this node; who wants one for a film that is played lets others give way.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.jobs.locks import Claim, claim


@dataclass(frozen=True, slots=True)
class Lane:
    """What so many copies at a time may use."""

    name: str
    slots: int = 1


class Lanes:
    """The lanes of one node. Every method raises DatabaseUnusable."""

    def __init__(self, database: Database, folder: Path, node: str) -> None:
        self._database = database
        self._folder = folder
        self._node = node
        self._urgent: Counter[str] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, lanes: Sequence[Lane], *, urgent: bool, wait: Callable[[], None]) -> Iterator[None]:
        """Hold all of these lanes while the block runs; `wait` is called between two tries, and may raise."""
        with ExitStack() as stack:
            with self._pressing(lanes if urgent else ()):
                while (claims := self._take(lanes)) is None:
                    wait()
            for one in claims:
                stack.callback(one.close)
            yield

    def are_pressed(self, lanes: Sequence[Lane]) -> bool:
        """Whether somebody waits for one of these lanes who is to go first."""
        with self._lock:
            return any(self._urgent[lane.name] for lane in lanes)

    @contextmanager
    def _pressing(self, lanes: Sequence[Lane]) -> Iterator[None]:
        with self._lock:
            self._urgent.update(lane.name for lane in lanes)
        try:
            yield
        finally:
            with self._lock:
                self._urgent.subtract(lane.name for lane in lanes)

    def _take(self, lanes: Sequence[Lane]) -> list[Claim] | None:
        """All of the lanes, or none."""
        with ExitStack() as undo:
            taken = []
            for lane in lanes:
                one = self._slot(lane)
                if one is None:
                    return None
                undo.callback(one.close)
                taken.append(one)
            undo.pop_all()
            return taken

    def _slot(self, lane: Lane) -> Claim | None:
        for slot in range(lane.slots):
            one = claim(self._database, self._folder, f"cache {self._node} {lane.name} {slot}")
            if one is not None:
                return one
        return None
