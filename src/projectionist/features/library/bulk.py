"""Writing many rows by one statement at the speed of the driver.

SQLAlchemy builds a dictionary of parameters for each row, which takes longer than SQLite needs to store it. Here
a statement is compiled once, and rows are handed over as tuples, converted column by column where the type of
one asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import Dialect
from sqlalchemy.orm import Session
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.compiler import SQLCompiler


@dataclass(frozen=True, slots=True)
class Bulk:
    """A statement ready for many rows, each a tuple of its parameters in the order of `names`.

    `order` says which of them stands at each place of the text, where the driver goes by places.
    """

    sql: str
    names: tuple[str, ...]
    order: tuple[int, ...] | None
    converters: tuple[tuple[int, Callable[[Any], Any]], ...]

    @classmethod
    def of(cls, statement: ClauseElement, names: Sequence[str], dialect: Dialect) -> Bulk:
        """A statement whose only parameters have these names."""
        compiled = cast(SQLCompiler, statement.compile(dialect=dialect, column_keys=list(names)))
        converters = []
        for place, name in enumerate(names):
            convert = compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect)
            if convert is not None:
                converters.append((place, convert))
        at = {name: place for place, name in enumerate(names)}
        order = tuple(at[name] for name in compiled.positiontup or ()) or None
        return cls(str(compiled), tuple(names), order, tuple(converters))

    def write(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        """Execute it for each row."""
        if not rows:
            return
        columns: list[Any] = list(zip(*rows, strict=True))
        for place, convert in self.converters:
            columns[place] = [convert(value) for value in columns[place]]
        if self.order is None:
            given: Any = [dict(zip(self.names, row, strict=True)) for row in zip(*columns, strict=True)]
        else:
            given = list(zip(*(columns[place] for place in self.order), strict=True))
        session.connection().exec_driver_sql(self.sql, given)
