"""The job that replays the household's own history, for the page of the simulator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.contest import PolicyName
from projectionist.features.cache.simulating.own import own_as_object, own_report
from projectionist.features.cache.simulating.remembered import remembered_past
from projectionist.features.cache.simulating.rival_settings import rules_of
from projectionist.features.cache.wanting.choosing import read_choices
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec

SIMULATE = "cache.simulate"
QUEUE = QueueSpec("cache-simulator", "Simulating the cache", 1, rest_s=3.0)
"""Its own, so that a replay of minutes keeps no plan waiting."""


def kinds(place: Workplace) -> Sequence[JobKind]:
    """The kind of job, for the job engine."""

    def simulate(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return run_simulation(place, run, arguments)

    return (
        JobKind(
            SIMULATE,
            QUEUE.name,
            lambda _: "Simulate fast disks",
            simulate,
            attempts=1,
            label="Simulate fast disks",
        ),
    )


def own_past(place: Workplace, standard: Sequence[str]) -> Past:
    """What this household watched, as far as the index knows and people let it count. Raises DatabaseUnusable."""
    choices = read_choices(place.database, [Source(one) for one in standard])
    return remembered_past(place.database, choices, place.clock.now())


def run_simulation(place: Workplace, run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
    """Replay the household's past on disks of `sizes` by `policies`. Raises DatabaseUnusable and JobCancelled."""
    sizes = [int(one) for one in arguments["sizes"]]
    policies = [PolicyName(one) for one in arguments["policies"]]
    done = 0

    def between() -> None:
        nonlocal done
        run.check()
        run.progress(done, len(sizes) * len(policies), unit="replays")
        done += 1

    run.progress(0, len(sizes) * len(policies), unit="replays", now="Reading what was watched")
    past = own_past(place, arguments.get("sources", ()))
    rules = rules_of(arguments.get("rival_settings", {}))
    return own_as_object(own_report(past, sizes, policies=policies, rules=rules, between=between))
