"""The rows of the cache: found and stored here, decided elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import Row, delete, select, update
from sqlalchemy.orm import Session, aliased

from projectionist.features.cache.models import (
    CopyRow,
    HolderRow,
    JournalRow,
    Layout,
    OriginRow,
    RestRow,
    SeenRow,
)

_AT_ONCE = 5000
"""Paths in one question."""


def moves(session: Session, node: str) -> Sequence[JournalRow]:
    """The moves a node has under way, the oldest first."""
    return session.scalars(select(JournalRow).where(JournalRow.node == node).order_by(JournalRow.id)).all()


def move_at(session: Session, path: str) -> JournalRow | None:
    """The move of a path that is under way."""
    return session.scalars(select(JournalRow).where(JournalRow.path == path)).first()


def copies(session: Session, node: str) -> Sequence[CopyRow]:
    """Every file on the fast disks of a node, the oldest first."""
    return session.scalars(select(CopyRow).where(CopyRow.node == node).order_by(CopyRow.id)).all()


def copy_at(session: Session, path: str) -> CopyRow | None:
    """What is known of the fast copy of a path."""
    return session.scalars(select(CopyRow).where(CopyRow.path == path)).first()


def links_at(session: Session, paths: Sequence[str]) -> Iterator[Row[tuple[str, str, str, str]]]:
    """Path, text, fast copy and its root of the links at these paths: those that stand, or are about to.

    The journal comes first: a move that ends meanwhile, whose row goes over to the copies, is met there then.
    """
    for start in range(0, len(paths), _AT_ONCE):
        for table in (JournalRow, CopyRow):
            told = select(table.path, table.link, table.fast, table.fast_root)
            some = table.path.in_(paths[start : start + _AT_ONCE])
            yield from session.execute(told.where(some, table.layout == Layout.SYMLINK))


def forget_move(session: Session, path: str) -> None:
    """Take a move out of the journal."""
    session.execute(delete(JournalRow).where(JournalRow.path == path))


def forget_copy(session: Session, path: str) -> None:
    """A path has no fast copy any more, and nobody holds it."""
    session.execute(delete(CopyRow).where(CopyRow.path == path))
    session.execute(delete(HolderRow).where(HolderRow.path == path))


def holders(session: Session, path: str) -> set[str]:
    """The films for whose sake a path is on the fast disk."""
    return set(session.scalars(select(HolderRow.film).where(HolderRow.path == path)))


def held(session: Session, film: str) -> Sequence[str]:
    """The paths that are on the fast disk for a film's sake, in order."""
    return session.scalars(
        select(HolderRow.path).where(HolderRow.film == film).order_by(HolderRow.path)
    ).all()


def drop_holder(session: Session, path: str, film: str) -> None:
    """A film needs a path no longer."""
    session.execute(delete(HolderRow).where(HolderRow.path == path, HolderRow.film == film))


def resting(session: Session) -> Sequence[RestRow]:
    """Every file at rest, the first to go first."""
    return session.scalars(select(RestRow).order_by(RestRow.until, RestRow.id)).all()


def rest_at(session: Session, resting: str) -> RestRow | None:
    """The file that rests under a name."""
    return session.scalars(select(RestRow).where(RestRow.resting == resting)).first()


def shorten_rests(session: Session, most: datetime) -> None:
    """No rest ends later than this."""
    session.execute(update(RestRow).where(RestRow.until > most).values(until=most))


def prolong_rests(session: Session, before: datetime, until: datetime) -> None:
    """What ended before a moment ends at another instead."""
    session.execute(update(RestRow).where(RestRow.until < before).values(until=until))


def rested(session: Session, now: datetime) -> Sequence[RestRow]:
    """The files whose rest is over."""
    return session.scalars(select(RestRow).where(RestRow.until <= now).order_by(RestRow.id)).all()


def forget_rest(session: Session, number: int) -> None:
    """A file at rest is gone."""
    session.execute(delete(RestRow).where(RestRow.id == number))


