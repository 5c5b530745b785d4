"""python-plexapi, an outsider's client, finds a Plex server in the demo house."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import plexapi.exceptions
import plexapi.myplex
import plexapi.server
import pytest
import requests

from projectionist.demo.house import NAME, DemoHouse

# The library has no types.
PlexServer: Any = plexapi.server.PlexServer
MyPlexAccount: Any = plexapi.myplex.MyPlexAccount
MyPlexPinLogin: Any = plexapi.myplex.MyPlexPinLogin

NOW = datetime.now(UTC)
DAY_ONE = datetime(2000, 1, 1, tzinfo=UTC)


class SessionToTheHouse(requests.Session):
    """Sends what is meant for plex.tv, in whatever role, to the house."""

    def __init__(self, plex_tv: str) -> None:
        super().__init__()
        self._plex_tv = plex_tv

    def request(self, method: Any, url: Any, *arguments: Any, **named: Any) -> requests.Response:
        host, slash, path = str(url).partition("//")[2].partition("/")
        if host.endswith("plex.tv"):
            url = f"{self._plex_tv}{slash}{path}"
        return super().request(method, url, *arguments, **named)


@pytest.fixture
def server(house: DemoHouse) -> Iterator[Any]:
    with requests.Session() as session:
        yield PlexServer(house.plex_url, house.plex_token, session)


@pytest.fixture
def account(house: DemoHouse) -> Iterator[Any]:
    with SessionToTheHouse(house.plex_tv_url) as session:
        yield MyPlexAccount(token=house.plex_token, session=session)


def titles(items: list[Any]) -> list[str]:
    return [item.title for item in items]


def test_it_connects_and_lists_the_sections(server: Any) -> None:
    assert server.friendlyName == NAME
    assert len(server.machineIdentifier) == 40
    listed = [(section.title, section.type, section.totalSize) for section in server.library.sections()]
    assert listed == [
        ("Movies", "movie", 8),
        ("Shows", "show", 1),
        ("Home Videos", "movie", 1),
        ("Music", "artist", 1),
    ]
    assert all(section.locations for section in server.library.sections())


def test_a_wrong_token_is_refused(house: DemoHouse) -> None:
    with requests.Session() as session, pytest.raises(plexapi.exceptions.Unauthorized):
        PlexServer(house.plex_url, "not-a-token", session)


def test_movies_have_versions_parts_and_streams_of_real_files(server: Any, house: DemoHouse) -> None:
    ember = server.library.section("Movies").get("Ember Coast").reload()
    assert [(media.videoResolution, media.videoCodec) for media in ember.media] == [
        ("4k", "hevc"),
        ("1080", "h264"),
    ]
    assert [guid.id.partition("://")[0] for guid in ember.guids] == ["imdb", "tmdb", "tvdb"]
    reels = server.library.section("Movies").get("Reel Change")
    assert [len(media.parts) for media in reels.media] == [2]
    for movie in server.library.section("Movies").all():
        for part in movie.reload().iterParts():
            path = house.films.joinpath(part.file)
            assert (path.stat().st_size, part.duration >= 20_000) == (part.size, True)
            assert part.videoStreams()[0].codec == movie.media[0].videoCodec or len(movie.media) == 2


def test_a_show_has_seasons_and_episodes_in_order(server: Any) -> None:
    show = server.library.section("Shows").get("Night Shift")
    assert (show.childCount, show.leafCount) == (2, 5)
    assert [(season.index, len(season.episodes())) for season in show.seasons()] == [(1, 3), (2, 2)]
    assert [episode.seasonEpisode for episode in show.episodes()] == [
        "s01e01",
        "s01e02",
        "s01e03",
        "s02e01",
        "s02e02",
    ]
    last = show.episodes()[-1]
    assert (last.grandparentTitle, last.parentTitle, last.season().title) == (
        "Night Shift",
        "Season 2",
        "Season 2",
    )
    assert titles(server.library.section("Shows").searchEpisodes(title="splice")) == ["Splice"]


def test_music_has_artists_albums_and_tracks(server: Any) -> None:
    (artist,) = server.library.section("Music").all()
    (album,) = artist.albums()
    assert titles(album.tracks()) == ["Doors", "Trailers", "Lights Down"]
    assert [track.media[0].audioCodec for track in album.tracks()] == ["flac", "mp3", "aac"]


def test_it_searches_filters_and_sorts(server: Any) -> None:
    movies = server.library.section("Movies")
    assert titles(server.search("ember")) == ["Ember Coast"]
    assert titles(movies.search(title="p", sort="year:desc")) == [
        "The Quiet Projector",
        "Paper Lanterns",
        "The Long Platform",
    ]
    assert titles(movies.search(genre="Drama", sort="titleSort:desc")) == [
        "The Quiet Projector",
        "Ember Coast",
        "Café Minuit",
    ]
    assert titles(movies.search(unwatched=False)) == ["Saturday Matinee"]
    assert len(movies.search(filters={"addedAt>>": DAY_ONE})) == 8
    assert movies.search(filters={"addedAt>>": NOW + timedelta(days=1)}) == []
    assert titles(movies.recentlyAdded(maxresults=2)) == ["Café Minuit", "Reel Change"]


def test_long_lists_come_in_pages(server: Any) -> None:
    movies = server.library.section("Movies")
    assert len(movies.search(container_size=3)) == 8
    assert len(movies.search(container_start=6, container_size=3)) == 2


def test_on_deck_is_what_was_begun_and_what_comes_next(server: Any) -> None:
    deck = server.library.onDeck()
    assert titles(deck) == ["The Quiet Projector", "Splice"]
    assert deck[0].viewOffset == 12_000
    assert titles(server.continueWatching()) == titles(deck)
    assert titles(server.library.section("Shows").onDeck()) == ["Splice"]


def test_sessions_say_who_watches_what_and_where(server: Any, house: DemoHouse) -> None:
    assert server.sessions() == []
    house.script.tick(1)
    marlene, farouk, lina = server.sessions()
    assert (marlene.title, marlene.usernames, marlene.players[0].title) == (
        "Splice",
        ["Marlene"],
        "Living room",
    )
    assert (farouk.title, farouk.viewOffset, farouk.session.location) == ("Ember Coast", 10_000, "lan")
    assert (lina.players[0].state, lina.session.location) == ("playing", "wan")
    house.script.tick(5)
    assert [session.viewOffset for session in server.sessions()] == [5_000, 15_000, 5_000]


def test_a_session_says_whether_it_is_transcoded_and_which_version_is_played(
    server: Any, house: DemoHouse
) -> None:
    house.state.play(house.state.owner, 4, version=1, transcoding=True)
    house.state.play(house.state.person("Otto"), 1)
    transcoded, direct = server.sessions()
    assert [media.videoResolution for media in transcoded.media] == ["1080"]
    assert transcoded.transcodeSession.videoDecision == "transcode"
    assert transcoded.media[0].parts[0].decision == "transcode"
    assert direct.transcodeSession is None
    assert direct.media[0].parts[0].decision == "directplay"


def test_whoever_has_seen_everything_begins_anew(server: Any, house: DemoHouse) -> None:
    for _ in range(5):
        house.script.tick(24)
    assert "Splice" in titles(server.sessions())
    show = server.library.section("Shows").get("Night Shift")
    assert titles(show.watched()) == ["Reel One"]


def test_what_is_watched_to_its_end_enters_the_history(server: Any, house: DemoHouse) -> None:
    before = len(server.history())
    house.script.tick(1)
    house.script.tick(24)
    newest = server.history()[: len(server.history()) - before]
    names = {person.account: person.name for person in house.state.people}
    assert {(names[view.accountID], view.title) for view in newest} == {
        ("Marlene", "Splice"),
        ("Farouk", "Ember Coast"),
    }
    assert server.library.onDeck()[0].title == "Changeover"
    assert [session.title for session in server.sessions()] == [
        "Saturday Matinee",
        "Changeover",
        "Paper Lanterns",
    ]


def test_history_can_be_asked_for_one_person_one_item_and_one_time(server: Any, house: DemoHouse) -> None:
    movies = server.library.section("Movies")
    otto = house.state.person("Otto")
    assert titles(server.history(accountID=otto.account)) == ["Splice", "Reel One", "The Quiet Projector"]
    show = server.library.section("Shows").get("Night Shift")
    assert len(server.history(ratingKey=show.ratingKey)) == 3
    assert titles(movies.history(mindate=NOW - timedelta(days=10))) == ["Saturday Matinee"]
    assert movies.history(mindate=NOW - timedelta(days=5)) == []
    assert len(server.history(maxresults=2)) == 2
    assert [account.name for account in server.systemAccounts()] == ["", "Marlene", "Otto", "Lina", "Farouk"]


def test_items_are_marked_watched_and_unwatched(server: Any) -> None:
    movie = server.library.section("Movies").get("Café Minuit")
    assert not movie.isPlayed
    assert movie.markPlayed().reload().isPlayed
    assert server.history()[0].title == "Café Minuit"
    assert not movie.markUnplayed().reload().isPlayed
    movie.updateTimeline(9_000)
    assert movie.reload().viewOffset == 9_000
    assert movie.title in titles(server.library.onDeck())


def test_a_film_can_be_fetched(server: Any, house: DemoHouse) -> None:
    part = server.library.section("Home Videos").all()[0].media[0].parts[0]
    fetched = server._session.get(server.url(part.key, includeToken=True), timeout=10)
    assert fetched.content == house.films.joinpath(part.file).read_bytes()


def test_a_folder_is_looked_at_again(server: Any, house: DemoHouse) -> None:
    server.library.section("Movies").update(path=str(house.films / "Movies" / "Ember Coast (2023)"))
    assert house.faults.seen[-1].path == "/library/sections/1/refresh"


def test_the_account_knows_its_users_and_servers(account: Any, house: DemoHouse) -> None:
    assert (account.username, account.homeAdmin, account.subscriptionActive) == ("Marlene", True, True)
    assert [(user.title, user.home) for user in account.users()] == [
        ("Otto", True),
        ("Lina", True),
        ("Farouk", False),
    ]
    (resource,) = account.resources()
    assert (resource.name, resource.owned, resource.accessToken) == (NAME, True, house.plex_token)
    assert [connection.uri for connection in resource.connections] == [house.plex_url]
    assert resource.connect(ssl=False, timeout=5).machineIdentifier == resource.clientIdentifier


def test_everybody_has_an_own_token_and_an_own_deck(account: Any, house: DemoHouse) -> None:
    otto = account.switchHomeUser("Otto")
    assert otto.username == "Otto"
    with requests.Session() as session:
        deck = PlexServer(house.plex_url, otto.authToken, session).library.onDeck()
    assert titles(deck) == ["Changeover", "Ember Coast"]
    machine = account.resources()[0].clientIdentifier
    tokens = {user.title: user.get_token(machine) for user in account.users()}
    assert tokens == {person.name: person.token for person in house.state.people if not person.is_owner}


def test_a_friend_sees_only_what_is_shared(house: DemoHouse) -> None:
    with requests.Session() as session:
        shared = PlexServer(house.plex_url, house.state.person("Farouk").token, session)
        assert titles(shared.library.sections()) == ["Movies"]
        assert titles(shared.history()) == ["Northern Weather"]
        with pytest.raises(plexapi.exceptions.NotFound):
            shared.fetchItem(9)
        with pytest.raises(plexapi.exceptions.BadRequest, match="403"):
            shared.sessions()


def test_the_watchlist_has_works_by_their_own_names(account: Any, server: Any) -> None:
    wanted = account.watchlist()
    assert titles(wanted) == ["Reel Change", "Night Shift"]
    assert titles(account.watchlist(libtype="show")) == ["Night Shift"]
    assert account.onWatchlist(wanted[0])
    found = server.library.search(guid=wanted[0].guid, libtype="movie")
    assert titles(found) == ["Reel Change"]
    assert not wanted[0].locations


def test_a_pin_is_claimed_and_gives_a_token(house: DemoHouse) -> None:
    with SessionToTheHouse(house.plex_tv_url) as session:
        login = MyPlexPinLogin(session=session, oauth=False, requestTimeout=5)
        assert len(login.pin) == 4
        assert not login.checkLogin()
        house.plex_tv.claim(login.pin, house.state.person("Lina"))
        assert login.checkLogin()
        assert login.token == house.state.person("Lina").token
