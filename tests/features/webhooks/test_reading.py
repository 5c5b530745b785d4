"""What senders say in their words, in ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import TellingWrong
from projectionist.integrations.senders.reading import folder_of, read_told
from projectionist.media.telling import SenderKind, Told, ToldFile, What
from tests.features.webhooks.tellings import plex, radarr, said, sonarr, sonarr_test

CHANGED = What.CHANGED


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        ("sonarr", sonarr(), Told("Download", CHANGED, (ToldFile("/shows/Dark/S01/e1.mkv", 1000),))),
        ("sonarr", sonarr_test(), Told("Test", What.TEST)),
        ("sonarr", sonarr("Grab"), Told("Grab", What.OTHER)),
        ("sonarr", sonarr("Health"), Told("Health", What.OTHER)),
        (
            "sonarr",
            sonarr("EpisodeFileDelete", deleteReason="manual"),
            Told("EpisodeFileDelete", CHANGED, folders=("/shows/Dark/S01",)),
        ),
        (
            "sonarr",
            said(eventType="SeriesDelete", series={"path": "/shows/Dark"}, deletedFiles=True),
            Told("SeriesDelete", CHANGED, folders=("/shows/Dark",)),
        ),
        (
            "sonarr",
            said(
                eventType="Rename",
                series={"path": "/shows/Dark"},
                renamedEpisodeFiles=[
                    {"path": "/shows/Dark/S01/b.mkv", "previousPath": "/shows/Dark/Old/a.mkv", "size": 5}
                ],
            ),
            Told("Rename", CHANGED, (ToldFile("/shows/Dark/S01/b.mkv", 5),), ("/shows/Dark/Old",)),
        ),
        (
            "sonarr",
            said(eventType="Rename", series={"path": "D:\\Shows\\Dark"}),
            Told("Rename", CHANGED, folders=("D:\\Shows\\Dark",)),
        ),
        (
            "sonarr",
            said(
                eventType="Download",
                series={"path": "D:\\Shows\\Dark"},
                episodeFile={"relativePath": "S01\\e1.mkv"},
            ),
            Told("Download", CHANGED, (ToldFile("D:\\Shows\\Dark\\S01\\e1.mkv"),)),
        ),
        ("radarr", radarr(), Told("Download", CHANGED, (ToldFile("/media/9.mkv", 1000),))),
        (
            "radarr",
            said(eventType="MovieDelete", movie={"folderPath": "/media/Nine"}, deletedFiles=True),
            Told("MovieDelete", CHANGED, folders=("/media/Nine",)),
        ),
        ("plex", plex(), Told("library.new", CHANGED, server="shelves", library="1")),
        ("plex", plex("media.play"), Told("media.play", What.OTHER, server="shelves", library="1")),
        (
            "jellyfin",
            said(NotificationType="ItemAdded", ServerId="abc", ItemType="Movie", Name="Nine"),
            Told("ItemAdded", CHANGED, server="abc"),
        ),
        (
            "jellyfin",
            said(NotificationType="PlaybackStart", ServerId="abc"),
            Told("PlaybackStart", What.OTHER),
        ),
        (
            "emby",
            said(Event="library.new", Server={"Id": "abc"}, Item={"Path": "/media/9.mkv", "Type": "Movie"}),
            Told("library.new", CHANGED, (ToldFile("/media/9.mkv"),), server="abc"),
        ),
        (
            "emby",
            said(Event="library.deleted", Server={"Id": "abc"}, Item={"Path": "/media/9.mkv"}),
            Told("library.deleted", CHANGED, folders=("/media",), server="abc"),
        ),
        ("emby", said(Event="system.notificationtest"), Told("system.notificationtest", What.TEST)),
        ("generic", said(path="/media/9.mkv"), Told("changed", CHANGED, (ToldFile("/media/9.mkv"),))),
        (
            "generic",
            said(paths=["/media/a/", "/media/b.mkv"], file_path="/media/c.mp4", event="made"),
            Told("made", CHANGED, (ToldFile("/media/c.mp4"), ToldFile("/media/b.mkv")), ("/media/a/",)),
        ),
        ("generic", said(event="Test"), Told("Test", What.TEST)),
    ],
)
def test_each_kind_is_read_as_it_sends(kind: str, body: bytes, told: Told) -> None:
    assert read_told(SenderKind(kind), body) == told


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("sonarr", b"", "no whole JSON"),
        ("sonarr", b'{"eventType": ', "no whole JSON"),
        ("sonarr", b"[]", "Expected `object`"),
        ("sonarr", b"{}", "lacks the field `eventType`"),
        ("sonarr", said(eventType=1), "Expected `str`"),
        ("sonarr", said(eventType=""), "length >= 1"),
        ("sonarr", said(eventType="x" * 201), "length <= 200"),
        ("sonarr", said(eventType="Download", series="x"), "series"),
        ("sonarr", said(eventType="Download", series={"path": "/" + "x" * 5000}), "length <= 4096"),
        ("radarr", said(eventType="Download", movieFile={"size": -1}), "movieFile"),
        ("radarr", said(eventType="Download", movieFile={"size": 2**70}), "movieFile"),
        ("plex", said(Event="library.new"), "lacks the field `event`"),
        ("jellyfin", b"\xff", "jellyfin"),
        ("emby", b'{"Event": "\\ud800"}', "emby"),
        ("generic", said(event="changed"), "Name what changed"),
        ("generic", b"[" * 100_000, "generic"),
    ],
)
def test_what_none_of_that_kind_sends_is_refused_in_a_sentence(kind: str, body: bytes, why: str) -> None:
    with pytest.raises(TellingWrong) as wrong:
        read_told(SenderKind(kind), body)
    assert why in wrong.value.message
    assert wrong.value.status == 400


def test_what_was_sent_is_not_repeated() -> None:
    with pytest.raises(TellingWrong) as wrong:
        read_told(SenderKind.SONARR, said(eventType="Download", series={"path": 7}, secret="canary-1"))
    assert "canary" not in wrong.value.message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    [
        "eventType",
        "event",
        "Event",
        "NotificationType",
        "series",
        "movie",
        "episodeFile",
        "renamedEpisodeFiles",
        "path",
        "paths",
        "Server",
        "Metadata",
        "Item",
        "ServerId",
    ]
)


@given(
    st.sampled_from(list(SenderKind)),
    st.dictionaries(FIELDS, JSON | st.sampled_from(["Download", "Rename", "library.new", "ItemAdded"])),
)
def test_whatever_json_comes_is_read_or_refused(kind: SenderKind, sent: dict[str, Any]) -> None:
    try:
        told = read_told(kind, json.dumps(sent).encode())
    except TellingWrong:
        return
    assert isinstance(told, Told)


@given(st.sampled_from(list(SenderKind)), st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_refused(kind: SenderKind, sent: bytes) -> None:
    try:
        read_told(kind, sent)
    except TellingWrong:
        return


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/a/b.mkv", "/a"),
        ("/b.mkv", "/"),
        ("D:\\a\\b.mkv", "D:\\a"),
        ("\\\\nas\\films\\a\\b.mkv", "\\\\nas\\films\\a"),
    ],
)
def test_a_folder_is_spelled_as_its_file_is(path: str, folder: str) -> None:
    assert folder_of(path) == folder
