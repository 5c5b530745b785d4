"""Taking over one original that another caching program set aside, and the fast copy that goes with it.

The pair is compared byte for byte, read from the devices. Where both are the same it becomes ours; where the copy is a
piece of the original, the original gets its path back; where they are two contents, the newer one stays at the path.
Whatever does not stay rests for 14 days, and what cannot be decided is left alone.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from projectionist.features.cache.adopting.backups import original_among, originals_of
from projectionist.features.cache.mending import moves
from projectionist.features.cache.mending.comparing import Check, Likeness, compare
from projectionist.features.cache.mending.grounds import Care, Ground
from projectionist.features.cache.mending.known import remembered
from projectionist.features.cache.models import Layout, Step
from projectionist.features.cache.settling import Outcome, put_to_rest
from projectionist.features.cache.spots import Content, Spot, is_mounted, status
from projectionist.features.cache.swapping import move_back
from projectionist.media.names import FILM_SUFFIXES

_TOO_SMALL = 2
"""A newer film of less than a half of the older one's size may be one that was never written to its end."""


_ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,5}")
"""An ending that a film, or what lies beside it, can have; a number is Cacherr's own."""


class Taken(StrEnum):
    """What became of a pair, or would."""

    OURS = "ours"
    """The copy stays on the fast disk, and the original is set aside under our own name."""
    PUT_BACK = "put_back"
    """The original has its path again; a copy that was worth less rests."""
    NEWER_KEPT = "newer_kept"
    """The copy was the newer content: it is on the slow disk now, and the older original rests."""
    RESTED = "rested"
    """A file is at the path already; the original that was set aside rests."""
    PLAYING = "playing"
    """Somebody plays it; nothing was changed."""
    LEFT_ALONE = "left_alone"
    """Nothing was changed, for a reason."""
    FAILED = "failed"
    """It could not be done; nothing is lost, and it can be tried again."""


