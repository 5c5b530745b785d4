from __future__ import annotations

import re
from datetime import timedelta

import pytest
from msgspec.structs import replace

from projectionist.errors import ServerFailed, ServerRefused, ServerUnreachable, ServerWithholds
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.choosing import EVERYBODY, choose
from projectionist.features.cache.wanting.sources import Amounts
from projectionist.features.cache.wanting.wants import Source
from projectionist.media.vocabulary import ExternalId, ItemKind, ListedItem
from tests.features.cache.wanting.home import Home, deck, film, series
from tests.features.library.shelves import NOW, movie


def test_what_is_played_is_wanted_most_and_the_next_across_seasons_with_it(home: Home) -> None:
    home.hold(*series("s", seasons=2, episodes=2), film("f"))
    home.play("2", "s-1-2")
    home.sync()
    wants = home.wants()
    assert wants["s-1-2"].score == 100
    assert [term.why for term in wants["s-1-2"].terms] == ["Ben plays it"]
    assert home.named(Source.NEXT) == ["s-2-1", "s-2-2"]
    assert wants["s-2-1"].terms[0].why == "it is the next after what Ben plays"
    assert wants["s-2-1"].score > wants["s-2-2"].score
    assert wants["s-1-2"].soon > wants["s-2-1"].soon > wants["s-2-2"].soon
    assert wants["s-2-1"].accounts == {home.account("2")}
    assert "f" not in wants
    assert str(wants["s-1-2"].file.path) == "/view/s-1-2.mkv"


def test_what_is_played_comes_however_large_it_is(quick_home: Home) -> None:
    quick_home.hold(film("large", size=40 * 10**9))
    quick_home.play("2", "large")
    quick_home.sync()
    assert quick_home.wants()["large"].pays


def test_where_played_files_are_spared_one_comes_where_coming_back_to_it_is_worth_its_bytes(
    quick_home: Home,
) -> None:
    """One play in ten is broken off; for a hit a hundred GB may be copied."""
    gb = 10**9
    quick_home.amounts = Amounts(spares_played=True)
    quick_home.hold(film("usual", size=9 * gb), film("large", size=40 * gb), *series("s"))
    for key in ("usual", "large", "s-1-1"):
        quick_home.play("2", key)
    quick_home.sync()
    wants = quick_home.wants()
    assert all(wants[name].pays for name in ("usual", "s-1-1", "s-1-2", "s-1-3"))
    assert not wants["large"].pays
    assert wants["large"].score == 100


def test_where_played_files_are_spared_one_comes_anyway_where_another_reason_names_it(
    quick_home: Home,
) -> None:
    """That it is on the deck of who plays it is the same reason once more."""
    quick_home.amounts = Amounts(spares_played=True)
    quick_home.hold(film("large", size=40 * 10**9))
    quick_home.play("1", "large")
    quick_home.server.decks = {None: deck("large")}
    quick_home.sync()
    assert Source.ON_DECK not in quick_home.wants()["large"].sources
    assert not quick_home.wants()["large"].pays
    quick_home.server.playing.clear()
    assert quick_home.wants()["large"].pays
    quick_home.play("2", "large")
    assert quick_home.wants()["large"].pays


def test_the_next_episodes_are_those_not_watched_yet_and_as_many_as_are_set(quick_home: Home) -> None:
    home = quick_home
    home.amounts = Amounts(next_episodes=2)
    home.hold(*series("s", episodes=8))
    home.watch("1", "s-1-3", at=NOW - timedelta(days=20))
    home.watch("1", "s-1-1", at=NOW - timedelta(days=2))
    home.sync()
    assert home.named(Source.NEXT) == ["s-1-2", "s-1-4"]


def test_who_watches_a_show_again_gets_the_next_though_it_was_watched(quick_home: Home) -> None:
    quick_home.hold(*series("s", episodes=5))
    quick_home.watch("1", *(f"s-1-{number}" for number in range(1, 6)), at=NOW - timedelta(days=300))
    quick_home.play("1", "s-1-1")
    quick_home.sync()
    assert quick_home.named(Source.NEXT) == ["s-1-2", "s-1-3", "s-1-4"]


def test_specials_do_not_come_between_seasons(quick_home: Home) -> None:
    show = series("s", seasons=2, episodes=2)
    special = movie("s-0-1", library="2")
    season = ListedItem("s-0", ItemKind.SEASON, "2", "Specials", parent_key="s", number=0)
    extra = replace(special, kind=ItemKind.EPISODE, parent_key="s-0", grandparent_key="s", number=1)
    quick_home.hold(*show, season, extra)
    quick_home.play("1", "s-0-1")
    quick_home.sync()
    assert quick_home.named(Source.NEXT) == []


