"""What is known of the lists whose films and shows are wished for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from projectionist.features.cache.models import ListRow
from projectionist.features.cache.wanting.choosing import EVERYBODY
from projectionist.media.lists import ListKind, ListService

FARTHEST = 100
"""No list is looked at beyond so many entries."""

OFFERED = {
    ListService.TRAKT: (
        *(ListKind.TRENDING_MOVIES, ListKind.TRENDING_SHOWS),
        *(ListKind.POPULAR_MOVIES, ListKind.POPULAR_SHOWS),
        *(ListKind.ANTICIPATED_MOVIES, ListKind.ANTICIPATED_SHOWS),
        *(ListKind.WATCHLIST, ListKind.LIST),
    ),
    ListService.TMDB: (
        *(ListKind.TRENDING_MOVIES, ListKind.TRENDING_SHOWS),
        *(ListKind.POPULAR_MOVIES, ListKind.POPULAR_SHOWS),
        ListKind.LIST,
    ),
    ListService.IMDB: (ListKind.EXPORT,),
}
"""Which lists each service has."""

NAMED = frozenset({ListKind.WATCHLIST, ListKind.LIST})
"""Those of which has to be said whose or which."""

SERVICE_NAMES = {ListService.TRAKT: "Trakt", ListService.TMDB: "TMDb", ListService.IMDB: "IMDb"}
KEYED = (ListService.TRAKT, ListService.TMDB)
"""Those that answer to a key only."""


@dataclass(frozen=True, slots=True)
class NewList:
    """A list as somebody describes it; an empty name takes one after the list itself.

    Of the first `most` entries those in the library count; with `fill` it is walked on until so many are. A key that is
    empty is the one that is kept for the service, an empty `content` that which is there already.
    """

    service: ListService
    kind: ListKind
    where: str = ""
    name: str = ""
    most: int = 10
    fill: bool = False
    account_id: int = EVERYBODY
    on: bool = True
    key: str = field(default="", repr=False)
    content: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class KeptList:
    """A list that was added, and how it answered; `owned` is how many of its entries were in the library then."""

    id: int
    name: str
    service: ListService
    kind: ListKind
    where: str
    most: int
    fill: bool
    account_id: int
    on: bool
    owned: int
    asked_at: datetime | None
    answered_at: datetime | None
    failing_since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Listed:
    """An item that a list names, at which place from 1 on, and for whom; account 0 is everybody."""

    name: str
    account_id: int
    item_id: int
    place: int


def list_of(row: ListRow) -> KeptList:
    """A list, from its row."""
    return KeptList(
        id=row.id,
        name=row.name,
        service=ListService(row.service),
        kind=ListKind(row.kind),
        where=row.where,
        most=row.most,
        fill=row.fill,
        account_id=row.account_id,
        on=row.on,
        owned=row.owned,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
        failing_since=row.failing_since,
        reason=row.reason,
    )


def said_of(row: ListRow) -> dict[str, str | int | bool]:
    """What the audit log is told of a list."""
    return {
        "name": row.name,
        "service": row.service,
        "kind": row.kind,
        "where": row.where,
        "most": row.most,
        "fill": row.fill,
        "account_id": row.account_id,
        "on": row.on,
    }


def own_name(new: NewList) -> str:
    """What to call a list to which nobody gave a name."""
    words = new.kind.replace("_", " ").replace("movies", "films")
    if new.kind is ListKind.EXPORT:
        words = "an exported list"
    where = new.where.strip().removeprefix("https://").removeprefix("www.")
    return f"{SERVICE_NAMES[new.service]}: {words}{f' ({where})' if where else ''}"[:200]
