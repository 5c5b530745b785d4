from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from projectionist.errors import InputWrong, ServerUnreachable
from projectionist.features.servers import service
from projectionist.kit.data_folder import OwnFolder
from projectionist.media.vocabulary import ServerInfo, ServerKind, ServerPath
from tests.features.accounts.house import PLEX, TOKEN, Browser, House, film_item, shelf, words
from tests.features.accounts.opened import house, owner

__all__ = ["house", "owner"]


@pytest.fixture
def plex(house: House) -> service.Server:
    house.plex.shelves = [shelf("1", "Films", "/data/films")]
    return service.add_server(house.reach, service.NewServer(ServerKind.PLEX, PLEX, TOKEN))


def test_without_servers_the_page_says_what_to_do(owner: Browser) -> None:
    page = words(owner.get("/servers").text)
    assert "No servers yet" in page
    assert "Add a server" in page


def test_an_added_server_is_read_at_once_and_its_token_never_seen_again(house: House, owner: Browser) -> None:
    form: dict[str, Any] = {"kind": "plex", "address": "192.0.2.10", "token": TOKEN, "verify_tls": "true"}
    page = owner.post("/servers", **form)
    assert page.url.path == "/servers/1"
    assert "Fake" in page.text
    assert [job.arguments for job in house.jobs.held.values()] == [{"server_id": 1}]
    seen = page.text + owner.get("/servers").text + owner.api("GET", "/servers/1").text
    seen += owner.get("/servers/1/libraries").text
    assert TOKEN not in seen
    assert "One is kept" in seen
    with house.database.read() as session:
        assert TOKEN not in str(session.execute(text("SELECT * FROM server")).all())


def test_a_server_that_refuses_the_token_is_not_added(house: House, owner: Browser) -> None:
    answer = owner.post("/servers", kind="plex", address=PLEX, token="wrong", verify_tls="true")
    assert answer.status_code == 502
    assert "Plex does not take this token" in words(answer.text)
    assert "No servers yet" in owner.get("/servers").text


def test_the_same_server_twice_is_told(house: House, owner: Browser, plex: service.Server) -> None:
    answer = owner.post("/servers", kind="plex", address=PLEX, token=TOKEN, verify_tls="true")
    assert answer.status_code == 409
    assert "is here already" in words(answer.text)


def test_a_server_that_stops_answering_says_since_when_and_why(
    house: House, owner: Browser, plex: service.Server
) -> None:
    house.plex.failures["*"] = ServerUnreachable(f"Plex at {PLEX} did not answer in 5 s.")
    page = words(owner.post(f"/servers/{plex.id}/check").text)
    assert "does not answer" in page
    assert "did not answer in 5 s" in page
    assert "nothing is removed" in page
    assert ("alerts", {}) in house.told
    since = service.get_server(house.database, plex.id).failing_since
    house.clock.forward(hours=1)
    owner.post(f"/servers/{plex.id}/check")
    assert service.get_server(house.database, plex.id).failing_since == since
    house.plex.failures.clear()
    assert "does not answer" not in words(owner.post(f"/servers/{plex.id}/check").text)


def test_another_server_at_the_address_is_not_taken_for_this_one(
    house: House, owner: Browser, plex: service.Server
) -> None:
    house.plex.about = ServerInfo("another", "Another", "1.0")
    assert "Another server (Another) answers" in words(owner.post(f"/servers/{plex.id}/check").text)
    answer = owner.post(f"/servers/{plex.id}/edit", name="Mine", address=PLEX, verify_tls="true")
    assert answer.status_code == 409
    assert service.get_server(house.database, plex.id).name == "Fake"


def test_a_server_keeps_its_token_unless_a_new_one_is_given(
    house: House, owner: Browser, plex: service.Server
) -> None:
    answer = owner.post(f"/servers/{plex.id}/edit", name="Cellar", address=PLEX, verify_tls="true", token="")
    assert "Cellar" in answer.text
    assert house.asked_addresses[-1].token == TOKEN
    answer = owner.post(
        f"/servers/{plex.id}/edit", name="Cellar", address=PLEX, verify_tls="true", token="new"
    )
    assert answer.status_code == 502


def test_a_server_is_removed_with_its_mappings_and_schedule(
    house: House, owner: Browser, plex: service.Server, tmp_path: Path
) -> None:
    house.reach.syncs.start(plex.id, "")
    service.save_mapping(house.reach, plex.id, "/data", str(tmp_path))
    assert "Media files and previews stay" in words(owner.get(f"/servers/{plex.id}").text)
    assert owner.post(f"/servers/{plex.id}/remove").url.path == "/servers"
    assert owner.get(f"/servers/{plex.id}").status_code == 404
    assert service.list_mappings(house.database, plex.id) == []
    assert not house.jobs.plans


def test_a_mapping_is_proven_by_opening_a_file_that_the_server_lists(
    house: House, owner: Browser, plex: service.Server, tmp_path: Path
) -> None:
    house.plex.held = [film_item("1", "/data/films/Alien.mkv", 4)]
    (tmp_path / "Alien.mkv").write_bytes(b"film")
    mapping: dict[str, Any] = {"server_prefix": "/data/films/", "local_prefix": str(tmp_path)}
    page = words(owner.post(f"/servers/{plex.id}/mappings", **mapping).text)
    assert f"here opened {tmp_path / 'Alien.mkv'}" in page
    path = ServerPath("/data/films/Alien.mkv")
    assert service.local_path(house.database, plex.id, path, "here") == tmp_path / "Alien.mkv"
    assert service.local_path(house.database, plex.id, path, "elsewhere") is None


