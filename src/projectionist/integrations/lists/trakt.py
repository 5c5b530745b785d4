"""Trakt: its charts, and watchlists and lists that their owners let everybody see, by the id of an application.

Documented at https://trakt.docs.apiary.io and https://docs.trakt.tv: version and key travel in headers, the number of
pages comes back in one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from projectionist import __version__
from projectionist.errors import InputWrong
from projectionist.integrations.lists import wire
from projectionist.kit.http import Answer, HttpClient, TimeOuts
from projectionist.media.lists import ListAddress, ListedWork, ListKind
from projectionist.media.vocabulary import ExternalId, ItemKind

TRAKT = "https://api.trakt.tv"
_PAGE, _MOST_PAGES = 100, 20
_LARGEST = 8 * 1024 * 1024
_CHARTS = {
    ListKind.TRENDING_MOVIES: ("/movies/trending", ItemKind.MOVIE),
    ListKind.TRENDING_SHOWS: ("/shows/trending", ItemKind.SHOW),
    ListKind.POPULAR_MOVIES: ("/movies/popular", ItemKind.MOVIE),
    ListKind.POPULAR_SHOWS: ("/shows/popular", ItemKind.SHOW),
    ListKind.ANTICIPATED_MOVIES: ("/movies/anticipated", ItemKind.MOVIE),
    ListKind.ANTICIPATED_SHOWS: ("/shows/anticipated", ItemKind.SHOW),
}
_BARE = (ListKind.POPULAR_MOVIES, ListKind.POPULAR_SHOWS)
"""Answered without anything around each film or show."""
_SITE = re.compile(r"(?:https?://)?(?:www\.|app\.)?trakt\.tv/", re.IGNORECASE)
_WORD = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_OF_USER = re.compile(rf"(?:users/)?({_WORD})(?:/watchlist)?/?")
_LIST_OF_USER = re.compile(rf"(?:users/)?({_WORD})/(?:lists/)?({_WORD})/?")
_NUMBERED = re.compile(r"(?:lists/)?([0-9]{1,12})/?")


class TraktList:
    """A list at Trakt. Raises InputWrong where `where` can name none."""

    def __init__(self, address: ListAddress, *, url: str, time_outs: TimeOuts) -> None:
        self._kind = address.kind
        self._path = _path(address)
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": f"Projectionist/{__version__}",
            "trakt-api-version": "2",
            "trakt-api-key": address.key,
        }
        self._http = HttpClient(url, headers, name="Trakt", time_outs=time_outs, max_body=_LARGEST)

    def works(self, most: int) -> Sequence[ListedWork]:
        """The first films and shows on it. Raises ServiceError."""
        found: list[ListedWork] = []
        for number in range(1, _MOST_PAGES + 1):
            query = [("page", str(number)), ("limit", str(_PAGE))]
            answer = self._http.get(self._path, query)
            read = list(self._read(answer))
            found += read
            if len(found) >= most or number >= self._pages(answer):
                break
        return found[:most]

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    def _read(self, answer: Answer) -> Iterator[ListedWork]:
        call = f"GET {self._path}"
        if self._kind in _BARE:
            for bare in self._http.decoded(answer, wire.TRAKT_WORKS, call):
                yield _work(_CHARTS[self._kind][1], bare)
            return
        entries: list[wire.TraktEntry] = self._http.decoded(answer, wire.TRAKT_ENTRIES, call)
        for place, entry in enumerate(entries):
            if entry.movie is not None and entry.type in ("", "movie"):
                yield _work(ItemKind.MOVIE, entry.movie)
            elif entry.show is not None and entry.type in ("", "show"):
                yield _work(ItemKind.SHOW, entry.show)
            elif entry.type in ("", "movie", "show"):
                what = entry.type or ("movie" if self._expects is ItemKind.MOVIE else "show")
                raise self._http.wrong(call, f"without `{what}` at `$[{place}]`", "nothing of it was used")

    @property
    def _expects(self) -> ItemKind | None:
        return _CHARTS[self._kind][1] if self._kind in _CHARTS else None

    def _pages(self, answer: Answer) -> int:
        told = answer.headers.get("x-pagination-page-count", "1")
        if not (told.isascii() and told.isdigit() and len(told) < 10):
            how = "with an `X-Pagination-Page-Count` that is no number"
            raise self._http.wrong(f"GET {self._path}", how, "nothing of it was used")
        return int(told)


def _work(kind: ItemKind, told: wire.TraktWork) -> ListedWork:
    ids = (("imdb", told.ids.imdb), ("tmdb", told.ids.tmdb), ("tvdb", told.ids.tvdb))
    return ListedWork(kind, tuple(ExternalId(source, str(value)) for source, value in ids if value))


def _path(address: ListAddress) -> str:
    if address.kind in _CHARTS:
        return _CHARTS[address.kind][0]
    where = _SITE.sub("", address.where.strip(), count=1).partition("?")[0]
    if address.kind is ListKind.WATCHLIST:
        if (found := _OF_USER.fullmatch(where)) is not None:
            return f"/users/{quote(found[1])}/watchlist/movies,shows/rank"
        raise InputWrong("Name the person as in the address of their page at Trakt, such as ada.", "where")
    if (found := _NUMBERED.fullmatch(where)) is not None:
        return f"/lists/{found[1]}/items/movies,shows"
    if (found := _LIST_OF_USER.fullmatch(where)) is not None:
        return f"/users/{quote(found[1])}/lists/{quote(found[2])}/items/movies,shows"
    raise InputWrong("Give the list's address at Trakt, such as trakt.tv/users/ada/lists/winter.", "where")
