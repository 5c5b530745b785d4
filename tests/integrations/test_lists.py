"""Lists at Trakt and TMDb, and exported ones of IMDb: what is read of them, and how each failure is told.

The answers follow the shapes that the services document (docs.trakt.tv, developer.themoviedb.org) and the columns of
the files that IMDb exports; they were written by hand, not recorded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import (
    InputWrong,
    ServerAnswerWrong,
    ServerFailed,
    ServerLacks,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
)
from projectionist.integrations.lists.connecting import connect_list
from projectionist.kit.http import TimeOuts
from projectionist.media.lists import ListAddress, ListedWork, ListKind, ListService
from projectionist.media.vocabulary import ExternalId, ItemKind
from tests.kit.loopback import Loopback, Reply, hangs, says, sends

TRAKT, TMDB, IMDB = ListService.TRAKT, ListService.TMDB, ListService.IMDB
KEY = "canary-of-the-list-key-5d1e"
SOON = TimeOuts(connect=1, read=1, total=2)
HEAD = "Position,Const,Created,Modified,Description,Title,Original Title,URL,Title Type,IMDb Rating,Year"


def trakt(number: int, **ids: Any) -> dict[str, Any]:
    known = {"trakt": number, "slug": f"work-{number}", "imdb": f"tt{number:07}", "tmdb": number}
    return {"title": f"Work {number}", "year": 2024, "ids": known | ids}


def trending(*works: dict[str, Any], of: str = "movie") -> bytes:
    return msgspec.json.encode([{"watchers": 9, of: work} for work in works])


def tmdb(*numbers: int, page: int = 1, pages: int = 1, **more: Any) -> bytes:
    told = [{"adult": False, "id": one, "title": f"Film {one}", "popularity": 1.5} | more for one in numbers]
    return msgspec.json.encode({"page": page, "results": told, "total_pages": pages, "total_results": 99})


def tmdb_list(*entries: tuple[str, int], **more: Any) -> bytes:
    told = [{"id": number, "media_type": kind} for kind, number in entries]
    return msgspec.json.encode({"id": "710", "item_count": len(told), "items": told, "name": "Winter"} | more)


def asked(
    service: ListService, kind: ListKind, *replies: Reply, where: str = "", most: int = 100
) -> tuple[Sequence[ListedWork], list[str]]:
    """What a list holds, and the requests that were made for it."""
    with Loopback(*replies) as server:
        address = ListAddress(service, kind, where, KEY)
        made = connect_list(address, trakt_url=server.url, tmdb_url=server.url, time_outs=SOON)
        try:
            return made.works(most), server.heads
        finally:
            made.close()


def failure(service: ListService, kind: ListKind, *replies: Reply, where: str = "") -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        asked(service, kind, *replies, where=where)
    assert KEY not in raised.value.message
    return raised.value


def exported(*rows: str, head: str = HEAD) -> Sequence[ListedWork]:
    content = "\r\n".join([head, *rows]) + "\r\n"
    return connect_list(ListAddress(IMDB, ListKind.EXPORT, content=content)).works(100)


def row(place: int, id_: str, kind: str) -> str:
    return (
        f'{place},{id_},2024-01-02,2024-01-02,,"A, title",A,https://www.imdb.com/title/{id_}/,{kind},7.1,1999'
    )


def ids(*known: tuple[str, str]) -> tuple[ExternalId, ...]:
    return tuple(ExternalId(source, value) for source, value in known)


def test_a_chart_of_trakt_gives_its_ids_the_surest_first_and_the_key_travels_in_a_header_only() -> None:
    body = trending(trakt(603), trakt(604, imdb=None, tmdb=None), trakt(605, imdb=None, tvdb=7))
    works, heads = asked(TRAKT, ListKind.TRENDING_MOVIES, says(body))
    assert works == [
        ListedWork(ItemKind.MOVIE, ids(("imdb", "tt0000603"), ("tmdb", "603"))),
        ListedWork(ItemKind.MOVIE, ()),
        ListedWork(ItemKind.MOVIE, ids(("tmdb", "605"), ("tvdb", "7"))),
    ]
    line, _, rest = heads[0].partition("\r\n")
    assert line == "GET /movies/trending?page=1&limit=100 HTTP/1.1"
    assert f"trakt-api-key: {KEY}" in rest
    assert "trakt-api-version: 2" in rest


def test_a_chart_of_trakt_that_is_bare_is_read_too() -> None:
    works, heads = asked(TRAKT, ListKind.POPULAR_SHOWS, says(msgspec.json.encode([trakt(1, tvdb=9)])))
    assert works == [ListedWork(ItemKind.SHOW, ids(("imdb", "tt0000001"), ("tmdb", "1"), ("tvdb", "9")))]
    assert heads[0].startswith("GET /shows/popular?")


def test_pages_of_trakt_are_read_until_there_is_enough_or_no_more() -> None:
    first = says(trending(trakt(1), trakt(2)), X_Pagination_Page="1", X_Pagination_Page_Count="3")
    second = says(trending(trakt(3), trakt(4)), X_Pagination_Page="2", X_Pagination_Page_Count="3")
    third = says(trending(trakt(5)), X_Pagination_Page="3", X_Pagination_Page_Count="3")
    works, heads = asked(TRAKT, ListKind.TRENDING_MOVIES, first, second, third, most=3)
    assert [one.ids[1].value for one in works] == ["1", "2", "3"]
    assert len(heads) == 2
    works, heads = asked(TRAKT, ListKind.TRENDING_MOVIES, first, second, third)
    assert (len(works), len(heads)) == (5, 3)


@pytest.mark.parametrize(
    ("kind", "where", "path"),
    [
        (ListKind.WATCHLIST, "ada", "/users/ada/watchlist/movies,shows/rank"),
        (ListKind.WATCHLIST, "https://trakt.tv/users/ada/watchlist?sort=added", "/users/ada/watchlist/"),
        (ListKind.LIST, "ada/winter-films", "/users/ada/lists/winter-films/items/movies,shows"),
        (ListKind.LIST, "https://app.trakt.tv/users/ada/lists/winter", "/users/ada/lists/winter/items/"),
        (ListKind.LIST, "2142753", "/lists/2142753/items/movies,shows"),
    ],
)
def test_somebodys_list_at_trakt_is_named_as_people_name_it(kind: ListKind, where: str, path: str) -> None:
    entry = {"rank": 1, "id": 5, "listed_at": "2024-01-01T00:00:00.000Z", "notes": None}
    body = msgspec.json.encode(
        [
            entry | {"type": "show", "show": trakt(1, tvdb=2)},
            entry | {"type": "episode", "show": trakt(1), "episode": {"season": 1, "number": 2}},
            entry | {"type": "movie", "movie": trakt(3)},
        ]
    )
    works, heads = asked(TRAKT, kind, says(body), where=where)
    assert [(one.kind, one.ids[0].value) for one in works] == [
        (ItemKind.SHOW, "tt0000001"),
        (ItemKind.MOVIE, "tt0000003"),
    ]
    assert heads[0].startswith(f"GET {path}")


@pytest.mark.parametrize(
    ("service", "kind", "where"),
    [
        (TRAKT, ListKind.WATCHLIST, "ada/../../oauth"),
        (TRAKT, ListKind.WATCHLIST, "https://example.org/users/ada"),
        (TRAKT, ListKind.LIST, "ada"),
        (TRAKT, ListKind.LIST, "../lists"),
        (TMDB, ListKind.LIST, "winter"),
        (TMDB, ListKind.LIST, "https://example.org/list/710"),
        (TMDB, ListKind.LIST, "710/../../account"),
    ],
)
def test_what_can_be_no_list_is_refused_before_anything_is_asked(
    service: ListService, kind: ListKind, where: str
) -> None:
    with pytest.raises(InputWrong) as raised:
        connect_list(ListAddress(service, kind, where, KEY))
    assert raised.value.field == "where"


def test_a_chart_of_tmdb_is_read_page_by_page_with_the_token_in_a_header_only() -> None:
    pages = [says(tmdb(1, 2, page=1, pages=3)), says(tmdb(2, 3, page=2, pages=3))]
    works, heads = asked(TMDB, ListKind.TRENDING_SHOWS, *pages, most=3)
    assert works == [ListedWork(ItemKind.SHOW, ids(("tmdb", str(number)))) for number in (1, 2, 3)]
    assert [head.split("\r\n")[0] for head in heads] == [
        "GET /3/trending/tv/week?page=1 HTTP/1.1",
        "GET /3/trending/tv/week?page=2 HTTP/1.1",
    ]
    assert f"Authorization: Bearer {KEY}".lower() in heads[0].lower()


@pytest.mark.parametrize(
    "where", ["710", "https://www.themoviedb.org/list/710-winter", "themoviedb.org/list/710?page=1"]
)
def test_a_list_of_tmdb_holds_films_and_shows(where: str) -> None:
    body = tmdb_list(("movie", 603), ("tv", 31724), ("person", 5))
    works, heads = asked(TMDB, ListKind.LIST, says(body), where=where)
    assert [(one.kind, one.ids[0].value) for one in works] == [
        (ItemKind.MOVIE, "603"),
        (ItemKind.SHOW, "31724"),
    ]
    assert heads[0].startswith("GET /3/list/710?page=1 ")


def test_the_older_key_of_tmdb_is_refused_for_it_would_stand_in_addresses() -> None:
    with pytest.raises(InputWrong, match="Read Access Token") as raised:
        connect_list(ListAddress(TMDB, ListKind.TRENDING_MOVIES, key="0123456789abcdef" * 2))
    assert raised.value.field == "key"
    assert "0123456789" not in raised.value.message


@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel", "a\r\nHost: example.org"])
def test_what_can_be_no_key_is_refused(key: str) -> None:
    with pytest.raises(InputWrong, match="copy it again"):
        connect_list(ListAddress(TRAKT, ListKind.TRENDING_MOVIES, key=key))


@pytest.mark.parametrize(
    ("service", "kind", "body", "words"),
    [
        (TRAKT, ListKind.TRENDING_MOVIES, b'[{"watchers": 1}]', r"without `movie` at `\$\[0\]`"),
        (TRAKT, ListKind.TRENDING_SHOWS, b'[{"watchers": 1}]', r"without `show` at `\$\[0\]`"),
        (TRAKT, ListKind.TRENDING_MOVIES, b'[{"movie": {"title": "A"}}]', r"`ids` - at `\$\[0\]\.movie`"),
        (TRAKT, ListKind.POPULAR_MOVIES, b'[{"title": "A"}]', r"missing required field `ids` - at `\$\[0\]`"),
        (TRAKT, ListKind.POPULAR_MOVIES, b'[{"ids": {"trakt": "x"}}]', r"`\$\[0\]\.ids\.trakt`"),
        (TRAKT, ListKind.POPULAR_MOVIES, b'[{"ids": {"trakt": 1, "imdb": 5}}]', r"`\$\[0\]\.ids\.imdb`"),
        (TRAKT, ListKind.TRENDING_MOVIES, b'{"error": "x"}', "Expected `array`"),
        (TRAKT, ListKind.TRENDING_MOVIES, b'[{"movie"', "cut off or broken"),
        (TMDB, ListKind.POPULAR_MOVIES, b'{"page": 1, "total_pages": 1}', "missing required field `results`"),
        (
            TMDB,
            ListKind.POPULAR_MOVIES,
            b'{"results": [], "page": 1}',
            "missing required field `total_pages`",
        ),
        (TMDB, ListKind.POPULAR_MOVIES, tmdb(1, page=2, pages=2), "page 2 instead of 1"),
        (TMDB, ListKind.POPULAR_MOVIES, tmdb(1, id="x"), r"`\$\.results\[0\]\.id`"),
        (
            TMDB,
            ListKind.LIST,
            tmdb_list(("game", 1)),
            r"without a `media_type` of movie or tv at `\$\.items\[0\]`",
        ),
        (TMDB, ListKind.LIST, b'{"id": 1}', "missing required field `items`"),
    ],
)
def test_a_field_that_is_missing_or_wrong_is_named(
    service: ListService, kind: ListKind, body: bytes, words: str
) -> None:
    error = failure(service, kind, says(body), where="710" if kind is ListKind.LIST else "")
    assert isinstance(error, ServerAnswerWrong)
    assert re.search(words, error.message)


@pytest.mark.parametrize("service", [TRAKT, TMDB])
@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (says(b'{"status_code": 7}', "401 Unauthorized"), ServerRefused, "401"),
        (says(b"", "403 Forbidden"), ServerRefused, "403"),
        (says(b'{"status_code": 34}', "404 Not Found"), ServerLacks, "404"),
        (says(b"", "429 Too Many Requests", Retry_After="3600"), ServerFailed, "less often"),
        (says(b"", "500 Internal Server Error"), ServerFailed, "500"),
        (says(b"", "503 Service Unavailable"), ServerFailed, "503"),
        (says(b"<html>maintenance</html>", kind="text/html"), ServerAnswerWrong, "text/html instead of JSON"),
        (says(b" " * (8 * 1024 * 1024 + 1)), ServerAnswerWrong, "more than"),
        (sends(b"\x00garbage\r\n\r\n"), ServerAnswerWrong, "not HTTP"),
    ],
)
def test_each_failure_is_told_in_words_that_name_the_service(
    service: ListService, reply: Reply, error: type[ServiceError], words: str
) -> None:
    raised = failure(service, ListKind.TRENDING_MOVIES, reply)
    assert type(raised) is error
    assert words in raised.message
    assert raised.message.startswith("Trakt at" if service is TRAKT else "TMDb at")


def test_who_does_not_answer_is_given_up_in_bounded_time() -> None:
    server = Loopback()
    server._replies.append(hangs(lambda: server.ended))
    with server:
        address = ListAddress(TRAKT, ListKind.TRENDING_MOVIES, key=KEY)
        made = connect_list(address, trakt_url=server.url, time_outs=SOON)
        with pytest.raises(ServerUnreachable, match="in time"):
            made.works(10)
        made.close()


def test_after_a_429_it_is_tried_again_when_the_service_says() -> None:
    busy = says(b"", "429 Too Many Requests", Retry_After="1")
    works, heads = asked(TRAKT, ListKind.TRENDING_MOVIES, busy, says(trending(trakt(1))))
    assert (len(works), len(heads)) == (1, 2)


def test_a_key_goes_nowhere_else_where_the_service_sends_us_on() -> None:
    with Loopback(says(trending(trakt(1)))) as other:
        moved = says(b"", "302 Found", Location=f"{other.url}/movies/trending")
        error = failure(TRAKT, ListKind.TRENDING_MOVIES, moved)
        assert "was not followed" in error.message
        assert other.heads == []


def test_an_exported_list_of_imdb_gives_films_and_shows_in_its_order() -> None:
    works = exported(
        row(1, "tt0133093", "Movie"),
        row(2, "tt0944947", "TV Series"),
        row(3, "tt1480055", "TV Episode"),
        row(4, "tt7366338", "TV Mini Series"),
        row(5, "tt0133093", "movie"),
        row(6, "tt0185906", "tvMiniSeries"),
        row(7, "tt2140553", "Video Game"),
    )
    assert [(one.kind, one.ids) for one in works] == [
        (ItemKind.MOVIE, ids(("imdb", "tt0133093"))),
        (ItemKind.SHOW, ids(("imdb", "tt0944947"))),
        (ItemKind.SHOW, ids(("imdb", "tt7366338"))),
        (ItemKind.SHOW, ids(("imdb", "tt0185906"))),
    ]


def test_the_table_of_ratings_that_imdb_exports_is_a_list_too() -> None:
    head = "\ufeffConst,Your Rating,Date Rated,Title,URL,Title Type,IMDb Rating"
    works = exported(
        "tt1001526,10,2014-07-22,Megamind,https://www.imdb.com/title/tt1001526/,Movie,7.3", head=head
    )
    assert [one.ids[0].value for one in works] == ["tt1001526"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no columns"),
        ("<html><body>Sign in</body></html>", "no columns"),
        ("Title,Year\nHeat,1995\n", "no columns"),
        (f"{HEAD}\n{row(1, 'nm0000206', 'Movie')}\n", "Line 2 .*no id"),
        (f"{HEAD}\n1,tt0133093\n", "Line 2 .*no id"),
        (f"{HEAD}\n{row(1, 'tt0133093', 'Movie')}\n{row(2, 'tt0133094', 'Hologram')}\n", "Line 3 .*Hologram"),
        (f'{HEAD}\n1,"tt0133093\n', "cannot be read"),
        ("\0", "no text"),
        ("x" * 4_000_001, "far too large"),
    ],
)
def test_what_imdb_did_not_export_is_refused_naming_the_line(content: str, words: str) -> None:
    with pytest.raises(InputWrong, match=words) as raised:
        connect_list(ListAddress(IMDB, ListKind.EXPORT, content=content))
    assert raised.value.field == "content"


@given(st.text(max_size=400))
def test_no_text_breaks_the_reader_of_exports(text: str) -> None:
    for content in (text, f"{HEAD}\n{text}"):
        try:
            works = connect_list(ListAddress(IMDB, ListKind.EXPORT, content=content)).works(100)
        except InputWrong:
            continue
        assert all(one.ids[0].value.startswith("tt") for one in works)
