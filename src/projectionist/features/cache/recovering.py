"""At start and now and then: end what was cut short, look whether all stands as it was left, let go what has rested."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from projectionist.errors import AlreadyAtWork, ProjectionistError, ServiceError, SwapRefused
from projectionist.features.cache.journal import Move, Resting
from projectionist.features.cache.locking import alone
from projectionist.features.cache.models import Kind, Layout, RestRow, Step
from projectionist.features.cache.settling import (
    Desk,
    Outcome,
    is_upgraded,
    list_files,
    require_finished,
    require_slow,
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
    name_mark,
    resting_name,
    status,
)
from projectionist.features.cache.swapping import move_back
from projectionist.kit.files import explained


class NoteGone(Protocol):
    """Writes down that a file at rest was removed for good, or `was_there` no more."""

    def __call__(self, row: RestRow, session: Session, *, was_there: bool) -> None:
        """Write it in this session. Raises DatabaseUnusable."""


@dataclass(frozen=True, slots=True)
class Settled:
    """How a path ended up; `reason` is empty unless it could not be settled yet."""

    path: Path
    outcome: Outcome | None
    reason: str = ""


def recover(desk: Desk) -> list[Settled]:
    """End every move that this node left unfinished; what cannot be told yet stays in the journal, with its reason.

    Moves that this process works on are left alone. Raises DatabaseUnusable.
    """
    return [_tried(move.spot.path, partial(_end, desk, move)) for move in desk.journal.unfinished()]


def look_after(desk: Desk, fast_root: Path | None = None) -> list[Settled]:
    """Look whether every cached path stands as it was left; each that does not has its stated outcome.

    With `fast_root` only those whose copies are on that tier. Opens nothing on the slow disk, but asks for names
    there. Raises DatabaseUnusable.
    """
    changed = recover(desk)
    for spot, content in desk.journal.all_cached():
        if fast_root not in (None, spot.fast_root):
            continue
        settled = _tried(spot.path, partial(_look, desk, spot, content))
        if settled.outcome is not Outcome.CACHED:
            changed.append(settled)
    return changed + _note_upgrades(desk)


def return_all(desk: Desk) -> list[Settled]:
    """Move everything back, films before what came along with them; leaves no link of ours behind but what plays.

    Raises DatabaseUnusable.
    """
    ended = recover(desk)
    for spot, _ in desk.journal.all_cached():
        ended.append(_tried(spot.path, partial(move_back, desk, spot.path)))
    return ended


def hide_returned(desk: Desk) -> list[Path]:
    """Put to rest, under hidden names, the fast copies that came back with a disk that was away; returns those names.

    Until then a union would show them instead of what is newer. Raises TargetUnwritable.
    """
    hidden = []
    for row in desk.journal.at_rest():
        fast = Path(row.resting)
        if RESTING.fullmatch(fast.name) or not is_mounted(Path(row.root)) or desk.journal.is_in_use(fast):
            continue
        rest = resting_name(fast, fast.name, name_mark(str(row.id)))
        with explained(fast, "put to rest"):
            if status(fast) is not None:
                desk.calls.rename_new(fast, rest)
                desk.calls.sync_folder(fast.parent)
            if status(rest) is None:
                desk.journal.forget_rest(row)
                continue
        desk.journal.rename_rest(row, rest)
        hidden.append(rest)
    return hidden


def let_go(desk: Desk, note: NoteGone | None = None) -> list[Path]:
    """Remove the files whose rest is over, where their disk is there; returns them. Raises TargetUnwritable.

    `note` writes down each, in the transaction that forgets it, and is told whether it was still there.
    """
    gone = []
    for row in desk.journal.rested():
        resting = Path(row.resting)
        if not is_mounted(Path(row.root)) or not RESTING.fullmatch(resting.name):
            continue
        with explained(resting, "removed"):
            was_there = desk.calls.remove(resting)
            if was_there:
                desk.calls.sync_folder(resting.parent)
                gone.append(resting)
        desk.journal.forget_rest(row, None if note is None else partial(note, row, was_there=was_there))
    return gone


def rebuild(desk: Desk, slow_root: Path, fast_root: Path, layout: Layout = Layout.SYMLINK) -> list[Path]:
    """Find out from the disks alone what is cached and what rests, and remember it; returns what was unknown.

    Also cleans up what a move left that nothing remembers. Raises SwapRefused where a tier is not mounted.
    """
    for root in (slow_root, fast_root):
        if not is_mounted(root):
            raise SwapRefused(f"{root} is not mounted; nothing was changed: mount it, then try again.")
    found: list[Path] = []
    for folder, names in _folders(slow_root):
        mirrored = fast_root / folder.relative_to(slow_root)
        marks = {name_mark(name): name for name in {*names, *_names(mirrored)}}
        for name in names:
            if aside := ASIDE.fullmatch(name):
                original = marks.get(aside[1])
                if original is not None:
                    found += _adopt(desk, folder / original, slow_root, fast_root, layout)
            found += _adopt_rest(desk, folder, name, marks, slow_root)
    for folder, names in _folders(fast_root):
        marks = {
            name_mark(name): name for name in (*names, *_names(slow_root / folder.relative_to(fast_root)))
        }
        for name in names:
            found += _adopt_rest(desk, folder, name, marks, fast_root)
    _drop_forgotten(desk, slow_root, fast_root)
    return found


def _end(desk: Desk, move: Move) -> Outcome:
    with desk.journal.taken(move) as ours:
        if not ours or desk.journal.unfinished_at(move.spot.path) is None:
            return Outcome.CACHED
        with alone(move.spot):
            outcome = settle(desk, move, forward=True)
            _forget_taken_back(desk, move)
            return outcome


def _forget_taken_back(desk: Desk, move: Move) -> None:
    """What rested of a path, and was given its name again when that was cut short, rests no more."""
    for row in desk.journal.at_rest():
        is_of_it = Path(row.path) in (move.spot.path, move.film)
        if is_of_it and is_mounted(Path(row.root)) and status(Path(row.resting)) is None:
            desk.journal.forget_rest(row)


def _look(desk: Desk, spot: Spot, content: Content) -> Outcome:
    require_slow(desk, spot)
    aside = status(spot.aside)
    if (
        look(spot) is Standing.AWAY
        and is_mounted(spot.fast_root)
        and status(spot.fast) is not None
        and aside is not None
        and content.fits(aside)
    ):
        return Outcome.CACHED
    require_finished(spot)
    return _settled_anew(desk, spot, content)


def _note_upgrades(desk: Desk) -> list[Settled]:
    """Tell upgrades from deletions where the server listed the new file only later."""
    upgraded: dict[Path, Settled] = {}
    for row, origin in desk.journal.deleted():
        path = Path(row.path)
        if status(Path(row.resting)) is None:
            continue  # another node's
        try:
            listed = list_files(desk, origin)
        except ServiceError:
            continue
        if is_upgraded(origin, listed):
            desk.journal.note_upgrade(row)
            upgraded[path] = Settled(path, Outcome.UPGRADED)
    return list(upgraded.values())


def _settled_anew(desk: Desk, spot: Spot, content: Content) -> Outcome:
    with alone(spot):
        move = desk.journal.begin(Kind.MOVE_BACK, spot, content, Step.SWAPPING)
        with desk.journal.held(move):
            return settle(desk, move, forward=True)


def _adopt(desk: Desk, path: Path, slow_root: Path, fast_root: Path, layout: Layout) -> Iterator[Path]:
    fast = fast_root / path.relative_to(slow_root)
    here = status(path)
    link = str(path.readlink()) if here is not None and stat.S_ISLNK(here.st_mode) else str(fast)
    spot = Spot(layout, path, fast, fast_root, slow_root, link)
    if desk.journal.cached(path) is not None or desk.journal.unfinished_at(path) is not None:
        return
    aside = os.lstat(spot.aside)
    content = Content(aside.st_size, aside.st_mtime_ns)
    if look(spot) is Standing.AWAY and status(fast) is not None and Path(link).name == path.name:
        desk.journal.adopt(spot, content)
    else:
        _settled_anew(desk, spot, content)
    yield path


def _adopt_rest(desk: Desk, folder: Path, name: str, marks: dict[str, str], root: Path) -> Iterator[Path]:
    rest = RESTING.fullmatch(name)
    if rest is None or str(folder / name) in {row.resting for row in desk.journal.at_rest()}:
        return
    original = folder / marks.get(rest[1], name)
    desk.journal.adopt_rest(original, Resting(folder / name, root, "found", os.lstat(folder / name).st_size))
    yield folder / name


def _drop_forgotten(desk: Desk, *roots: Path) -> None:
    """Temporaries of moves that no journal knows: a partial copy, or a link that never got to its place."""
    tokens = {move.token for move in desk.journal.unfinished()}
    for root in roots:
        for folder, names in _folders(root):
            for name in names:
                known = TEMPORARY.fullmatch(name)
                if known is not None and known[1] not in tokens and known[2] == "link":
                    desk.calls.remove(folder / name)


def _folders(root: Path) -> Iterator[tuple[Path, Sequence[str]]]:
    for folder, _, names in os.walk(root):
        yield Path(folder), sorted(names)


def _names(folder: Path) -> Sequence[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return ()


def _tried(path: Path, act: Callable[[], Outcome]) -> Settled:
    try:
        with explained(path, "settled"):
            return Settled(path, act())
    except AlreadyAtWork:
        return Settled(path, Outcome.CACHED)
    except ProjectionistError as error:
        return Settled(path, None, error.message)
