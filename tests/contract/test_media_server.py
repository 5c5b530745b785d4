"""What every MediaServer promises: the Plex client, the folder and the fake pass one suite."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from projectionist.errors import RangeRefused, ServerLacks
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import (
    KINDS,
    ItemKind,
    LibraryEvent,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    PlaybackEvent,
)
from tests.contract.servers import Served


def shelf(server: MediaServer, kind: LibraryKind) -> ListedLibrary:
    return next(library for library in server.libraries() if library.kind is kind)


def paged(server: MediaServer, library: ListedLibrary, kind: ItemKind, size: int) -> list[ListedItem]:
    """All items of a kind, by pages."""
    found: list[ListedItem] = []
    while True:
        page = server.items(library, kind, offset=len(found), size=size)
        assert page.offset == len(found)
        found += page.items
        if len(found) >= page.total:
            return found


def test_a_server_says_who_it_is_and_the_same_each_time(served: Served) -> None:
    info = served.server.info()
    assert info.identity
    assert info.name
    assert served.server.info() == info


def test_libraries_have_keys_of_their_own_titles_and_places(served: Served) -> None:
    libraries = served.server.libraries()
    assert {library.kind for library in libraries} >= {
        LibraryKind.MOVIES,
        LibraryKind.SHOWS,
        LibraryKind.MUSIC,
    }
    assert len({library.key for library in libraries}) == len(libraries)
    assert all(library.title and library.locations for library in libraries)


@pytest.mark.parametrize("size", [1, 3, 500])
def test_pages_cover_everything_once_and_in_one_order(served: Served, size: int) -> None:
    server = served.server
    for library in server.libraries():
        for kind in KINDS[library.kind]:
            found = paged(server, library, kind, size)
            assert [item.key for item in found] == [
                item.key for item in server.items(library, kind, size=500).items
            ]
            assert len({item.key for item in found}) == len(found) > 0
            assert {(item.kind, item.library_key) for item in found} == {(kind, library.key)}


def test_every_show_season_and_episode_hangs_together(served: Served) -> None:
    server = served.server
    library = shelf(server, LibraryKind.SHOWS)
    shows, seasons, episodes = (
        {item.key: item for item in paged(server, library, kind, 500)} for kind in KINDS[LibraryKind.SHOWS]
    )
    assert {season.parent_key for season in seasons.values()} == set(shows)
    assert {episode.parent_key for episode in episodes.values()} == set(seasons)
    assert {episode.grandparent_key for episode in episodes.values()} == set(shows)
    assert sorted(
        (seasons[item.parent_key or ""].number, item.number, item.title) for item in episodes.values()
    ) == [
        (1, 1, "Reel One"),
        (1, 2, "Splice"),
        (1, 3, "Changeover"),
        (2, 1, "House Lights"),
        (2, 2, "Intermission"),
    ]


def test_a_film_has_its_versions_and_a_version_its_parts(served: Served) -> None:
    films = {
        item.title: item
        for item in paged(served.server, shelf(served.server, LibraryKind.MOVIES), ItemKind.MOVIE, 500)
    }
    two_versions, two_parts = films["Ember Coast"], films["Reel Change"]
    assert [len(version.parts) for version in two_versions.versions] == [1, 1]
    assert [len(version.parts) for version in two_parts.versions] == [2]
    for film in films.values():
        for version in film.versions:
            assert version.width > 0
            assert version.video_codec
            assert version.duration_ms > 0
            assert all(part.size > 0 and part.duration_ms > 0 and part.container for part in version.parts)
    parts = [part for film in films.values() for version in film.versions for part in version.parts]
    assert len({part.key for part in parts}) == len({part.path for part in parts}) == len(parts)


def test_an_item_by_itself_is_as_in_its_list(served: Served) -> None:
    listed = served.server.items(shelf(served.server, LibraryKind.MOVIES), ItemKind.MOVIE).items[0]
    assert served.server.item(listed.key) == listed


def test_what_is_not_there_is_lacking(served: Served) -> None:
    with pytest.raises(ServerLacks):
        served.server.item("987654")
    with pytest.raises(ServerLacks):
        served.server.image("/library/metadata/987654/thumb/1", width=10, height=10)
    with pytest.raises(ServerLacks):
        served.server.part_bytes("987654", 0, 1)


def test_only_what_changed_is_listed_where_that_is_asked(served: Served) -> None:
    library = shelf(served.server, LibraryKind.MOVIES)
    everything = served.server.items(library, ItemKind.MOVIE).items
    newest = max(item.updated_at for item in everything if item.updated_at is not None)
    late = served.server.items(library, ItemKind.MOVIE, changed_since=newest)
    assert {item.key for item in late.items} == {item.key for item in everything if item.updated_at == newest}
    never = served.server.items(library, ItemKind.MOVIE, changed_since=datetime.now(UTC) + timedelta(days=1))
    assert (never.items, never.total) == ((), 0)


def test_a_poster_is_a_picture(served: Served) -> None:
    films = served.server.items(shelf(served.server, LibraryKind.MOVIES), ItemKind.MOVIE).items
    film = next(film for film in films if film.title == "Ember Coast")
    image = served.server.image(film.poster, width=200, height=300)
    assert image.content.startswith(b"\xff\xd8\xff")
    assert image.content_type == "image/jpeg"


def test_a_part_is_read_as_the_server_sees_it(served: Served) -> None:
    server = served.server
    films = server.items(shelf(server, LibraryKind.MOVIES), ItemKind.MOVIE).items
    part = films[0].versions[0].parts[0]
    with Path(part.path).open("rb") as file:
        content = file.read()
    assert server.part_bytes(part.key, 0, 65536) == content[:65536]
    assert server.part_bytes(part.key, 100, 7) == content[100:107]
    assert server.part_bytes(part.key, part.size - 5, 65536) == content[-5:]


def test_a_range_behind_the_end_of_a_part_is_refused(served: Served) -> None:
    films = served.server.items(shelf(served.server, LibraryKind.MOVIES), ItemKind.MOVIE).items
    part = films[0].versions[0].parts[0]
    with pytest.raises(RangeRefused):
        served.server.part_bytes(part.key, part.size, 1)


def test_hashes_are_those_of_the_parts_asked_for(served: Served) -> None:
    films = served.server.items(shelf(served.server, LibraryKind.MOVIES), ItemKind.MOVIE).items
    hashes = served.server.part_hashes([film.key for film in films])
    parts = {part.key for film in films for version in film.versions for part in version.parts}
    assert set(hashes) == (parts if served.watched else set())
    assert len(set(hashes.values())) == len(hashes)


def test_who_watches_what_is_told_by_who_knows(served: Served) -> None:
    server = served.server
    accounts = server.accounts()
    assert [account.is_owner for account in accounts].count(True) == int(served.watched)
    known = {account.key for account in accounts}
    sessions, history = server.sessions(), server.history()
    assert {session.account_key for session in sessions} | {
        line.account_key for line in history.items
    } <= known
    assert bool(sessions) is bool(history.items) is bool(server.on_deck()) is bool(server.watchlist())
    assert bool(sessions) is served.watched
    assert [line.at for line in history.items] == sorted((line.at for line in history.items), reverse=True)
    assert history.total == len(history.items)


def test_history_comes_in_pages_and_from_a_moment_on(served: Served) -> None:
    whole = served.server.history().items
    pages = [
        line
        for offset in range(0, len(whole), 2)
        for line in served.server.history(offset=offset, size=2).items
    ]
    assert pages == list(whole)
    for line in whole[:1]:
        late = served.server.history(since=line.at).items
        assert {each.at for each in late} == {line.at}


def test_events_come_and_end_when_asked(served: Served) -> None:
    stop, came = threading.Event(), threading.Event()
    heard: list[PlaybackEvent | LibraryEvent] = []

    def listen() -> None:
        for event in served.server.events(stop):
            heard.append(event)
            came.set()

    listener = threading.Thread(target=listen)
    listener.start()
    for _ in range(50):
        served.touch()
        if came.wait(0.2):
            break
    stop.set()
    listener.join(10)
    assert not listener.is_alive()
    assert heard


def test_nothing_is_heard_by_whoever_has_stopped_already(served: Served) -> None:
    stop = threading.Event()
    stop.set()
    assert list(served.server.events(stop)) == []


def test_a_path_can_be_looked_at_again(served: Served) -> None:
    library = shelf(served.server, LibraryKind.MOVIES)
    served.server.refresh_path(library, library.locations[0])
    assert shelf(served.server, LibraryKind.MOVIES) == library


HARMS = {
    "plex": (
        "down|hanging|dropping|wrong token|failing|truncated|half of it|a page of HTML|an empty object|lying"
    ),
    "folder": "vanished|not mounted",
    "fake": "server_unreachable|server_refused|server_failed|server_answer_wrong",
}


@pytest.mark.parametrize(
    ("served", "harm"),
    [(kind, harm) for kind, harms in HARMS.items() for harm in harms.split("|")],
    indirect=["served"],
)
def test_a_server_that_fails_says_how_and_is_never_empty(served: Served, harm: str) -> None:
    server = served.server
    library = shelf(server, LibraryKind.MOVIES)
    expected, bring_about = served.harms[harm]
    bring_about()
    with pytest.raises(expected) as listing:
        server.libraries()
    with pytest.raises(expected):
        server.items(library, ItemKind.MOVIE)
    assert type(listing.value) is expected
    assert listing.value.message.endswith(".")


def test_a_library_that_is_gone_is_lacking_or_unreachable_and_never_empty(served: Served) -> None:
    library = replace(shelf(served.server, LibraryKind.MOVIES), key="4711")
    with pytest.raises((ServerLacks, *{error for error, _ in served.harms.values()})):
        served.server.items(library, ItemKind.MOVIE)