def test_on_deck_is_of_each_account_and_each_library(home: Home) -> None:
    home.hold(*series("s"), film("f"), film("g"))
    home.server.decks = {None: deck("s-1-2", "f"), "2": deck("g", "gone")}
    home.sync()
    assert home.named(Source.ON_DECK) == ["f", "g", "s-1-2"]
    wants = home.wants()
    assert wants["f"].accounts == {home.account("1")}
    assert wants["g"].accounts == {home.account("2")}
    assert wants["f"].terms[0].why.startswith("Ada has it on deck, watched 24 hours ago")


def test_a_watchlist_is_matched_by_ids_and_never_by_titles(home: Home) -> None:
    right, wrong = ExternalId("tmdb", "603"), ExternalId("tmdb", "604")
    home.hold(film("f", ids=[right]), film("g"), *series("s", ids=[right]))
    home.server.watchlists = {
        None: [
            ListedItem("w1", ItemKind.MOVIE, "", "Another title", external_ids=(right,)),
            ListedItem("w2", ItemKind.MOVIE, "", "Film g", external_ids=(wrong,)),
            ListedItem("g", ItemKind.MOVIE, "", "Film g"),
        ]
    }
    home.sync()
    assert home.named(Source.WATCHLIST) == ["f"], "the number 603 is a film there, and a show here too"


def test_of_a_show_on_a_watchlist_the_first_unwatched_episodes_are_wanted(quick_home: Home) -> None:
    home = quick_home
    home.hold(*series("s", episodes=9, ids=[ExternalId("tvdb", "1")]))
    home.watch("1", "s-1-1", "s-1-2", at=NOW - timedelta(days=500))
    home.server.watchlists = {
        None: [ListedItem("w", ItemKind.SHOW, "", "", external_ids=(ExternalId("tvdb", "1"),))]
    }
    home.sync()
    assert home.named(Source.WATCHLIST) == ["s-1-3", "s-1-4"]


def test_what_is_recently_added_is_wanted_less_from_day_to_day(quick_home: Home) -> None:
    quick_home.hold(film("new", added_days=1), film("week", added_days=7), film("old", added_days=15))
    quick_home.sync()
    wants = quick_home.wants()
    points = {
        name: term.points for name, one in wants.items() for term in one.terms if term.name == Source.RECENT
    }
    assert set(points) == {"new", "week"}
    assert points["new"] > points["week"] > 0


def test_a_pin_wants_every_episode_of_a_show_or_a_season(quick_home: Home) -> None:
    quick_home.hold(*series("s", seasons=2, episodes=2), film("f"))
    quick_home.sync()
    with quick_home.database.write() as session:
        queries.put_pin(session, quick_home.item("s-2"), "first", "ada", NOW)
        queries.put_pin(session, quick_home.item("f"), "first", "ada", NOW)
    wants = quick_home.wants()
    assert quick_home.named(Source.PIN) == ["f", "s-2-1", "s-2-2"]
    assert (wants["s-2-1"].score, wants["s-2-1"].terms[0].why) == (100, "ada pinned it")


def test_the_prediction_names_what_the_history_makes_likely_and_says_why(home: Home) -> None:
    home.hold(*series("s", episodes=8), film("f"))
    home.watch("2", "s-1-1", at=NOW - timedelta(days=2))
    home.watch("2", "s-1-2", at=NOW - timedelta(days=1))
    home.sync()
    wants = home.wants()
    assert "s-1-3" in home.named(Source.PREDICTION)
    term = next(term for term in wants["s-1-3"].terms if term.name == Source.PREDICTION)
    said = r"it is \d\d % likely to be watched within \d+ days: Ben goes on with the show"
    assert re.fullmatch(said, term.why)
    assert "f" not in home.named(Source.PREDICTION)


