"""Where previews belong, from what servers say: always below the folder meant, whatever they say."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.previews.choices import Choices, Place
from projectionist.features.previews.targets import Part, mirrored, plex_bif, targets_of
from projectionist.media.vocabulary import ServerKind, ServerPath

FOLDER = Path("/previews")


@given(st.text(), st.integers(1, 9))
def test_the_folder_of_previews_is_never_left(path: str, server: int) -> None:
    place = mirrored(FOLDER, server, ServerPath(path))

    assert place.is_relative_to(FOLDER / str(server))
    assert ".." not in place.parts
    assert place.suffix == ".bif"


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/data/films/Alien (1979)/Alien.mkv", "1/data/films/Alien (1979)/Alien.mkv.bif"),
        ("D:\\Films\\Alien.mkv", "1/D/Films/Alien.mkv.bif"),
        ("\\\\nas\\films\\Alien.mkv", "1/nas/films/Alien.mkv.bif"),
        ("/a/../../b.mkv", "1/a/b.mkv.bif"),
    ],
)
def test_a_path_of_any_system_is_mirrored(path: str, place: str) -> None:
    assert mirrored(FOLDER, 1, ServerPath(path)) == FOLDER / place


@given(st.text())
def test_a_bundle_is_never_outside_plex(part_hash: str) -> None:
    try:
        place = plex_bif(Path("/plex"), part_hash)
    except ValueError:
        return
    assert place.is_relative_to("/plex/Media/localhost")
    assert ".." not in place.parts
    assert len(place.relative_to("/plex/Media/localhost").parts) == 5


def test_a_hash_is_split_as_plex_does() -> None:
    place = plex_bif(Path("/plex"), "a1b2c3")

    assert place == Path("/plex/Media/localhost/a/1b2c3.bundle/Contents/Indexes/index-sd.bif")


def test_an_unmounted_plex_folder_is_not_written_to(tmp_path: Path) -> None:
    part = Part(
        Path("/films/a.mkv"), 1, ServerKind.PLEX, ServerPath("/films/a.mkv"), "a1b2", tmp_path / "plex"
    )

    targets, obstacle = targets_of(part, Choices(), FOLDER)

    assert targets == ()
    assert obstacle is not None
    assert "holds no Media/localhost" in obstacle.reason


def test_plex_bundles_are_refused_for_other_servers() -> None:
    part = Part(Path("/films/a.mkv"), 1, ServerKind.FOLDER, ServerPath("/films/a.mkv"))

    targets, obstacle = targets_of(part, Choices(places=(Place.PLEX, Place.FOLDER)), FOLDER)

    assert [target.place for target in targets] == [Place.FOLDER]
    assert obstacle is not None
    assert obstacle.state == "failed"
