"""How the preview of a part stands, told from the disk without decoding anything."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from projectionist.errors import PreviewInvalid, ProjectionistError
from projectionist.features.previews.choices import Choices, Place
from projectionist.features.previews.making import Recipe
from projectionist.features.previews.models import Preview, PreviewState
from projectionist.features.previews.outputs import State, record_in, state_of
from projectionist.features.previews.record import Record
from projectionist.features.previews.targets import Obstacle, Part, Target, targets_of
from projectionist.features.previews.workplace import Workplace
from projectionist.frames.source import SourceFile
from projectionist.kit.confining import real_path
from projectionist.media.vocabulary import ServerKind, ServerPath

UNMAPPED = "unmapped"
OUTSIDE = "outside"
VANISHED = "vanished"

LONGEST_WAIT = timedelta(days=2)
"""Nothing waits longer for another try."""

_SETTLED = (PreviewState.FRESH,)
"""States that a node which cannot see the film does not take back: another one may see it."""


@dataclass(frozen=True, slots=True)
class FilmFile:
    """A film as this node's disk has it."""

    path: Path
    key: str
    same_as: str
    size: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Look:
    """What a look came to: `values` are the columns to set, `wanted` says that the film should be made.

    `targets` are the previews that can be placed now, `mark` stands for them, their film and what is wanted.
    """

    values: Mapping[str, Any]
    film: FilmFile | None = None
    targets: tuple[Target, ...] = ()
    wanted: bool = False
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked at: a part's row, what is wanted of its library, and how its server is reached here.

    `obstacle` is one that was met on the way here; `recipes` are those of places that another library of the same
    file has taken first.
    """

    row: Preview
    kind: ServerKind
    choices: Choices
    plex_data: Path | None
    obstacle: Obstacle | None = None
    recipes: Mapping[Path, Recipe] = field(default_factory=dict)


def find_film(place: Workplace, server_id: int, path: ServerPath) -> FilmFile | Obstacle:
    """The file of a part on this node, or why there is none."""
    local = place.servers.local_path(server_id, path)
    if local is None:
        return Obstacle(
            UNMAPPED,
            f"{path} is not there on {place.node}, and no path mapping leads to it; mount its disk, or add a mapping "
            f"for {place.servers.name(server_id)} under Servers.",
        )
    try:
        seen = os.stat(local)
    except OSError as error:
        return Obstacle(
            VANISHED,
            f"{local} cannot be opened on {place.node} ({error.strerror}); mount its disk, or correct the path "
            "mapping under Servers.",
        )
    if not stat.S_ISREG(seen.st_mode):
        return Obstacle("not_a_film", f"{local} is no file, and so no film.", PreviewState.FAILED)
    real = real_path(local)
    if real is None or not place.may_open(server_id, Path(local), real):
        return Obstacle(
            OUTSIDE,
            f"{local} is really {real or 'where nobody can tell'}, which lies outside of the folders of "
            f"{place.servers.name(server_id)}; it was not opened. Make its folder a folder of the library.",
        )
    return FilmFile(
        path=Path(local),
        key=hashlib.blake2b(os.fsencode(real), digest_size=16).hexdigest(),
        same_as=f"{seen.st_dev}:{seen.st_ino}:{seen.st_size}:{seen.st_mtime_ns}",
        size=seen.st_size,
        mtime_ns=seen.st_mtime_ns,
    )


def look(place: Workplace, question: Question) -> Look:
    """How the preview of a part stands. Reads the disk, never the database."""
    row, choices = question.row, question.choices
    unwanted = "" if choices.enabled else "Previews are switched off for this library."
    if choices.leaves_out(row.server_path):
        unwanted = "It lies in a folder that is left out."
    if unwanted:
        return _resting(Obstacle("", unwanted, PreviewState.EXCLUDED))
    film = find_film(place, row.server_id, ServerPath(row.server_path))
    if isinstance(film, Obstacle):
        if row.state in _SETTLED:
            return Look({})
        return _resting(film)
    part = Part(
        film.path,
        row.server_id,
        question.kind,
        ServerPath(row.server_path),
        row.part_hash,
        question.plex_data,
    )
    targets, obstacle = targets_of(part, choices, place.folder_of(choices))
    obstacle = question.obstacle or obstacle
    if question.obstacle is not None:
        targets = tuple(target for target in targets if target.place is not Place.PLEX)
    mark = _mark(choices, film, targets)
    if row.mark == mark and not obstacle:
        if row.state == PreviewState.FRESH and all(_as_it_was(kept) for kept in row.targets):
            return Look({"checked_at": place.now()}, film, targets)
        if row.state == PreviewState.FAILED and not _due(place, row):
            return Look({"checked_at": place.now()}, film, targets)
    return _judged(place, question, film, targets, obstacle, mark)


def _judged(
    place: Workplace,
    question: Question,
    film: FilmFile,
    targets: Sequence[Target],
    obstacle: Obstacle | None,
    mark: str,
) -> Look:
    state, reason = _state(question, film, targets)
    if state is PreviewState.FRESH:
        values = {**_found(targets), "mark": mark, "attempts": 0, "retry_at": None}
        if obstacle is not None:
            state, values["mark"] = obstacle.state, ""
        code, reason = (obstacle.code, obstacle.reason) if obstacle else ("", "")
        values |= {"state": state, "reason": reason, "error_code": code, "checked_at": place.now()}
        return Look(values, film, tuple(targets), mark=mark)
    values = {"state": state, "reason": reason, "error_code": "", "checked_at": place.now(), "mark": ""}
    return Look(values, film, tuple(targets), wanted=True, mark=mark)


def _state(question: Question, film: FilmFile, targets: Sequence[Target]) -> tuple[PreviewState, str]:
    """The worst of the targets' states; the film is opened only where a preview of it is there."""
    missing = [target for target in targets if not os.path.lexists(target.output.path)]
    if missing:
        there = "" if len(missing) == len(targets) else f"The preview for {missing[0].place} is not there."
        return PreviewState.MISSING, there
    if not targets:
        return PreviewState.FRESH, ""
    try:
        with SourceFile(film.path) as source:
            records: dict[Recipe, Record] = {}
            for target in targets:
                recipe = question.recipes.get(target.output.path, question.choices.recipe())
                if recipe not in records:
                    records[recipe] = recipe.record(source, 0)
                state, reason = state_of(target.output, records[recipe])
                if state is not State.FRESH:
                    return PreviewState.STALE, f"{target.output.path.name}: {reason}"
    except ProjectionistError as error:
        return PreviewState.STALE, error.message
    return PreviewState.FRESH, ""


