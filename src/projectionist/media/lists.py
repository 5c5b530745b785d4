"""Lists of films and shows that are kept elsewhere: the words for them, and what a service of lists promises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from projectionist.media.vocabulary import ExternalId, ItemKind


class ListService(StrEnum):
    """Where a list is kept."""

    TRAKT = "trakt"
    TMDB = "tmdb"
    IMDB = "imdb"


class ListKind(StrEnum):
    """Which list of a service: one for everybody, somebody's own, or one that its owner exported as a file."""

    TRENDING_MOVIES = "trending_movies"
    TRENDING_SHOWS = "trending_shows"
    POPULAR_MOVIES = "popular_movies"
    POPULAR_SHOWS = "popular_shows"
    ANTICIPATED_MOVIES = "anticipated_movies"
    ANTICIPATED_SHOWS = "anticipated_shows"
    WATCHLIST = "watchlist"
    LIST = "list"
    EXPORT = "export"


CATALOGUES = ("imdb", "tmdb", "tvdb")
"""By whose ids a work is found again, the surest first."""


@dataclass(frozen=True, slots=True)
class ListedWork:
    """A film or a show on a list, and what the catalogues call it, in the order of `CATALOGUES`."""

    kind: ItemKind
    ids: tuple[ExternalId, ...]


@dataclass(frozen=True, slots=True)
class ListAddress:
    """A list: `where` names whose or which it is, `key` is the service's for us, `content` that of an exported file."""

    service: ListService
    kind: ListKind
    where: str = ""
    key: str = field(default="", repr=False)
    content: str = field(default="", repr=False)


class TitleList(Protocol):
    """One list, as its service has it now."""

    def works(self, most: int) -> Sequence[ListedWork]:
        """The first `most` films and shows on it, in its order. Raises ServiceError."""

    def close(self) -> None:
        """Give up connections."""


ConnectList = Callable[[ListAddress], TitleList]
"""Raises InputWrong, naming the field, where there can be no such list, or its key cannot be one."""
