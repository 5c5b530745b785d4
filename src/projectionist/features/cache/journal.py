"""The journal of moves: each step is on the disk before it is taken, and a move ends in one transaction."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import AlreadyAtWork
from projectionist.features.cache import queries
from projectionist.features.cache.models import (
    CopyRow,
    HolderRow,
    JournalRow,
    Kind,
    OriginRow,
    RestRow,
    Step,
)
from projectionist.features.cache.spots import Content, Spot, content_of, spot_of
from projectionist.kit.clock import Clock

REST = timedelta(days=14)
"""How long a file rests that nothing shows any more."""
_LATE = timedelta(days=2)
_MORE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Resting:
    """A file put to rest under the name `at`, below `root`."""

    at: Path
    root: Path
    reason: str
    size: int


@dataclass(frozen=True, slots=True)
class Origin:
    """The item of the index that a path is a file of, and the mount below its root that it lies on, if any.

    `listed` is where the files of the item were when it was cached.
    """

    item_id: int | None = None
    listed: frozenset[Path] = frozenset()
    mount: Path | None = None


@dataclass(slots=True)
class Move:
    """A move in the journal; `film` is the one for whose sake the path moves."""

    kind: Kind
    spot: Spot
    content: Content
    token: str
    film: Path
    step: Step = Step.COPYING
    rests: list[Resting] = field(default_factory=list)


class Journal:
    """Moves of one node, in a database that keeps them through a power cut. Every method raises DatabaseUnusable."""

    def __init__(self, database: Database, clock: Clock, node: str) -> None:
        self._database = database
        self._clock = clock
        self._node = node
        self._in_hand: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def held(self, move: Move) -> Iterator[None]:
        """Let a move that this process began go to the recovery where it is left unfinished."""
        try:
            yield
        finally:
            self._let_go(move)

    @contextmanager
    def taken(self, move: Move) -> Iterator[bool]:
        """Take an unfinished move in hand; False where somebody in this process has it."""
        with self._lock:
            ours = move.token not in self._in_hand
            self._in_hand.add(move.token)
        try:
            yield ours
        finally:
            if ours:
                self._let_go(move)

    def _let_go(self, move: Move) -> None:
        with self._lock:
            self._in_hand.discard(move.token)

    def begin(
        self,
        kind: Kind,
        spot: Spot,
        content: Content,
        step: Step = Step.COPYING,
        *,
        film: Path | None = None,
        origin: Origin | None = None,
    ) -> Move:
        """Write down that a move begins, which is to be `held` then, and keep it from being recovered meanwhile.

        Raises AlreadyAtWork where one of this path is under way.
        """
        move = Move(kind, spot, content, secrets.token_hex(8), film or spot.path, step)
        with self._lock:
            self._in_hand.add(move.token)
        try:
            with self._database.durable() as session:
                session.add(JournalRow(**_columns(spot, content), **self._about(move)))
                if origin is not None:
                    session.merge(_origin_row(spot.path, origin))
        except IntegrityError as error:
            self._let_go(move)
            raise AlreadyAtWork(
                f"{spot.path} is being moved already; nothing was changed: wait until that has ended."
            ) from error
        return move

    def enter(self, move: Move, step: Step, content: Content | None = None) -> None:
        """Write down which step comes next."""
        move.step = step
        move.content = content or move.content
        with self._database.durable() as session:
            row = queries.move_at(session, str(move.spot.path))
            assert row is not None
            row.step = step
            for name, value in _content_columns(move.content).items():
                setattr(row, name, value)

    def end(self, move: Move, *, cached: bool) -> None:
        """Close a move: its path is on the fast disk now, or is not; what it put to rest is known."""
        path, now = str(move.spot.path), self._clock.now()
        with self._database.durable() as session:
            queries.forget_move(session, path)
            if not cached:
                queries.forget_copy(session, path)
            elif queries.copy_at(session, path) is None:
                session.add(CopyRow(**_columns(move.spot, move.content), node=self._node, at=now))
                session.merge(HolderRow(path=path, film=str(move.film)))
            for rest in move.rests:
                if queries.rest_at(session, str(rest.at)) is None:
                    session.add(_rest_row(rest, path, now))
            session.flush()
            queries.forget_origin(session, path)

    def follow(self, move: Move, spot: Spot) -> None:
        """Close a move: what was cached has the path of `spot` now, and stays where it is."""
        old, now = str(move.spot.path), self._clock.now()
        with self._database.durable() as session:
            queries.forget_move(session, old)
            queries.rename_copy(session, old, str(spot.path))
            session.flush()
            row = queries.copy_at(session, str(spot.path))
            if row is None:
                row = CopyRow(**_columns(spot, move.content), node=self._node, at=now)
                session.add(row)
                session.merge(HolderRow(path=row.path, film=row.path))
            for name, value in _columns(spot, move.content).items():
                setattr(row, name, value)

    def origin(self, path: Path) -> Origin:
        """Where a path comes from, as far as that is known."""
        with self._database.read() as session:
            row = queries.origin_at(session, str(path))
            return Origin() if row is None else _origin(row)

    def unfinished(self) -> Sequence[Move]:
        """The moves that this node began and did not end."""
        with self._database.read() as session:
            return [_move(row) for row in queries.moves(session, self._node)]

    def unfinished_at(self, path: Path) -> Move | None:
        """The move of a path that has not ended, of whatever node."""
        with self._database.read() as session:
            row = queries.move_at(session, str(path))
            return _move(row) if row is not None else None

    def cached(self, path: Path) -> tuple[Spot, Content] | None:
        """Where a path's fast copy is, and what it holds."""
        with self._database.read() as session:
            row = queries.copy_at(session, str(path))
            return (spot_of(row), content_of(row)) if row is not None else None

    def all_cached(self) -> Sequence[tuple[Spot, Content]]:
        """Every file on the fast disks of this node: the paths of others may be here too, and their disks not."""
        with self._database.read() as session:
            return [(spot_of(row), content_of(row)) for row in queries.copies(session, self._node)]

    def adopt(self, spot: Spot, content: Content) -> None:
        """Take up a file that the disk shows to be on the fast disk, where it is not known."""
        with self._database.durable() as session:
            if queries.copy_at(session, str(spot.path)) is None:
                session.add(CopyRow(**_columns(spot, content), node=self._node, at=self._clock.now()))
                session.merge(HolderRow(path=str(spot.path), film=str(spot.path)))

    def adopt_rest(self, path: Path, rest: Resting) -> None:
        """Take up a file that the disk shows at rest; its days begin now, since nobody knows when they began."""
        with self._database.durable() as session:
            if queries.rest_at(session, str(rest.at)) is None:
                row = _rest_row(rest, str(path), self._clock.now())
                row.at = None
                session.add(row)

    def hold(self, path: Path, film: Path) -> None:
        """A further film needs this path on the fast disk."""
        with self._database.durable() as session:
            session.merge(HolderRow(path=str(path), film=str(film)))

    def held_by(self, film: Path) -> list[Path]:
        """What is on the fast disk for a film's sake."""
        with self._database.read() as session:
            return [Path(path) for path in queries.held(session, str(film))]

    def release(self, path: Path, film: Path) -> bool:
        """The film needs this path no longer; whether nobody else does."""
        with self._database.durable() as session:
            queries.drop_holder(session, str(path), str(film))
            return not queries.holders(session, str(path))

    def cached_in(self, folder: Path) -> list[Path]:
        """What of a folder, not of those below it, is on the fast disk."""
        with self._database.read() as session:
            paths = [Path(path) for path in queries.copies_in(session, str(folder))]
        return [path for path in paths if path.parent == folder]

    def stranded(self) -> list[Path]:
        """What came along to the fast disks of this node with films that are not there any more."""
        with self._database.read() as session:
            return [Path(path) for path in queries.stranded(session, self._node)]

    def at_rest(self) -> Sequence[RestRow]:
        """Every file at rest."""
        with self._database.read() as session:
            return queries.resting(session)

    def rested(self) -> Sequence[RestRow]:
        """The files whose rest is over.

        Where it is over for long, nobody looked for days, or the clock has jumped: then it lasts a day more, in which
        a clock is set right.
        """
        now = self._clock.now()
        with self._database.durable() as session:
            queries.shorten_rests(session, now + REST)
            queries.prolong_rests(session, now - _LATE, now + _MORE)
            session.flush()
            return queries.rested(session, now)

    def deleted(self) -> Sequence[tuple[RestRow, Origin]]:
        """The files at rest that seemed deleted, and where each came from, as far as its item is known."""
        with self._database.read() as session:
            return [(row, _origin(origin)) for row, origin in queries.deleted_rests(session)]

    def note_upgrade(self, row: RestRow) -> None:
        """A file at rest was not deleted but upgraded."""
        with self._database.durable() as session:
            queries.give_reason(session, row.id, "upgraded")

    def rename_rest(self, row: RestRow, resting: Path) -> None:
        """A file at rest has another name now."""
        with self._database.durable() as session:
            queries.rename_rest(session, row.id, str(resting))

    def is_in_use(self, fast: Path) -> bool:
        """Whether a path leads, or is about to lead, to this fast copy."""
        with self._database.read() as session:
            return queries.is_in_use(session, str(fast))

    def forget_rest(self, row: RestRow, note: Callable[[Session], None] | None = None) -> None:
        """A file at rest is gone; what `note` writes is kept in the same moment."""
        with self._database.durable() as session:
            if note is not None:
                note(session)
            queries.forget_rest(session, row.id)
            queries.forget_origin(session, row.path)

    def _about(self, move: Move) -> dict[str, str | datetime]:
        return {
            "kind": move.kind,
            "step": move.step,
            "token": move.token,
            "film": str(move.film),
            "node": self._node,
            "at": self._clock.now(),
        }


