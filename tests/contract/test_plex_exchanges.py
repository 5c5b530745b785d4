"""What the Plex client says and hears is what Plex's contract and recorded answers say."""

from __future__ import annotations

import threading
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

import jsonschema
import msgspec
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from projectionist.demo.house import DemoHouse
from projectionist.integrations.plex import translating, wire
from projectionist.media.vocabulary import KINDS, ItemKind
from tests.contract.described import CALLS, Call
from tests.contract.servers import plex_client
from tests.demo.shared import contract, shared_file
from tests.demo.test_contract import NOT_SO_IN_TRUTH, complaints

UNDESCRIBED = {
    # Filters by field, sorting and paging are words of Plex's query language, which the contract has in prose only.
    *("updatedAt>", "viewedAt>", "guid", "sort", "type", "includeGuids"),
}


@pytest.fixture
def said(house: DemoHouse) -> list[tuple[str, str, Any]]:
    """Everything that the client has asked, with the JSON that came, or None."""
    house.script.tick(1)
    house.script.tick(6)
    answers: list[Any] = []

    def keep(answer: Any) -> Any:
        answers.append((house.faults.seen[-1], answer))
        return answer

    house.faults.alter(keep)
    house.plex_tv_faults.alter(lambda answer: answer)
    server = plex_client(house)
    server.info()
    for library in server.libraries():
        server.refresh_path(library, library.locations[0])
        for kind in KINDS[library.kind]:
            server.items(library, kind, changed_since=datetime(2020, 1, 1, tzinfo=UTC))
    films = server.items(server.libraries()[0], ItemKind.MOVIE).items
    server.item(films[0].key)
    server.part_hashes([film.key for film in films])
    server.image(films[0].poster, width=20, height=30)
    server.part_bytes(films[0].versions[0].parts[0].key, 0, 9)
    server.on_deck(server.accounts()[1].key)
    server.watchlist()
    server.history(since=datetime(2020, 1, 1, tzinfo=UTC))
    server.sessions()
    server.close()
    told = {id(exchange): answer for exchange, answer in answers}
    seen = [*house.faults.seen, *house.plex_tv_faults.seen]
    return [(exchange.path, exchange.query, told.get(id(exchange))) for exchange in seen]


def call_of(path: str) -> Call:
    return next(call for call in CALLS if fnmatchcase(path, call.pattern))


def test_what_was_asked_and_what_came_is_as_the_contract_says(said: list[tuple[str, str, Any]]) -> None:
    checked = set()
    for path, query, answer in said:
        where = call_of(path).contract
        if not where:
            continue
        checked.add(where)
        assert set(request_complaints(where, query)) == set(), (path, query)
        if answer is not None:
            found = {each for each in complaints(where, answer) if (where, each) not in NOT_SO_IN_TRUTH}
            assert found == set(), path
    assert checked == {call.contract for call in CALLS if call.contract}


def test_no_call_of_the_client_is_left_out(said: list[tuple[str, str, Any]]) -> None:
    made = {call_of(path).pattern for path, _, _ in said}
    assert {call.pattern for call in CALLS} - made == {"/:/websockets/notifications"}


def test_no_token_stands_in_an_address(house: DemoHouse, said: list[tuple[str, str, Any]]) -> None:
    assert said
    for path, query, _ in said:
        assert house.plex_token not in path + query
        assert "x-plex-token=" not in query.lower()


def request_complaints(where: str, query: str) -> list[str]:
    """What the contract holds against a request's query."""
    operation = contract()["paths"][where].get("get") or contract()["paths"][where]["post"]
    parameters = [resolved(each) for each in operation.get("parameters", [])]
    declared = {each["name"]: each for each in parameters if each["in"] == "query"}
    asked = dict(parse_qsl(query))
    found = [f"{name} is not declared" for name in asked if name not in declared and name not in UNDESCRIBED]
    found += [
        f"{name} is required" for name, each in declared.items() if each.get("required") and name not in asked
    ]
    registry: Any = Registry().with_resource("urn:plex", DRAFT202012.create_resource(contract()))
    for name, value in asked.items():
        if name in declared and "schema" in declared[name]:
            schema = anchored(declared[name]["schema"])
            validator = jsonschema.Draft202012Validator(schema, registry=registry)
            read = int(value) if value.isdigit() else value
            if not any(validator.is_valid(form) for form in (read, value, value.split(","))):
                found.append(f"{name} is not {schema}")
    return found


def resolved(parameter: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in parameter:
        return parameter
    found: Any = contract()
    for step in parameter["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    assert isinstance(found, dict)
    return found


def anchored(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: f"urn:plex{value}" if name == "$ref" else value for name, value in schema.items()}


def as_json(element: ElementTree.Element) -> dict[str, Any]:
    """A recorded answer of XML as its JSON would be, every value a text."""
    told: dict[str, Any] = dict(element.attrib)
    for child in element:
        listed = "Metadata" if child.tag == "Video" else child.tag
        told.setdefault(listed, []).append(as_json(child))
    return told


def recorded(name: str) -> dict[str, Any]:
    return as_json(ElementTree.fromstring(shared_file(f"recordings/plex/{name}").read_text()))


def test_the_recorded_root_is_understood() -> None:
    body = shared_file("recordings/plex/root.json").read_bytes()
    info = translating.server_info(wire.ROOT.decode(body).MediaContainer)
    assert (info.identity, info.name) == ("FAKE_PLEX_MID", "FAKE_PLEX_NAME")


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("library-sections.xml", ["/media/Movies"]),
        ("library_sections.xml", ["/data/movies", "/data/tv", "/data/photos"]),
    ],
)
def test_recorded_sections_are_understood(name: str, places: list[str]) -> None:
    told = msgspec.convert(recorded(name), wire.Sections, strict=False)
    libraries = [translating.library(section) for section in told.Directory]
    assert [library.locations[0] for library in libraries if library] == places


def test_a_recorded_film_is_understood() -> None:
    told = msgspec.convert(recorded("library-sections-1-all.xml"), wire.Items, strict=False)
    film = translating.item(told.Metadata[0], "1", ItemKind.MOVIE, AssertionError)
    assert (told.totalSize, told.offset) == (1, 0)
    assert (film.key, film.title, film.year, film.duration_ms) == ("1", "Test Movie: G-BOAF", 2025, 30023)
    assert film.versions[0].parts[0].has_preview
    assert film.versions[0].parts[0].size == 12213299


def test_a_recorded_tree_is_understood() -> None:
    told = msgspec.convert(recorded("library-metadata-1-tree.xml"), wire.Trees, strict=False)
    assert dict(translating.hashes(told.MetadataItem[0])) == {"1": "9f0965f0bd293b803661ba0d9b005c055ce7f683"}


def test_the_socket_is_opened_with_the_token_in_a_header(house: DemoHouse) -> None:
    stop = threading.Event()
    server = plex_client(house)
    listener = threading.Thread(target=lambda: list(server.events(stop)))
    listener.start()
    assert house.state.announcements.wait_for_listeners(1, 10)
    stop.set()
    listener.join(10)
    server.close()
    assert [each.query for each in house.faults.seen] == [""]
