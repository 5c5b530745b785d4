"""A Plex data folder is believed only once a file was written into it, read and taken away again."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.features.previews.service import prove_plex_data


def plex_folder(folder: Path) -> Path:
    (folder / "Media" / "localhost").mkdir(parents=True)
    (folder / "Metadata").mkdir()
    (folder / "Preferences.xml").touch()
    return folder


def everything(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_a_plex_folder_is_proven_and_left_as_it_was(tmp_path: Path) -> None:
    folder = plex_folder(tmp_path / "Plex Media Server")
    before = everything(folder)

    proof = prove_plex_data(folder)

    assert (proof.works, proof.folder) == (True, folder)
    assert everything(folder) == before


@pytest.mark.parametrize("near", [".", "Library/Application Support", "Plex Media Server/Media/localhost"])
def test_a_folder_near_by_leads_to_the_one_meant(tmp_path: Path, near: str) -> None:
    home = tmp_path / "Library" / "Application Support" if near.startswith("Library") else tmp_path
    folder = plex_folder(home / "Plex Media Server")

    proof = prove_plex_data(tmp_path / (near if near.startswith("Plex") else "."))

    assert (proof.works, proof.folder) == (True, folder)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: None, "does not exist"),
        (lambda folder: folder.mkdir(), "is no Plex data folder"),
        (lambda folder: folder.touch(), "is a file"),
        (lambda folder: (folder / "Media").mkdir(parents=True), "is no Plex data folder"),
        (
            lambda folder: [(folder / name).mkdir(parents=True) for name in ("Media", "Metadata")],
            "holds no Media/localhost",
        ),
    ],
)
def test_a_wrong_folder_is_refused_in_words_and_nothing_is_written(
    tmp_path: Path, make: object, words: str
) -> None:
    folder = tmp_path / "wrong"
    make(folder)  # type: ignore[operator]
    before = everything(tmp_path)

    proof = prove_plex_data(folder)

    assert not proof.works
    assert words in proof.sentence
    assert everything(tmp_path) == before


def test_a_path_that_is_not_whole_is_refused() -> None:
    assert "no whole path" in prove_plex_data(Path("plex")).sentence


def test_a_folder_of_films_is_no_plex_folder(tmp_path: Path) -> None:
    (tmp_path / "Media" / "Films").mkdir(parents=True)

    assert not prove_plex_data(tmp_path).works


def test_a_read_only_folder_is_refused_with_the_reason(tmp_path: Path) -> None:
    folder = plex_folder(tmp_path / "Plex Media Server")
    localhost = folder / "Media" / "localhost"
    localhost.rmdir()
    localhost.symlink_to("/proc/self/fdinfo")

    proof = prove_plex_data(folder)

    assert not proof.works
    assert "Nothing can be written" in proof.sentence