def with_digest(content: Content, digest: str, fast: int) -> Content:
    """A content whose digest, and whose fast copy's change time, are known."""
    return replace(content, digest=digest, fast_ctime_ns=fast)


def _move(row: JournalRow) -> Move:
    return Move(Kind(row.kind), spot_of(row), content_of(row), row.token, Path(row.film), Step(row.step))


def _columns(spot: Spot, content: Content) -> dict[str, str | int]:
    return {
        "layout": spot.layout,
        "path": str(spot.path),
        "fast": str(spot.fast),
        "fast_root": str(spot.fast_root),
        "slow_root": str(spot.slow_root),
        "link": spot.link,
        **_content_columns(content),
    }


def _content_columns(content: Content) -> dict[str, str | int]:
    return {
        "size": content.size,
        "mtime_ns": content.mtime_ns,
        "digest": content.digest,
        "fast_ctime_ns": content.fast_ctime_ns,
        "original": content.original,
    }


def _origin_row(path: Path, origin: Origin) -> OriginRow:
    listed = sorted(str(one) for one in origin.listed)
    mount = str(origin.mount or "")
    return OriginRow(path=str(path), item_id=origin.item_id, listed=listed, mount=mount)


def _origin(row: OriginRow) -> Origin:
    mount = Path(row.mount) if row.mount else None
    return Origin(row.item_id, frozenset(Path(one) for one in row.listed), mount)


def _rest_row(rest: Resting, path: str, now: datetime) -> RestRow:
    return RestRow(
        path=path,
        resting=str(rest.at),
        root=str(rest.root),
        reason=rest.reason,
        size=rest.size,
        at=now,
        until=now + REST,
    )
