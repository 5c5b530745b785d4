"""The rows that pages and the API show: films on the fast disks, moves, pins, and sources that do not answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Select, func, or_, select
from sqlalchemy.orm import Session

from projectionist.features.cache.models import (
    AnswerRow,
    CopyRow,
    HolderRow,
    Kind,
    MoveRow,
    OriginRow,
    PinRow,
    RestRow,
    WantRow,
)

_OF_OLD = ""
"""The node of copies from before nodes were told apart."""
_CACHED = "cached"
MOVED = ("cached", "home", "rested", "mended", "returned", "removed")
"""How moves end that moved something, or put something right."""

FILE_SORTS = ("since", "title", "size", "tier")
MOVE_SORTS = ("at", "title", "size", "took")


class FilmLine(NamedTuple):
    """A film on a fast disk, with the move that brought it there, its item, and how that is pinned."""

    copy: CopyRow
    move: MoveRow | None
    item_id: int | None
    version: str | None


class Held(NamedTuple):
    """How many films are on a tier, and how much that is with what came along."""

    files: int
    size: int


def films(
    session: Session,
    roots: Collection[str],
    node: str,
    *,
    text: str = "",
    pinned: bool | None = None,
    sort: str = "-since",
    offset: int = 0,
    size: int = 50,
) -> tuple[list[FilmLine], int]:
    """A page of the films below these roots, and how many there are; what came along with them is not listed."""
    found = _joined(
        select(CopyRow, MoveRow, func.coalesce(OriginRow.item_id, MoveRow.item_id), PinRow.version)
    )
    count = _joined(select(func.count(CopyRow.id)))
    wheres = [CopyRow.fast_root.in_(roots), CopyRow.node.in_((node, _OF_OLD)), _is_film()]
    if text:
        wheres.append(
            or_(CopyRow.path.icontains(text, autoescape=True), MoveRow.title.icontains(text, autoescape=True))
        )
    if pinned is not None:
        wheres.append(PinRow.item_id.is_not(None) if pinned else PinRow.item_id.is_(None))
    rows = session.execute(found.where(*wheres).order_by(*_file_order(sort)).offset(offset).limit(size)).all()
    return [FilmLine(*row) for row in rows], session.scalar(count.where(*wheres)) or 0


def held_below(session: Session, roots: Collection[str], node: str) -> Mapping[str, Held]:
    """What is on each tier, by its root."""
    ours = (CopyRow.fast_root.in_(roots), CopyRow.node.in_((node, _OF_OLD)))
    sizes = session.execute(
        select(CopyRow.fast_root, func.sum(CopyRow.size)).where(*ours).group_by(CopyRow.fast_root)
    ).all()
    counts = session.execute(
        select(CopyRow.fast_root, func.count(CopyRow.id)).where(*ours, _is_film()).group_by(CopyRow.fast_root)
    ).all()
    films_of = {root: int(number) for root, number in counts}
    return {root: Held(films_of.get(root, 0), int(total)) for root, total in sizes}


def companions(session: Session, films: Sequence[str]) -> Mapping[str, Held]:
    """What came along with each of these films."""
    rows = session.execute(
        select(HolderRow.film, func.count(CopyRow.id), func.sum(CopyRow.size))
        .join(CopyRow, CopyRow.path == HolderRow.path)
        .where(HolderRow.film.in_(films), HolderRow.path != HolderRow.film)
        .group_by(HolderRow.film)
    ).all()
    return {film: Held(int(number), int(total)) for film, number, total in rows}


def films_by_id(session: Session, copy_ids: Collection[int]) -> list[FilmLine]:
    """These films; those that are not on a fast disk any more are left out."""
    found = _joined(
        select(CopyRow, MoveRow, func.coalesce(OriginRow.item_id, MoveRow.item_id), PinRow.version)
    )
    rows = session.execute(found.where(CopyRow.id.in_(sorted(copy_ids))).order_by(CopyRow.id)).all()
    return [FilmLine(*row) for row in rows]


def films_of_item(session: Session, item_id: int) -> list[FilmLine]:
    """The films on fast disks, of any node, that are files of an item."""
    found = _joined(
        select(CopyRow, MoveRow, func.coalesce(OriginRow.item_id, MoveRow.item_id), PinRow.version)
    )
    of_item = func.coalesce(OriginRow.item_id, MoveRow.item_id) == item_id
    rows = session.execute(found.where(of_item, _is_film()).order_by(CopyRow.path)).all()
    return [FilmLine(*row) for row in rows]


def moves(
    session: Session,
    *,
    text: str = "",
    kind: str = "",
    outcomes: Collection[str] = (),
    but: Collection[str] = (),
    sort: str = "-at",
    offset: int = 0,
    size: int = 50,
) -> tuple[Sequence[MoveRow], int]:
    """A page of the moves that ended with one of `outcomes`, or none of `but`; and how many there are."""
    wheres: list[ColumnElement[bool]] = []
    if text:
        wheres.append(
            or_(MoveRow.path.icontains(text, autoescape=True), MoveRow.title.icontains(text, autoescape=True))
        )
    if kind:
        wheres.append(MoveRow.kind == kind)
    if outcomes:
        wheres.append(MoveRow.outcome.in_(sorted(outcomes)))
    if but:
        wheres.append(MoveRow.outcome.not_in(sorted(but)))
    rows = session.scalars(
        select(MoveRow).where(*wheres).order_by(*_move_order(sort)).offset(offset).limit(size)
    ).all()
    return rows, session.scalar(select(func.count(MoveRow.id)).where(*wheres)) or 0


def undone(session: Session, move_ids: Collection[int]) -> set[int]:
    """Which of these moves were taken back."""
    return {
        number
        for number in session.scalars(
            select(MoveRow.undoes).where(MoveRow.undoes.in_(sorted(move_ids)), MoveRow.outcome.in_(MOVED))
        )
        if number is not None
    }


def on_fast(session: Session, paths: Collection[str]) -> set[str]:
    """Which of these paths lead to a fast disk."""
    return set(session.scalars(select(CopyRow.path).where(CopyRow.path.in_(sorted(paths)))))


def at_rest(session: Session, rest_ids: Collection[int]) -> set[int]:
    """Which of these files rest still."""
    return set(session.scalars(select(RestRow.id).where(RestRow.id.in_(sorted(rest_ids)))))


def moved_since(session: Session, since: datetime) -> Sequence[Row[tuple[datetime, str, int]]]:
    """When something was moved, which way and how much, the first first."""
    return session.execute(
        select(MoveRow.at, MoveRow.kind, MoveRow.size)
        .where(MoveRow.at >= since, MoveRow.outcome.in_(MOVED))
        .order_by(MoveRow.at)
    ).all()


def last_copies(session: Session, size: int) -> Sequence[Row[tuple[int, int]]]:
    """The bytes and milliseconds of the last copies to a fast disk."""
    return session.execute(
        select(MoveRow.size, MoveRow.took_ms)
        .where(MoveRow.kind == Kind.CACHE_IN, MoveRow.outcome == _CACHED)
        .where(MoveRow.took_ms > 0, MoveRow.size > 0)
        .order_by(MoveRow.id.desc())
        .limit(size)
    ).all()


def silent(session: Session) -> list[tuple[AnswerRow, int]]:
    """The sources that do not answer, the longest first, and how much each named before."""
    named = (
        select(func.count())
        .select_from(WantRow)
        .where(
            WantRow.source == AnswerRow.source,
            WantRow.server_id == AnswerRow.server_id,
            WantRow.account_id == AnswerRow.account_id,
        )
        .correlate(AnswerRow)
        .scalar_subquery()
    )
    rows = session.execute(
        select(AnswerRow, named)
        .where(AnswerRow.failing_since.is_not(None))
        .order_by(AnswerRow.failing_since, AnswerRow.source, AnswerRow.server_id, AnswerRow.account_id)
    ).all()
    return [(row, int(count)) for row, count in rows]


def _joined(found: Select[Any]) -> Select[Any]:
    """From the copies to the move that brought each, to its item, and to that item's pin."""
    latest = (
        select(func.max(MoveRow.id))
        .where(MoveRow.path == CopyRow.path, MoveRow.outcome == _CACHED)
        .correlate(CopyRow)
        .scalar_subquery()
    )
    return (
        found.select_from(CopyRow)
        .outerjoin(MoveRow, MoveRow.id == latest)
        .outerjoin(OriginRow, OriginRow.path == CopyRow.path)
        .outerjoin(PinRow, PinRow.item_id == func.coalesce(OriginRow.item_id, MoveRow.item_id))
    )


