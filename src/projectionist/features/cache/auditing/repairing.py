"""One-click repairs: all is looked at anew, for a finding may be days old, and then done as a journalled move."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path

from projectionist.errors import SwapRefused
from projectionist.features.cache.adopting.noting import take_over_noted
from projectionist.features.cache.adopting.taking_over import Taken
from projectionist.features.cache.auditing.findings import Finding, Repair
from projectionist.features.cache.auditing.keeping import forget_finding
from projectionist.features.cache.auditing.remembering import remember
from projectionist.features.cache.auditing.surveying import HIDDEN, is_forgotten
from projectionist.features.cache.copying import digest_on_device
from projectionist.features.cache.mending import moves
from projectionist.features.cache.mending.comparing import Check, Likeness, compare
from projectionist.features.cache.mending.grounds import Care, Ground
from projectionist.features.cache.mending.known import Copy, known, remembered
from projectionist.features.cache.mending.noting import HOME, Deed, Told, noted
from projectionist.features.cache.models import Kind, Layout, Step
from projectionist.features.cache.settling import Outcome, settle
from projectionist.features.cache.spots import Standing, is_mounted, look, status
from projectionist.features.cache.swapping import move_back


class Mended(StrEnum):
    """How a repair ended."""

    MENDED = "mended"
    PLAYING = "playing"
    """Somebody plays it; nothing was changed, and the finding stays."""
    NO_LONGER_SO = "no_longer_so"
    """It is not as it was found any more; nothing was changed."""
    LEFT = "left"
    """It cannot be decided what is right; nothing was changed, and the finding stays."""


def unchecked() -> None:
    """For whoever does not end a repair early."""


def repair(care: Care, finding: Finding, check: Check = unchecked) -> Mended:
    """Mend what an audit or a scrub found, and keep in the history what came of it.

    `check` is called while files are read; what it raises ends that. Raises SwapRefused, SourceChanged, CopyWrong,
    TargetFull, TargetUnwritable, AlreadyAtWork, DatabaseUnusable, and ServiceError where nobody can say who plays it;
    nothing was lost then, and the finding stays.
    """
    deed = _DEEDS.get(finding.repair)
    if deed is None:
        return Mended.LEFT

    def mend() -> tuple[Mended, Told]:
        done = deed(care, finding.path, check)
        return done, _told(finding, done)

    if finding.repair is Repair.TAKE_OVER:
        done = deed(care, finding.path, check)  # which keeps what came of it itself
    else:
        done = noted(care, Deed(Kind.REPAIR, finding.path, finding.size), mend)
    if done in (Mended.MENDED, Mended.NO_LONGER_SO):
        forget_finding(care.database, finding)
    return done


def _told(finding: Finding, done: Mended) -> Told:
    """What the history says of a repair."""
    if done is Mended.MENDED:
        is_home = finding.repair is Repair.BRING_HOME
        return Told(f"{finding.evidence} {_DONE[finding.repair]}".strip(), HOME if is_home else "")
    return Told(f"{_UNCHANGED[done]} {finding.evidence}", str(done))


_UNCHANGED = {
    Mended.PLAYING: "Somebody plays it, so nothing was changed.",
    Mended.NO_LONGER_SO: "It was not so any more, so nothing was changed. It was found like this:",
    Mended.LEFT: "Nobody can tell what is right, so nothing was changed.",
}
_DONE = {
    Repair.SETTLE: "What was begun was ended.",
    Repair.REMEMBER: "It is remembered again.",
    Repair.REST: "It rests for 14 days now.",
    Repair.DROP: "One of the two is at the path; the other was removed where both were the same, else it rests.",
    Repair.BRING_HOME: "It was copied to its slow disk, and the path leads there.",
    Repair.RESTORE: "The original has its path again, and the bad copy rests.",
    Repair.FORGET: "It was forgotten; there was no file to touch.",
    Repair.EXCLUDE: "The list for the mover was written anew.",
}


def _settle(care: Care, path: Path, check: Check) -> Mended:
    copy = remembered(care.database, path)
    if copy is None:
        return Mended.NO_LONGER_SO
    if not care.desk.watching.leaves_free(path):
        return Mended.PLAYING
    if moves.is_plain(path) and moves.is_plain(copy.spot.fast):
        likeness, _ = compare(path, copy.spot.fast, check)
        if likeness is Likeness.OUTGROWN:  # a mover may be writing a piece of it at the path
            return Mended.LEFT
        if likeness is not Likeness.SAME:
            moves.rest_file(
                care.desk, copy.spot, copy.spot.fast, copy.spot.fast_root, "replaced", cached=True
            )
    if _is_home_already(copy, check):
        moves.rest_file(care.desk, copy.spot, copy.spot.aside, copy.spot.slow_root, "damaged")
        return Mended.MENDED
    with moves.journalled(care.desk, copy.spot, copy.content, Step.SWAPPING) as move:
        settle(care.desk, move, forward=True)
    return Mended.MENDED


def _is_home_already(copy: Copy, check: Check) -> bool:
    """Whether the original is at its path, and what is set aside is only a piece of it."""
    path, aside = copy.spot.path, copy.spot.aside
    if not (moves.is_plain(path) and moves.is_plain(aside)):
        return False
    if not copy.content.fits(os.lstat(path)) or copy.content.fits(os.lstat(aside)):
        return False
    likeness, _ = compare(path, aside, check)
    return likeness is Likeness.TORN


def _forget(care: Care, path: Path, _check: Check) -> Mended:
    copy = remembered(care.database, path)
    if copy is None:
        return Mended.NO_LONGER_SO
    _require_mounted(copy.spot.slow_root, copy.spot.fast_root)
    if status(copy.spot.fast) is not None or status(copy.spot.aside) is not None:
        return Mended.NO_LONGER_SO
    moves.forget(care.desk, copy.spot, copy.content)
    return Mended.MENDED


def _remember(care: Care, path: Path, check: Check) -> Mended:
    return Mended.MENDED if remember(care, path, check) else Mended.NO_LONGER_SO


def _rest(care: Care, file: Path, _check: Check) -> Mended:
    if status(file) is None or care.desk.journal.is_in_use(file):
        return Mended.NO_LONGER_SO
    on_fast, on_slow = moves.grounds_at(care, file), moves.grounds_above(care, file)
    _require_mounted(*{root for one in (*on_fast, *on_slow) for root in (one.fast_root, one.slow_root)})
    if file.name.startswith(HIDDEN):
        if not is_forgotten(str(file), file.name, known(care.database, care.node)):
            return Mended.NO_LONGER_SO
        return _rest_temporary(care, file, on_fast, on_slow)
    if not on_fast or any(not _leads_nowhere(one, file) for one in on_fast):
        return Mended.NO_LONGER_SO
    free = care.desk.watching.leaves_free
    if not (free(file) and all(free(one.mirrored(file)) for one in on_fast)):
        return Mended.PLAYING
    spot = on_fast[0].spot(on_fast[0].mirrored(file))
    moves.rest_file(care.desk, spot, file, spot.fast_root, "orphan")
    return Mended.MENDED


def _rest_temporary(care: Care, file: Path, on_fast: list[Ground], on_slow: list[Ground]) -> Mended:
    if on_slow:
        spot = on_slow[0].spot(file)
        moves.rest_file(care.desk, spot, file, spot.slow_root, "orphan")
    elif on_fast:
        spot = on_fast[0].spot(on_fast[0].mirrored(file))
        moves.rest_file(care.desk, spot, file, spot.fast_root, "orphan")
    else:
        return Mended.NO_LONGER_SO
    return Mended.MENDED


def _leads_nowhere(ground: Ground, fast: Path) -> bool:
    """Whether nothing is at the path that a fast file would be a copy of, and no link beside leads to it."""
    path = ground.mirrored(fast)
    if (
        ground.layout is Layout.UNION
        or status(path) is not None
        or status(ground.spot(path).aside) is not None
    ):
        return False
    if not path.parent.is_dir():
        return True
    with os.scandir(path.parent) as entries:
        links = [entry for entry in entries if entry.is_symlink()]
    told = (ground.led_to(str(path.parent), str(Path(link.path).readlink())) for link in links)
    return str(fast) not in told


def _drop(care: Care, fast: Path, check: Check) -> Mended:
    pairs = [(one, one.mirrored(fast)) for one in moves.grounds_at(care, fast)]
    ground, path = next(((one, at) for one, at in pairs if moves.is_plain(at)), (None, fast))
    if ground is None or not moves.is_plain(fast):
        return Mended.NO_LONGER_SO
    copy = remembered(care.database, path)
    spot = copy.spot if copy is not None and copy.spot.fast == fast else ground.spot(path)
    _require_mounted(spot.slow_root, spot.fast_root)
    if status(spot.aside) is not None or (copy is None and care.desk.journal.is_in_use(fast)):
        return Mended.NO_LONGER_SO
    if not (care.desk.watching.leaves_free(path) and care.desk.watching.leaves_free(fast)):
        return Mended.PLAYING
    here, there = os.lstat(path), os.lstat(fast)
    likeness, digest = compare(path, fast, check)
    if likeness is Likeness.SAME:
        moves.drop_proved(care.desk, spot, digest, here, there)
        return Mended.MENDED
    is_better = likeness is Likeness.OUTGROWN or (
        likeness is Likeness.OTHER and there.st_mtime_ns > here.st_mtime_ns
    )
    if likeness is Likeness.OUTGROWN and spot.layout is Layout.SYMLINK:
        return Mended.LEFT
    if is_better and spot.layout is Layout.UNION:
        moves.rest_file(care.desk, spot, path, spot.slow_root, "replaced", cached=copy is not None)
    else:
        moves.rest_file(care.desk, spot, fast, spot.fast_root, "duplicate")
    return Mended.MENDED


def _bring_home(care: Care, path: Path, check: Check) -> Mended:
    copy = remembered(care.database, path) or _taken_up(care, path)
    if copy is None:
        return Mended.NO_LONGER_SO
    spot, content = copy.spot, copy.content
    _require_mounted(spot.slow_root, spot.fast_root)
    aside = status(spot.aside)
    if aside is not None and not content.fits(aside):
        if not care.desk.watching.leaves_free(path):
            return Mended.PLAYING
        if digest_on_device(spot.fast, lambda _: check()) != content.digest:
            raise SwapRefused(
                f"Neither the fast copy of {path} nor what is set aside for it is as it was; both stay: look at them, "
                "and keep the one that plays."
            )
        moves.rest_file(care.desk, spot, spot.aside, spot.slow_root, "damaged", cached=True)
    elif aside is not None or look(spot) is not Standing.BARE:
        return Mended.NO_LONGER_SO
    done = move_back(care.desk, path, progress=lambda _: check())
    return Mended.PLAYING if done is Outcome.PLAYING else Mended.MENDED


def _taken_up(care: Care, path: Path) -> Copy | None:
    """Remember what a link leads to that nobody remembers; None where it leads to no fast file."""
    found = status(path)
    if found is None or not stat.S_ISLNK(found.st_mode):
        return None
    text = str(path.readlink())
    for ground in moves.grounds_above(care, path):
        fast = ground.led_to(str(path.parent), text)
        if fast is not None and moves.is_plain(Path(fast)):
            spot = replace(ground.spot(path), fast=Path(fast), link=text)
            content = moves.content_of_file(spot.fast)
            care.desk.journal.adopt(spot, content)
            return Copy(spot, content)
    return None


def _restore(care: Care, path: Path, check: Check) -> Mended:
    copy = remembered(care.database, path)
    if copy is None:
        return Mended.NO_LONGER_SO
    spot, content = copy.spot, copy.content
    _require_mounted(spot.slow_root, spot.fast_root)
    if look(spot) is not Standing.AWAY or not moves.is_plain(spot.aside):
        raise SwapRefused(
            f"No original of {path} is set aside, so its bad copy is all there is; it stays: look for another copy."
        )
    if not care.desk.watching.leaves_free(path):
        return Mended.PLAYING
    if digest_on_device(spot.fast, lambda _: check()) == content.digest:
        return Mended.NO_LONGER_SO
    if digest_on_device(spot.aside, lambda _: check()) != content.digest:
        raise SwapRefused(
            f"The original of {path} is not what was copied from it either; both stay: look at them, and keep the one "
            "that plays."
        )
    moves.put_back(care.desk, spot, spot.aside, content, "damaged")
    return Mended.MENDED


def _take_over(care: Care, backup: Path, check: Check) -> Mended:
    done = take_over_noted(care, backup, check, restores_missing=True)
    if done.taken is Taken.PLAYING:
        return Mended.PLAYING
    return Mended.LEFT if done.taken is Taken.LEFT_ALONE else Mended.MENDED


def _exclude(care: Care, _path: Path, _check: Check) -> Mended:
    if care.publish is None:
        return Mended.LEFT
    care.publish()
    return Mended.MENDED


def _require_mounted(*roots: Path) -> None:
    for root in roots:
        if not is_mounted(root):
            raise SwapRefused(f"{root} is not mounted; nothing was changed: mount it, then try again.")


_DEEDS: Mapping[Repair, Callable[[Care, Path, Check], Mended]] = {
    Repair.SETTLE: _settle,
    Repair.FORGET: _forget,
    Repair.REMEMBER: _remember,
    Repair.REST: _rest,
    Repair.DROP: _drop,
    Repair.BRING_HOME: _bring_home,
    Repair.RESTORE: _restore,
    Repair.TAKE_OVER: _take_over,
    Repair.EXCLUDE: _exclude,
}
