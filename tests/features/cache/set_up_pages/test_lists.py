"""The pages, the API and the commands of lists that are kept elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar.testing import TestClient

from projectionist.features.cache.models import ListKeyRow, ListRow
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.integrations.lists.connecting import list_connector
from projectionist.kit.http import TimeOuts
from projectionist.kit.secrets import Vault
from projectionist.web.ports import Permission
from tests.features.cache.pages.serving import Premises
from tests.features.command import projectionist
from tests.kit.loopback import Loopback, Reply, says

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both where it is asked."""

KEY = "canary-of-the-list-key-5d1e"
EXPORT = "Const,Title,Title Type\ntt1234567,A film,Movie\n"
TRENDING = {"which": "trakt:trending_movies", "most": "5", "on": "true", "account_id": "0", "key": KEY}


@dataclass
class Service:
    """Trakt and TMDb on this machine, with the answers that a test gives."""

    loopback: Loopback

    def says(self, *replies: Reply) -> None:
        self.loopback._replies[:] = replies


@pytest.fixture
def service(premises: Premises) -> Iterator[Service]:
    """Services that answer, to whom the premises turn."""
    body = msgspec.json.encode([{"watchers": 1, "movie": {"ids": {"trakt": 1, "imdb": "tt1"}}}])
    with Loopback(says(body)) as loopback:
        place = premises.place
        soon = TimeOuts(connect=1, read=1, total=2)
        connect = list_connector(trakt_url=loopback.url, tmdb_url=loopback.url, time_outs=soon)
        premises.lists = Lists(place.database, place.servers, Vault(bytes(32)), connect, place.clock)
        yield Service(loopback)


def add(client: TestClient[Any], **fields: str) -> Any:
    return client.post("/cache/lists", data=TRENDING | fields, files={"nothing": ("", b"")})


def test_who_has_no_list_is_told_how_to_add_one(premises: Premises, service: Service) -> None:
    with premises.browser() as client:
        page = client.get("/cache/sources").text
        form = client.get("/cache/lists/new").text

    assert "No list was added yet." in page
    assert 'href="/cache/lists/new"' in page
    assert "IMDb lets no program read lists by a key" in form
    assert 'enctype="multipart/form-data"' in form
    assert '<option value="trakt:watchlist"' in form
    assert '<option value="tmdb:watchlist"' not in form


def test_a_list_is_added_shown_changed_switched_and_removed(premises: Premises, service: Service) -> None:
    with premises.browser() as client:
        added = add(client, name="All watch")
        page = client.get("/cache/sources").text
        form = client.get("/cache/lists/1").text
        changed = add_to(client, "/cache/lists/1", name="All watch", most="7", fill="true", key="")
        client.post("/cache/lists/1/switch", data={"on": "false"})
        off = client.get("/cache/sources").text
        told = client.get("/api/v1/cache/lists").json()["items"]
        client.post("/cache/lists/1/remove", data={"x": "1"})
        none = client.get("/api/v1/cache/lists").json()["total"]

    assert (added.status_code, added.headers["location"]) == (303, "/cache/sources#list")
    assert "All watch" in page
    assert "its first 5 titles" in page
    assert 'value="All watch"' in form
    assert changed.status_code == 303
    assert "walked on until 7 titles are yours" in off
    assert "Switch on All watch" in off
    assert [(one["name"], one["most"], one["fill"], one["on"]) for one in told] == [
        ("All watch", 7, True, False)
    ]
    assert none == 0


def add_to(client: TestClient[Any], path: str, **fields: str) -> Any:
    return client.post(path, data=TRENDING | fields, files={"nothing": ("", b"")})


def test_a_list_of_imdb_is_the_file_that_somebody_chooses(premises: Premises, service: Service) -> None:
    with premises.browser() as client:
        sent = {"content": ("list.csv", EXPORT.encode(), "text/csv")}
        fields = {"which": "imdb:export", "name": "Mine", "most": "10", "on": "true"}
        added = client.post("/cache/lists", data=fields, files=sent)
        again = client.post("/cache/lists/1", data=fields | {"most": "3"}, files={"content": ("", b"")})
        wrong = {"content": ("list.csv", b"Title\nHeat\n", "text/csv")}
        refused = client.post("/cache/lists", data=fields | {"name": "Other"}, files=wrong)
        binary = {"content": ("list.csv", b"\xff\xfe\xfd", "text/csv")}
        no_text = client.post("/cache/lists", data=fields | {"name": "Other"}, files=binary)

    assert (added.status_code, again.status_code) == (303, 303), (added.text, again.text)
    assert (refused.status_code, no_text.status_code) == (422, 422)
    assert 'id="content-error"' in refused.text
    assert "no columns" in refused.text
    assert 'value="Other"' in refused.text
    assert "no text in UTF-8" in no_text.text
    with premises.place.database.read() as session:
        [row] = session.query(ListRow).all()
    assert (row.most, row.content) == (3, EXPORT)


def test_what_is_wrong_stands_beside_its_field_and_the_key_is_not_given_back(
    premises: Premises, service: Service
) -> None:
    with premises.browser() as client:
        nameless = add(client, which="trakt:watchlist", name="Hers")
        service.says(says(b"", "401 Unauthorized"))
        refused = add(client, name="Hers")

    assert nameless.status_code == 422
    assert 'id="where-error"' in nameless.text
    assert refused.status_code == 502
    assert "refused GET /movies/trending (401)" in refused.text
    assert 'value="Hers"' in refused.text
    assert KEY not in nameless.text + refused.text
    assert premises.lists.all() == []


