"""What Trakt and TMDb answer, as far as it is read; every field that is needed has to be there."""

from __future__ import annotations

from typing import Annotated

import msgspec

Number = Annotated[int, msgspec.Meta(ge=1)]


class TraktIds(msgspec.Struct, frozen=True):
    """What the catalogues call a film or a show; each but Trakt's own may be unknown there."""

    trakt: Number
    imdb: str | None = None
    tmdb: int | None = None
    tvdb: int | None = None


class TraktWork(msgspec.Struct, frozen=True):
    """A film or a show."""

    ids: TraktIds


class TraktEntry(msgspec.Struct, frozen=True):
    """An entry of a list: one of both is there, but for seasons, episodes and people."""

    type: str = ""
    movie: TraktWork | None = None
    show: TraktWork | None = None


class TmdbWork(msgspec.Struct, frozen=True):
    """A film or a show; `media_type` is told where a list may hold both."""

    id: Number
    media_type: str = ""


class TmdbPage(msgspec.Struct, frozen=True):
    """A page of a chart."""

    page: Number
    total_pages: Annotated[int, msgspec.Meta(ge=0)]
    results: list[TmdbWork]


class TmdbListPage(msgspec.Struct, frozen=True):
    """A page of somebody's list; who answers without pages has told all of it."""

    items: list[TmdbWork]
    page: Number = 1
    total_pages: Annotated[int, msgspec.Meta(ge=0)] = 1


TRAKT_WORKS = msgspec.json.Decoder(list[TraktWork])
TRAKT_ENTRIES = msgspec.json.Decoder(list[TraktEntry])
TMDB_PAGE = msgspec.json.Decoder(TmdbPage)
TMDB_LIST_PAGE = msgspec.json.Decoder(TmdbListPage)