@pytest.mark.parametrize(
    ("content", "told"), [(None, "could not use"), (b"another film", "and the server lists 4")]
)
def test_a_mapping_that_opens_nothing_is_kept_unproven_with_why(
    house: House, owner: Browser, plex: service.Server, tmp_path: Path, content: bytes | None, told: str
) -> None:
    house.plex.held = [film_item("1", "/data/films/Alien.mkv", 4)]
    if content is not None:
        (tmp_path / "Alien.mkv").write_bytes(content)
    mapping: dict[str, Any] = {"server_prefix": "/data/films", "local_prefix": str(tmp_path)}
    page = words(owner.post(f"/servers/{plex.id}/mappings", **mapping).text)
    assert "not proven" in page
    assert told in page
    (tmp_path / "Alien.mkv").write_bytes(b"film")
    assert owner.api("POST", "/mappings/1/prove").json()["proven_at"] is not None


def test_a_mapping_that_is_no_path_is_told_beside_its_field(
    house: House, owner: Browser, plex: service.Server
) -> None:
    answer = owner.post(f"/servers/{plex.id}/mappings", server_prefix="films", local_prefix="/mnt")
    assert answer.status_code == 422
    assert 'id="server_prefix-error"' in answer.text


def test_what_a_server_lists_is_shown_with_where_it_is_here(
    house: House, owner: Browser, plex: service.Server, tmp_path: Path
) -> None:
    assert "not known on here" in words(owner.get(f"/servers/{plex.id}/libraries").text)
    service.save_mapping(house.reach, plex.id, "/data", str(tmp_path))
    assert str(tmp_path / "films") in owner.get(f"/servers/{plex.id}/libraries").text
    house.plex.failures["*"] = ServerUnreachable("Plex did not answer in 5 s.")
    assert "Plex did not answer" in words(owner.get(f"/servers/{plex.id}/libraries").text)


def test_an_unchecked_certificate_is_logged_and_shown(
    house: House, owner: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    reach = replace(house.reach, connect=lambda address: house.plex)
    with caplog.at_level(logging.WARNING):
        added = service.add_server(
            reach, service.NewServer(ServerKind.PLEX, "https://192.0.2.10:32400", TOKEN, verify_tls=False)
        )
    assert "https://192.0.2.10:32400 is not checked" in caplog.text
    assert TOKEN not in caplog.text
    assert "could pose as this server" in words(owner.get(f"/servers/{added.id}").text)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ftp://192.0.2.1",
        "http://",
        "http://me:pw@192.0.2.1",
        "http://192.0.2.1/?X-Plex-Token=x",
        "http://[::1",
    ],
)
def test_an_address_that_cannot_be_is_told_beside_its_field(
    house: House, owner: Browser, address: str
) -> None:
    answer = owner.post("/servers", kind="plex", address=address, token=TOKEN, verify_tls="true")
    assert answer.status_code == 422
    assert 'id="address-error"' in answer.text


def test_the_api_does_all_that_the_pages_do(house: House, owner: Browser, tmp_path: Path) -> None:
    house.plex.shelves = [shelf("1", "Films", "/data/films")]
    house.plex.held = [film_item("1", "/data/films/Alien.mkv", 4)]
    (tmp_path / "Alien.mkv").write_bytes(b"film")
    new = {"kind": "plex", "address": PLEX, "token": TOKEN}
    assert owner.api("POST", "/servers/test", new).json()["libraries"][0]["title"] == "Films"
    added = owner.api("POST", "/servers", new)
    assert added.status_code == 201
    server = f"/servers/{added.json()['id']}"
    assert owner.api("POST", "/servers", new).status_code == 409
    assert owner.api("GET", "/servers").json()["total"] == 1
    assert owner.api("POST", f"{server}/check").json()["failing_since"] is None
    changed = owner.api("PUT", server, {"address": PLEX, "name": "Cellar"}).json()
    assert (changed["name"], changed["has_token"]) == ("Cellar", True)
    assert owner.api("GET", f"{server}/libraries").json()["items"][0]["locations"] == ["/data/films"]
    mapping: dict[str, Any] = {"server_prefix": "/data/films", "local_prefix": str(tmp_path)}
    made = owner.api("POST", f"{server}/mappings", mapping).json()
    assert made["proven_at"] is not None
    assert owner.api("GET", f"{server}/mapping-suggestions").json()["items"] == []
    assert owner.api("DELETE", f"/mappings/{made['id']}").status_code == 204
    assert owner.api("DELETE", f"/mappings/{made['id']}").status_code == 404
    data = owner.api("PUT", f"{server}/plex-data", {"folder": str(tmp_path)}).json()
    assert data["proven_at"] is not None
    assert owner.api("GET", f"{server}/plex-data").json()["total"] == 1
    assert owner.api("DELETE", server).status_code == 204
    assert owner.api("GET", server).status_code == 404


def test_nobody_else_sees_servers(house: House, owner: Browser) -> None:
    with house.browser() as other:
        assert other.api("GET", "/servers").status_code == 401
        assert other.get("/servers").url.path == "/sign-in"


def test_no_path_of_a_server_leads_into_our_own_data(
    house: House, owner: Browser, plex: service.Server, tmp_path: Path
) -> None:
    (tmp_path / "data" / "previews").mkdir(parents=True)
    own = OwnFolder(tmp_path / "data")
    wanted = ("/data/films", str(tmp_path / "data" / "previews"))
    with pytest.raises(InputWrong, match="where Projectionist keeps its own data") as refused:
        service.save_mapping(replace(house.reach, own=own), plex.id, *wanted)
    assert refused.value.field == "local_prefix"
    assert service.list_mappings(house.database, plex.id) == []
    kept = service.save_mapping(replace(house.reach, own=own), plex.id, "/data/films", str(tmp_path))
    assert kept.local_prefix == str(tmp_path)
