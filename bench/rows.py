"""One line of the table: what was measured on both sides, what it comes to, and what was aimed at."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from bench.measuring import Spread


class Verdict(StrEnum):
    """How a measurement stands to its goal."""

    MET = "met"
    MISSED = "missed"
    NOT_HERE = "not measurable here"
    NO_GOAL = "–"


@dataclass(frozen=True, slots=True)
class Goal:
    """A bound for the result, in its own unit."""

    limit: float
    at_least: bool
    unit: str = "×"

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g} {self.unit}"

    def met_by(self, result: float) -> bool:
        """Whether `result`, unrounded, keeps to the bound."""
        return result >= self.limit if self.at_least else result <= self.limit


def at_least(limit: float, unit: str = "×") -> Goal:
    """The goal that the result is `limit` or more."""
    return Goal(limit, at_least=True, unit=unit)


def at_most(limit: float, unit: str = "×") -> Goal:
    """The goal that the result is `limit` or less."""
    return Goal(limit, at_least=False, unit=unit)


@dataclass(frozen=True, slots=True)
class Row:
    """`theirs` (the rival, the floor, the lesser of two settings) and `ours` in `unit`; `result` in the goal's.

    `result` is None where this machine cannot show it; `note` says why, or what a reader should know.
    """

    name: str
    unit: str
    theirs: Spread | None
    ours: Spread | None
    result: float | None
    goal: Goal | None = None
    result_unit: str = "×"
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """What to think of it."""
        if self.result is None:
            return Verdict.NOT_HERE
        if self.goal is None:
            return Verdict.NO_GOAL
        return Verdict.MET if self.goal.met_by(self.result) else Verdict.MISSED


@dataclass(slots=True)
class Table:
    """Rows about one question; `theirs` and `ours` name the two sides."""

    title: str
    theirs: str
    rows: list[Row] = field(default_factory=list)
    ours: str = "ours"
