"""What is done where a move was cut short, or the disk is not as it was left: decided by what is there.

Every decision can be taken again after a crash in the middle of it. Nothing is removed but our own links and
temporaries, and a fast copy whose content is proved to be at the path; everything else rests.
"""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from projectionist.errors import ServiceError, SwapRefused
from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.halves import is_being_written, is_half_of
from projectionist.features.cache.journal import Journal, Move, Origin, Resting
from projectionist.features.cache.layouts import ADAPTERS
from projectionist.features.cache.models import Kind, Layout, Step
from projectionist.features.cache.renaming import find_renamed
from projectionist.features.cache.spots import (
    Content,
    Spot,
    Standing,
    is_another_system,
    is_mounted,
    look,
    mark_of,
    resting_name,
    status,
    temporary,
)
from projectionist.features.cache.watching import Listing, NoListing, Watching, Witness
from projectionist.kit.swaps import FileCalls


class Outcome(StrEnum):
    """How a move ended."""

    CACHED = "cached"
    """The path leads to the fast disk."""
    HOME = "home"
    """A file is at the path, on the slow disk."""
    RESTING = "resting"
    """The path was deleted or is another's now; what we had of it rests for 14 days."""
    UPGRADED = "upgraded"
    """The path was given up for another one of the same item; what we had of the old one rests for 14 days."""
    RENAMED = "renamed"
    """What was cached has another path now, which leads to the fast disk."""
    PLAYING = "playing"
    """Somebody plays it; nothing was changed."""
    HARD_LINKED = "hard_linked"
    """It has other names (a seeding file); nothing was changed."""
    UNSEEN = "unseen"
    """The server does not see the fast copy through the path; all is as it was."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What a move works with."""

    journal: Journal
    watching: Watching
    witness: Witness
    calls: FileCalls = field(default_factory=FileCalls)
    grace_s: float = 0.5
    """How long a union is given to end what it does at a branch that it chose before a name changed there."""
    listing: Listing = field(default_factory=NoListing)
    proves_returns: bool = False
    """Whether an original is read whole before its fast copy goes, even where nobody can have written to it."""


def settle(desk: Desk, move: Move, *, forward: bool) -> Outcome:
    """End a move by what the disk shows: on the fast disk where `forward` and all is there, else at home.

    Raises SwapRefused where a tier is not mounted on which that depends, ServiceError where only a server could tell
    what became of the path, and OSError; the move stays in the journal then.
    """
    spot, calls = move.spot, desk.calls
    require_slow(desk, spot)
    _drop_temporaries(calls, move)
    require_finished(spot)
    standing = look(spot)
    if standing is Standing.REPLACED and _is_half(spot):
        put_to_rest(desk, move, spot.path, spot.slow_root, "half")
        standing = look(spot)
    elif move.step is Step.RESTING and standing is Standing.AWAY:
        _note_rest(desk, move, spot.path, spot.slow_root, "half")  # it rested before a crash
    if standing is Standing.SETTLING or (standing is Standing.NOTHING and status(spot.aside) is not None):
        calls.remove(spot.aside)
        calls.sync_folder(spot.path.parent)
        standing = look(spot)
    if standing is Standing.AWAY:
        if _may_stay(desk, move, forward=forward):
            desk.journal.end(move, cached=True)
            return Outcome.CACHED
        return_original(desk, move)
        standing = look(spot)
    if standing is Standing.BARE and not _was_deleted_meanwhile(desk, move):
        desk.journal.end(move, cached=True)  # it may be all there is: it stays, and stays known
        return Outcome.CACHED
    if standing is Standing.REPLACED and _were_caught_exchanging(spot, move.content):
        calls.exchange(spot.aside, spot.path)
        calls.sync_folder(spot.path.parent)
    if standing not in (Standing.GONE, Standing.NOTHING, Standing.BARE):
        return _leave(desk, move, standing)
    origin = desk.journal.origin(spot.path)
    listed = list_files(desk, origin)
    upgraded = is_upgraded(origin, listed)
    elsewhere = find_renamed(spot, move.content, listed, far=not upgraded)
    if elsewhere is not None:
        return _follow(desk, move, elsewhere)
    return _leave(desk, move, standing, "upgraded" if upgraded else "deleted")


def require_finished(spot: Spot) -> None:
    """Raise SwapRefused where a mover still writes a file of the path's name on the slow branch of a union."""
    if spot.layout is not Layout.UNION or look(spot) is not Standing.REPLACED:
        return
    if stat.S_ISREG(os.lstat(spot.path).st_mode) and is_being_written(spot.path):
        raise SwapRefused(
            f"Another program is writing {spot.path}; nothing was changed: it is looked at again when that has ended."
        )


