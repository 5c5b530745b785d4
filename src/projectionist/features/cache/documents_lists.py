"""What the API of lists takes and gives; a key is taken and never given back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.cache.wanting.lists.records import FARTHEST, KeptList, NewList
from projectionist.media.lists import ListKind, ListService

ServiceName = Literal["trakt", "tmdb", "imdb"]
KindName = Literal[
    "trending_movies",
    "trending_shows",
    "popular_movies",
    "popular_shows",
    "anticipated_movies",
    "anticipated_shows",
    "watchlist",
    "list",
    "export",
]
Key = Annotated[str, msgspec.Meta(max_length=1000)]


class ListRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list as it is wanted.

    `where` is whose watchlist or which list it is, `content` the text of the file that IMDb exported; where the list is
    changed, an empty one leaves the file that is there. `account_id` 0 is everybody. Of the first `most` titles those
    in the library count; with `fill` the list is walked on, up to 100 titles, until so many are. `key` is that of the
    service, empty for the one that is kept.
    """

    service: ServiceName
    kind: KindName
    where: Annotated[str, msgspec.Meta(max_length=300)] = ""
    content: Annotated[str, msgspec.Meta(max_length=4_000_000)] = ""
    name: Annotated[str, msgspec.Meta(max_length=200)] = ""
    most: Annotated[int, msgspec.Meta(ge=1, le=FARTHEST)] = 10
    fill: bool = False
    account_id: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    on: bool = True
    key: Key = ""


class ListDocument(msgspec.Struct, frozen=True):
    """A list that was added; `owned` is how many of its titles were in the library when it answered last."""

    id: int
    name: str
    service: str
    kind: str
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


class ListSwitchRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether a list counts."""

    on: bool


class ListKeyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key of a service: the client id of an application at Trakt, the read access token of TMDb."""

    key: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class ListKeyDocument(msgspec.Struct, frozen=True):
    """Whether the key of a service is kept."""

    service: str
    kept: bool


def new_list(data: ListRequest) -> NewList:
    """What the service wants."""
    return NewList(
        service=ListService(data.service),
        kind=ListKind(data.kind),
        where=data.where,
        name=data.name,
        most=data.most,
        fill=data.fill,
        account_id=data.account_id,
        on=data.on,
        key=data.key,
        content=data.content,
    )


def list_document(one: KeptList) -> ListDocument:
    """A list as the API gives it."""
    return msgspec.convert(one, ListDocument, from_attributes=True)
