"""Taking back a file at rest: to the path it had where nothing is now, or under a new name beside that.

An original rests beside its path and is renamed. A fast copy rests on the fast disk: it is copied to the slow one, and
the copy is proved before what rested goes; or, where a repair is undone, it has the name again that it had there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import StrEnum
from itertools import count
from pathlib import Path

from projectionist.errors import Conflict, NotFound, ProjectionistError, SourceChanged, SwapRefused
from projectionist.features.cache.copying import copy_proved
from projectionist.features.cache.journal import Move
from projectionist.features.cache.mending import moves, queries
from projectionist.features.cache.mending.comparing import Check
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.mending.noting import RETURNED, Deed, Told, noted
from projectionist.features.cache.models import Kind, Layout, RestRow, Step
from projectionist.features.cache.spots import Content, Spot, is_mounted, status, temporary

_LONGEST_NAME = 255
"""Bytes that a name may have on about every file system."""


class Where(StrEnum):
    """Under which name a file at rest is to be again."""

    PATH = "path"
    """The path it had; never over something that is there now."""
    BESIDE = "beside"
    """A new name beside that path."""
    PLACE = "place"
    """The place that it was taken from: a fast copy has its name on the fast disk again. Where that is taken, or
    players would see it in the place of something else, a new name beside its path."""


def take_back(
    care: Care, rest_id: int, check: Check, *, where: Where = Where.PATH, undoes: int | None = None
) -> Path:
    """Give a file at rest a name again, as a journalled move that the history keeps, and say which.

    `check` is called while a copy is made. Raises NotFound where nothing rests under this number, Conflict where
    something is at its path, SwapRefused where its disk is not mounted, SourceChanged, CopyWrong, TargetFull, as
    `moves.journalled`, and what `check` raises; the file rests on then.
    """
    row = require_takeable(care, rest_id)
    why = f"It had come to rest as {row.reason.replace('_', ' ')}, and was taken back."
    deed = Deed(Kind.TAKE_BACK, Path(row.path), row.size, undoes=undoes)

    def act() -> tuple[Path, Told]:
        target = _target(care, row, where)
        _carry(care, row, target, check)
        return target, Told(why, RETURNED, target)

    return noted(care, deed, act)


def require_takeable(care: Care, rest_id: int, where: Where = Where.BESIDE) -> RestRow:
    """The file at rest, where it has a way back; what is gone from its disk is forgotten.

    Raises NotFound, SwapRefused, DatabaseUnusable, and Conflict where it is to have its path and that is taken.
    """
    with care.database.read() as session:
        row = queries.rest(session, rest_id)
    if row is None:
        raise NotFound("This file rests no more; it was taken back, or its days were over.")
    path, resting, root = Path(row.path), Path(row.resting), Path(row.root)
    if not is_mounted(root):
        raise SwapRefused(f"{root} is not mounted on this machine; nothing was changed: take it back there.")
    grounds = moves.grounds_above(care, path)
    if not grounds:
        raise SwapRefused(f"{path} is in no folder that is served any more; it rests on as {resting}.")
    if not is_mounted(grounds[0].slow_root):
        raise SwapRefused(f"{grounds[0].slow_root} is not mounted; nothing was changed: mount it first.")
    if not moves.is_plain(resting):
        if status(resting) is None:
            care.desk.journal.forget_rest(row)
        raise NotFound(f"{resting} is not there any more; nothing was changed.")
    if where is Where.PATH and _is_taken(care, path):
        raise Conflict(f"There is a file at {path} again; both stay. Take this one back beside it.")
    return row


def _target(care: Care, row: RestRow, where: Where) -> Path:
    """The name that a file is to have. Raises Conflict, SwapRefused and NotFound."""
    path, resting = Path(row.path), Path(row.resting)
    if where is Where.PATH:
        require_takeable(care, row.id, where)
        return path
    if where is Where.PLACE:
        place = resting.with_name(path.name)
        if place == path and not _is_taken(care, path):
            return path
        if place != path and _is_free_place(care, path, place):
            return place
    return next(one for one in _names_beside(path) if not _is_taken(care, one))


def _is_free_place(care: Care, path: Path, place: Path) -> bool:
    """Whether a fast copy can lie there again without anybody seeing it in the place of something else."""
    if any(one.layout is Layout.UNION for one in moves.grounds_at(care, place)):
        return False
    is_plain_or_gone = status(path) is None or moves.is_plain(path)
    return is_plain_or_gone and status(place) is None and not care.desk.journal.is_in_use(place)


def _names_beside(path: Path) -> Iterator[Path]:
    for number in count(1):
        mark = f" (taken back{f' {number}' if number > 1 else ''}){path.suffix}"
        room = _LONGEST_NAME - len(os.fsencode(mark))
        stem = os.fsencode(path.stem)[:room].decode(errors="ignore")
        yield path.with_name(f"{stem}{mark}")


def _is_taken(care: Care, path: Path) -> bool:
    """Whether something is at a path, or shown there by a union. Raises OSError as words, DatabaseUnusable."""
    if status(path) is not None or care.desk.journal.cached(path) is not None:
        return True
    return any(
        one.layout is Layout.UNION and status(one.spot(path).fast) is not None
        for one in moves.grounds_above(care, path)
    )


def _carry(care: Care, row: RestRow, target: Path, check: Check) -> None:
    """Give the file its name and forget that it rests; a crash at any instant leaves it under one name at least."""
    resting, found = Path(row.resting), os.lstat(row.resting)
    content = Content(found.st_size, found.st_mtime_ns)
    spot, is_near = _spot(care, target), resting.parent == target.parent
    step = Step.SWAPPING if is_near else Step.COPYING
    with moves.journalled(care.desk, spot, content, step, film=Path(row.path)) as move:
        try:
            if is_near:
                care.desk.calls.rename_new(resting, target)
                care.desk.calls.sync_folder(target.parent)
            else:
                _copy_home(care, move, resting, target, check)
        except FileExistsError as error:
            _leave(care, move)
            raise Conflict(f"Something has come to {target} meanwhile; both stay. Try again.") from error
        except (OSError, ProjectionistError):
            _leave(care, move)
            raise
        care.desk.journal.forget_rest(row)
        care.desk.journal.end(move, cached=False)


def _copy_home(care: Care, move: Move, resting: Path, target: Path, check: Check) -> None:
    calls, copy = care.desk.calls, temporary(target.parent, move.token, "copy")
    calls.make_folder(target.parent)
    copied = copy_proved(calls, resting, copy, lambda _: check())
    calls.rename_new(copy, target)
    calls.sync_folder(target.parent)
    now = os.lstat(resting)
    if (now.st_ino, now.st_mtime_ns, now.st_ctime_ns) != (
        copied.source.st_ino,
        copied.source.st_mtime_ns,
        copied.source.st_ctime_ns,
    ):
        raise SourceChanged(f"{resting} was written to meanwhile; it rests on, and its copy is at {target}.")
    calls.remove(resting)
    calls.sync_folder(resting.parent)


def _leave(care: Care, move: Move) -> None:
    """End a move whose file rests on: only its own temporary goes."""
    copy = temporary(move.spot.path.parent, move.token, "copy")
    if status(copy) is not None:
        care.desk.calls.remove(copy)
        care.desk.calls.sync_folder(copy.parent)
    care.desk.journal.end(move, cached=False)


def _spot(care: Care, target: Path) -> Spot:
    """The spot that a name belongs to, on the slow or the fast side. Raises SwapRefused."""
    above = moves.grounds_above(care, target)
    if above:
        return above[0].spot(target)
    at = moves.grounds_at(care, target)
    if not at:
        raise SwapRefused(f"{target} is on no disk that is served any more; nothing was changed.")
    return at[0].spot(at[0].mirrored(target))
