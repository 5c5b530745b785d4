"""Bring a file to the fast disk and back, with every step in the journal before it is taken."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path

from projectionist.errors import NotFound, ProjectionistError, ServiceError, SourceChanged, SwapRefused
from projectionist.features.cache.copying import Copied, Progress, copy_proved, digest_on_device
from projectionist.features.cache.journal import Move, Origin
from projectionist.features.cache.layouts import ADAPTERS
from projectionist.features.cache.locking import alone
from projectionist.features.cache.models import Kind, Step
from projectionist.features.cache.settling import (
    Desk,
    Outcome,
    drop_fast,
    is_unchanged,
    let_lookups_end,
    mark_after,
    put_to_rest,
    require_finished,
    return_original,
    settle,
)
from projectionist.features.cache.spots import (
    ASIDE,
    RESTING,
    TEMPORARY,
    Content,
    Spot,
    Standing,
    is_mounted,
    look,
    mark_of,
    mount_of,
    status,
    temporary,
)
from projectionist.kit.confining import within
from projectionist.kit.files import explained


def unheard(_done: int) -> None:
    """For whoever does not follow how far a copy is."""


def cache_in(
    desk: Desk,
    spot: Spot,
    *,
    film: Path | None = None,
    item_id: int | None = None,
    hard_links: bool = False,
    progress: Progress = unheard,
) -> Outcome:
    """Copy a file to the fast disk and let its path lead there; `film` is the one a sidecar comes along with.

    `item_id` is the index's, by which an upgrade is told from a deletion later. Files with several names are left
    out unless `hard_links`. Whatever fails, the path is then as it was. Raises SwapRefused, SourceChanged, CopyWrong,
    TargetFull, TargetUnwritable, AlreadyAtWork, ServiceError where nobody can say who plays it, DatabaseUnusable, and
    what `progress` raises.
    """
    with explained(spot.path, "cached"), alone(spot):
        _require_place(spot)
        if look(spot) is Standing.SETTLING:
            move = desk.journal.begin(Kind.CACHE_IN, spot, _content(spot))
            with desk.journal.held(move):
                settle(desk, move, forward=False)
        _require_free_names(spot)
        here = os.lstat(spot.path)
        if here.st_nlink > 1 and not hard_links:
            return Outcome.HARD_LINKED
        if not desk.watching.leaves_free(spot.path):
            return Outcome.PLAYING
        origin = _origin(desk, spot, item_id)
        move = desk.journal.begin(Kind.CACHE_IN, spot, _content(spot), film=film, origin=origin)
        with desk.journal.held(move):
            try:
                return _carry_in(desk, move, progress)
            except (OSError, ProjectionistError):
                settle(desk, move, forward=False)
                raise


def move_back(desk: Desk, path: Path, *, progress: Progress = unheard) -> Outcome:
    """Put a path's newest content back on its slow disk, and take away the fast copy.

    That is the original, or the fast copy where that was written to. A path that is not ours any more is left alone,
    and what we had of it rests. Raises NotFound where the path is not cached, and what `cache_in` raises.
    """
    found = desk.journal.cached(path)
    if found is None:
        raise NotFound(f"{path} is not on the fast disk; nothing was changed.")
    spot, content = found
    with explained(path, "moved back"), alone(spot):
        if not desk.watching.leaves_free(path):
            return Outcome.PLAYING
        require_finished(spot)
        move = desk.journal.begin(Kind.MOVE_BACK, spot, content, Step.SWAPPING)
        with desk.journal.held(move):
            try:
                return _carry_back(desk, move, progress)
            except (OSError, ProjectionistError):
                settle(desk, move, forward=True)
                raise


def _carry_in(desk: Desk, move: Move, progress: Progress) -> Outcome:
    spot, calls = move.spot, desk.calls
    calls.make_folder(spot.fast.parent)
    copy = temporary(spot.fast.parent, move.token, "copy")
    copied = copy_proved(calls, spot.path, copy, progress)
    if not move.content.fits(copied.source) or not move.content.fits(os.lstat(spot.path)):
        raise SourceChanged(
            f"{spot.path} was replaced while it was copied; it stays where it is: look again later."
        )
    desk.journal.enter(move, Step.PUBLISHING, replace(move.content, digest=copied.digest))
    _publish(desk, move, copy)
    if not desk.watching.leaves_free(spot.path):
        settle(desk, move, forward=False)
        return Outcome.PLAYING
    changed = os.lstat(spot.fast).st_ctime_ns
    desk.journal.enter(move, Step.SWAPPING, replace(move.content, fast_ctime_ns=changed))
    spare = temporary(spot.path.parent, move.token, "link")
    let_lookups_end(desk, spot)
    before = os.lstat(spot.path)
    _require_copied(spot, spot.path, copied, progress)
    ADAPTERS[spot.layout].occupy(calls, spot, move.content, spare)
    aside = os.lstat(spot.aside)
    _require_copied(spot, spot.aside, copied, progress)
    mark = mark_of(aside) if move.content.is_untouched(before) and os.path.samestat(before, aside) else ""
    desk.journal.enter(move, Step.WITNESSING, replace(move.content, original=mark))
    if not desk.witness.sees(spot.path, spot.fast):
        settle(desk, move, forward=False)
        return Outcome.UNSEEN
    desk.journal.end(move, cached=True)
    return Outcome.CACHED


def _require_copied(spot: Spot, file: Path, copied: Copied, progress: Progress) -> None:
    """Raise SourceChanged where a file is another than was copied, though its size and time are the same.

    Its inode tells that, and where a file system gives it another number meanwhile, what is in it.
    """
    found = os.lstat(file)
    if os.path.samestat(found, copied.source):
        return
    if digest_on_device(file, progress, done=found.st_size) != copied.digest:
        raise SourceChanged(
            f"Another file of the same size and time has come to {spot.path} meanwhile; it is kept in its place, "
            "and copied next time."
        )


def _publish(desk: Desk, move: Move, copy: Path) -> None:
    """Give the copy its name; what has come there meanwhile is somebody else's, whatever it holds."""
    fast = move.spot.fast
    try:
        desk.calls.rename_new(copy, fast)
    except FileExistsError as error:
        desk.journal.enter(move, Step.COPYING, replace(move.content, digest=""))
        raise SwapRefused(
            f"Something else has come to {fast} meanwhile; nothing was changed: run an audit, which tells what it is."
        ) from error
    desk.calls.sync_folder(fast.parent)