@dataclass(frozen=True, slots=True)
class TakenOver:
    """One original that was set aside: the path it stands for, where that is known, what became of it, and why."""

    backup: Path
    path: Path | None
    taken: Taken
    why: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A backup, and the spot of the file it stands for as the disks show it."""

    backup: Path
    spot: Spot


def pair_of(care: Care, backup: Path) -> Pair | TakenOver:
    """Which file a backup stands for, and where its copy is; why it is left alone where that cannot be told.

    Raises OSError.
    """
    grounds = moves.grounds_above(care, backup)
    if not grounds:
        return left(backup, None, "No place of the cache has it: set up the place first.")
    for ground in grounds:
        for root in (ground.slow_root, ground.fast_root):
            if not is_mounted(root):
                return left(backup, None, f"{root} is not mounted.")
    name = _name(backup, grounds)
    if name is None:
        return left(backup, None, "Nobody can tell which file it stands for.")
    path = backup.parent / name
    if len(_claimants(backup, name)) > 1:
        return left(backup, path, f"Several backups stand for {name}.")
    return Pair(backup, _spot(path, grounds))


def expected(pair: Pair) -> TakenOver:
    """What would become of a pair by sizes and times alone, without reading; the reading may find otherwise.

    Raises OSError.
    """
    spot, backup = pair.spot, os.lstat(pair.backup)
    here, fast = status(spot.path), status(spot.fast)

    def told(taken: Taken, why: str) -> TakenOver:
        return TakenOver(pair.backup, spot.path, taken, why, backup.st_size)

    if here is not None and stat.S_ISREG(here.st_mode):
        if status(spot.fast) is not None:
            return left(pair.backup, spot.path, _TWICE.format(fast=spot.fast))
        return told(Taken.RESTED, "A file is at the path already.")
    if not _is_served(spot, here) or fast is None or not stat.S_ISREG(fast.st_mode):
        return left(pair.backup, spot.path, _NOT_SERVED)
    if fast.st_size == backup.st_size:
        return told(Taken.OURS, "Both have the same size; their content is compared before.")
    if _is_doubtful(pair, fast, backup):
        return told(Taken.PUT_BACK, "The copy is smaller: unless it is something else, it was cut short.")
    newer = fast.st_mtime_ns > backup.st_mtime_ns
    return told(
        Taken.NEWER_KEPT if newer else Taken.PUT_BACK,
        f"They differ in size, and the {'copy' if newer else 'original'} is the newer one.",
    )


def take_over(care: Care, backup: Path, check: Check, *, restores_missing: bool = False) -> TakenOver:
    """Make a backup of another program and its copy ours, by what is in them; done already is done well.

    With `restores_missing` a backup that is all there is gets its path back. Raises SwapRefused, SourceChanged,
    CopyWrong, TargetFull, TargetUnwritable, AlreadyAtWork, DatabaseUnusable, ServiceError where nobody can say who
    plays it, OSError, and what `check` raises; nothing is lost then.
    """
    if not moves.is_plain(backup):
        return left(backup, None, "It is not there any more.")
    found = pair_of(care, backup)
    if isinstance(found, TakenOver):
        return found
    spot, here = found.spot, status(found.spot.path)
    if (hindered := _hindrance(care, found)) is not None:
        return hindered
    if here is not None and stat.S_ISREG(here.st_mode):
        return _rest_beside(care, found, check)
    if not _is_served(spot, here) or not moves.is_plain(spot.fast):
        return _restore_missing(care, found, here, may=restores_missing)
    return _weigh(care, found, check)


def _hindrance(care: Care, pair: Pair) -> TakenOver | None:
    if not care.desk.watching.leaves_free(pair.spot.path):
        return TakenOver(pair.backup, pair.spot.path, Taken.PLAYING, "Somebody plays it.")
    if status(pair.spot.aside) is None:
        return None
    return left(
        pair.backup, pair.spot.path, "An original of ours is set aside for the same path: run an audit first."
    )


def left(backup: Path, path: Path | None, why: str) -> TakenOver:
    """A backup that is left alone."""
    found = status(backup)
    return TakenOver(backup, path, Taken.LEFT_ALONE, why, 0 if found is None else found.st_size)


_TWICE = "A file is at the path, and a copy at {fast} too: mend that duplicate with an audit first."
_NOT_SERVED = (
    "Its path does not lead to a copy: the file was deleted, or lost. Nothing is put back that nobody asks for; the "
    "repair of an audit does."
)


def _weigh(care: Care, pair: Pair, check: Check) -> TakenOver:
    """Compare the pair and act on what they hold."""
    spot, backup = pair.spot, pair.backup
    fast, was = os.lstat(spot.fast), os.lstat(backup)
    likeness, digest = compare(backup, spot.fast, check)

    def told(taken: Taken, why: str) -> TakenOver:
        return TakenOver(backup, spot.path, taken, why, was.st_size)

    if likeness is Likeness.SAME:
        content = Content(was.st_size, was.st_mtime_ns, digest, fast.st_ctime_ns)
        _forget_what_was(care, spot, content)
        moves.keep_as_ours(care.desk, spot, backup, content, _film_of(spot))
        return told(Taken.OURS, "Both hold the same.")
    if likeness is Likeness.TORN:
        moves.put_back(care.desk, spot, backup, moves.content_of_file(backup), "damaged")
        return told(Taken.PUT_BACK, "The copy was a piece of the original.")
    if likeness is Likeness.OUTGROWN:
        return _keep_newer(care, pair, check)
    if fast.st_mtime_ns <= was.st_mtime_ns:
        moves.put_back(care.desk, spot, backup, moves.content_of_file(backup), "replaced")
        return told(Taken.PUT_BACK, "The original is the newer one of two contents.")
    if _is_doubtful(pair, fast, was):
        return left(
            backup,
            spot.path,
            "The copy is newer and something else, but less than half as large: see which of the two plays.",
        )
    return _keep_newer(care, pair, check)


def _keep_newer(care: Care, pair: Pair, check: Check) -> TakenOver:
    """The copy is the newest content: it goes to the slow disk first, and only then the older original rests."""
    spot, backup = pair.spot, pair.backup
    size = os.lstat(backup).st_size
    content = moves.content_of_file(spot.fast)
    _forget_what_was(care, spot, content)
    care.desk.journal.adopt(spot, content)
    if move_back(care.desk, spot.path, progress=lambda _: check()) is Outcome.PLAYING:
        return TakenOver(backup, spot.path, Taken.PLAYING, "Somebody plays it.", size)
    _rest_backup(care, pair)
    return TakenOver(backup, spot.path, Taken.NEWER_KEPT, "The copy is the newer one of two contents.", size)


def _rest_beside(care: Care, pair: Pair, check: Check) -> TakenOver:
    """A file is at the path: the backup rests, unless it may be the better of the two."""
    spot, backup = pair.spot, pair.backup
    if status(spot.fast) is not None:
        return left(backup, spot.path, _TWICE.format(fast=spot.fast))
    here, was = os.lstat(spot.path), os.lstat(backup)
    likeness, _ = compare(backup, spot.path, check)
    if likeness is Likeness.TORN:
        return left(
            backup, spot.path, "The file at the path is only a piece of it: see which of the two plays."
        )
    if likeness is Likeness.OTHER and (here.st_mtime_ns <= was.st_mtime_ns or _is_doubtful(pair, here, was)):
        return left(
            backup, spot.path, "It holds something else than the file at its path, and may be the better one."
        )
    _rest_backup(care, pair)
    why = "The same is at its path." if likeness is Likeness.SAME else "Something newer is at its path."
    return TakenOver(backup, spot.path, Taken.RESTED, why, was.st_size)


def _rest_backup(care: Care, pair: Pair) -> None:
    """Put the backup to rest; the path stays as it is."""
    spot, found = pair.spot, os.lstat(pair.backup)
    with moves.journalled(care.desk, spot, Content(found.st_size, found.st_mtime_ns), Step.RESTING) as move:
        put_to_rest(care.desk, move, pair.backup, spot.slow_root, "replaced")
        care.desk.journal.end(move, cached=False)


def _restore_missing(care: Care, pair: Pair, here: os.stat_result | None, *, may: bool) -> TakenOver:
    spot, backup = pair.spot, pair.backup
    if not may or (here is not None and not _is_dead_link(spot)):
        return left(backup, spot.path, _NOT_SERVED)
    content = moves.content_of_file(backup)
    if here is not None:
        moves.put_back(care.desk, spot, backup, content, "damaged")
    else:
        with moves.journalled(care.desk, spot, replace(content, digest=""), Step.SWAPPING) as move:
            care.desk.calls.rename_new(backup, spot.path)
            care.desk.calls.sync_folder(spot.path.parent)
            care.desk.journal.end(move, cached=False)
    return TakenOver(backup, spot.path, Taken.PUT_BACK, "It was all there is of the file.", content.size)


def _forget_what_was(care: Care, spot: Spot, content: Content) -> None:
    """Remember no longer what an earlier taking over, cut short, remembered of the path."""
    known = remembered(care.database, spot.path)
    if known is not None and known.content != content:
        moves.forget(care.desk, known.spot, known.content)


def _is_served(spot: Spot, here: os.stat_result | None) -> bool:
    """Whether the path leads to the fast copy."""
    if spot.layout is Layout.UNION:
        return here is None
    return here is not None and stat.S_ISLNK(here.st_mode) and str(spot.path.readlink()) == spot.link


def _is_dead_link(spot: Spot) -> bool:
    return spot.layout is Layout.SYMLINK and _is_served(spot, status(spot.path)) and status(spot.fast) is None


def _is_doubtful(pair: Pair, newer: os.stat_result, older: os.stat_result) -> bool:
    """Whether a film is so much smaller than the one it seems to replace that it may not be whole."""
    is_film = pair.spot.path.suffix.lower() in FILM_SUFFIXES
    return newer.st_size == 0 or (is_film and newer.st_size * _TOO_SMALL < older.st_size)


def _film_of(spot: Spot) -> Path | None:
    """The film that a file beside it is named like; None for a film, and where there is none. Raises OSError."""
    name = spot.path.name
    if spot.path.suffix.lower() in FILM_SUFFIXES:
        return None
    there = {entry.name for folder in (spot.path.parent, spot.fast.parent) for entry in folder.iterdir()}
    films = [Path(one) for one in there if Path(one).suffix.lower() in FILM_SUFFIXES]
    named = [one for one in films if name.startswith((f"{one.stem}.", f"{one.stem}-"))]
    longest = max(named, key=lambda one: (len(one.stem), one.name), default=None)
    return None if longest is None else spot.path.with_name(longest.name)


def _name(backup: Path, grounds: list[Ground]) -> str | None:
    """The name of the file that a backup stands for. Raises OSError."""
    names = {entry.name for entry in backup.parent.iterdir()} - {backup.name}
    for ground in grounds:
        mirrored = ground.spot(backup).fast.parent
        if mirrored.is_dir():
            names |= {entry.name for entry in mirrored.iterdir() if entry.is_file()}
    found = original_among(backup.name, names)
    return found or next(
        (one for one in originals_of(backup.name) if _ENDING.fullmatch(Path(one).suffix)), None
    )


def _claimants(backup: Path, name: str) -> list[str]:
    """The backups in a folder that stand for one name. Raises OSError."""
    return [entry.name for entry in backup.parent.iterdir() if name in originals_of(entry.name)]


def _spot(path: Path, grounds: list[Ground]) -> Spot:
    """Where the copy of a path is: where the link there leads, else on the first tier that has it."""
    here = status(path)
    if here is not None and stat.S_ISLNK(here.st_mode):
        text = str(path.readlink())
        for ground in grounds:
            fast = ground.led_to(str(path.parent), text)
            if fast is not None and ground.layout is Layout.SYMLINK:
                return replace(ground.spot(path), fast=Path(fast), link=text)
    spots = [ground.spot(path) for ground in grounds]
    return next((spot for spot in spots if status(spot.fast) is not None), spots[0])
