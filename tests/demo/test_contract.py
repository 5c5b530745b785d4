"""The answers of the demo house are what Plex's contract and its recorded answers say."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

import httpx2
import jsonschema
import pytest
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from projectionist.demo.house import DemoHouse
from tests.demo.shared import contract, shared_file

SERVER_CALLS = {
    "/": "/",
    "/identity": "/identity",
    "/accounts": None,
    "/library/sections/all": "/library/sections/all",
    "/library/sections/1/all?includeGuids=1&X-Plex-Container-Size=5": "/library/sections/{sectionId}/all",
    "/library/sections/2/all?type=4": "/library/sections/{sectionId}/all",
    "/library/sections/4/all": "/library/sections/{sectionId}/all",
    "/library/sections/2/allLeaves": "/library/sections/{sectionId}/allLeaves",
    "/library/all": "/library/all",
    "/library/metadata/4": "/library/metadata/{ids}",
    "/library/metadata/1,9,19,22": "/library/metadata/{ids}",
    "/library/metadata/9/allLeaves": "/library/metadata/{ids}/allLeaves",
    "/library/metadata/9/children": None,
    "/library/metadata/9/tree": "/library/metadata/{ids}/tree",
    "/library/onDeck": None,
    "/library/sections/2/onDeck": None,
    "/hubs/continueWatching": "/hubs/continueWatching",
    "/hubs/search?query=the": "/hubs/search",
    "/library/search?query=the": None,
    "/status/sessions": "/status/sessions",
    "/status/sessions/history/all": "/status/sessions/history/all",
    "/:/prefs": "/:/prefs",
}
"""What is asked, and the path of the contract that says what comes; None where it says nothing."""
TV_CALLS = {"/api/v2/user": "/user", "/api/v2/resources": "/resources", "/api/users": "/users"}

NOT_SO_IN_TRUTH = {
    # The recorded trees have `id` where the contract wants what a list has.
    ("/library/metadata/{ids}/tree", "'addedAt' is a required property"),
    ("/library/metadata/{ids}/tree", "'key' is a required property"),
    ("/library/metadata/{ids}/tree", "'type' is a required property"),
    # Only streams in files of their own can be fetched, so only those have a key; the recorded ones have none.
    ("/library/metadata/{ids}", "'key' is a required property"),
    ("/status/sessions", "'key' is a required property"),
    # The server says 0, 1 or 2, as in the recorded XML.
    ("/library/sections/all", "0 is not of type 'boolean'"),
}
"""Where the contract asks for what the real server does not send."""


def complaints(path: str, answer: Any) -> Iterator[str]:
    """What the contract holds against an answer."""
    registry: Any = Registry().with_resource("urn:plex", DRAFT202012.create_resource(contract()))
    escaped = path.replace("~", "~0").replace("/", "~1")
    pointer = f"urn:plex#/paths/{escaped}/get/responses/200/content/application~1json/schema"
    validator = jsonschema.Draft202012Validator({"$ref": pointer}, registry=registry)
    for error in validator.iter_errors(answer):
        yield from leaves(error)


def leaves(error: jsonschema.ValidationError) -> Iterator[str]:
    if error.context:
        for inner in error.context:
            yield from leaves(inner)
    else:
        yield error.message


@pytest.fixture
def busy_house(house: DemoHouse) -> DemoHouse:
    house.script.tick(1)
    house.script.tick(6)
    return house


@pytest.mark.parametrize("asked", [call for call, path in SERVER_CALLS.items() if path is not None])
def test_an_answer_is_as_the_contract_says(busy_house: DemoHouse, asked: str) -> None:
    headers = {"X-Plex-Token": busy_house.plex_token, "Accept": "application/json"}
    answer = httpx2.get(busy_house.plex_url + asked, headers=headers)
    path = SERVER_CALLS[asked]
    assert path is not None
    assert answer.status_code == 200
    assert "get" in contract()["paths"][path]
    assert {each for each in complaints(path, answer.json()) if (path, each) not in NOT_SO_IN_TRUTH} == set()


@pytest.mark.parametrize("asked", TV_CALLS)
def test_an_answer_of_plex_tv_is_as_the_contract_says(house: DemoHouse, asked: str) -> None:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    answer = httpx2.get(house.plex_tv_url + asked, headers=headers)
    assert answer.status_code == 200
    assert set(complaints(TV_CALLS[asked], answer.json())) == set()


def test_the_contract_would_complain(house: DemoHouse) -> None:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    answer = httpx2.get(f"{house.plex_url}/library/metadata/1", headers=headers).json()
    answer["MediaContainer"]["Metadata"][0]["duration"] = "long"
    assert "'long' is not of type 'integer'" in set(complaints("/library/metadata/{ids}", answer))


def shape(element: ElementTree.Element, place: str = "") -> dict[str, dict[str, str]]:
    """The attributes of every kind of element by its place, each with whether it is a number."""
    here = f"{place}/{element.tag}"
    found = {here: {name: "number" if is_number(value) else "text" for name, value in element.attrib.items()}}
    for child in element:
        for where, attributes in shape(child, here).items():
            found.setdefault(where, {}).update(attributes)
    return found


def is_number(value: str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


LEFT_OUT = {
    # What Plex finds by analysing pictures and sound, and nobody of ours reads.
    *(
        "hasVoiceActivity",
        "openSubtitleHash",
        "bitDepth",
        "chromaLocation",
        "chromaSubsampling",
        "codedHeight",
    ),
    *("codedWidth", "colorRange", "hasScalingMatrix", "level", "profile", "refFrames", "requiredBandwidths"),
    "videoResolution",  # a number where it is 720 or 1080, and `sd` or `4k` elsewhere
    *("scanType", "topLeft", "topRight", "bottomRight", "bottomLeft", "metadataAgentProviderGroupId"),
}
ELEMENTS_LEFT_OUT = {"UltraBlurColors", "Country", "Writer"}


@pytest.mark.parametrize(
    ("recording", "asked"),
    [
        ("library.xml", "/library"),
        ("library-sections.xml", "/library/sections"),
        ("library-sections-1-all.xml", "/library/sections/1/all?type=1&file=Quiet&X-Plex-Container-Size=20"),
        (
            "library-sections-1-all-2.xml",
            "/library/sections/1/all?type=1&file=Nothing&X-Plex-Container-Size=20",
        ),
        ("library-metadata-1-tree.xml", "/library/metadata/1/tree"),
    ],
)
def test_what_was_recorded_is_there_and_of_the_same_kind(
    house: DemoHouse, recording: str, asked: str
) -> None:
    recorded = shape(ElementTree.fromstring(shared_file(f"recordings/plex/{recording}").read_text()))
    preview(house)
    answer = httpx2.get(house.plex_url + asked, headers={"X-Plex-Token": house.plex_token})
    assert answer.headers["content-type"] == "text/xml;charset=utf-8"
    ours = shape(ElementTree.fromstring(answer.text))
    for where, attributes in recorded.items():
        if where.rpartition("/")[2] in ELEMENTS_LEFT_OUT:
            continue
        kinds = {name: kind for name, kind in attributes.items() if name not in LEFT_OUT}
        assert {name: ours[where].get(name) for name in kinds} == kinds, where


def preview(house: DemoHouse) -> None:
    """Put something that looks like a preview where the server looks for that of the first film."""
    part = next(house.catalogue.all()[0].parts())
    path = (
        house.plex_data
        / "Media/localhost"
        / part.hash[0]
        / f"{part.hash[1:]}.bundle/Contents/Indexes/index-sd.bif"
    )
    path.parent.mkdir(parents=True)
    path.write_bytes(b"BIF")


def test_the_root_has_what_was_recorded_in_json(house: DemoHouse) -> None:
    recorded = json.loads(shared_file("recordings/plex/root.json").read_text())["MediaContainer"]
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    ours = httpx2.get(house.plex_url, headers=headers).json()["MediaContainer"]
    assert set(ours) <= set(recorded)
    assert {name: type(value) for name, value in ours.items()} == {
        name: type(recorded[name]) for name in ours
    }


def test_json_and_xml_say_the_same(busy_house: DemoHouse) -> None:
    for asked in SERVER_CALLS:
        spoken = [
            httpx2.get(
                busy_house.plex_url + asked, headers={"X-Plex-Token": busy_house.plex_token, "Accept": kind}
            )
            for kind in ("application/json", "application/xml")
        ]
        told = spoken[0].json()["MediaContainer"]
        written = ElementTree.fromstring(spoken[1].text)
        assert flat_json(told) == flat_xml(written), asked


def flat_json(told: Any) -> list[str]:
    """Every value in an answer, in the order of XML: attributes first."""
    found: list[str] = []
    for name, value in told.items():
        if not isinstance(value, dict | list):
            text = ("1" if value else "0") if isinstance(value, bool) else str(value)
            found.append(f"{name}={text}")
        else:
            found += [
                each for inner in (value if isinstance(value, list) else [value]) for each in flat_json(inner)
            ]
    return sorted(found)


def flat_xml(written: ElementTree.Element) -> list[str]:
    """The same of XML."""
    found = [f"{name}={value}" for name, value in written.attrib.items()]
    return sorted(found + [each for child in written for each in flat_xml(child)])
