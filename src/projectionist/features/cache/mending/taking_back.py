"""Taking back a file at rest: to its path, where nothing is now; the copy that lies on a fast disk is left there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from projectionist.errors import Conflict, NotFound, SwapRefused
from projectionist.features.cache.mending import moves
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.models import RestRow, Step
from projectionist.features.cache.spots import is_mounted, status


def take_back(care: Care, rest_id: int) -> Path:
    """Give a file at rest its path again, as a journalled move, and say which.

    Raises NotFound where nothing rests under this number, Conflict where something is at its path or it rests beside
    a fast copy, SwapRefused where its disk is not mounted, and as `moves.journalled`.
    """
    row = next((one for one in care.desk.journal.at_rest() if one.id == rest_id), None)
    if row is None:
        raise NotFound("This file rests no more; it was taken back, or its days were over.")
    path, resting = Path(row.path), Path(row.resting)
    _require_takeable(care, row)
    grounds = moves.grounds_above(care, path)
    if not grounds:
        raise SwapRefused(f"{path} is in no folder that is served any more; it rests on as {resting}.")
    spot = grounds[0].spot(path)
    content = replace(moves.content_of_file(resting), digest="")
    with moves.journalled(care.desk, spot, content, Step.SWAPPING) as move:
        care.desk.calls.rename_new(resting, path)
        care.desk.calls.sync_folder(path.parent)
        care.desk.journal.end(move, cached=False)
    care.desk.journal.forget_rest(row)
    return path


def _require_takeable(care: Care, row: RestRow) -> None:
    """Raise where a file at rest has no way back to its path."""
    path, resting, root = Path(row.path), Path(row.resting), Path(row.root)
    if not is_mounted(root):
        raise SwapRefused(f"{root} is not mounted on this machine; nothing was changed: take it back there.")
    if resting.parent != path.parent:
        raise Conflict(
            f"This is a copy on the fast disk, {resting}; its path is on another one. Take back what rests beside the "
            "path, or copy it by hand."
        )
    if not moves.is_plain(resting):
        raise NotFound(f"{resting} is not there any more; nothing was changed.")
    if status(path) is not None or care.desk.journal.cached(path) is not None:
        raise Conflict(f"There is a file at {path} again; both stay. Move that one away first.")
