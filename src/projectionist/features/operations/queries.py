"""What operations ask of the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, TableClause, and_, column, func, inspect, select, table, update
from sqlalchemy.orm import Session


def database_version(session: Session) -> str:
    """Which version the database engine is."""
    if session.get_bind().dialect.name == "sqlite":
        return str(session.scalar(select(func.sqlite_version())))
    return str(session.scalar(select(func.current_setting("server_version"))))


@dataclass(frozen=True, slots=True)
class KeptText:
    """A text in a row of any table, and where it stands."""

    table: TableClause
    row: ColumnElement[bool]
    column: str
    text: str


def texts_beginning(session: Session, beginning: str) -> Iterator[KeptText]:
    """Every text of every table that begins so, whichever feature keeps it; but those that rows are known by."""
    inspector = inspect(session.connection())
    for name in inspector.get_table_names():
        keys = inspector.get_pk_constraint(name)["constrained_columns"]
        texts = [one["name"] for one in inspector.get_columns(name) if isinstance(one["type"], String)]
        if not keys:
            continue
        kept = table(name, *(column(one) for one in dict.fromkeys((*keys, *texts))))
        for text in texts:
            if text in keys:
                continue
            wanted = select(*(kept.c[key] for key in keys), kept.c[text])
            for *values, found in session.execute(wanted.where(kept.c[text].startswith(beginning))).all():
                pairs = zip(keys, values, strict=True)
                yield KeptText(kept, and_(*(kept.c[key] == value for key, value in pairs)), text, found)


def put_text(session: Session, kept: KeptText, text: str) -> None:
    """Put another text in its place."""
    session.execute(update(kept.table).where(kept.row).values({kept.column: text}))
