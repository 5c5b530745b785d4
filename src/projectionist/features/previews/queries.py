"""The rows of the previews: found and stored here, decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, Table, bindparam, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.features.previews.models import (
    Claim,
    DefaultChoice,
    Film,
    LibraryChoice,
    Preview,
    PreviewState,
    Work,
)

_SORTS: Mapping[str, Any] = {
    "title": Preview.title,
    "state": Preview.state,
    "made_at": Preview.made_at,
    "bytes": Preview.bytes,
    "frames": Preview.frames,
    "part_id": Preview.part_id,
}
SORTS = tuple(_SORTS)

_SKEW = timedelta(minutes=5)
"""By how much the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which previews; empty means all. `sort` is one of SORTS, `-` in front turns it round."""

    library_id: int | None = None
    item_id: int | None = None
    states: tuple[str, ...] = ()
    text: str = ""
    part_ids: tuple[int, ...] = ()
    sort: str = "title"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many previews are in which state, and what they all take on the disk."""

    states: Mapping[str, int]
    bytes: int


NO_PREVIEWS = Tally({}, 0)


def _insert(session: Session, table: Any) -> Any:
    """An INSERT that knows ON CONFLICT, in the words of the database."""
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def of_parts(session: Session, part_ids: Sequence[int]) -> dict[int, Preview]:
    """The previews of these parts, by part id."""
    rows = session.scalars(select(Preview).where(Preview.part_id.in_(part_ids)))
    return {row.part_id: row for row in rows}


def of_film(session: Session, film_id: int) -> Sequence[Preview]:
    """The previews of every part that is this file, oldest first."""
    return session.scalars(select(Preview).where(Preview.film_id == film_id).order_by(Preview.part_id)).all()


def of_item(session: Session, item_id: int) -> Sequence[Preview]:
    """The previews of an item's parts."""
    return session.scalars(select(Preview).where(Preview.item_id == item_id).order_by(Preview.part_id)).all()


