"""What the host's mover has to leave where it is: named before a path leads to the fast disk, in the host's words."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from projectionist.features.cache.journal import Journal
from projectionist.features.cache.models import Kind

Publish = Callable[[Path, Iterable[str]], bool]
"""Names paths of the host in a file, and only them; whether the file had to change."""


class Tier(Protocol):
    """A fast tier, and where the host sees it; empty where that is the same."""

    @property
    def root(self) -> Path:
        """Its folder."""

    @property
    def host_root(self) -> str:
        """The host's name for it."""


class Exclusions:
    """The list for the mover of one node. Every method raises TargetFull, TargetUnwritable, DatabaseUnusable."""

    def __init__(
        self, file: Path, journal: Journal, tiers: Callable[[], Sequence[Tier]], publish: Publish
    ) -> None:
        self.file = file
        self._journal = journal
        self._tiers = tiers
        self._publish = publish
        self._coming: Counter[Path] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def naming(self, copies: Sequence[Path]) -> Iterator[None]:
        """Name these fast copies too before the block begins, and only what is there when it has ended."""
        with self._lock:
            self._coming.update(copies)
            self._write()
        try:
            yield
        finally:
            with self._lock:
                self._coming.subtract(copies)
                self._write()

    def write(self) -> None:
        """Name what is there now."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        there = {spot.fast for spot, _ in self._journal.all_cached()}
        there |= {move.spot.fast for move in self._journal.unfinished() if move.kind is Kind.CACHE_IN}
        there |= {path for path, count in self._coming.items() if count > 0}
        tiers = self._tiers()
        self._publish(self.file, sorted(_host_path(path, tiers) for path in there))


def _host_path(path: Path, tiers: Sequence[Tier]) -> str:
    for tier in tiers:
        if tier.host_root and path.is_relative_to(tier.root):
            return str(Path(tier.host_root) / path.relative_to(tier.root))
    return str(path)
