"""The moves that repairs are made of: each is in the journal before it begins, and can be ended after any crash.

Nothing is removed whose content is not proved elsewhere by reading both from their devices; everything else rests.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from projectionist.errors import SourceChanged
from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.journal import Move
from projectionist.features.cache.layouts import ADAPTERS
from projectionist.features.cache.locking import alone
from projectionist.features.cache.mending.grounds import Care, Ground, grounds_of
from projectionist.features.cache.models import Kind, Step
from projectionist.features.cache.settling import Desk, drop_fast, put_to_rest
from projectionist.features.cache.spots import Content, Spot, mark_of, status
from projectionist.kit.files import explained


@contextmanager
def journalled(
    desk: Desk, spot: Spot, content: Content, step: Step, *, film: Path | None = None
) -> Iterator[Move]:
    """A move of a path, which whoever recovers ends where this does not; `film` is the one that it came along with.

    Raises AlreadyAtWork and TargetUnwritable.
    """
    with explained(spot.path, "mended"), alone(spot):
        move = desk.journal.begin(Kind.MOVE_BACK, spot, content, step, film=film)
        with desk.journal.held(move):
            yield move


def rest_file(desk: Desk, spot: Spot, file: Path, root: Path, reason: str, *, cached: bool = False) -> None:
    """Put a file beside a path, or its fast copy, to rest; `cached` says whether the path stays on the fast disk.

    Raises SourceChanged where it is not there any more, for somebody else may have mended it, and as `journalled`.
    """
    with explained(file, "put to rest"):
        found = os.lstat(file)
    with journalled(desk, spot, Content(found.st_size, found.st_mtime_ns), Step.RESTING) as move:
        if status(file) is None:
            desk.journal.end(move, cached=cached)
            raise SourceChanged(f"{file} is not there any more; nothing was changed: run an audit again.")
        put_to_rest(desk, move, file, root, reason)
        desk.journal.end(move, cached=cached)


def drop_proved(desk: Desk, spot: Spot, digest: str, here: os.stat_result, fast: os.stat_result) -> None:
    """Remove a fast copy whose content was read at the path too; `here` and `fast` are how both were then.

    Raises SourceChanged where either is another by now, and as `journalled`.
    """
    content = Content(fast.st_size, fast.st_mtime_ns, digest, fast.st_ctime_ns, mark_of(here))
    with journalled(desk, spot, content, Step.REMOVING) as move:
        if not (_is_as_it_was(spot.path, here) and _is_as_it_was(spot.fast, fast)):
            _give_up(
                desk, move, f"{spot.path} or {spot.fast} was changed in the meantime; both stay: audit again."
            )
        drop_fast(desk, move, "duplicate")
        desk.journal.end(move, cached=False)


def put_back(desk: Desk, spot: Spot, original: Path, content: Content, reason: str) -> None:
    """Give a path an original whose digest is `content`'s, read just now, and put its fast copy to rest.

    `original` lies beside the path. Raises SourceChanged where the path is not ours any more, and as `journalled`.
    """
    unproved = replace(
        content, fast_ctime_ns=0
    )  # so that whoever ends this reads the fast copy, and keeps it
    with journalled(desk, spot, unproved, Step.SWAPPING) as move:
        try:
            ADAPTERS[spot.layout].replace(desk.calls, spot, original)
        except SourceChanged as error:
            _give_up(desk, move, error.message)
        drop_fast(desk, move, reason)
        desk.journal.end(move, cached=False)


def keep_as_ours(desk: Desk, spot: Spot, backup: Path, content: Content, film: Path | None = None) -> None:
    """Give an original that another program set aside our own name for that, and remember the path as cached.

    `film` is the one that it came along with, where it is a sidecar. `content` is proved to be in the backup and in
    the fast copy. Raises SourceChanged, and as `journalled`.
    """
    with journalled(desk, spot, content, Step.SWAPPING, film=film) as move:
        if not content.fits(os.lstat(backup)):
            _give_up(desk, move, f"{backup} was changed in the meantime; it stays: look at it again.")
        desk.calls.rename_new(backup, spot.aside)
        desk.calls.sync_folder(spot.path.parent)
        if not content.fits(os.lstat(spot.aside)):
            desk.calls.rename_new(spot.aside, backup)
            desk.calls.sync_folder(spot.path.parent)
            _give_up(desk, move, f"{backup} was changed in the meantime; it stays: look at it again.")
        desk.journal.end(move, cached=True)


def _give_up(desk: Desk, move: Move, message: str) -> NoReturn:
    """End a move that has changed nothing."""
    desk.journal.end(move, cached=False)
    raise SourceChanged(message)


def forget(desk: Desk, spot: Spot, content: Content) -> None:
    """Remember a path no longer as cached; no file is touched. Raises AlreadyAtWork, DatabaseUnusable."""
    move = desk.journal.begin(Kind.MOVE_BACK, spot, content, Step.RESTING)
    with desk.journal.held(move):
        desk.journal.end(move, cached=False)


def content_of_file(path: Path) -> Content:
    """What a fast copy holds, read from its device. Raises SourceChanged where it changes meanwhile, and OSError."""
    before = os.lstat(path)
    digest = digest_on_device(path)
    if not _is_as_it_was(path, before):
        raise SourceChanged(f"{path} is being written to; it stays: try again when it rests.")
    return Content(before.st_size, before.st_mtime_ns, digest, before.st_ctime_ns)


def is_plain(path: Path) -> bool:
    """Whether a plain file is there. Raises OSError."""
    found = status(path)
    return found is not None and stat.S_ISREG(found.st_mode)


def grounds_at(care: Care, file: Path) -> list[Ground]:
    """The grounds on whose fast side a file lies, whatever their places."""
    return [one for one in grounds_of(care.places) if file.is_relative_to(one.base)]


def grounds_above(care: Care, path: Path) -> list[Ground]:
    """The grounds on whose slow side a path lies, those of the longest root first."""
    found = [one for one in grounds_of(care.places) if path.is_relative_to(one.slow_root)]
    return sorted(found, key=lambda one: -len(one.slow_root.parts))


def _is_as_it_was(path: Path, before: os.stat_result) -> bool:
    now = status(path)
    return now is not None and (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns) == (
        before.st_ino,
        before.st_size,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
