"""Work that makes very many objects and no cycles, spared from being searched for circular garbage meanwhile.

Each search looks at everything that is alive, and objects in their ten thousands set off one after another: that took
a quarter of the time of a plan.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class _Spared:
    """How many are at such work now, in whatever thread, and whether there were searches before the first began."""

    count: int = 0
    was_searched: bool = False
    lock: Lock = field(default_factory=Lock)

    def begin(self) -> None:
        with self.lock:
            if self.count == 0:
                self.was_searched = gc.isenabled()
                gc.disable()
            self.count += 1

    def end(self) -> None:
        with self.lock:
            self.count -= 1
            if self.count == 0 and self.was_searched:
                gc.enable()


_SPARED = _Spared()


@contextmanager
def unsearched() -> Iterator[None]:
    """No search begins by itself until all such work has ended; for what takes a second or two and never waits."""
    _SPARED.begin()
    try:
        yield
    finally:
        _SPARED.end()
