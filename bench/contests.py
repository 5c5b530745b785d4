"""Projectionist against the rival on one film: CPU seconds and bytes, from the same runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.commands import Projectionist, objects, rival_is_here, run_rival, start_rival
from bench.films import Film
from bench.measuring import Spread, Usage, alternate
from bench.page_cache import fill
from bench.rows import Goal, Row

_MB = 1e6
_STARTS = 5
"""Runs on nothing, whose median every run is reduced by."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way the rival may go (see bench/rival.py), and what we aim at against it."""

    path: str
    cpu: Goal | None = None
    read: Goal | None = None

    @property
    def words(self) -> str:
        """The way as the table names it."""
        return {
            "fast": "fast path",
            "fast-unprobed": "fast path, no probe",
            "decides": "as it decides",
        }[self.path]


@dataclass(frozen=True, slots=True)
class Contest:
    """A film, an interval in seconds, and the rival's ways to hold ours against."""

    name: str
    title: str
    film: Film
    interval: float
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows of CPU seconds, rows of bytes, and our runs, for what else they tell."""

    cpu: list[Row]
    read: list[Row]
    ours: list[Usage]


@dataclass(slots=True)
class Ring:
    """Where contests are held; what both sides take to start is measured once."""

    projectionist: Projectionist
    repeats: int
    tell: Callable[[str], None]
    _starts: tuple[list[Usage], list[Usage]] | None = field(default=None)

    def starts(self) -> tuple[list[Usage], list[Usage]]:
        """Runs on nothing: the rival's (none where it is not here) and ours."""
        if self._starts is None:
            self.tell("Starting both on nothing")
            self.projectionist.make_nothing()  # after which its modules are compiled
            rounds = range(_STARTS)
            self._starts = (
                [start_rival() for _ in rounds] if rival_is_here() else [],
                [self.projectionist.make_nothing() for _ in rounds],
            )
        return self._starts

    def hold(self, contest: Contest, film: Path) -> Outcome:
        """Run all sides in turn on a film that lies in the page cache."""
        fill(film)
        ways = {way.words: way for way in contest.ways} if rival_is_here() else {}
        sides = {words: _rival(film, contest, way.path) for words, way in ways.items()}
        sides["ours"] = lambda: self.projectionist.make([film], contest.interval)
        taken = alternate(sides, self.repeats, lambda line: self.tell(f"{contest.title}: {line}"))
        outcome = Outcome([], [], taken["ours"])
        for words in ways or {way.words: way for way in contest.ways}:
            self._compare(contest, words, taken.get(words, []), outcome)
        return outcome

    def _compare(self, contest: Contest, words: str, theirs: list[Usage], outcome: Outcome) -> None:
        way = next(way for way in contest.ways if way.words == words)
        name = f"{contest.title}: {words}"
        note = _note(theirs, outcome.ours)
        their_start, our_start = self.starts()
        its, mine = _less(theirs, their_start, _cpu), _less(outcome.ours, our_start, _cpu)
        outcome.cpu.append(Row(name, "CPU s", its, mine, _ratio(its, mine), way.cpu, note=note))
        its, mine = _less(theirs, their_start, _read), _less(outcome.ours, our_start, _read)
        outcome.read.append(Row(name, "MB", its, mine, _ratio(its, mine), way.read, "× fewer"))


def _rival(film: Path, contest: Contest, path: str) -> Callable[[], Usage]:
    return lambda: run_rival(film, contest.interval, path, hdr=contest.film.segment.hdr)


def _less(
    runs: Iterable[Usage], starts: Iterable[Usage], of: Callable[[Usage], float | None]
) -> Spread | None:
    """The spread of a quantity, less the median of it in runs on nothing; None where it was not counted."""
    values = [value for value in map(of, runs) if value is not None]
    nothing = [value for value in map(of, starts) if value is not None]
    return Spread.of(values, less=Spread.of(nothing).median) if values and nothing else None


def _cpu(usage: Usage) -> float:
    return usage.cpu_seconds


def _read(usage: Usage) -> float | None:
    return None if usage.bytes_asked is None else usage.bytes_asked / _MB


def _ratio(theirs: Spread | None, ours: Spread | None) -> float | None:
    return theirs.median / ours.median if theirs and ours and ours.median > 0 else None


def _note(theirs: list[Usage], ours: list[Usage]) -> str:
    """What each side made, and how."""
    mine = objects(ours[-1])[0]
    made = f"{mine['thumbnails']} pictures by {mine['method']}"
    if not theirs:
        return f"no ffmpeg on this machine to run the rival with; ours made {made}"
    its = json.loads(theirs[-1].output)
    how = "keyframes only" if its["only_keyframes"] else "every frame decoded"
    gap = its["largest_gap"]
    found = f", its probe found gaps of {gap:.3f} s" if gap is not None else ""
    return f"ours {made}; its {its['thumbnails']}, {how}{found}"
