"""The films on this node's fast tiers, a page at a time: since when, why, what came along, and whether pinned."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from projectionist.errors import InputWrong
from projectionist.features.cache.reading import queries
from projectionist.features.cache.reading.queries import FilmLine, Held
from projectionist.features.cache.workplace import Workplace
from projectionist.media.vocabulary import Page

NOTHING = Held(0, 0)
_MOST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Film:
    """A film on a fast disk.

    `why` is what it was brought there for, `along` what came with it; `version` is how its item is pinned, empty
    where it is not.
    """

    id: int
    path: Path
    title: str
    tier: str
    size: int
    since: datetime
    item_id: int | None
    why: str
    version: str
    along: Held = NOTHING


@dataclass(frozen=True, slots=True)
class FilmFilter:
    """Which films, and in which order; `tier` is a tier's name, empty for all."""

    tier: str = ""
    text: str = ""
    pinned: bool | None = None
    sort: str = "-since"


def films(place: Workplace, wanted: FilmFilter, *, offset: int = 0, size: int = 50) -> Page[Film]:
    """A page of the films on this node's fast tiers. Raises InputWrong."""
    require_sort(wanted.sort, queries.FILE_SORTS)
    require_text(wanted.text)
    names = _names(place)
    roots = [root for root, name in names.items() if wanted.tier in ("", name)]
    with place.database.read() as session:
        rows, total = queries.films(
            session,
            roots,
            place.node,
            text=wanted.text.strip(),
            pinned=wanted.pinned,
            sort=wanted.sort,
            offset=offset,
            size=size,
        )
        along = queries.companions(session, [row.copy.path for row in rows])
    return Page(tuple(_film(row, names, along.get(row.copy.path, NOTHING)) for row in rows), offset, total)


def films_by_id(place: Workplace, ids: Collection[int]) -> Sequence[Film]:
    """These films; those that went back meanwhile are left out."""
    names = _names(place)
    with place.database.read() as session:
        return [_film(row, names, NOTHING) for row in queries.films_by_id(session, ids)]


def films_of_item(place: Workplace, item_id: int) -> Sequence[Film]:
    """The files of an item that are on a fast disk, of whichever node."""
    names = _names(place)
    with place.database.read() as session:
        return [_film(row, names, NOTHING) for row in queries.films_of_item(session, item_id)]


def require_sort(sort: str, known: Sequence[str]) -> None:
    """Raise InputWrong where a list cannot be sorted so."""
    if sort.removeprefix("-") not in known:
        raise InputWrong(f"This is sorted by one of {', '.join(known)}, with - in front to turn it.", "sort")


def require_text(text: str) -> None:
    """Raise InputWrong where a text to look for is none."""
    if len(text) > _MOST_TEXT or "\0" in text:
        raise InputWrong(f"A text to look for has at most {_MOST_TEXT} characters.", "text")


def _names(place: Workplace) -> dict[str, str]:
    return {str(tier.root): tier.name for tier in place.places.tiers()}


def _film(row: FilmLine, names: dict[str, str], along: Held) -> Film:
    path, move = Path(row.copy.path), row.move
    return Film(
        id=row.copy.id,
        path=path,
        title=(move.title if move is not None else "") or path.stem,
        tier=names.get(row.copy.fast_root, row.copy.fast_root),
        size=row.copy.size,
        since=row.copy.at,
        item_id=row.item_id,
        why=move.why if move is not None else "",
        version=row.version or "",
        along=along,
    )
