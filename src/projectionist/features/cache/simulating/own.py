"""What the fast disk would have come to for this household: "with 500 GB you would have …"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.contest import POLICIES, PolicyName
from projectionist.features.cache.simulating.on_deck import STANDARD, Rules
from projectionist.features.cache.simulating.replay import Outcome, Replay
from projectionist.features.cache.simulating.report import as_object
from projectionist.features.cache.simulating.rival_settings import settings_of

MOST_PLAYS = 5000
"""The latest plays are replayed, no more: a simulation for a page has to end."""
RATE = 150 << 20
"""How fast a slow disk is copied, in bytes a second, where nobody has measured it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What would have come of a fast disk of so many bytes, policy by policy."""

    size: int
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """The answers for each size, and what they are made of.

    `plays` were replayed, from `since` to `until` (seconds since 1970, both 0 where there are none); `left_out` are
    older ones than that, `strangers` rows about items that the library does not hold any more.
    The rivals followed `rules`.
    """

    answers: tuple[Answer, ...]
    plays: int
    left_out: int
    strangers: int
    since: float
    until: float
    rules: Rules = STANDARD


def own_report(
    past: Past,
    sizes: Sequence[int],
    *,
    rate: int = RATE,
    policies: Sequence[PolicyName] = (PolicyName.OURS, PolicyName.ONDECK),
    rules: Rules = STANDARD,
    most_plays: int = MOST_PLAYS,
    between: Callable[[], None] = lambda: None,
) -> Report:
    """Replay the latest plays of a household on fast disks of these sizes.

    Each policy begins with an empty disk and without knowledge, so that the first weeks weigh on the result as they
    would have. `between` is called before each replay; what it raises ends the report.
    """
    latest = replace(past, plays=past.plays[-most_plays:] if most_plays > 0 else ())
    answers = []
    for size in sizes if latest.plays else ():
        outcomes = []
        for name in policies:
            between()
            outcomes.append(Replay(latest, POLICIES[name](latest, rules), size, rate).run())
        answers.append(Answer(size, tuple(outcomes)))
    return Report(
        answers=tuple(answers),
        plays=len(latest.plays),
        left_out=len(past.plays) - len(latest.plays),
        strangers=past.strangers,
        since=latest.plays[0].at if latest.plays else 0.0,
        until=latest.plays[-1].at if latest.plays else 0.0,
        rules=rules,
    )


def own_as_object(report: Report) -> dict[str, Any]:
    """One object, as `cache simulate --json` has it for each size; times are seconds since 1970, UTC."""
    return {
        "plays": report.plays,
        "left_out": report.left_out,
        "strangers": report.strangers,
        "since": report.since,
        "until": report.until,
        "rival_settings": settings_of(report.rules),
        "sizes": [{"size": answer.size, **as_object(answer.outcomes)} for answer in report.answers],
    }