def _is_half(spot: Spot) -> bool:
    """Whether a mover was stopped while it brought the fast copy to the slow branch; the union shows the copy still."""
    if spot.layout is not Layout.UNION or not is_mounted(spot.fast_root):
        return False
    plain = all(
        found is not None and stat.S_ISREG(found.st_mode) for found in (status(spot.path), status(spot.fast))
    )
    return plain and is_half_of(spot.path, spot.fast)


def _was_deleted_meanwhile(desk: Desk, move: Move) -> bool:
    """Whether a union shows a copy only because the path was deleted right before the copy had its name."""
    unknown = desk.journal.cached(move.spot.path) is None
    return unknown and move.spot.layout is Layout.UNION and move.kind is Kind.CACHE_IN


def require_slow(desk: Desk, spot: Spot) -> None:
    """Raise SwapRefused where a missing file means nothing, since its tier, or the disk within, is not there."""
    mount = desk.journal.origin(spot.path).mount
    away = next(
        (root for root in (spot.slow_root, mount) if root is not None and not _is_there(root, mount)), None
    )
    if away is not None:
        raise SwapRefused(
            f"{away} is not mounted, so nobody can tell how {spot.path} stands; nothing was changed: mount it, and "
            "this is looked at again."
        )


def _is_there(root: Path, mount: Path | None) -> bool:
    return is_another_system(root) if root == mount else is_mounted(root)


def list_files(desk: Desk, origin: Origin) -> Collection[Path]:
    """Where the servers list the item of a path now. Raises ServiceError."""
    return () if origin.item_id is None else desk.listing.files_of(origin.item_id)


def is_upgraded(origin: Origin, listed: Collection[Path]) -> bool:
    """Whether an item whose file is gone has another that it did not have when that was cached. Raises OSError."""
    return any(path not in origin.listed and status(path) is not None for path in listed)


def _follow(desk: Desk, move: Move, spot: Spot) -> Outcome:
    """The original takes the name that goes with the new one of its path."""
    old = move.spot.aside
    before = status(old)
    if before is not None and status(spot.aside) is None:
        desk.calls.make_folder(spot.aside.parent)  # a union may have made it on the other branch only
        desk.calls.rename_new(old, spot.aside)
        if move.content.is_untouched(before):
            move.content = replace(move.content, original=mark_after(before, status(spot.aside)))
        for folder in {old.parent, spot.aside.parent}:
            desk.calls.sync_folder(folder)
    desk.journal.follow(move, spot)
    return Outcome.RENAMED


def is_unchanged(fast: Path, content: Content) -> bool:
    """Whether a fast copy holds what it held: by its change time, else by its digest. Raises OSError."""
    found = status(fast)
    if found is None or not stat.S_ISREG(found.st_mode) or found.st_size != content.size:
        return False
    return found.st_ctime_ns == content.fast_ctime_ns or digest_on_device(fast) == content.digest


def return_original(desk: Desk, move: Move) -> None:
    """Put what is aside back in its place; where it was untouched, it is known to be still. Raises SourceChanged."""
    spot, aside = move.spot, os.lstat(move.spot.aside)
    untouched = move.content.is_untouched(aside)
    ADAPTERS[spot.layout].restore(desk.calls, spot)
    here = status(spot.path)
    move.content = replace(move.content, original=mark_after(aside, here) if untouched else "")


def mark_after(before: os.stat_result, after: os.stat_result | None) -> str:
    """The mark of a file that only got another name; none where something else has its name."""
    return mark_of(after) if after is not None and os.path.samestat(before, after) else ""


def drop_fast(desk: Desk, move: Move, reason: str = "replaced") -> None:
    """Remove the fast copy if what it holds is at the path, else put it to rest. Raises OSError."""
    spot = move.spot
    if not is_mounted(spot.fast_root):
        if move.content.digest:  # it may come back with its disk, and must not be taken for the newest then
            move.rests.append(Resting(spot.fast, spot.fast_root, "drive_away", move.content.size))
        return
    found = status(spot.fast)
    if found is not None and move.content.digest:
        if _is_at_path(spot, move.content, found):
            let_lookups_end(desk, spot)
            desk.calls.remove(spot.fast)
            desk.calls.sync_folder(spot.fast.parent)
        else:
            put_to_rest(desk, move, spot.fast, spot.fast_root, reason)
    else:
        _note_rest(desk, move, spot.fast, spot.fast_root, reason)
    desk.calls.remove_empty_folders(spot.fast.parent, spot.fast_root)


