"""The jobs of the cache: plan and carry out, one file in or back, all of them back, and a tier that came or went."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from projectionist.features.cache.auditing import jobs as care
from projectionist.features.cache.running import rounds
from projectionist.features.cache.running.carrying import can_carry, carry_back, carry_in
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.running.ordering import (
    BACK,
    IN,
    LOOK,
    NOW,
    PLAY,
    RESTORE,
    RUN,
    returns_are_pending,
)
from projectionist.features.cache.simulating import jobs as simulating
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Arguments, JobKind, JobRun, Jobs, QueueSpec
from projectionist.web.words import _

__all__ = ["BACK", "IN", "LOOK", "NOW", "PLAY", "QUEUES", "RESTORE", "RUN", "SCHEDULES", "kinds"]

QUEUE = QueueSpec("cache", "Moving files between disks", 3, rest_s=2.0)
AT_ONCE = QueueSpec("cache-now", "Fetching what is played", 3)
ROUNDS = QueueSpec("cache-rounds", "Planning the cache", 2)
QUEUES = (QUEUE, AT_ONCE, ROUNDS, care.QUEUE, simulating.QUEUE)
"""Several, so that no long copy keeps what is played from being planned and fetched."""

SCHEDULES = care.SCHEDULES
"""What is followed until somebody changes it; rounds are, once somebody has said yes to a plan."""


def kinds(place: Workplace, jobs: Jobs) -> Sequence[JobKind]:
    """The kinds of job, for the job engine."""

    def bring_in(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return carry_in(place, run, Errand.of(arguments), lambda: returns_are_pending(jobs))

    def bring_back(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return carry_back(place, run, Errand.of(arguments))

    return (
        *(
            JobKind(
                kind,
                queue.name,
                lambda arguments: f"Cache {Errand.of(arguments).name}",
                bring_in,
                backoff=timedelta(seconds=20),
                accepts=lambda arguments: can_carry(place, Errand.of(arguments)),
                label=label,
            )
            for kind, queue, label in (
                (IN, QUEUE, _("Copy a file to a fast disk")),
                (NOW, AT_ONCE, _("Copy a file to a fast disk at once")),
            )
        ),
        JobKind(
            BACK,
            QUEUE.name,
            lambda arguments: f"Move {Errand.of(arguments).name} back",
            bring_back,
            backoff=timedelta(seconds=20),
            accepts=lambda arguments: can_carry(place, Errand.of(arguments)),
            label="Move a file back",
        ),
        *_rounds(place, jobs),
        *care.kinds(place, jobs),
        *simulating.kinds(place),
    )


def _rounds(place: Workplace, jobs: Jobs) -> Sequence[JobKind]:
    def plan(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        asked_by = str(arguments.get("asked_by", ""))
        if not arguments.get("node"):
            return rounds.run_everywhere(place, jobs, asked_by)
        return rounds.run_plan(place, jobs, run, dry=bool(arguments.get("dry")), asked_by=asked_by)

    def play(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return rounds.run_urgent(place, jobs, run)

    def restore(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return rounds.return_everything(place, run, str(arguments.get("asked_by", "")))

    def look(run: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return rounds.look_after(place, run, int(arguments["tier_id"]))

    return (
        JobKind(
            RUN,
            ROUNDS.name,
            lambda arguments: "Plan the cache",
            plan,
            accepts=_is_mine(place),
            label="Plan the cache",
        ),
        JobKind(
            PLAY,
            ROUNDS.name,
            lambda arguments: "Fetch what is played",
            play,
            accepts=_is_mine(place),
            label="Fetch what is played",
        ),
        JobKind(
            RESTORE,
            ROUNDS.name,
            lambda arguments: "Move everything back",
            restore,
            accepts=_is_mine(place),
            label="Move everything back",
        ),
        JobKind(
            LOOK,
            ROUNDS.name,
            lambda arguments: f"Look after {arguments.get('name', 'a tier')}",
            look,
            accepts=lambda arguments: any(tier.id == arguments["tier_id"] for tier in place.places.tiers()),
            label="Look after a fast disk",
        ),
    )


def _is_mine(place: Workplace) -> Callable[[Arguments], bool]:
    """Whether a round is for this node, or for any."""

    def accepts(arguments: Arguments) -> bool:
        return arguments.get("node") in (None, place.node)

    return accepts