def rename_rest(session: Session, number: int, resting: str) -> None:
    """A file at rest has another name now."""
    session.execute(update(RestRow).where(RestRow.id == number).values(resting=resting))


def is_in_use(session: Session, fast: str) -> bool:
    """Whether a path leads, or is about to lead, to this fast copy."""
    in_copies = select(CopyRow.id).where(CopyRow.fast == fast)
    in_moves = select(JournalRow.id).where(JournalRow.fast == fast)
    return session.scalar(in_copies) is not None or session.scalar(in_moves) is not None


def copies_in(session: Session, folder: str) -> Sequence[str]:
    """The paths below a folder whose content is on the fast disk."""
    inside = CopyRow.path.startswith(f"{folder}/", autoescape=True)
    return session.scalars(select(CopyRow.path).where(inside).order_by(CopyRow.path)).all()


def stranded(session: Session, node: str) -> Sequence[str]:
    """The paths on a node's fast disks that came along with films of which none is there any more."""
    film = aliased(CopyRow)
    needed = (
        select(HolderRow.path)
        .join(film, film.path == HolderRow.film)
        .where(HolderRow.path == CopyRow.path)
        .exists()
    )
    return session.scalars(
        select(CopyRow.path).where(~needed, CopyRow.node == node).order_by(CopyRow.path)
    ).all()


def origin_at(session: Session, path: str) -> OriginRow | None:
    """What is known of where a path came from."""
    return session.get(OriginRow, path)


def forget_origin(session: Session, path: str) -> None:
    """Forget where a path came from, unless something of it is on the fast disk, at rest or on its way."""
    rows = (
        select(CopyRow.id).where(CopyRow.path == path),
        select(RestRow.id).where(RestRow.path == path),
        select(JournalRow.id).where(JournalRow.path == path),
    )
    if all(session.scalar(row) is None for row in rows):
        session.execute(delete(OriginRow).where(OriginRow.path == path))


def rename_copy(session: Session, old: str, new: str) -> None:
    """A cached path has another name now, and so has the film that it may be for others."""
    forget_copy(session, new)
    forget_origin(session, new)
    session.execute(update(CopyRow).where(CopyRow.path == old).values(path=new))
    session.execute(update(HolderRow).where(HolderRow.path == old).values(path=new))
    session.execute(update(HolderRow).where(HolderRow.film == old).values(film=new))
    session.execute(update(OriginRow).where(OriginRow.path == old).values(path=new))


def deleted_rests(session: Session) -> Sequence[tuple[RestRow, OriginRow]]:
    """The files at rest that seemed deleted, each with where it came from, where its item is known."""
    found = session.execute(
        select(RestRow, OriginRow)
        .join(OriginRow, OriginRow.path == RestRow.path)
        .where(RestRow.reason == "deleted", OriginRow.item_id.is_not(None))
        .order_by(RestRow.id)
    )
    return [(row, origin) for row, origin in found]


def give_reason(session: Session, number: int, reason: str) -> None:
    """A file rests for another reason than it seemed."""
    session.execute(update(RestRow).where(RestRow.id == number).values(reason=reason))


def seen_by(session: Session, tier_id: int) -> set[int]:
    """The servers that have read a file through a tier."""
    return set(session.scalars(select(SeenRow.server_id).where(SeenRow.tier_id == tier_id)))


def put_seen(session: Session, server_id: int, tier_id: int, at: datetime) -> None:
    """A server has read a file through a tier."""
    session.merge(SeenRow(server_id=server_id, tier_id=tier_id, at=at))


def drop_seen(session: Session, server_ids: Collection[int], tier_id: int) -> None:
    """These servers did not see a file through a tier."""
    session.execute(
        delete(SeenRow).where(SeenRow.server_id.in_(sorted(server_ids)), SeenRow.tier_id == tier_id)
    )