def test_a_source_that_fails_keeps_what_it_named_and_says_since_when_and_why(home: Home) -> None:
    id_ = ExternalId("imdb", "tt1")
    home.hold(film("f", ids=[id_]), film("g"), film("h"))
    home.server.watchlists = {None: [ListedItem("w", ItemKind.MOVIE, "", "", external_ids=(id_,))]}
    home.server.decks = {"2": deck("g")}
    home.play("2", "h")
    home.sync()
    assert home.failing() == []
    home.fail("watchlist", ServerFailed("plex.tv is out of order."))
    home.fail("on_deck", ServerFailed("The server is out of order."))
    home.fail("sessions", ServerFailed("The server is out of order."))
    for hours in (1, 2, 3):
        home.tick += 3600
        later = NOW + timedelta(hours=hours)
        assert home.named(Source.WATCHLIST, later) == ["f"]
        assert "g" in home.named(Source.ON_DECK, later)
        assert home.named(Source.PLAYING, later) == ["h"]
        since = NOW + timedelta(hours=1)
        assert sorted(home.failing(later)) == [
            (
                Source.ON_DECK,
                "Ben",
                since,
                "The server is out of order. Meanwhile what was begun and not ended counts, as the server's history "
                "tells it.",
                1,
            ),
            (Source.PLAYING, "", since, "The server is out of order.", 1),
            (Source.WATCHLIST, "Ada", since, "plex.tv is out of order.", 1),
            (Source.WATCHLIST, "Ben", since, "plex.tv is out of order.", 0),
        ]
    assert len(home.look(NOW).unsure) == 2, "nobody knows who plays what in either library"
    for call in ("watchlist", "on_deck", "sessions"):
        home.fail(call, None)
    home.server.playing.clear()
    home.server.watchlists.clear()
    home.tick += 3600
    assert home.failing() == []
    assert home.named(Source.PLAYING) == home.named(Source.WATCHLIST) == []


def test_a_sync_that_fails_keeps_what_was_on_deck_and_is_told(quick_home: Home) -> None:
    quick_home.hold(film("f"))
    quick_home.server.decks = {None: deck("f")}
    quick_home.sync()
    quick_home.fail("items", ServerFailed("The server is out of order."))
    with pytest.raises(ServerFailed):
        quick_home.sync()
    choose(quick_home.database, Source.ON_DECK, quick_home.account("2"), False)
    assert quick_home.named(Source.ON_DECK) == ["f"]
    [(source, _, since, reason, kept)] = quick_home.failing()
    assert (source, since, kept) == (Source.ON_DECK, NOW, 1)
    assert reason == "Films could not be synced: The server is out of order."


def test_a_watchlist_that_a_server_cannot_tell_is_a_failure_in_words_and_no_empty_list(
    quick_home: Home,
) -> None:
    home = quick_home
    refusal = "plex.tv shows nobody else's watchlist to the owner."
    home.sync()

    def before(call: str) -> None:
        asked = home.server.asked.count("watchlist")
        if call == "watchlist" and asked == 2:
            raise ServerRefused(refusal)

    home.server.before = before  # type: ignore[method-assign]
    assert home.failing() == [(Source.WATCHLIST, "Ben", NOW, refusal, 0)]


def test_a_server_that_does_not_answer_at_all_is_asked_once(quick_home: Home) -> None:
    quick_home.hold(film("f"))
    quick_home.play("1", "f")
    quick_home.sync()
    assert quick_home.named(Source.PLAYING) == ["f"]
    quick_home.tick += 3600
    quick_home.server.asked.clear()
    quick_home.fail("*", ServerUnreachable("The server did not answer."))
    assert quick_home.named(Source.PLAYING) == ["f"]
    assert quick_home.server.asked == ["sessions"]
    assert {one[0] for one in quick_home.failing()} == {Source.PLAYING, Source.ON_DECK, Source.WATCHLIST}


@pytest.mark.parametrize("call", ["*", "sessions"])
def test_a_server_that_is_silent_is_asked_once_a_minute_however_often_a_plan_is_looked_at(
    quick_home: Home, call: str
) -> None:
    quick_home.hold(film("f"))
    quick_home.play("1", "f")
    quick_home.sync()
    assert quick_home.named(Source.PLAYING) == ["f"]
    quick_home.tick += 3600
    quick_home.fail(call, ServerUnreachable("The server did not answer."))
    quick_home.look()
    quick_home.server.asked.clear()
    for _ in range(5):
        assert quick_home.named(Source.PLAYING) == ["f"], "what was played before counts still"
        assert len(quick_home.look().unsure) == 2, "nobody knows who plays what"
    assert quick_home.server.asked == []
    quick_home.tick += 61
    quick_home.look()
    assert quick_home.server.asked.count("sessions") == 1
    quick_home.fail(call, None)
    quick_home.server.playing.clear()
    assert quick_home.named(Source.PLAYING) == ["f"]
    quick_home.tick += 61
    assert quick_home.named(Source.PLAYING) == []
    quick_home.play("1", "f")
    assert quick_home.named(Source.PLAYING) == ["f"], "who answers is asked every time"


