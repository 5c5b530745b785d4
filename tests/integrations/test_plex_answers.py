"""A Plex server that leaves fields out, mistypes them or lies about its pages is found out, in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import ServerAnswerWrong, ServerLacks, ServerRefused
from projectionist.integrations.connecting import connect
from projectionist.integrations.plex import translating
from projectionist.integrations.plex.paging import Told, check_page
from projectionist.kit.http import TimeOuts
from projectionist.media.server import MediaServer, ServerAddress
from projectionist.media.vocabulary import ItemKind, LibraryKind, ListedLibrary, ServerKind
from tests.kit.loopback import Loopback, says

MOVIES = ListedLibrary("1", LibraryKind.MOVIES, "Movies", ())
SOON = TimeOuts(connect=1, read=1, total=2)


def film(key: int = 1, **fields: Any) -> dict[str, Any]:
    part = {"id": key, "file": f"/films/{key}.mkv", "size": 1000}
    media = {"id": key, "duration": 1000, "Part": [part]}
    return {"ratingKey": str(key), "type": "movie", "title": f"Film {key}", "Media": [media]} | fields


def page(*items: dict[str, Any], total: int | None = None, **fields: Any) -> bytes:
    told = {"size": len(items), "totalSize": len(items) if total is None else total, "offset": 0}
    container = {key: value for key, value in (told | fields).items() if value is not None}
    return msgspec.json.encode({"MediaContainer": container | {"Metadata": items}})


@pytest.fixture
def answering() -> Iterator[Callable[..., MediaServer]]:
    """Makes a Plex client whose server gives these answers, the last one for ever."""
    opened: list[tuple[Loopback, MediaServer]] = []

    def make(*bodies: bytes, kind: str = "application/json") -> MediaServer:
        loopback = Loopback(*(says(body, kind=kind) for body in bodies)).__enter__()
        server = connect(
            ServerAddress(ServerKind.PLEX, loopback.url, "token"),
            client_id="id",
            plex_tv_url=loopback.url,
            time_outs=SOON,
        )
        opened.append((loopback, server))
        return server

    yield make
    for loopback, server in opened:
        server.close()
        loopback.__exit__()


WITHOUT = {name: value for name, value in film().items() if name != "title"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (page(WITHOUT), r"missing required field `title` - at `\$\.MediaContainer\.Metadata\[0\]`"),
        (page(film(), film(2, title=None)), r"got `null` - at `\$\.MediaContainer\.Metadata\[1\]\.title`"),
        (page(film(duration="long")), r"`\$\.MediaContainer\.Metadata\[0\]\.duration`"),
        (page(film(Media=[{"id": 1, "Part": [{"id": 1, "file": "/a"}]}])), r"`size` - at .*Part\[0\]`"),
        (page(film(Media={})), r"got `object` - at `\$\.MediaContainer\.Metadata\[0\]\.Media`"),
        (page(film(type="episode")), "`type` of item 1 is `episode`"),
        (page(film(originallyAvailableAt="soon")), "`originallyAvailableAt` of item 1 is no date"),
        (page(film(), totalSize=None), r"without `\$\.MediaContainer\.totalSize`"),
        (page(film(), size=3), "holds 3 entries, with 1 in it"),
        (page(film(), total=0), "there are 0 entries, with number 1 in it"),
        (page(film(), offset=500), "the page from 500 instead of 0"),
        (page(total=7), "empty page at 0 of 7"),
        (page(film(1), film(1)), "an entry twice in one page"),
        (page(*[film(key) for key in range(12)], total=99), "12 entries where 10 were asked for"),
        (page(film(duration=-1)), r">= 0 - at .*\.duration`"),
        (
            page(film(Media=[{"id": 1, "Part": [{"id": 1, "file": "/a", "size": -5}]}])),
            r">= 0 - at .*\.size`",
        ),
        (page(film(Media=[{"id": 1, "Part": [{"id": 1, "file": "/a", "size": 2**63}]}])), r"- at .*\.size`"),
        (page(film(year=40_000_000_000)), r"<= 2147483647 - at .*\.year`"),
        (page(film(addedAt=1_700_000_000_000)), r"- at .*\.addedAt`"),
        (page(film(updatedAt=1_200_105_000_000)), r"- at .*\.updatedAt`"),
        (page(film(originallyAvailableAt="0000-01-01")), "`originallyAvailableAt` of item 1 is no date"),
        (page(film(ratingKey="1" * 10_000)), r"length <= 200 - at .*\.ratingKey`"),
        (page(total=-1), r">= 0 - at `\$\.MediaContainer\.totalSize`"),
        (page(film(rating=0)).replace(b'"rating":0', b'"rating":1e400'), r"out of range - at .*\.rating`"),
        (b"[]", "Expected `object`, got `array`"),
    ],
)
def test_an_answer_that_is_wrong_names_the_call_and_the_field(
    answering: Callable[..., MediaServer], body: bytes, words: str
) -> None:
    with pytest.raises(ServerAnswerWrong, match=words) as raised:
        answering(body).items(MOVIES, ItemKind.MOVIE, size=10)
    assert "GET /library/sections/1/all" in raised.value.message
    assert raised.value.message.endswith("nothing of it was used.")


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", b"\xff\xfe"])
def test_an_answer_that_is_no_json_is_one_sentence(
    answering: Callable[..., MediaServer], body: bytes
) -> None:
    with pytest.raises(
        ServerAnswerWrong, match="with JSON that is cut off or broken; nothing of it was used"
    ):
        answering(body).items(MOVIES, ItemKind.MOVIE)


def test_a_null_character_in_a_name_is_shown_as_unreadable(answering: Callable[..., MediaServer]) -> None:
    server = answering(page(film(title="He\0at", summary="C:\\u0000", studio="\0\0")))
    (item,) = server.items(MOVIES, ItemKind.MOVIE).items
    assert (item.title, item.summary, item.studio) == ("He\ufffdat", "C:\\u0000", "\ufffd\ufffd")


def test_a_server_that_ignores_the_offset_is_not_read_for_ever(
    answering: Callable[..., MediaServer],
) -> None:
    server = answering(page(film(1), film(2), total=1000, offset=None))
    assert len(server.items(MOVIES, ItemKind.MOVIE, size=2).items) == 2
    with pytest.raises(ServerAnswerWrong, match="came in the page before already"):
        server.items(MOVIES, ItemKind.MOVIE, offset=2, size=2)


def test_pages_that_overlap_are_wrong(answering: Callable[..., MediaServer]) -> None:
    server = answering(page(film(1), film(2), total=4), page(film(2), film(3), total=4, offset=2))
    server.items(MOVIES, ItemKind.MOVIE, size=2)
    with pytest.raises(ServerAnswerWrong, match="came in the page before already"):
        server.items(MOVIES, ItemKind.MOVIE, offset=2, size=2)


def test_reading_anew_from_the_start_is_no_overlap(answering: Callable[..., MediaServer]) -> None:
    server = answering(page(film(1), total=1))
    for _ in range(2):
        assert server.items(MOVIES, ItemKind.MOVIE, size=5).total == 1


@given(
    told=st.integers(0, 9),
    total=st.none() | st.integers(0, 30),
    came=st.integers(0, 9),
    offset=st.integers(0, 30),
)
def test_no_page_that_passes_can_keep_a_reader_from_the_end(
    told: int, total: int | None, came: int, offset: int
) -> None:
    try:
        agreed = check_page(Told(told, total, offset), came, offset, 5, ValueError)
    except ValueError:
        return
    assert came == told <= 5
    assert came > 0 or offset >= agreed
    assert came == 0 or offset + came <= agreed


def test_numbers_may_come_as_texts(answering: Callable[..., MediaServer]) -> None:
    body = page(film(year="1999", duration="5000", viewCount="2", rating="7.5"), totalSize="1")
    found = answering(body).items(MOVIES, ItemKind.MOVIE).items[0]
    assert (found.year, found.duration_ms, found.watched_count, found.rating) == (1999, 5000, 2, 7.5)


def test_what_plex_leaves_out_is_empty(answering: Callable[..., MediaServer]) -> None:
    bare = {"ratingKey": "5", "type": "movie", "title": ""}
    found = answering(page(bare)).items(MOVIES, ItemKind.MOVIE).items[0]
    assert (found.year, found.versions, found.external_ids, found.added_at) == (None, (), (), None)


def test_a_version_that_the_server_made_itself_is_marked(answering: Callable[..., MediaServer]) -> None:
    media = [{"id": 1, "Part": []}, {"id": 2, "proxyType": 42, "Part": []}]
    found = answering(page(film(Media=media))).items(MOVIES, ItemKind.MOVIE).items[0]
    assert [version.optimized for version in found.versions] == [False, True]


@pytest.mark.parametrize("name", ["../../../etc", "a/b", "", "ab\n"])
def test_a_hash_that_leads_out_of_the_bundles_is_wrong_or_absent(
    answering: Callable[..., MediaServer], name: str
) -> None:
    parts = [{"MediaPart": [{"id": 1, "hash": name}]}]
    body = {"MediaContainer": {"size": 1, "MetadataItem": [{"id": 1, "MediaItem": parts}]}}
    server = answering(msgspec.json.encode(body))
    if not name:
        assert server.part_hashes(["1"]) == {}
        return
    with pytest.raises(ServerAnswerWrong, match="cannot name a folder"):
        server.part_hashes(["1"])


@pytest.mark.parametrize(
    "key",
    ["http://127.0.0.1/x", "//evil/x", "/library/../etc/passwd", "file:///etc/passwd", "", "/etc/passwd"],
)
def test_only_pictures_of_the_server_itself_are_fetched(
    answering: Callable[..., MediaServer], key: str
) -> None:
    with pytest.raises(ServerLacks):
        answering(b"\xff\xd8\xff", kind="image/jpeg").image(key, width=1, height=1)


@pytest.mark.parametrize("kind", ["text/html", "image/svg+xml", "application/json"])
def test_what_is_no_picture_is_not_handed_on(answering: Callable[..., MediaServer], kind: str) -> None:
    with pytest.raises(ServerAnswerWrong, match="instead of a picture"):
        answering(b"<svg/>", kind=kind).image("/library/metadata/1/thumb/1", width=1, height=1)


def test_a_token_that_cannot_be_one_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(ServerRefused, match="copy it again"):
        connect(ServerAddress(ServerKind.PLEX, "http://127.0.0.1:1", "tök\nen"), client_id="x")


def test_shared_tokens_come_from_sound_xml_only(answering: Callable[..., MediaServer]) -> None:
    root = msgspec.json.encode(
        {"MediaContainer": {"machineIdentifier": "m", "friendlyName": "n", "version": "1"}}
    )
    for body in (
        b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>",
        b"<MediaContainer>",
        b"<a><SharedServer userID='2'/></a>",
    ):
        with pytest.raises(ServerAnswerWrong, match="shared_servers"):
            answering(root, body).on_deck("2")


def sections(*types: str) -> bytes:
    told = [{"key": str(key), "type": type_, "title": "A"} for key, type_ in enumerate(types, 1)]
    return msgspec.json.encode({"MediaContainer": {"size": len(told), "Directory": told}})


def test_what_is_on_deck_in_a_library_off_the_home_screen_is_told_too(
    answering: Callable[..., MediaServer],
) -> None:
    """The list over all libraries has the films of the first one only; music is not asked for."""
    server = answering(
        sections("movie", "artist", "show"),
        page(film(2), film(1)),
        page(film(1), film(2)),
        page(film(7), film(2)),
    )
    assert [deck.item_key for deck in server.on_deck()] == ["2", "1", "7"]


def test_a_library_that_does_not_answer_leaves_what_is_on_deck_unknown(
    answering: Callable[..., MediaServer],
) -> None:
    with pytest.raises(ServerAnswerWrong, match="sections/2/onDeck"):
        answering(sections("movie", "movie"), page(film(1)), page(film(1)), b"{}").on_deck()


def test_nobody_elses_watchlist_is_shown(answering: Callable[..., MediaServer]) -> None:
    with pytest.raises(ServerRefused, match="owner's watchlist only"):
        answering(b"{}").watchlist("2")


@given(st.text())
def test_any_guid_is_read_or_left_out(text: str) -> None:
    for found in translating.external_ids(text, ()):
        assert found.source
        assert found.source in text