def _carry_back(desk: Desk, move: Move, progress: Progress) -> Outcome:
    spot, content = move.spot, move.content
    standing = look(spot)
    if standing is Standing.BARE or (standing is Standing.AWAY and _is_newest(spot, content)):
        return _return_changed(desk, move, progress)
    aside = status(spot.aside)
    if standing is not Standing.AWAY or aside is None or not content.fits(aside):
        return examine(desk, move)
    if _is_damaged(desk, move, aside, progress):
        return _return_changed(desk, move, progress, "damaged")
    return_original(desk, move)
    if is_mounted(spot.fast_root) and status(spot.fast) is not None and not is_unchanged(spot.fast, content):
        ADAPTERS[spot.layout].occupy(
            desk.calls, spot, content, temporary(spot.path.parent, move.token, "link")
        )
        raise SourceChanged(
            f"{spot.fast} is being written to; it stays on the fast disk: try again when it rests."
        )
    return _finish_back(desk, move)


def reads_whole(desk: Desk, spot: Spot, content: Content) -> bool:
    """Whether moving a path back reads or writes a whole file on its slow disk. Raises OSError."""
    aside = status(spot.aside)
    return (
        desk.proves_returns or _is_newest(spot, content) or aside is None or not content.is_untouched(aside)
    )


def _is_damaged(desk: Desk, move: Move, aside: os.stat_result, progress: Progress) -> bool:
    """Whether an original does not read as what was copied, though nobody wrote to it, and its fast copy does.

    It is read where somebody may have written to it, or where everything is to be proved. One that was written to goes
    back as it is while its fast copy rests, since nobody knows which of the two was meant.
    """
    spot, content = move.spot, move.content
    if not is_mounted(spot.fast_root) or status(spot.fast) is None:
        return False
    untouched = content.is_untouched(aside)
    if untouched and not desk.proves_returns:
        return False
    read = _read(spot.aside, progress)
    if read == content.digest:
        move.content = replace(content, original=mark_of(aside))
        return False
    move.content = replace(content, original="")
    return (untouched or not read) and digest_on_device(spot.fast, progress) == content.digest


def _read(path: Path, progress: Progress) -> str:
    """The digest of what a file's device holds; empty where the device cannot read it. Raises any other OSError."""
    try:
        return digest_on_device(path, progress)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return ""