def test_who_begins_to_play_is_asked_for_at_once_though_the_server_was_silent(quick_home: Home) -> None:
    quick_home.hold(film("f"))
    quick_home.sync()
    quick_home.fail("sessions", ServerUnreachable("The server did not answer."))
    quick_home.look()
    quick_home.fail("sessions", None)
    quick_home.play("1", "f")
    gathered = quick_home.look(at_once=True)
    assert {one.file.title for one in gathered.wanted.wants if Source.PLAYING in one.sources}
    assert not gathered.unsure


def test_watchlists_are_asked_for_now_and_then_and_who_plays_every_time(quick_home: Home) -> None:
    quick_home.sync()
    quick_home.server.asked.clear()
    for _ in range(3):
        quick_home.look()
    assert quick_home.server.asked.count("sessions") == 3
    assert quick_home.server.asked.count("watchlist") == 2, "once for each of two people"
    quick_home.tick += 901
    quick_home.look()
    assert quick_home.server.asked.count("watchlist") == 4


def test_a_source_that_is_switched_off_lets_go_at_once_and_only_for_whom_it_is(home: Home) -> None:
    home.hold(film("f"), film("g"), film("h"))
    home.server.decks = {None: deck("f"), "2": deck("g")}
    home.play("2", "h")
    home.sync()
    assert home.named(Source.ON_DECK) == ["f", "g"]
    ben = home.account("2")
    choose(home.database, Source.ON_DECK, ben, False)
    home.fail("on_deck", ServerFailed("The server is out of order."))
    assert home.named(Source.ON_DECK) == ["f"]
    assert home.failing() == [], "what is switched off cannot fail"
    choose(home.database, Source.ON_DECK, EVERYBODY, False)
    assert home.named(Source.ON_DECK) == []
    choose(home.database, Source.ON_DECK, ben, True)
    home.fail("on_deck", None)
    assert home.named(Source.ON_DECK) == ["g"]
    choose(home.database, Source.PLAYING, ben, False)
    assert home.named(Source.PLAYING) == []
    assert {path.stem for path in home.look().playing} == {"h"}, "it is played all the same"
    choose(home.database, Source.PLAYING, ben, None)
    assert home.named(Source.PLAYING) == ["h"]


def test_the_prediction_goes_by_those_for_whom_it_is_switched_on(quick_home: Home) -> None:
    quick_home.hold(*series("s", episodes=8))
    quick_home.watch("2", "s-1-1", "s-1-2")
    quick_home.sync()
    assert "s-1-3" in quick_home.named(Source.PREDICTION)
    choose(quick_home.database, Source.PREDICTION, quick_home.account("2"), False)
    assert quick_home.named(Source.PREDICTION) == []


def test_what_was_watched_since_the_last_plan_is_learned_for_the_next(quick_home: Home) -> None:
    quick_home.hold(*series("s", episodes=8))
    quick_home.watch("2", "s-1-1")
    quick_home.sync()
    assert "s-1-2" in quick_home.named(Source.PREDICTION)
    quick_home.watch("2", "s-1-2", "s-1-3", at=NOW - timedelta(hours=1))
    quick_home.sync()
    before, after = quick_home.wants(), quick_home.wants()
    assert Source.PREDICTION in before["s-1-4"].sources
    assert before["s-1-4"].worth > before["s-1-2"].worth
    assert before == after, "nothing is learned twice"


def test_what_a_server_named_that_is_taken_out_is_forgotten(quick_home: Home) -> None:
    quick_home.hold(film("f"))
    quick_home.play("1", "f")
    quick_home.sync()
    assert quick_home.named(Source.PLAYING) == ["f"]
    quick_home.is_there = False
    assert quick_home.named(Source.PLAYING) == []
    assert quick_home.failing() == []


def test_what_a_server_never_gives_is_no_failure(quick_home: Home) -> None:
    quick_home.hold(film("f"))
    quick_home.sync()
    quick_home.fail("watchlist", ServerWithholds("plex.tv shows the owner's watchlist only."))
    assert quick_home.failing() == []
    with quick_home.database.read() as session:
        told = {row.reason for row in queries.answers(session) if row.failing_since is None}
    assert "plex.tv shows the owner's watchlist only." in told
