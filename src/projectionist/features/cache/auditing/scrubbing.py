"""Scrubbing: fast copies are read from their device and held against their digest; no slow disk is touched."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from projectionist.features.cache.auditing import queries
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.keeping import forget_finding, keep_finding
from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.proving import CHUNK
from projectionist.features.cache.spots import Content, Spot, content_of, is_mounted, spot_of, status

Progress = Callable[[int, int, str], None]
"""Told the bytes read, of how many, and of which file; after every chunk. What it raises ends the scrub."""

_STEP_S = 0.5
"""How long the rate limit waits at once before it lets the scrub be ended."""


class State(StrEnum):
    """What a fast copy was found to be."""

    WHOLE = "whole"
    CHANGED = "changed"
    """It was written to since it was copied: that is no damage, and it goes back as the newest."""
    MISMATCH = "mismatch"
    """Nobody wrote to it, and it holds something else."""
    UNREADABLE = "unreadable"
    """Its device cannot read it."""
    AWAY = "away"
    """Its disk, or it, is not there: nothing is said."""


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What a scrub came to: how many copies of each state, and what it found."""

    whole: int
    changed: int
    away: int
    bytes_read: int
    findings: tuple[Finding, ...]


def unheard(_done: int, _total: int, _now: str) -> None:
    """For whoever does not follow a scrub."""


def scrub(
    care: Care,
    *,
    rate: int | None = None,
    older_than: timedelta = timedelta(0),
    sleep: Callable[[float], None] | None = None,
    progress: Progress = unheard,
) -> Scrubbed:
    """Read the fast copies of this node, those first that were never read or not for the longest.

    `rate` is how many bytes a second are read at most, `older_than` leaves out what was found whole so recently. Each
    copy is remembered as it is done, so that a scrub that is ended goes on where it was. Raises DatabaseUnusable, and
    what `progress` raises.
    """
    return _Scrub(care, rate, progress, sleep).run(older_than)


class _Scrub:
    def __init__(
        self, care: Care, rate: int | None, progress: Progress, sleep: Callable[[float], None] | None
    ) -> None:
        self._care, self._rate, self._progress = care, rate, progress
        self._sleep = sleep or time.sleep
        self._read = 0
        self._total = 0
        self._now = ""
        self._begun = care.clock.monotonic()

    def run(self, older_than: timedelta) -> Scrubbed:
        """All that is due."""
        copies = self._due(older_than)
        self._total = sum(content.size for _, content in copies)
        states = dict.fromkeys(State, 0)
        found: list[Finding] = []
        for spot, content in copies:
            self._now = spot.path.name
            self._report(0)
            state, evidence = self._look(spot, content)
            states[state] += 1
            if evidence:
                found.append(self._keep(spot, content, evidence))
            elif state is State.WHOLE:
                self._note(spot)
        return Scrubbed(
            states[State.WHOLE], states[State.CHANGED], states[State.AWAY], self._read, tuple(found)
        )

    def _due(self, older_than: timedelta) -> list[tuple[Spot, Content]]:
        before = self._care.clock.now() - older_than
        with self._care.database.write() as session:
            queries.forget_stale_scrubs(session)
            rows = queries.scrub_order(session, self._care.node)
            return [
                (spot_of(row), content_of(row))
                for row, at in rows
                if row.digest and (at is None or _is_due(at, before, self._care.clock.now()))
            ]

    def _look(self, spot: Spot, content: Content) -> tuple[State, str]:
        """How a copy is, and the evidence where it is not as it should be."""
        try:
            before = status(spot.fast) if is_mounted(spot.fast_root) else None
            if before is None or not stat.S_ISREG(before.st_mode):
                return State.AWAY, ""
            digest = self._digest(spot.fast)
            after = status(spot.fast)
        except OSError as error:
            return State.UNREADABLE, f"Its device cannot read the fast copy {spot.fast} ({error.strerror})."
        if digest == content.digest:
            return State.WHOLE, ""
        if after is None or (after.st_mtime_ns, after.st_ctime_ns) != (
            before.st_mtime_ns,
            before.st_ctime_ns,
        ):
            return State.AWAY, ""  # it changes right now
        changed_since = after.st_ctime_ns != content.fast_ctime_ns and after.st_mtime_ns != content.mtime_ns
        if changed_since:
            return State.CHANGED, ""
        return (
            State.MISMATCH,
            f"The fast copy {spot.fast} reads as {digest}, and {content.digest} was copied; nobody wrote to it since.",
        )

    def _digest(self, fast: Path) -> str:
        return digest_on_device(fast, lambda _: self._report(CHUNK))

    def _report(self, read: int) -> None:
        """Count what was read, say so, and wait where that was too fast."""
        self._read += read
        self._tell()
        while self._rate:
            ahead = self._read / self._rate - (self._care.clock.monotonic() - self._begun)
            if ahead <= 0:
                return
            self._sleep(min(ahead, _STEP_S))
            self._tell()

    def _tell(self) -> None:
        self._progress(min(self._read, self._total), self._total, self._now)

    def _note(self, spot: Spot) -> None:
        finding = Finding(FindingKind.MISMATCH, spot.path, "")
        with self._care.database.write() as session:
            queries.note_scrub(session, str(spot.path), self._care.clock.now())
        forget_finding(self._care.database, finding)

    def _keep(self, spot: Spot, content: Content, evidence: str) -> Finding:
        finding = Finding(FindingKind.MISMATCH, spot.path, evidence, Repair.RESTORE, content.size)
        return keep_finding(self._care.database, self._care.node, finding, self._care.clock.now())


def _is_due(at: datetime, before: datetime, now: datetime) -> bool:
    """Whether a copy was scrubbed too long ago, or, by a clock that was set back since, in the future."""
    return at <= before or at > now