def test_a_list_that_fails_is_told_of_on_the_page_since_when_and_why(
    premises: Premises, service: Service
) -> None:
    with premises.browser() as client:
        add(client, name="All watch")
        with premises.place.database.write() as session:
            row = session.get_one(ListRow, 1)
            row.failing_since, row.reason = (
                row.asked_at,
                "Trakt at https://api.trakt.tv failed at GET /x (500).",
            )
        page = client.get("/cache/sources").text

    assert "does not answer" in page
    assert "Trakt failed at what was asked (500)." in page
    assert "What it named before stays." in page


def test_a_key_is_tried_kept_sealed_replaced_and_forgotten_and_never_shown(
    premises: Premises, service: Service
) -> None:
    with premises.browser() as client:
        kept = client.post("/cache/lists/keys/trakt", data={"trakt-key": KEY})
        page = client.get("/cache/sources").text
        told = client.get("/api/v1/cache/list-keys").json()["items"]
        service.says(says(b"", "403 Forbidden"))
        refused = client.post("/cache/lists/keys/trakt", data={"trakt-key": "another"})
        by_api = client.put("/api/v1/cache/list-keys/trakt", json={"key": "another"})
        with premises.place.database.read() as session:
            sealed = session.get_one(ListKeyRow, "trakt").key
        client.post("/cache/lists/keys/trakt/remove", data={"x": "1"})
        gone = client.delete("/api/v1/cache/list-keys/trakt")
        nobody = client.put("/api/v1/cache/list-keys/imdb", json={"key": KEY})

    assert kept.status_code == 303
    assert told == [{"service": "trakt", "kept": True}, {"service": "tmdb", "kept": False}]
    assert (refused.status_code, by_api.status_code) == (502, 502)
    assert 'id="trakt-key-error"' in refused.text
    assert Vault(bytes(32)).open(sealed) == KEY
    assert KEY not in page + refused.text + by_api.text
    assert "One is kept; another takes its place." in page
    assert (gone.status_code, nobody.status_code) == (404, 404)


def test_the_api_does_the_same_and_says_what_is_wrong(premises: Premises, service: Service) -> None:
    new = {"service": "trakt", "kind": "trending_movies", "name": "All watch", "key": KEY}
    with premises.browser() as client:
        added = client.post("/api/v1/cache/lists", json=new)
        number = added.json()["id"]
        twice = client.post("/api/v1/cache/lists", json=new)
        wrong = client.post("/api/v1/cache/lists", json=new | {"most": 101})
        changed = client.put(f"/api/v1/cache/lists/{number}", json=new | {"most": 3, "key": ""})
        off = client.put(f"/api/v1/cache/lists/{number}/on", json={"on": False})
        one = client.get(f"/api/v1/cache/lists/{number}").json()
        removed = client.delete(f"/api/v1/cache/lists/{number}")
        missing = client.get(f"/api/v1/cache/lists/{number}")

    assert added.status_code == 201
    assert "key" not in added.json()
    assert KEY not in added.text
    assert (twice.status_code, wrong.status_code) == (409, 400)
    assert twice.headers["content-type"].startswith("application/problem+json")
    assert (changed.json()["most"], off.json()["on"]) == (3, False)
    assert (one["owned"], one["reason"], one["failing_since"]) == (0, "", None)
    assert (removed.status_code, missing.status_code) == (204, 404)


@pytest.mark.parametrize(
    "path", ["/cache/lists/new", "/cache/lists/1", "/api/v1/cache/lists", "/api/v1/cache/list-keys"]
)
def test_who_may_not_look_after_the_cache_sees_no_list(premises: Premises, path: str) -> None:
    may = [one for one in Permission if one is not Permission.MANAGE_CACHE]
    with premises.browser(may=may) as client:
        assert client.get(path).status_code == 403


def test_the_commands_add_tell_switch_and_remove_a_list(database: object, tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "list.csv"
    file.write_text(EXPORT, encoding="utf-8")

    def run(*arguments: str) -> Any:
        return projectionist("cache", "lists", *arguments, "--data", str(data))

    assert "No list was added yet" in run("list").out
    told = json.loads(run("add", "imdb", "--file", str(file), "--name", "Mine", "--count", "3", "--json").out)
    assert (told["name"], told["service"], told["most"], told["owned"]) == ("Mine", "imdb", 3, 0)
    assert run("list").out == "1  Mine  its first 3, 0 in the library\n"
    assert json.loads(run("switch", "1", "--off", "--json").out)["on"] is False
    assert run("list").out == "1  Mine  off\n"
    assert json.loads(run("list", "--json").out)[0]["answered_at"]
    keyless = run("add", "trakt", "trending_movies")
    assert (keyless.status, "No key of Trakt is kept" in keyless.err) == (2, True), keyless
    unknown = run("add", "trakt", "best_films")
    assert (unknown.status, "best_films is none of them" in unknown.err) == (2, True)
    unread = run("add", "imdb", "--file", str(tmp_path / "nothing.csv"))
    assert (unread.status, "cannot be read as text" in unread.err) == (2, True)
    assert run("remove", "1").out == "Removed.\n"
    assert run("remove", "1").status != 0