def add_parts(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows for parts that have none; those that came in the meantime stay as they are."""
    if rows:
        statement = _insert(session, Preview).on_conflict_do_nothing(index_elements=["part_id"])
        session.execute(statement, [dict(row) for row in rows])


def change(session: Session, part_id: int, values: Mapping[str, Any]) -> None:
    """Set these columns of one preview, if it is still there."""
    session.execute(update(Preview).where(Preview.part_id == part_id).values(**values))


def change_many(session: Session, changes: Mapping[int, Mapping[str, Any]]) -> None:
    """Set columns of many previews, by part id, in few statements."""
    by_columns: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for part_id, values in changes.items():
        by_columns.setdefault(tuple(sorted(values)), []).append({"key": part_id, **values})
    table = cast(Table, Preview.__table__)
    for columns, rows in by_columns.items():
        if columns:
            statement = update(table).where(table.c.part_id == bindparam("key"))
            session.execute(statement.values({name: bindparam(name) for name in columns}), rows)


def touch(session: Session, part_ids: Sequence[int], at: datetime) -> None:
    """Note that these were looked at."""
    session.execute(update(Preview).where(Preview.part_id.in_(part_ids)).values(checked_at=at))


def queue(session: Session, film_ids: Sequence[int]) -> None:
    """Jobs are asked for: the previews of these files that are to be made wait for them."""
    ready = (PreviewState.MISSING, PreviewState.STALE, PreviewState.FAILED)
    session.execute(
        update(Preview)
        .where(Preview.film_id.in_(film_ids), Preview.state.in_(ready))
        .values(state=PreviewState.QUEUED)
    )


def forgive(session: Session, film_ids: Sequence[int]) -> None:
    """Failed previews of these files count as never tried."""
    session.execute(
        update(Preview)
        .where(Preview.film_id.in_(film_ids), Preview.state == PreviewState.FAILED)
        .values(state=PreviewState.MISSING, attempts=0, retry_at=None, mark="")
    )


def there(session: Session, library_id: int) -> tuple[int, int]:
    """How many previews of a library are made, and how many milliseconds of film that is."""
    statement = select(func.count(), func.coalesce(func.sum(Preview.duration_ms), 0)).where(
        Preview.library_id == library_id, Preview.state == PreviewState.FRESH
    )
    count, length = session.execute(statement).one()
    return count, int(length)


def newest_part(session: Session, library_id: int) -> int:
    """The highest part id of a library that has a row; 0 where none has."""
    return session.scalar(select(func.max(Preview.part_id)).where(Preview.library_id == library_id)) or 0


def films(session: Session, keys: Sequence[str], same_as: Sequence[str]) -> Sequence[Film]:
    """The files known under one of these keys, or the same as one of these."""
    return session.scalars(
        select(Film).where(or_(Film.key.in_(keys), Film.same_as.in_(same_as))).order_by(Film.id)
    ).all()


def add_films(session: Session, rows: Iterable[Mapping[str, Any]]) -> None:
    """Files that may be known already; what is known of them is brought up to date."""
    statement = _insert(session, Film)
    statement = statement.on_conflict_do_update(
        index_elements=["key"], set_={"path": statement.excluded.path, "same_as": statement.excluded.same_as}
    )
    listed = [dict(row) for row in rows]
    if listed:
        session.execute(statement, listed)


def forget_films(session: Session) -> int:
    """Take out the files that no part is any more; how many were. Touches nothing on the disk."""
    used = exists().where(Preview.film_id == Film.id)
    return _count(session.execute(delete(Film).where(~used)))


def bundle_owner(session: Session, row: Preview) -> Preview | None:
    """The first part that the same server gave the same hash to, where that is another file."""
    first = session.scalars(
        select(Preview)
        .where(Preview.server_id == row.server_id, Preview.part_hash == row.part_hash)
        .order_by(Preview.part_id)
        .limit(1)
    ).first()
    if first is None or first.part_id >= row.part_id or first.film_id in (None, row.film_id):
        return None
    return first


def take_claim(
    session: Session, *, film_id: int, token: str, job_id: str, node: str, now: datetime, until: datetime
) -> bool:
    """Claim a file, unless another job's claim still counts; says whether it is ours.

    A claim that would count for much longer than ours was made before the clock was set back, and counts no more.
    """
    statement = _insert(session, Claim).values(
        film_id=film_id, token=token, job_id=job_id, node=node, until=until
    )
    statement = statement.on_conflict_do_update(
        index_elements=["film_id"],
        set_={"token": token, "job_id": job_id, "node": node, "until": until},
        where=or_(Claim.until < now, Claim.until > until + _SKEW, Claim.job_id == job_id),
    ).returning(Claim.film_id)
    return session.scalar(statement) is not None


def renew_claim(session: Session, film_id: int, token: str, until: datetime) -> bool:
    """Hold a claim for longer; False where it has passed to another."""
    result = session.execute(
        update(Claim).where(Claim.film_id == film_id, Claim.token == token).values(until=until)
    )
    return _count(result) == 1


def drop_claim(session: Session, film_id: int, token: str) -> None:
    """Give a claim up."""
    session.execute(delete(Claim).where(Claim.film_id == film_id, Claim.token == token))


def claimed(session: Session, film_ids: Sequence[int], now: datetime) -> set[int]:
    """Which of these files somebody is working on."""
    counts_still = Claim.until.between(now, now + 2 * _SKEW)
    return set(session.scalars(select(Claim.film_id).where(Claim.film_id.in_(film_ids), counts_still)))


def tallies(session: Session) -> dict[int, Tally]:
    """How many previews of each library stand how, and what they take on the disk; read from one index alone."""
    statement = select(
        Preview.library_id, Preview.state, func.count(), func.coalesce(func.sum(Preview.bytes), 0)
    ).group_by(Preview.library_id, Preview.state)
    found: dict[int, Tally] = {}
    for library, state, count, taken in session.execute(statement):
        before = found.get(library, NO_PREVIEWS)
        found[library] = Tally({**before.states, state: count}, before.bytes + int(taken))
    return found


def page(session: Session, wanted: Filter, offset: int, size: int) -> tuple[Sequence[Preview], int]:
    """A page of previews, and how many there are in all."""
    total = session.scalar(_filtered(select(func.count()).select_from(Preview), wanted)) or 0
    rows = session.scalars(
        _filtered(select(Preview), wanted).order_by(*_order(wanted.sort)).offset(offset).limit(size)
    ).all()
    return rows, total


def after(session: Session, wanted: Filter, part_id: int, size: int) -> Sequence[Preview]:
    """The previews of a filter whose parts' ids are above `part_id`, in their order: for going through all."""
    statement = _filtered(select(Preview), wanted).where(Preview.part_id > part_id)
    return session.scalars(statement.order_by(Preview.part_id).limit(size)).all()


def reasons(session: Session, state: str, size: int) -> Sequence[tuple[str, str, int]]:
    """The most frequent error codes in a state, each with one of its reasons and how many there are.

    The libraries are named because the index has them before the state.
    """
    count = func.count()
    statement = (
        select(Preview.error_code, func.min(Preview.reason), count)
        .where(Preview.library_id.in_(select(Preview.library_id).distinct()), Preview.state == state)
        .group_by(Preview.error_code)
        .order_by(count.desc())
        .limit(size)
    )
    return [(code, reason, number) for code, reason, number in session.execute(statement)]


def set_state(session: Session, wanted: Filter, state: PreviewState, values: Mapping[str, Any]) -> int:
    """Put every preview of a filter into a state; how many there were."""
    statement = update(Preview).values(state=state, **values)
    return _count(session.execute(statement.where(*_conditions(wanted))))


def default_choice(session: Session) -> DefaultChoice | None:
    """What is wanted of libraries that say nothing else, if anybody has ever said."""
    return session.get(DefaultChoice, 1)


def save_default(session: Session, values: Mapping[str, Any]) -> None:
    """Keep what is wanted of every library."""
    statement = _insert(session, DefaultChoice).values(id=1, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_=dict(values)))


