"""Reading a library, a history and a watchlist from CSV. Strict: a row that cannot be meant is named by its line."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from projectionist.errors import TableWrong
from projectionist.features.cache.prediction.catalogue import Catalogue, Kind, Title
from projectionist.features.cache.prediction.records import Past, Play, Wish

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

LIBRARY = ("item", "type", "show", "season", "episode", "bytes", "duration_s", "added_at")
HISTORY = ("started_at", "user", "item", "end_position_s", "finished")
WATCHLIST = ("at", "user", "item", "action")

_LONGEST_S = 1e7
_Row = TypeVar("_Row")
_YES_OR_NO = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class _Unfit(Exception):
    """A field does not hold what its column promises; the message is the end of a sentence."""


def read_past(library: Path, history: Path, watchlist: Path | None = None) -> Past:
    """Read all of it; other columns than ours are ignored, and rows may come in any order. Raises TableWrong."""
    titles = _titles(library)
    catalogue = Catalogue.of(titles)
    strangers: list[str] = []
    plays = list(_rows(history, HISTORY, lambda row: _play(row, catalogue, strangers)))
    wishes = (
        list(_rows(watchlist, WATCHLIST, lambda row: _wish(row, catalogue, strangers))) if watchlist else []
    )
    return Past(
        catalogue,
        sorted((play for play in plays if play is not None), key=lambda play: play.at),
        sorted((wish for wish in wishes if wish is not None), key=lambda wish: wish.at),
        len(strangers),
    )


def _titles(path: Path) -> list[Title]:
    seen: set[str] = set()

    def title(row: dict[str, str]) -> Title:
        item = _word(row, "item")
        if item in seen:
            raise _Unfit(f"lists the item {item!r} again")
        seen.add(item)
        return _title(item, row)

    return list(_rows(path, LIBRARY, title))


def _title(item: str, row: dict[str, str]) -> Title:
    try:
        kind = Kind(row["type"])
    except ValueError:
        raise _Unfit(f"has the type {row['type']!r}, which is neither movie nor episode") from None
    episode = kind is Kind.EPISODE
    return Title(
        item,
        kind,
        _word(row, "show") if episode else "",
        _whole(row, "season") if episode else 0,
        _whole(row, "episode") if episode else 0,
        _whole(row, "bytes"),
        _seconds(row, "duration_s"),
        _moment(row, "added_at"),
    )


def _play(row: dict[str, str], catalogue: Catalogue, strangers: list[str]) -> Play | None:
    finished = _YES_OR_NO.get(row["finished"].strip().lower())
    if finished is None:
        raise _Unfit(f"says {row['finished']!r} in finished, where true or false belongs")
    at, user, item = _moment(row, "started_at"), _word(row, "user"), _word(row, "item")
    position = _seconds(row, "end_position_s")
    number = catalogue.number.get(item)
    if number is None:
        strangers.append(item)
        return None
    return Play(at, user, number, position, finished)


def _wish(row: dict[str, str], catalogue: Catalogue, strangers: list[str]) -> Wish | None:
    if row["action"] not in ("add", "remove"):
        raise _Unfit(f"has the action {row['action']!r}, which is neither add nor remove")
    at, user, item = _moment(row, "at"), _word(row, "user"), _word(row, "item")
    number, show = catalogue.number.get(item, -1), -1
    if number < 0:
        show = catalogue.show_number.get(item, -1)
    if number < 0 and show < 0:
        strangers.append(item)
        return None
    return Wish(at, user, number, show, row["action"] == "add")


def _rows(path: Path, columns: tuple[str, ...], read: Callable[[dict[str, str]], _Row]) -> Iterator[_Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _read(path, csv.reader(file, strict=True), columns, read)
    except OSError as error:
        raise TableWrong(
            f"{path} cannot be read: {error.strerror or error}; nothing was simulated."
        ) from error
    except UnicodeDecodeError as error:
        raise TableWrong(
            f"{path} is not written in UTF-8; nothing was simulated, save it as that."
        ) from error


def _read(
    path: Path, lines: CsvReader, columns: tuple[str, ...], read: Callable[[dict[str, str]], _Row]
) -> Iterator[_Row]:
    try:
        heads = next(lines, [])
        places = _places(path, heads, columns)
        for row in lines:
            if not row:
                continue  # an empty line, as editors leave one at the end
            if len(row) != len(heads):
                raise _Unfit(f"has {len(row)} fields where the first line names {len(heads)}")
            yield read({column: row[place] for column, place in places.items()})
    except (_Unfit, csv.Error) as error:
        why = f"is no row of CSV ({error})" if isinstance(error, csv.Error) else str(error)
        raise TableWrong(
            f"{path}, line {lines.line_num}: the row {why}; nothing was simulated, correct the line."
        ) from error


def _places(path: Path, heads: list[str], columns: tuple[str, ...]) -> dict[str, int]:
    names = [head.strip() for head in heads]
    missing = [column for column in columns if column not in names]
    if missing:
        raise TableWrong(
            f"{path}, line 1: the column {missing[0]} is missing; needed are {', '.join(columns)}."
        )
    twice = [column for column in columns if names.count(column) > 1]
    if twice:
        raise TableWrong(f"{path}, line 1: the column {twice[0]} stands there more than once; leave it once.")
    return {column: names.index(column) for column in columns}


def _word(row: dict[str, str], column: str) -> str:
    if not row[column]:
        raise _Unfit(f"has nothing in {column}")
    return row[column]


def _whole(row: dict[str, str], column: str) -> int:
    text = row[column].strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise _Unfit(f"says {row[column]!r} in {column}, where a whole number belongs")
    return int(text)


def _seconds(row: dict[str, str], column: str) -> float:
    try:
        seconds = float(row[column])
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_S:
        raise _Unfit(f"says {row[column]!r} in {column}, where seconds belong")
    return seconds


def _moment(row: dict[str, str], column: str) -> float:
    text = row[column].strip()
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise _Unfit(
            f"says {row[column]!r} in {column}, where a time belongs, as 2026-03-01T20:15:00Z"
        ) from None