def _found(targets: Sequence[Target]) -> dict[str, Any]:
    """What the row keeps of previews that are there."""
    kept, record = [], None
    for target in targets:
        try:
            record = record or record_in(target.output)
            size, mtime_ns = _weighed(target.output.path)
        except (PreviewInvalid, OSError):
            continue  # gone again in this moment; the next look tells
        kept.append(
            {
                "place": str(target.place),
                "format": str(target.output.format),
                "path": str(target.output.path),
                "size": size,
                "mtime_ns": mtime_ns,
            }
        )
    values: dict[str, Any] = {"targets": kept, "bytes": sum(one["size"] for one in kept)}
    if record is not None:
        values |= {
            "frames": record.thumbnails,
            "interval_ms": record.interval_ms,
            "width": record.width,
            "quality": record.quality,
        }
    return values


def _weighed(path: Path) -> tuple[int, int]:
    """Bytes and modification time of a file, or of a folder of sheets."""
    seen = path.stat()
    if not stat.S_ISDIR(seen.st_mode):
        return seen.st_size, seen.st_mtime_ns
    with os.scandir(path) as entries:
        return sum(entry.stat().st_size for entry in entries), seen.st_mtime_ns


def _as_it_was(kept: Mapping[str, Any]) -> bool:
    try:
        seen = os.stat(kept["path"])
    except OSError:
        return False
    size_fits = stat.S_ISDIR(seen.st_mode) or seen.st_size == kept["size"]
    return bool(size_fits and seen.st_mtime_ns == kept["mtime_ns"])


def _due(place: Workplace, row: Preview) -> bool:
    """When its time has come; one that is far ahead was set before the clock was set back."""
    return row.retry_at is not None and not place.now() < row.retry_at <= place.now() + LONGEST_WAIT


def _mark(choices: Choices, film: FilmFile, targets: Sequence[Target]) -> str:
    return choices.mark(film.size, film.mtime_ns, sorted(str(target.output.path) for target in targets))


def _resting(obstacle: Obstacle) -> Look:
    return Look({"state": obstacle.state, "reason": obstacle.reason, "error_code": obstacle.code})
