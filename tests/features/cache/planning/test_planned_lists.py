"""From a list at a service, over HTTP, to a plan that copies what is on it and keeps it while the service is gone."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.lists.records import NewList
from projectionist.integrations.lists.connecting import list_connector
from projectionist.kit.http import TimeOuts
from projectionist.kit.secrets import Vault
from projectionist.media.lists import ListKind, ListService
from projectionist.media.vocabulary import ExternalId
from tests.features.cache.planning.test_planner import Theatre, theatre
from tests.features.cache.stage import Moving
from tests.features.cache.wanting.home import film, series
from tests.features.library.shelves import NOW
from tests.kit.loopback import Loopback, says

__all__ = ["theatre"]

SOON = TimeOuts(connect=1, read=1, total=2)


def test_a_list_that_is_added_is_planned_for_and_what_it_named_is_kept_while_it_fails(
    theatre: Theatre,
) -> None:
    theatre.hold(
        film("listed", ids=[ExternalId("imdb", "tt0000001")]),
        film("other", ids=[ExternalId("imdb", "tt0000002")]),
        *series("s", ids=[ExternalId("tvdb", "7")]),
    )
    entry = {"rank": 1, "id": 5, "listed_at": "2026-01-01T00:00:00.000Z", "notes": None}
    body = msgspec.json.encode(
        [
            entry | {"type": "movie", "movie": {"title": "A", "ids": {"trakt": 1, "imdb": "tt0000001"}}},
            entry | {"type": "show", "show": {"title": "B", "ids": {"trakt": 2, "tvdb": 7}}},
            entry | {"type": "movie", "movie": {"title": "other", "ids": {"trakt": 3, "imdb": "tt0000009"}}},
        ]
    )
    with Loopback(says(body), says(b"", "500 Internal Server Error")) as trakt:
        connect = list_connector(trakt_url=trakt.url, time_outs=SOON)
        lists = Lists(theatre.database, theatre, Vault(bytes(32)), connect, Moving(NOW))
        theatre.lists = lists
        planner = theatre.open()
        new = NewList(ListService.TRAKT, ListKind.LIST, "ada/winter", name="Winter", key="a-client-id")
        assert lists.add(new).owned == 2
        planned = {one.want.file.path.stem for one in planner.plan(NOW).copies}
        assert planned == {"listed", "s-1-1", "s-1-2"}
        theatre.cached("listed.mkv", key="listed", at=NOW - timedelta(days=30))
        theatre.cached("other.mkv", key="other", at=NOW - timedelta(days=30))
        later = planner.think(NOW + timedelta(days=2))
        assert len(trakt.heads) == 2
    assert [one.path.name for one in later.plan.returns] == ["other.mkv"], (
        "what the list named is not given up"
    )
    [failed] = later.wanted.failed
    assert (failed.server, failed.kept) == ("Winter", 2)
    assert failed.reason.startswith("Trakt at http://localhost:")
    assert "a-client-id" not in failed.reason