def _is_newest(spot: Spot, content: Content) -> bool:
    """Whether the fast copy was written to since it was made."""
    return (
        is_mounted(spot.fast_root) and status(spot.fast) is not None and not is_unchanged(spot.fast, content)
    )


def _return_changed(desk: Desk, move: Move, progress: Progress, reason: str = "replaced") -> Outcome:
    spot, calls = move.spot, desk.calls
    had_original = status(spot.aside) is not None
    desk.journal.enter(move, Step.COPYING)
    calls.make_folder(spot.path.parent)  # a mover takes empty ones away
    copy = temporary(spot.path.parent, move.token, "copy")
    copied = copy_proved(
        calls, spot.fast, copy, progress, attributes_from=spot.aside if had_original else None
    )
    now = os.lstat(spot.fast)
    if not desk.watching.leaves_free(spot.path):
        settle(desk, move, forward=True)
        return Outcome.PLAYING
    newest = replace(move.content, digest=copied.digest, fast_ctime_ns=now.st_ctime_ns)
    desk.journal.enter(move, Step.SWAPPING, newest)
    made = os.lstat(copy)
    ADAPTERS[spot.layout].replace(calls, spot, copy)
    move.content = replace(newest, original=mark_after(made, status(spot.path)))
    if had_original:
        put_to_rest(desk, move, spot.aside, spot.slow_root, reason)
    return _finish_back(desk, move)


def _finish_back(desk: Desk, move: Move) -> Outcome:
    """The path is right; the fast copy goes, or stays in the journal for as long as somebody may be playing it."""
    desk.journal.enter(move, Step.REMOVING)
    if not _is_surely_free(desk, move.spot.path):
        return Outcome.PLAYING
    drop_fast(desk, move)
    desk.journal.end(move, cached=False)
    return Outcome.HOME


def _is_surely_free(desk: Desk, path: Path) -> bool:
    try:
        return desk.watching.leaves_free(path)
    except ServiceError:
        return False  # unknown is not false


def examine(desk: Desk, move: Move) -> Outcome:
    """See how a cached path stands; what is as we left it stays, and anything else has its stated outcome."""
    return settle(desk, move, forward=True)


def _origin(desk: Desk, spot: Spot, item_id: int | None) -> Origin:
    listed = () if item_id is None else desk.listing.files_of(item_id)
    return Origin(item_id, frozenset((*listed, spot.path)), mount_of(spot.path, spot.slow_root))


def _content(spot: Spot) -> Content:
    here = os.lstat(spot.path)
    return Content(here.st_size, here.st_mtime_ns, original=mark_of(here))


def _require_place(spot: Spot) -> None:
    for root in (spot.slow_root, spot.fast_root):
        if not is_mounted(root):
            raise SwapRefused(f"{root} is not mounted; nothing was changed: mount it, then try again.")
    name = spot.path.name
    if any(pattern.fullmatch(name) for pattern in (ASIDE, RESTING, TEMPORARY)):
        raise SwapRefused(f"{spot.path} is one of our own files; it stays as it is.")
    try:
        "".join((str(spot.path), str(spot.fast), spot.link)).encode()
    except UnicodeEncodeError:
        raise SwapRefused(
            f"{os.fsencode(spot.path)!r} has a name that is no UTF-8; it stays where it is: rename it, and it can be "
            "cached."
        ) from None
    for folder, root in ((spot.fast.parent, spot.fast_root), (spot.path.parent, spot.slow_root)):
        if not within(folder.resolve(), (root,)):
            raise SwapRefused(f"{folder} does not really lie within {root}; nothing was changed.")


def _require_free_names(spot: Spot) -> None:
    standing, here = look(spot), status(spot.path)
    if here is None:
        raise NotFound(f"{spot.path} is not there; nothing was changed.")
    if standing is not Standing.HOME or not stat.S_ISREG(here.st_mode):
        raise SwapRefused(
            f"{spot.path} is no plain file, or one that is cached already; it stays as it is: run an audit."
        )
    with os.scandir(spot.path.parent) as entries:
        if all(entry.name != spot.path.name for entry in entries):
            raise SwapRefused(
                f"The file system of {spot.path.parent} spells {spot.path.name} otherwise; it stays where it is: use "
                "the spelling that the folder lists."
            )
    if status(spot.fast) is not None:
        raise SwapRefused(
            f"Something is at {spot.fast} already; nothing was changed: run an audit, which tells what it is."
        )
