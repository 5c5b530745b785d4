"""How the previews of films stand: fresh, missing, stale, broken or foreign. Only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from projectionist.errors import ProjectionistError
from projectionist.features.previews.making import Recipe, Result, Task
from projectionist.features.previews.outputs import Output, State, state_of
from projectionist.frames.source import SourceFile

UNKNOWN = "unknown"
"""The state of whatever belongs to a film, or to a place, that cannot be read."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How one preview stands, and why. `output` is None for a film or a place that cannot be read.

    Its `outcome` tells, as that of `previews make` does, and the state is UNKNOWN.
    """

    film: Path
    state: str
    reason: str
    output: Output | None = None
    outcome: str = ""

    @property
    def fresh(self) -> bool:
        """Whether it is there, whole and what is wanted."""
        return self.state == State.FRESH


@dataclass(slots=True)
class Tally:
    """What a check came to."""

    states: Counter[str] = field(default_factory=Counter)
    films: set[Path] = field(default_factory=set)
    unreadable: int = 0

    def count(self, checked: Checked) -> None:
        """Take in one."""
        if checked.output is None:
            self.unreadable += 1
        else:
            self.films.add(checked.film)
            self.states[checked.state] += 1

    @property
    def all_fresh(self) -> bool:
        """Whether nothing needs to be made or looked at."""
        return not self.unreadable and set(self.states) <= {State.FRESH}


def check_previews(
    tasks: Iterable[Task], not_searched: Iterable[Result], recipe: Recipe, *, deep: bool = False
) -> Iterator[Checked]:
    """How each preview of each film stands, film by film; first the places that could not be searched.

    `deep` decodes every picture. Films that cannot be opened are told, not raised.
    """
    for place in not_searched:
        yield Checked(place.path, UNKNOWN, place.message, outcome=place.outcome)
    for task in tasks:
        try:
            with SourceFile(task.film, rate=recipe.rate) as source:
                records = [recipe.record(source, series) for series in range(len(recipe.wanted.intervals_ms))]
        except ProjectionistError as error:
            yield Checked(task.film, UNKNOWN, error.message, outcome=error.code)
            continue
        for output in task.outputs:
            state, reason = state_of(output, records[output.series], deep=deep)
            yield Checked(task.film, state, reason, output)
