from __future__ import annotations

from datetime import timedelta

from projectionist.features.library.service import household
from tests.features.cache.wanting.home import Home, deck, film, series
from tests.features.library.shelves import NOW


def _keys(home: Home, *named: str) -> set[str]:
    """The films and episodes of a household, by the servers' keys, where these are named."""
    found = household(
        home.database,
        new_since=NOW - timedelta(days=150),
        watched_since=NOW - timedelta(days=500),
        most=1000,
        also={home.item(key) for key in named},
    )
    ids = [one.id for one in found.watchables]
    assert ids == sorted(set(ids)), "each once, by their ids"
    keys = {home.item(item.key): item.key for item in home.server.held}
    return {keys[id_] for id_ in ids}


def test_only_that_is_read_for_which_something_speaks(home: Home) -> None:
    home.hold(
        *(film("old"), film("new", added_days=3), film("seen"), film("deck")),
        *(*series("idle"), *series("begun", episodes=2), *series("fresh", episodes=1, added_days=3)),
    )
    home.watch("2", "seen", "begun-1-1")
    home.server.decks = {None: deck("deck")}
    home.sync()
    speaks = {"new", "seen", "deck", "begun-1-1", "begun-1-2", "fresh-1-1"}
    assert _keys(home) == speaks
    assert _keys(home, "old") == speaks | {"old"}
    idle = {"idle-1-1", "idle-1-2"}
    for named in ("idle", "idle-1", "idle-1-2"):
        assert idle <= _keys(home, named), "a show, a season and an episode bring the whole show"


def test_as_many_items_may_be_named_as_there_are(quick_home: Home) -> None:
    quick_home.hold(film("old"))
    quick_home.sync()
    found = household(quick_home.database, new_since=NOW, watched_since=NOW, most=10, also=range(1, 200_000))
    assert len(found.watchables) == 1


def test_the_newest_lines_of_a_history_are_read(home: Home) -> None:
    home.hold(film("a"), film("b"), film("c"))
    for number, key in enumerate("abc"):
        home.watch("1", key, at=NOW - timedelta(days=10 * number))
    home.sync()
    found = household(home.database, new_since=NOW, watched_since=NOW - timedelta(days=15), most=10, also=())
    assert [one.item_id for one in found.history] == [home.item("a"), home.item("b")]
    assert {one.item_id for one in found.progress} == {home.item(key) for key in "abc"}
