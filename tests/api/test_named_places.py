"""Whatever path or address is named, by whichever route: nothing outside is opened or asked, and none of it is kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from projectionist.features.accounts import service as accounts
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.integrations.connecting import connector
from projectionist.kit.outbound import Outbound, OwnService
from projectionist.media.vocabulary import ServerKind
from projectionist.opening import open_house
from projectionist.settings import describe, load_settings
from tests.api.house import NAME, PASSWORD, TOKEN, Open, opened, shelves_of, token_of
from tests.api.places import (
    ADDRESS,
    ASKED_LATER,
    BODIES,
    FOLDER,
    FORMS,
    FORMS_WITHOUT,
    HELD,
    PLAIN,
    Named,
    forms_of,
    named_places,
    texts_of,
)
from tests.features.library.shelves import Wall
from tests.kit.loopback import Loopback, says
from tests.kit.test_outbound import leads_away, told
from tests.payloads import ADDRESSES, LITERAL, PATHS, number_of

OWN = "our own data"
CANARY = "canary-in-a-file-of-others"
REFUSED = (400, 403, 404, 409, 413, 414, 415, 422)
KEPT_IN = {
    "server": "SELECT * FROM server",
    "path_mapping": "SELECT * FROM path_mapping",
    "plex_data": "SELECT * FROM plex_data",
    "cache_tier": "SELECT * FROM cache_tier",
    "cache_place": "SELECT * FROM cache_place",
    "messenger": "SELECT * FROM messenger",
    "push_device": "SELECT * FROM push_device",
    "heartbeat": "SELECT * FROM heartbeat",
}
"""The tables that hold places."""
ONLY_NAMED = ("path_mapping", "plex_data")
"""What is kept of a folder that is not there yet, with the word that nothing was found in it."""


def test_every_text_that_the_api_takes_is_known_for_a_place_or_for_none(house: Open) -> None:
    unknown = {field for *_, field, _ in texts_of(house.app)} - set(HELD) - PLAIN
    assert unknown == set(), "say in tests/api/places.py whether these name a path or an address"


def test_every_operation_that_takes_a_place_in_its_body_has_a_body_to_be_tried(house: Open) -> None:
    wanted = {one.operation for one in named_places(house.app) if one.in_body}
    assert wanted == set(BODIES)
    for one in named_places(house.app):
        if one.in_body:
            assert BODIES[one.operation][one.field] == one.held, one


def test_every_form_is_known_for_a_place_or_for_none(house: Open) -> None:
    assert forms_of(house.app) == set(FORMS) | FORMS_WITHOUT
    assert not set(FORMS) & FORMS_WITHOUT


def test_no_setting_that_a_page_changes_is_a_path_or_an_address() -> None:
    editable = [one.name for one in describe() if one.editable]
    assert [name for name in editable if re.search("url|path|folder|file|data|host|media", name)] == []


def test_there_are_two_hundred_of_them_of_many_kinds() -> None:
    assert number_of(ADDRESSES) + number_of(PATHS) >= 200
    assert len(ADDRESSES) + len(PATHS) >= 16


@contextmanager
def guarded(data: Path) -> Iterator[Open]:
    """The house with the real clients of servers, names that lead where attackers let them, and one server kept."""
    unlimited = {"api_rate": "0", "page_rate": "0"}
    settings = load_settings({}, {"data": str(data), "log_file": str(data / "log.txt"), **unlimited})
    outbound = Outbound(own=OwnService(settings.host, settings.port), look_up=told)
    shelves = shelves_of()
    with open_house(settings, exclusive=True, connect=connector(client_id="x", outbound=outbound)) as house:
        now = house.clock.now
        house.jobs.start(work=False)
        try:
            known = replace(house.reach, connect=lambda address: shelves)
            added = servers.add_server(known, NewServer(ServerKind.PLEX, "http://127.0.0.1:32400", TOKEN))
            accounts.found(house.database, NAME, PASSWORD, now=now)
            signed_in = accounts.sign_in(
                house.database, NAME, PASSWORD, now=now, remember=False, address="127.0.0.1"
            )
            yield Open(house, signed_in.token, Wall(house.database, shelves, added.id))
        finally:
            house.jobs.close()


def own_addresses() -> list[str]:
    """This service itself, as the settings have it listen."""
    return ["http://127.0.0.1:8480", "127.0.0.1:8480", "http://[::ffff:127.0.0.1]:8480"]


def payloads_of(held: str, several: Mapping[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    yield from ((kind, one) for kind, ones in several.items() for one in ones)
    if held == ADDRESS:
        yield from (("this service", one) for one in own_addresses())


def judged_by(taker: str) -> Mapping[str, tuple[str, ...]]:
    """What this operation or form is to refuse: where it looks no name up, all but names."""
    return {kind: ones for kind, ones in ADDRESSES.items() if kind != "names" or taker not in ASKED_LATER}


def filled(body: Mapping[str, Any], held: str, payload: str) -> dict[str, Any]:
    """The body with the payload in each field that holds such a place, and nothing in the others."""
    found = {name: payload if value == held else value for name, value in body.items()}
    return {name: "" if value in (ADDRESS, FOLDER) else value for name, value in found.items()}


def asked(client: TestClient[Any], one: Named, payload: str, headers: Mapping[str, str], **more: str) -> Any:
    path = re.sub(r"\{[^}]+\}", "1", one.path)
    if one.in_body:
        body = {**BODIES[one.operation], **more, one.field: payload}
        body = {name: "/mnt" if value == FOLDER else value for name, value in body.items()}
        return client.request(one.method, path, json=body, headers=dict(headers))
    return client.request(one.method, path, params={one.field: payload}, headers=dict(headers))


def kept(house: Open) -> dict[str, list[str]]:
    """What the tables of places hold."""
    with house.house.database.engine.connect() as connection:
        return {
            table: sorted(repr(tuple(row)) for row in connection.exec_driver_sql(question))
            for table, question in KEPT_IN.items()
        }


@pytest.mark.slow
def test_no_address_of_an_attacker_is_asked_by_any_operation_of_the_api(tmp_path: Path) -> None:
    tried, wrong = 0, []
    with guarded(tmp_path) as house, house.visitor() as client:
        headers, before = token_of(client), kept(house)
        for one in named_places(house.app):
            if one.held != ADDRESS:
                continue
            for kind, payload in payloads_of(ADDRESS, judged_by(one.operation)):
                answer = asked(client, one, payload, headers)
                tried += 1
                if answer.status_code not in REFUSED or answer.json()["code"] == "server_unreachable":
                    wrong.append((one.operation, kind, payload, answer.status_code, answer.text[:100]))
        assert kept(house) == before
    assert wrong == []
    assert tried >= 3 * 120


@pytest.mark.slow
def test_no_address_of_an_attacker_is_asked_by_any_form(tmp_path: Path) -> None:
    tried, wrong = 0, []
    with guarded(tmp_path) as house, house.visitor() as client:
        headers, before = token_of(client), kept(house)
        for path, fields in FORMS.items():
            if ADDRESS not in fields.values():
                continue
            for kind, payload in payloads_of(ADDRESS, judged_by(path)):
                answer = client.post(
                    re.sub(r"\{[^}]+\}", "1", path), data=filled(fields, ADDRESS, payload), headers=headers
                )
                tried += 1
                if answer.status_code >= 500 or answer.status_code == 303 or "did not answer" in answer.text:
                    wrong.append((path, kind, payload, answer.status_code))
        assert kept(house) == before
    assert wrong == []
    assert tried >= 3 * 120


@pytest.mark.slow
def test_no_redirect_of_a_server_is_followed_elsewhere(tmp_path: Path) -> None:
    tried, wrong = 0, []
    with guarded(tmp_path) as house, house.visitor() as client:
        headers = token_of(client)
        for target in (one for several in ADDRESSES.values() for one in several if leads_away(one)):
            with Loopback(says(b"", "302 Found", location=target)) as server:
                body = {"kind": "plex", "address": f"http://127.0.0.1:{server.port}"}
                answer = client.post("/api/v1/servers/test", json=body, headers=headers)
                tried += 1
                refused = answer.json().get("code") in ("server_answer_wrong", "address_refused")
                if not refused or len(server.heads) != 1:
                    wrong.append((target, answer.status_code, len(server.heads), answer.text[:100]))
    assert wrong == []
    assert tried >= 80


@pytest.fixture
def trap(tmp_path: Path) -> Mapping[str, tuple[str, ...]]:
    """All paths, and those that only a disk can tell: links that lead out, our own data, and its neighbours."""
    outside, films = tmp_path / "outside", tmp_path / "films"
    outside.mkdir()
    films.mkdir()
    (outside / "secret.bif").write_text(CANARY)
    (films / "system").symlink_to("/etc")
    (films / "processes").symlink_to("/proc/self")
    (films / "back").symlink_to(tmp_path / "data")
    (films / "round").symlink_to(films / "round")
    data = tmp_path / "data"
    links = ("system", "system/ssl", "processes", "processes/root", "processes/fd", "system/../etc")
    return {
        **PATHS,
        "links": tuple(str(films / name) for name in links),
        OWN: (str(data / "secret.key"), f"{data}/./secret.key"),
    }


@pytest.mark.slow
def test_no_path_of_an_attacker_is_opened_by_any_operation_of_the_api(
    tmp_path: Path, trap: Mapping[str, tuple[str, ...]]
) -> None:
    tried, wrong = 0, []
    with opened(tmp_path / "data") as house, house.visitor() as client:
        headers, before = token_of(client), kept(house)
        for one in named_places(house.app):
            for kind, payload in payloads_of(FOLDER, trap):
                if one.held == ADDRESS and "kind" not in BODIES[one.operation]:
                    continue
                if one.operation.endswith("_choices") and (not payload.strip() or kind == OWN):
                    continue  # previews go into the data folder unless somebody says otherwise
                answer = asked(
                    client, one, payload, headers, **({"kind": "folder"} if one.held == ADDRESS else {})
                )
                tried += 1
                refused = answer.status_code in REFUSED
                if answer.status_code >= 500 or not (refused or kind == LITERAL) or is_told(answer.text):
                    wrong.append((one.operation, one.field, kind, payload, answer.status_code))
        after = kept(house)
    assert wrong == []
    assert tried > 1000
    assert {name: rows for name, rows in after.items() if name not in ONLY_NAMED} == {
        name: rows for name, rows in before.items() if name not in ONLY_NAMED
    }


@pytest.mark.slow
def test_no_path_of_an_attacker_is_opened_by_any_page(
    tmp_path: Path, trap: Mapping[str, tuple[str, ...]]
) -> None:
    tried, wrong = 0, []
    with opened(tmp_path / "data") as house, house.visitor() as client:
        headers = token_of(client)
        for path, fields in FORMS.items():
            if FOLDER not in fields.values():
                continue
            for kind, payload in payloads_of(FOLDER, trap):
                sent = {**filled(fields, FOLDER, payload), **({"kind": "folder"} if "kind" in fields else {})}
                answer = client.post(re.sub(r"\{[^}]+\}", "1", path), data=sent, headers=headers)
                tried += 1
                if answer.status_code >= 500 or is_told(answer.text):
                    wrong.append((path, kind, payload, answer.status_code))
    assert wrong == []
    assert tried > 1000


def is_told(text: str) -> bool:
    """Whether an answer holds what a file outside holds."""
    return CANARY in text or "root:x:0" in text or re.search(r"PATH=/|HOME=/", text) is not None


@pytest.mark.slow
def test_no_path_of_an_attacker_is_opened_by_any_address_that_is_only_looked_at(
    tmp_path: Path, trap: Mapping[str, tuple[str, ...]]
) -> None:
    looked_at = (
        ("/previews/view", "path"),
        ("/previews/view/frames.json", "path"),
        ("/previews/view/frames/0.jpg", "path"),
        ("/about/licence", "of"),
        ("/cache/places/new", "folder"),
        ("/sign-in", "next"),
    )
    wrong = []
    with opened(tmp_path / "data") as house, house.visitor() as client:
        for path, field in looked_at:
            for kind, payload in payloads_of(FOLDER, trap):
                answer = client.get(path, params={field: payload})
                leads = answer.headers.get("location", "/")
                outward = not leads.startswith("/") or leads.startswith(("//", "/\\"))
                if answer.status_code >= 500 or is_told(answer.text) or outward:
                    wrong.append((path, kind, payload, answer.status_code, leads))
    assert wrong == []
