"""Rounds of the cache: see what is wanted, ask for the moves, and keep the house."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from projectionist.errors import NotFound, ProjectionistError
from projectionist.features.cache import recovering
from projectionist.features.cache.models import Kind
from projectionist.features.cache.planning.plan import CachePlan
from projectionist.features.cache.recovering import Settled
from projectionist.features.cache.running import queries
from projectionist.features.cache.running.errands import Errand
from projectionist.features.cache.running.noting import FAILED, Came, note, note_let_go, noted
from projectionist.features.cache.running.ordering import RUN, orders_of, place_orders, urgent_orders
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.sidecars import return_stranded
from projectionist.features.cache.spots import Content, Spot, is_mounted
from projectionist.features.cache.swapping import move_back
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import JobRun, Jobs, Order, Priority

_HISTORY = timedelta(days=365)
"""How long a move that ended is remembered."""


def run_plan(place: Workplace, jobs: Jobs, run: JobRun, *, dry: bool, asked_by: str) -> Mapping[str, Any]:
    """See what is to be moved and, unless `dry`, ask for it. Nothing on a slow disk is looked at for that."""
    run.progress(0, now="Looking what will be watched")
    plan = place.planner.plan(place.clock.now())
    if dry:
        return {"dry": True, **told(plan)}
    ordered = place_orders(jobs, orders_of(plan, asked_by))
    keep_house(place, run)
    return {"dry": False, "ordered": ordered, **told(plan)}


def run_everywhere(place: Workplace, jobs: Jobs, asked_by: str) -> Mapping[str, Any]:
    """Ask each node that has fast tiers for its round."""
    with place.database.read() as session:
        nodes = queries.nodes(session)
    for node in nodes:
        arguments = {"asked_by": asked_by, "node": node}
        jobs.order(Order(RUN, arguments, f"{node} run", Priority.LOW, asked_by=asked_by))
    return {"nodes": list(nodes)}


def run_urgent(place: Workplace, jobs: Jobs, run: JobRun) -> Mapping[str, Any]:
    """Ask for what is played now and comes next, before all else."""
    plan = place.planner.plan(place.clock.now(), at_once=True)
    return {"ordered": place_orders(jobs, urgent_orders(plan, "playing"))}


def told(plan: CachePlan) -> dict[str, Any]:
    """A plan in numbers."""
    return {
        "copies": len(plan.copies),
        "bytes_in": sum(one.want.file.size for one in plan.copies),
        "returns": len(plan.returns),
        "bytes_back": sum(one.size for one in plan.returns),
        "kept": len(plan.kept),
        "refused": len(plan.refused),
    }


def keep_house(place: Workplace, run: JobRun) -> None:
    """What is due without anybody asking: sidecars without their films go home, what has rested long enough goes."""
    let_go = partial(recovering.let_go, note=partial(note_let_go, place))
    for chore in (recovering.hide_returned, return_stranded, let_go):
        run.check()
        try:
            chore(place.desk)
        except ProjectionistError as error:
            run.log(error.message, "warning")
    with place.database.write() as session:
        queries.forget_moves(session, place.clock.now() - _HISTORY)


def recover(place: Workplace) -> Sequence[Settled]:
    """End what this node left unfinished, before anything else begins. Raises DatabaseUnusable."""
    settled = recovering.recover(place.desk)
    for one in settled:
        if one.outcome is not None and place.desk.journal.unfinished_at(one.path) is None:
            _note_settled(place, one, "It was cut short, and settled at the next start.")
    return settled


def look_after(place: Workplace, run: JobRun, tier_id: int) -> Mapping[str, Any]:
    """Settle what is on a tier that has gone, or has come back; every path then leads to a file."""
    tier = next((one for one in place.places.tiers() if one.id == tier_id), None)
    if tier is None:
        return {"outcome": "gone"}
    run.progress(0, now=f"Looking after {tier.name}")
    settled = recovering.look_after(place.desk, tier.root)
    for one in settled:
        _note_settled(place, one, f"{tier.root} was not there.", tier.name)
    hidden = recovering.hide_returned(place.desk) if is_mounted(tier.root) else []
    return {
        "settled": len(settled),
        "hidden": len(hidden),
        "left": [one.reason for one in settled if one.reason],
    }


def return_everything(place: Workplace, run: JobRun, asked_by: str) -> Mapping[str, Any]:
    """Move back all that this node has on its fast tiers; `left` says, file by file, what could not be."""
    recover(place)
    roots = {tier.root: tier.name for tier in place.places.tiers()}
    tried: set[Path] = set()
    total, done, left = 0, 0, []
    while ours := _still_there(place, roots, tried):  # a copy that was under way may have ended meanwhile
        total += sum(content.size for _, content in ours)
        for spot, content in ours:
            tried.add(spot.path)
            run.progress(done, total, unit="bytes", now=f"Moving {spot.path.name} back")
            errand = Errand(str(spot.path), size=content.size, why="Everything goes back.", asked_by=asked_by)
            reason = _returned(place, run, spot, errand, roots[spot.fast_root], done, total)
            if reason:
                left.append(f"{spot.path}: {reason}")
            done += content.size
    run.progress(done, total or None, unit="bytes")
    if place.exclusions is not None:
        place.exclusions.write()
    return {"returned": len(tried) - len(left), "left": left}


def _still_there(
    place: Workplace, roots: Mapping[Path, str], tried: Collection[Path]
) -> list[tuple[Spot, Content]]:
    """What is on these fast tiers and was not tried yet."""
    return [
        (spot, content)
        for spot, content in place.desk.journal.all_cached()
        if spot.fast_root in roots and spot.path not in tried
    ]


def _returned(
    place: Workplace, run: JobRun, spot: Spot, errand: Errand, tier: str, before: int, total: int
) -> str:
    """Move one file back; why it could not be, or nothing."""

    def progress(done: int) -> None:
        run.progress(before + done, total, unit="bytes", now=f"Moving {spot.path.name} back")

    try:
        came = noted(place, Kind.MOVE_BACK, errand, tier, _moving(place, spot, progress))
    except NotFound:
        return ""  # it went along with its film
    except ProjectionistError as error:
        run.check()  # a cancelled job ends here
        return error.message
    return "Somebody plays it." if came.outcome is Outcome.PLAYING else ""


def _moving(place: Workplace, spot: Spot, progress: Callable[[int], None]) -> Callable[[], Came]:
    return lambda: Came(move_back(place.desk, spot.path, progress=progress))


def _note_settled(place: Workplace, settled: Settled, why: str, tier: str = "") -> None:
    errand = Errand(str(settled.path), why=why, asked_by="recovery")
    note(place, Kind.MOVE_BACK, errand, tier, settled.outcome or FAILED, 0, settled.reason)