def library_choice(session: Session, library_id: int) -> LibraryChoice | None:
    """What one library wants otherwise."""
    return session.get(LibraryChoice, library_id)


def save_library_choice(session: Session, library_id: int, values: Mapping[str, Any]) -> None:
    """Keep what one library wants otherwise."""
    statement = _insert(session, LibraryChoice).values(library_id=library_id, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["library_id"], set_=dict(values)))


def add_work(session: Session, hour: datetime, node: str, done: Mapping[str, Any]) -> None:
    """Add to what a node did in an hour."""
    statement = _insert(session, Work).values(hour=hour, node=node, **done)
    summed = {name: getattr(Work, name) + getattr(statement.excluded, name) for name in done}
    session.execute(statement.on_conflict_do_update(index_elements=["hour", "node"], set_=summed))


def work_since(session: Session, since: datetime) -> Sequence[Work]:
    """What was done since, by hour and node."""
    return session.scalars(select(Work).where(Work.hour >= since).order_by(Work.hour, Work.node)).all()


def _filtered(statement: Select[Any], wanted: Filter) -> Select[Any]:
    return statement.where(*_conditions(wanted))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.library_id is not None:
        conditions.append(Preview.library_id == wanted.library_id)
    if wanted.item_id is not None:
        conditions.append(Preview.item_id == wanted.item_id)
    if wanted.states:
        conditions.append(Preview.state.in_(wanted.states))
    if wanted.part_ids:
        conditions.append(Preview.part_id.in_(wanted.part_ids))
    return [*conditions, *(_names(word) for word in wanted.text.split())]


def _names(word: str) -> ColumnElement[bool]:
    return or_(
        Preview.title.icontains(word, autoescape=True), Preview.server_path.icontains(word, autoescape=True)
    )


def _order(sort: str) -> tuple[Any, ...]:
    column = _SORTS[sort.removeprefix("-")]
    first = column.desc() if sort.startswith("-") else column.asc()
    return first.nulls_last(), Preview.part_id


def _count(result: Any) -> int:
    return int(result.rowcount)
