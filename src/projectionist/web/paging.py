"""Lists of the API: a part at a time, never more than a hundred."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

import msgspec
from litestar.params import QueryParameter
from litestar.response import Stream

from projectionist.media.vocabulary import Page

T = TypeVar("T")
U = TypeVar("U")

Limit: TypeAlias = Annotated[int, QueryParameter(ge=1, le=100, description="How many at most, 1 to 100.")]
"""`limit: Limit = 50` in a handler."""

Offset: TypeAlias = Annotated[int, QueryParameter(ge=0, le=10_000_000, description="How many to skip.")]
"""`offset: Offset = 0` in a handler."""


class PageOut(msgspec.Struct, Generic[T], frozen=True):
    """A part of a longer list: `items` begin at `offset` of `total`."""

    items: list[T]
    offset: int
    total: int


def page_out(page: Page[U], shown: Callable[[U], T]) -> PageOut[T]:
    """A page of ours as the API gives it, each item by `shown`."""
    return PageOut(items=[shown(item) for item in page.items], offset=page.offset, total=page.total)


def part_out(rows: Sequence[U], shown: Callable[[U], T], offset: int, limit: int) -> PageOut[T]:
    """A page of a list that is all at hand."""
    return PageOut([shown(row) for row in rows[offset : offset + limit]], offset, len(rows))


def export_csv(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], filename: str) -> Stream:
    """A download of rows as CSV, written as it is read. No cell is taken for a formula by a spreadsheet."""
    names = list(columns)

    def lines() -> Iterator[bytes]:
        yield _csv_line(names)
        for row in rows:
            yield _csv_line([row.get(name, "") for name in names])

    return Stream(lines(), media_type="text/csv; charset=utf-8", headers=_download(filename))


def export_json(rows: Iterable[Mapping[str, Any]], filename: str) -> Stream:
    """A download of rows as one JSON list, written as it is read."""

    def parts() -> Iterator[bytes]:
        before = b"[\n"
        for row in rows:
            yield before + msgspec.json.encode(row)
            before = b",\n"
        yield b"\n]\n" if before == b",\n" else b"[]\n"

    return Stream(parts(), media_type="application/json", headers=_download(filename))


def _csv_line(cells: Iterable[Any]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow([_safe(cell) for cell in cells])
    return line.getvalue().encode()


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _download(filename: str) -> dict[str, str]:
    return {"content-disposition": f'attachment; filename="{filename}"'}
