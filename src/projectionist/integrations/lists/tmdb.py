"""TMDb: its charts, and lists by their number, with a read access token.

Documented at https://developer.themoviedb.org/reference: pages of 20, counted in the answer itself. The older API key
would have to travel in the address of each call, where proxies write it down; the token travels in a header.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from projectionist import __version__
from projectionist.errors import InputWrong, ServerAnswerWrong
from projectionist.integrations.lists import wire
from projectionist.kit.http import HttpClient, TimeOuts
from projectionist.media.lists import ListAddress, ListedWork, ListKind
from projectionist.media.vocabulary import ExternalId, ItemKind

TMDB = "https://api.themoviedb.org"
_MOST_PAGES = 20
_LARGEST = 8 * 1024 * 1024
_CHARTS = {
    ListKind.TRENDING_MOVIES: ("/3/trending/movie/week", ItemKind.MOVIE),
    ListKind.TRENDING_SHOWS: ("/3/trending/tv/week", ItemKind.SHOW),
    ListKind.POPULAR_MOVIES: ("/3/movie/popular", ItemKind.MOVIE),
    ListKind.POPULAR_SHOWS: ("/3/tv/popular", ItemKind.SHOW),
}
_KINDS = {"movie": ItemKind.MOVIE, "tv": ItemKind.SHOW}
_LIST = re.compile(
    r"(?:(?:https?://)?(?:www\.)?themoviedb\.org/list/)?([0-9]{1,12})(?:-[^/?#]*)?/?(?:[?#].*)?",
    re.IGNORECASE,
)
_OLD_KEY = re.compile(r"[0-9a-f]{32}", re.IGNORECASE)


class TmdbList:
    """A list at TMDb. Raises InputWrong where `where` can name none, or the key is no read access token."""

    def __init__(self, address: ListAddress, *, url: str, time_outs: TimeOuts) -> None:
        if _OLD_KEY.fullmatch(address.key):
            raise InputWrong(
                "This is TMDb's API key, which would have to stand in addresses; "
                "give the API Read Access Token from the same page of TMDb's settings instead.",
                "key",
            )
        self._path, self._only = _path(address)
        headers = {
            "Accept": "application/json",
            "User-Agent": f"Projectionist/{__version__}",
            "Authorization": f"Bearer {address.key}",
        }
        self._http = HttpClient(url, headers, name="TMDb", time_outs=time_outs, max_body=_LARGEST)

    def works(self, most: int) -> Sequence[ListedWork]:
        """The first films and shows on it, each with TMDb's own id only. Raises ServiceError."""
        found: dict[ListedWork, None] = {}
        for number in range(1, _MOST_PAGES + 1):
            told, page, pages = self._page(number)
            if page != number:
                raise self._wrong(f"with page {page} instead of {number}")
            found.update(
                (self._work(one, place), None) for place, one in enumerate(told) if self._counts(one)
            )
            if len(found) >= most or number >= pages:
                break
        return list(found)[:most]

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    def _page(self, number: int) -> tuple[Sequence[wire.TmdbWork], int, int]:
        query = [("page", str(number))]
        if self._only is None:
            told = self._http.get_json(self._path, wire.TMDB_LIST_PAGE, query)
            return told.items, told.page, told.total_pages
        chart = self._http.get_json(self._path, wire.TMDB_PAGE, query)
        return chart.results, chart.page, chart.total_pages

    def _counts(self, one: wire.TmdbWork) -> bool:
        return self._only is not None or one.media_type != "person"

    def _work(self, one: wire.TmdbWork, place: int) -> ListedWork:
        kind = self._only or _KINDS.get(one.media_type)
        if kind is None:
            raise self._wrong(f"without a `media_type` of movie or tv at `$.items[{place}]`")
        return ListedWork(kind, (ExternalId("tmdb", str(one.id)),))

    def _wrong(self, how: str) -> ServerAnswerWrong:
        return self._http.wrong(f"GET {self._path}", how, "nothing of it was used")


def _path(address: ListAddress) -> tuple[str, ItemKind | None]:
    if address.kind in _CHARTS:
        return _CHARTS[address.kind]
    found = _LIST.fullmatch(address.where.strip())
    if found is None:
        raise InputWrong(
            "Give the list's number or its address at TMDb, such as themoviedb.org/list/710.", "where"
        )
    return f"/3/list/{found[1]}", None