def let_lookups_end(desk: Desk, spot: Spot) -> None:
    """A union looks for the branch first and opens the file then: let whoever is between the two get through."""
    if spot.layout is Layout.UNION:
        time.sleep(desk.grace_s)


def put_to_rest(desk: Desk, move: Move, file: Path, root: Path, reason: str) -> None:
    """Keep a file under a hidden name beside where it was; does nothing more where that is done. Raises OSError."""
    if status(file) is not None:
        desk.journal.enter(move, Step.RESTING)
        desk.calls.rename_new(file, resting_name(file, move.spot.path.name, move.token))
        desk.calls.sync_folder(file.parent)
    _note_rest(desk, move, file, root, reason)


def _note_rest(desk: Desk, move: Move, file: Path, root: Path, reason: str) -> None:
    rest = resting_name(file, move.spot.path.name, move.token)
    found = status(rest)
    if found is not None:
        move.rests.append(Resting(rest, root, reason, found.st_size))


def _leave(desk: Desk, move: Move, standing: Standing, reason: str = "replaced") -> Outcome:
    """Neither path nor original leads to the fast disk any more."""
    spot = move.spot
    if standing in (Standing.REPLACED, Standing.GONE):
        put_to_rest(desk, move, spot.aside, spot.slow_root, reason)
    else:
        _note_rest(desk, move, spot.aside, spot.slow_root, reason)
    drop_fast(desk, move, reason)
    desk.journal.end(move, cached=False)
    here = status(spot.path)
    if reason == "upgraded":
        return Outcome.UPGRADED
    at_home = here is not None and stat.S_ISREG(here.st_mode) and standing is Standing.HOME
    return Outcome.HOME if at_home else Outcome.RESTING


def _may_stay(desk: Desk, move: Move, *, forward: bool) -> bool:
    """Whether the path may go on leading to the fast disk: all is there, and the server sees it."""
    spot, content = move.spot, move.content
    aside = status(spot.aside)
    if not is_mounted(spot.fast_root) or aside is None or not content.fits(aside):
        return False
    found = status(spot.fast)
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    if move.kind is Kind.MOVE_BACK or not is_unchanged(spot.fast, content):
        return True  # what was written through the link is the newest there is
    return forward and _is_seen(desk, spot)


def _is_seen(desk: Desk, spot: Spot) -> bool:
    try:
        return desk.witness.sees(spot.path, spot.fast)
    except ServiceError:
        return False  # nobody can tell, so it goes back to where it was seen before


def _is_at_path(spot: Spot, content: Content, fast: os.stat_result) -> bool:
    here = status(spot.path)
    if here is None or not stat.S_ISREG(here.st_mode) or here.st_size != fast.st_size:
        return False
    if fast.st_ctime_ns != content.fast_ctime_ns and digest_on_device(spot.fast) != content.digest:
        return False
    if os.path.samestat(here, fast):
        return False
    return mark_of(here) == content.original or digest_on_device(spot.path) == content.digest


def _were_caught_exchanging(spot: Spot, original: Content) -> bool:
    """Whether the original was put back just when somebody put another file there, and that one is aside now."""
    here, aside = os.lstat(spot.path), os.lstat(spot.aside)
    return spot.layout is Layout.SYMLINK and original.fits(here) and not original.fits(aside)


def _return_foreign(calls: FileCalls, move: Move) -> None:
    """The same, where a newer file was put back: the other file has the name of our temporary."""
    spot = move.spot
    other = temporary(spot.path.parent, move.token, "copy")
    here, beside, fast = status(spot.path), status(other), status(spot.fast)
    if move.step is not Step.SWAPPING or here is None or beside is None or fast is None:
        return
    if not (stat.S_ISREG(here.st_mode) and stat.S_ISREG(beside.st_mode)):
        return
    ours = Content(fast.st_size, fast.st_mtime_ns)
    if ours.fits(here) and not ours.fits(beside) and calls.exchange(other, spot.path):
        calls.sync_folder(spot.path.parent)


def _drop_temporaries(calls: FileCalls, move: Move) -> None:
    spot = move.spot
    if spot.layout is Layout.SYMLINK and move.kind is Kind.MOVE_BACK:
        _return_foreign(calls, move)
    for path in (
        temporary(spot.fast.parent, move.token, "copy"),
        temporary(spot.path.parent, move.token, "copy"),
        temporary(spot.path.parent, move.token, "link"),
    ):
        if status(path) is not None:
            calls.remove(path)
            calls.sync_folder(path.parent)
