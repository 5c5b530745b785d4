from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import bindparam, text

from projectionist.db.model import UtcDateTime
from projectionist.features.library.excluding import choose_libraries
from projectionist.media.vocabulary import (
    ItemKind,
    OnDeck,
    PlaybackSession,
    PlaybackState,
    Watched,
)
from tests.features.library.pages import Browser
from tests.features.library.shelves import GUEST, NOW, Wall, movie, show

Browse = Callable[..., Browser]


def item_id(browser: Browser, title: str) -> int:
    found = browser.ask("/search", q=title)["items"]
    return int(next(one["id"] for one in found if one["title"] == title))


def test_without_libraries_the_page_says_what_to_do(browse: Browse) -> None:
    assert "/servers" in browse().see("/libraries")


def test_a_library_shows_its_count_and_its_last_sync(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat"), movie("2", "Ronin"))
    quick_wall.sync()
    page = browse().see("/libraries")
    assert "Films" in page
    assert "Last sync" in page
    assert "Sync now" in page


def test_who_may_only_look_is_offered_no_sync(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.sync()
    assert "Sync now" not in browse("ben").see("/libraries")


def test_a_sync_is_asked_for_by_a_button(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.sync()
    browser = browse()
    token = browser.token()
    answer = browser.client.post("/libraries/1/sync", headers=token, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/libraries")
    order = browser.jobs.orders[0]
    assert (order.kind, order.arguments, order.asked_by) == (
        "library.sync",
        {"server_id": quick_wall.server_id, "library_id": 1},
        "Ada",
    )


def test_a_library_that_was_never_synced_says_so_and_offers_no_filters(
    browse: Browse, quick_wall: Wall
) -> None:
    choose_libraries(quick_wall.database, quick_wall.server_id, quick_wall.server.libraries(), (), NOW)
    page = browse().see("/libraries/1")
    assert "Not synced yet." in page
    assert "Filter by title" not in page
    quick_wall.server.hold(movie("1", "Heat"))
    quick_wall.sync()
    assert "Filter by title" in browse().see("/libraries/1")


def test_the_wall_loads_on_where_it_ends(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(*(movie(str(number), f"Film {number:03}") for number in range(70)))
    quick_wall.sync()
    browser = browse()
    first = browser.see("/libraries/1")
    assert "Film 059" in first
    assert "Film 060" not in first
    assert "offset=60" in first
    rest = browser.see("/libraries/1?offset=60", headers={"hx-request": "true"})
    assert "Film 069" in rest
    assert "offset=120" not in rest


@pytest.mark.parametrize(
    ("query", "there", "absent"),
    [
        ("unwatched=yes", "Ronin", "Heat"),
        ("decade=1990", "Heat", "Ronin"),
        ("q=ron", "Ronin", "Heat"),
        ("resolution=4k", "Ronin", "Heat"),
    ],
)
def test_filters_live_in_the_address(
    browse: Browse, quick_wall: Wall, query: str, there: str, absent: str
) -> None:
    low, high = movie("1", "Heat", year=1995, watched_count=1), movie("2", "Ronin", year=2005)
    quick_wall.server.hold(low, high)
    wide = high.versions[0].__class__("v", high.versions[0].parts, 3840, 2160)
    quick_wall.server.hold(movie("2", "Ronin", year=2005, versions=(wide,)))
    quick_wall.sync()
    page = browse().see(f"/libraries/1?{query}")
    assert there in page
    assert absent not in page


def test_an_item_shows_where_its_file_is(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat", summary="A <b>heist</b>."))
    quick_wall.sync()
    browser = browse()
    page = browser.see(f"/items/{item_id(browser, 'Heat')}")
    assert "/media/1.mkv" in page
    assert "no path mapping covers it" in page
    assert "A &lt;b&gt;heist" in page
    browser.servers.mounted = "/mnt"
    assert "/mnt/media/1.mkv" in browser.see(f"/items/{item_id(browser, 'Heat')}")


def test_a_show_leads_to_its_seasons_and_these_to_their_episodes(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(*show("9", "The Wire", seasons=2))
    quick_wall.sync()
    browser = browse()
    page = browser.see(f"/items/{item_id(browser, 'The Wire')}")
    assert "Season 2" in page
    found = browser.ask("/libraries/2/items", kind="season")["items"]
    season = browser.see(f"/items/{found[0]['id']}")
    assert "Part 2 of The Wire" in season


def test_who_watched_is_shown_to_those_who_may_see_it(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat", watched_count=2))
    quick_wall.server.watched = [Watched("1", GUEST.key, NOW)]
    quick_wall.sync()
    ada, ben = browse("ada"), browse("ben")
    path = f"/items/{item_id(ada, 'Heat')}"
    seen = ada.see(path)
    assert ">Ben" in seen
    assert "<td>Ben" not in ben.see(path)


def test_an_item_that_is_gone_is_said_to_be(browse: Browse) -> None:
    assert "no such item" in browse().see("/items/77", status=404)


def test_home_shows_what_comes_next_and_what_is_new(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat"))
    quick_wall.server.deck = [OnDeck("1", 30_000)]
    quick_wall.sync()
    page = browse().see("/")
    assert "Next up" in page
    assert "Heat" in page


@pytest.mark.parametrize("path", ["/", "/libraries"])
def test_an_empty_house_says_what_to_do_and_asks_nobody_for_what_they_may_not(
    browse: Browse, path: str
) -> None:
    assert "Add a server" in browse().see(path)
    guests = browse("ben").see(path)
    assert "Add a server" not in guests
    assert "Whoever looks after this house does that." in guests


def test_what_a_silent_server_plays_is_unknown_and_not_nothing(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat"))
    quick_wall.server.playing = [
        PlaybackSession("s", "1", "2", "Ben", "TV", PlaybackState.PLAYING, 1000, 60_000, "Heat")
    ]
    quick_wall.sync()
    browser = browse()
    assert "Heat" in browser.see("/libraries/on-now")
    assert "Ben" in browser.see("/libraries/on-now")
    browser.servers.down = True
    silent = browser.see("/libraries/on-now")
    assert "did not answer" in silent
    assert "Nobody is watching" not in silent
    assert "Ben" not in browse("ben").see("/libraries/on-now")


def test_what_a_silent_server_held_is_shown_and_labelled_so(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat"))
    quick_wall.sync()
    browser = browse()
    assert "is shown." not in browser.see("/libraries/1")
    with quick_wall.database.write() as session:
        said = "Shelves at http://192.0.2.10 did not answer in 5 s."
        session.execute(
            text("UPDATE server SET failing_since = :now, last_error = :said").bindparams(
                bindparam("now", NOW, type_=UtcDateTime())
            ),
            {"said": said},
        )
    page = browser.see("/libraries/1")
    assert "did not answer in 5 s. What was read" in page
    assert "Heat" in page
    theirs = browse("ben").see("/libraries/1")
    assert "does not answer as it should. What was read" in theirs
    assert "192.0.2.10" not in theirs


def test_a_library_that_was_excluded_is_neither_shown_nor_found(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(movie("1", "Heat"))
    quick_wall.sync()
    browser = browse()
    answer = browser.client.patch("/api/v1/libraries/1", json={"enabled": False}, headers=browser.token())
    assert answer.json()["enabled"] is False
    assert browser.ask("/search", q="heat")["items"] == []
    assert browser.ask("/libraries/1/items")["total"] == 0
    assert "excluded" in browser.see("/libraries/1")


def test_lists_of_the_api_come_in_parts(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.server.hold(*(movie(str(number), f"Film {number}") for number in range(5)))
    quick_wall.sync()
    browser = browse()
    page = browser.ask("/libraries/1/items", limit=2, offset=2, sort="-title")
    assert (page["total"], page["offset"]) == (5, 2)
    assert [one["title"] for one in page["items"]] == ["Film 2", "Film 1"]
    assert browser.client.get("/api/v1/libraries/1/items?limit=101").status_code in (400, 422)
    assert browser.ask("/libraries/1/items", kind=ItemKind.MOVIE.value)["total"] == 5


def test_a_sync_can_be_asked_for_by_the_api(browse: Browse, quick_wall: Wall) -> None:
    quick_wall.sync()
    browser = browse()
    answer = browser.client.post("/api/v1/libraries/1/sync", json={"full": True}, headers=browser.token())
    assert (answer.status_code, answer.json()) == (202, {"job_id": "job-1", "created": True})
    assert browser.jobs.orders[0].arguments["full"] is True
    ben = browse("ben")
    assert ben.client.post("/api/v1/libraries/1/sync", json={}, headers=ben.token()).status_code == 403