def _is_film() -> ColumnElement[bool]:
    """Whether a copy is there for its own sake, or nobody says for whose."""
    holders = select(HolderRow.path).where(HolderRow.path == CopyRow.path).correlate(CopyRow)
    return or_(holders.where(HolderRow.film == CopyRow.path).exists(), ~holders.exists())


def _file_order(sort: str) -> list[Any]:
    name, turned = sort.removeprefix("-"), sort.startswith("-")
    key: Any = {
        "since": CopyRow.at,
        "title": func.lower(func.coalesce(func.nullif(MoveRow.title, ""), CopyRow.path)),
        "size": CopyRow.size,
        "tier": CopyRow.fast_root,
    }[name]
    return [key.desc() if turned else key.asc(), CopyRow.id.desc() if turned else CopyRow.id.asc()]


def _move_order(sort: str) -> list[Any]:
    name, turned = sort.removeprefix("-"), sort.startswith("-")
    key: Any = {
        "at": MoveRow.at,
        "title": func.lower(func.coalesce(func.nullif(MoveRow.title, ""), MoveRow.path)),
        "size": MoveRow.size,
        "took": MoveRow.took_ms,
    }[name]
    return [key.desc() if turned else key.asc(), MoveRow.id.desc() if turned else MoveRow.id.asc()]
