"""Previews, as everything outside this feature uses them: make them, and say what there is to make."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from projectionist.errors import UsageWrong
from projectionist.features.previews import cleaning, inspecting
from projectionist.features.previews.batch import Batch, Event
from projectionist.features.previews.checking import Checked, check_previews
from projectionist.features.previews.cleaning import Findings, Removal, Sweep
from projectionist.features.previews.estimating import estimate_previews
from projectionist.features.previews.finding import Choice, Found, NotSearched, find_films
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Result, Task, make_previews
from projectionist.features.previews.outputs import Layout
from projectionist.features.previews.proving import Proof, prove_plex_data

__all__ = [
    "Choice",
    "Plan",
    "Proof",
    "Request",
    "check",
    "find_orphans",
    "inspect",
    "make",
    "plan",
    "prove_plex_data",
    "remove_orphans",
    "save_contact_sheet",
    "save_picture",
]


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for: which films, which previews, where, how."""

    paths: tuple[Path, ...]
    layout: Layout
    recipe: Recipe
    choice: Choice


@dataclass(frozen=True, slots=True)
class Plan:
    """The films found, each with its previews, and the places that could not be searched."""

    tasks: tuple[Task, ...]
    not_searched: tuple[Result, ...]


def plan(request: Request) -> Plan:
    """Find the films and decide where each one's previews belong. Raises UsageWrong for a request that clashes."""
    _check(request)
    films: list[Found] = []
    not_searched: list[Result] = []
    for found in find_films(request.paths, request.choice):
        if isinstance(found, NotSearched):
            not_searched.append(Result(found.path, found.outcome, found.message))
        else:
            films.append(found)
    bases = request.layout.bases(films)
    tasks, taken = [], {film.path for film in films}
    for film in films:
        outputs = request.layout.outputs(bases[film.path])
        places = {output.path for output in outputs}
        if not taken.isdisjoint(places):
            message = (
                f"The preview of {film.path} would take the place of a film or another preview; make it with its own "
                "--output."
            )
            not_searched.append(Result(film.path, "clash", message))
            continue
        taken |= places
        tasks.append(Task(film.path, outputs, film.size))
    return Plan(tuple(tasks), tuple(not_searched))


def make(
    tasks: Sequence[Task], recipe: Recipe, *, workers: int | None = None, nice: int = 0, dry_run: bool = False
) -> Generator[Event, None, None]:
    """Make the previews of these films, in this order; yields what happens. Close it to stop within a second."""
    workers = max(1, min(workers or _cores(), len(tasks)))
    if recipe.rate is not None:
        recipe = replace(recipe, rate=max(1, recipe.rate // workers))
    batch = Batch(recipe, workers=workers, nice=nice, make=estimate_previews if dry_run else make_previews)
    return batch.run(tasks)


def check(request: Request, *, deep: bool = False) -> Iterator[Checked]:
    """How the previews asked for stand, film by film; `deep` decodes every picture. Raises UsageWrong."""
    planned = plan(request)
    return check_previews(planned.tasks, planned.not_searched, request.recipe, deep=deep)


def inspect(path: Path) -> inspecting.Inspection:
    """What a preview of any maker holds, and what is wrong with it. Raises UsageWrong where there is none."""
    return inspecting.inspect(path)


def save_picture(path: Path, number: int, target: Path) -> None:
    """Write one picture of a preview to `target`. Raises UsageWrong, PreviewInvalid, TargetUnwritable."""
    inspecting.save_picture(path, number, target)


def save_contact_sheet(path: Path, target: Path) -> None:
    """Write up to a hundred pictures of a preview as one JPEG. Raises as `save_picture` does."""
    inspecting.save_contact_sheet(path, target)


def find_orphans(sweep: Sweep) -> Findings:
    """Search for previews of ours whose film is gone; removes nothing. Raises UsageWrong."""
    return cleaning.find_orphans(sweep)


def remove_orphans(findings: Findings) -> Iterator[Removal]:
    """Remove what `find_orphans` found, each looked at again right before."""
    return cleaning.remove_orphans(findings)


def _check(request: Request) -> None:
    layout, wanted = request.layout, request.recipe.wanted
    if any(not 100 <= interval_ms <= 3_600_000 for interval_ms in wanted.intervals_ms):
        raise UsageWrong("An interval must be between 0.1 and 3600 seconds.")
    if not 16 <= wanted.width <= 3840:
        raise UsageWrong("A width must be between 16 and 3840 pixels.")
    if wanted.width % 2:
        raise UsageWrong("A width must be even: JPEGs halve their colour planes.")
    if wanted.max_height is not None and wanted.max_height < 16:
        raise UsageWrong("A greatest height must be at least 16 pixels.")
    if not 1 <= request.recipe.quality <= 100:
        raise UsageWrong("A quality must be between 1 and 100.")
    if Format.EMBY in layout.formats and any(interval_ms % 1000 for interval_ms in layout.intervals_ms):
        raise UsageWrong("Emby's file names hold whole seconds; choose a whole interval, or another format.")
    if Format.TRICKPLAY in layout.formats and wanted.max_height is not None:
        raise UsageWrong(
            "Jellyfin's folders are named by the width; leave --max-height out with --format trickplay."
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
