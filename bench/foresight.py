"""How often a household finds on the fast disk what it plays, beside what the rivals' policies would have held there.

Households are made up. What was tuned was tuned on the households of TUNED_ON; the tables come from REPORTED, which
nothing was ever tuned on, and the best rival is chosen anew for every household and size, with hindsight.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bench.measuring import Spread, measure
from bench.replaying import LivePolicy
from bench.rows import Goal, Row, Table, at_least, at_most
from projectionist.features.cache.households.people import Mix
from projectionist.features.cache.households.watching import live
from projectionist.features.cache.prediction.forecast import Forecast
from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.foreseen import plan
from projectionist.features.cache.simulating.foresight import ForesightPolicy
from projectionist.features.cache.simulating.on_deck import OnDeckPolicy, Rules, ScorePolicy
from projectionist.features.cache.simulating.on_demand import RecentPolicy
from projectionist.features.cache.simulating.policy import Policy
from projectionist.features.cache.simulating.replay import Outcome, PlayKind, Replay

TUNED_ON = (1, 2, 4)
REPORTED = (101, 102, 103, 104, 105, 106)
OTHERS = (201,)
"""For the kinds of households that the prediction was not made for."""
SHARES = ((0.005, 0.9), (0.02, 0.5), (0.05, 0.35))
"""Room on the fast disk as a share of the library, and what part of the best rival's misses may be left there."""
RATE = 150 << 20
_RULES = (Rules(), Rules(5), Rules(5, days_to_monitor=30), Rules(2, 2, 30))
"""PlexCache-D's defaults, and what somebody with less room would set."""


@dataclass(frozen=True, slots=True)
class Contest:
    """Ours and the best of the rivals on one household and size."""

    ours: Outcome
    best: Outcome


def contest(past: Past, share: float) -> Contest:
    """Try everything."""
    capacity = int(sum(past.catalogue.sizes) * share)
    rivals: list[Policy] = [
        kind(past.catalogue, rules) for kind in (OnDeckPolicy, ScorePolicy) for rules in _RULES
    ]
    rivals.append(RecentPolicy(past.catalogue))
    tried = [Replay(past, rival, capacity, RATE).run() for rival in rivals]
    ours = Replay(past, ForesightPolicy(past.catalogue), capacity, RATE).run()
    return Contest(ours, max(tried, key=lambda outcome: outcome.hits))


def measure_foresight(*, quick: bool = False, say: Callable[[str], object] = print) -> list[Table]:
    """The tables of the prediction. Raises CommandFailed."""
    table = Table("A household's year on the fast disk", "the best rival policy")
    seeds = REPORTED[:1] if quick else REPORTED
    held: dict[float, list[Contest]] = {share: [] for share, _ in SHARES}
    for seed in seeds:
        say(f"The year of household {seed}")
        past = live(seed, days=40 if quick else 365)
        for share, _ in SHARES:
            held[share].append(contest(past, share))
    for share, goal in SHARES:
        table.rows += _rows(f"{100 * share:g} % of the library", held[share], goal)
    others = Table("Households that the prediction was not made for", "the best rival policy")
    for mix in () if quick else (Mix.ADULTS, Mix.SHUFFLERS, Mix.ARCHIVISTS, Mix.FICKLE):
        say(f"The year of {mix}")
        contests = [contest(live(seed, mix=mix), 0.02) for seed in OTHERS]
        others.rows += _rows(f"{mix}, 2 % of the library", contests, None)
    return [table, others, _replayed(quick=quick, say=say), _effort(quick=quick, say=say)]


def _rows(name: str, contests: Sequence[Contest], goal: float | None) -> list[Row]:
    def misses(outcome: Outcome) -> float:
        return 100 * (1 - outcome.hits / outcome.plays)

    def cost(outcome: Outcome) -> float:
        return outcome.bytes_moved / max(1, outcome.hits) / 1e9

    def continued(outcome: Outcome) -> float:
        tally = outcome.kinds[PlayKind.CONTINUATION]
        return 100 * tally.hits / max(1, tally.plays)

    def row(what: str, unit: str, value: Callable[[Outcome], float], aim: Goal | None) -> Row:
        theirs, ours = [value(one.best) for one in contests], [value(one.ours) for one in contests]
        result = float(np.mean(ours) / np.mean(theirs))
        return Row(f"{name}, {what}", unit, Spread.of(theirs), Spread.of(ours), result, aim)

    shares = [continued(one.ours) for one in contests]
    return [
        row("misses", "%", misses, None if goal is None else at_most(goal)),
        row("copied for a hit", "GB", cost, None if goal is None else at_most(1.5)),
        Row(
            f"{name}, continuations found",
            "%",
            Spread.of([continued(one.best) for one in contests]),
            Spread.of(shares),
            float(np.mean(shares)),
            None if goal is None else at_least(97, "%"),
            "%",
        ),
    ]


def _replayed(*, quick: bool, say: Callable[[str], object]) -> Table:
    """The plan that runs, with its sources, shares and planner, beside the policy that is simulated.

    It plans for every play, so that a year of it would take an hour.
    """
    days = 10 if quick else 40
    table = Table(f"The plan that runs, {days} days of it", "the simulator's ours")
    past = live(REPORTED[0], days=days)
    for share, _ in SHARES[1:2] if quick else SHARES:
        say(f"{days} days of the plan that runs, {100 * share:g} % of the library")
        capacity = int(sum(past.catalogue.sizes) * share)
        policies = (ForesightPolicy(past.catalogue), LivePolicy(past.catalogue))
        ours, runs = (Replay(past, policy, capacity, RATE).run() for policy in policies)
        table.rows += _rows(f"{100 * share:g} % of the library", [Contest(runs, ours)], None)
    return table


def _effort(*, quick: bool, say: Callable[[str], object]) -> Table:
    """What it takes, by processes of their own."""
    table = Table("Planning for 20 people and 100,000 items", "")
    days = 20 if quick else 365
    runs = {}
    for what in ("year", "plan"):
        say(f"20 people and 100,000 items: {what}")
        runs[what] = measure([sys.executable, "-m", "bench.foresight", what, str(days)])
    for what, name, goal in (
        ("year", "a simulated year", at_most(60, "CPU s")),
        ("plan", "a plan, with a year of plays to learn from first", at_most(2, "CPU s")),
    ):
        seconds = float(runs[what].output)
        table.rows.append(Row(name, "CPU s", None, Spread.of([seconds]), seconds, goal, "CPU s"))
    peak = runs["plan"].peak_bytes / 1e6
    note = "the whole process, with the making up of the household in it"
    table.rows.append(
        Row("peak of the plan", "MB", None, Spread.of([peak]), peak, at_most(300, "MB"), "MB", note)
    )
    return table


def _main(what: str, days: int) -> None:
    """Print the CPU seconds of one thing, the making up of the household not counted."""
    past = live(9, users=20, items=100_000, days=days)
    began = time.process_time()
    if what == "year":
        Replay(past, ForesightPolicy(past.catalogue), int(sum(past.catalogue.sizes) * 0.02), RATE).run()
    elif what == "plan":
        now = past.plays[-1].at + 4 * 3600
        forecast = Forecast.of(past.catalogue, past.plays, past.wishes, now)
        sizes = np.array(past.catalogue.sizes, dtype=np.float64)
        plan(forecast, now, sizes, (), (), int(sizes.sum() * 0.02))
    print(f"{time.process_time() - began:.3f}")


if __name__ == "__main__":
    _main(sys.argv[1], int(sys.argv[2]))
