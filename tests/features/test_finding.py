"""Which films are found, in which order, and what is said of places that cannot be searched."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from projectionist.features.previews.finding import Choice, Found, NotSearched, find_films
from projectionist.media.names import is_extra

EVERYTHING = Choice()


def films(folder: Path, *names: str, size: int = 4) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    return folder


def names(folder: Path, choice: Choice = EVERYTHING) -> list[str]:
    """What is found below `folder`; places that were not searched in angle brackets with their outcome."""
    return [
        str(found.path.relative_to(folder))
        if isinstance(found, Found)
        else f"<{found.path.relative_to(folder)} {found.outcome}>"
        for found in find_films([folder], choice)
    ]


def test_films_are_known_by_their_extension_in_any_case(tmp_path: Path) -> None:
    films(tmp_path, "a.mkv", "b.MP4", "c.m2ts", "d.srt", "e.nfo", "f.jpg", "g", "h.mkv.part", "i.bif")
    assert sorted(names(tmp_path)) == ["a.mkv", "b.MP4", "c.m2ts"]


def test_a_file_named_outright_is_taken_whatever_it_is_called(tmp_path: Path) -> None:
    film = films(tmp_path, "Extras/.sample") / "Extras/.sample"
    assert [found.path for found in find_films([film], Choice(exclude=("*",)))] == [film]


def test_the_largest_film_of_a_folder_comes_first_and_folders_come_one_after_the_other(
    tmp_path: Path,
) -> None:
    for number, name in enumerate(["a.mkv", "b.mkv", "two/c.mkv", "two/d.mkv", "one/e.mkv", "two/sub/f.mkv"]):
        films(tmp_path, name, size=10 + number)
    assert names(tmp_path) == ["b.mkv", "a.mkv", "one/e.mkv", "two/d.mkv", "two/c.mkv", "two/sub/f.mkv"]


def test_include_and_exclude_match_the_path_or_the_name(tmp_path: Path) -> None:
    films(tmp_path, "one/a.mkv", "one/b.mp4", "two/a.mkv")
    assert names(tmp_path, Choice(include=("*.mkv",))) == ["one/a.mkv", "two/a.mkv"]
    assert names(tmp_path, Choice(include=("one/*",))) == ["one/a.mkv", "one/b.mp4"]
    assert names(tmp_path, Choice(exclude=("two/*", "*.mp4"))) == ["one/a.mkv"]
    assert names(tmp_path, Choice(include=("*.mkv",), exclude=("one/*",))) == ["two/a.mkv"]


@pytest.mark.parametrize(
    "name",
    [
        *("Film/sample.mkv", "Film/Film-sample.mkv", "Film/Sample/film.mkv", "Film/film.sample.mkv"),
        *(
            "Film/Film-trailer.mkv",
            "Film/trailers/one.mkv",
            "Film/trailer.mp4",
            "Film/Film-behindthescenes.mkv",
        ),
        *(
            "Film/Extras/cut.mkv",
            "Film/Featurettes/one.mkv",
            "Film/Deleted Scenes/one.mkv",
            "Film/Film-short.mkv",
        ),
    ],
)
def test_samples_trailers_and_extras_are_left_out_unless_asked_for(tmp_path: Path, name: str) -> None:
    films(tmp_path, "Film/Film.mkv", name)
    assert names(tmp_path) == ["Film/Film.mkv"]
    assert sorted(names(tmp_path, Choice(extras=True))) == sorted(["Film/Film.mkv", name])


@pytest.mark.parametrize(
    "name",
    ["Trailer Park Boys/s01e01.mkv", "Samples of Life.mkv", "The Extra Man.mkv", "Shortbus.mkv", "Clip.mkv"],
)
def test_a_film_whose_name_only_sounds_like_an_extra_is_taken(name: str) -> None:
    assert not is_extra(Path(name))


def test_hidden_files_and_the_folders_of_systems_are_left_alone(tmp_path: Path) -> None:
    films(tmp_path, "a.mkv", ".b.mkv", "._c.mkv", ".Trash/d.mkv", "@eaDir/e.mkv", "#recycle/f.mkv")
    films(tmp_path, "$RECYCLE.BIN/g.mkv", "lost+found/h.mkv", "x.trickplay/i.mkv", "x.thumbnails/j.mkv")
    assert names(tmp_path) == ["a.mkv"]


def test_links_are_followed_once_and_never_round_in_a_circle(tmp_path: Path) -> None:
    root = films(tmp_path / "root", "one/a.mkv")
    elsewhere = films(tmp_path / "elsewhere", "b.mkv")
    (root / "one" / "up").symlink_to(root)
    (root / "aside").symlink_to(elsewhere)
    (root / "again").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(root / "one")
    (root / "c.mkv").symlink_to(elsewhere / "b.mkv")
    assert names(root) == ["c.mkv", "one/a.mkv", "again/b.mkv"]


def test_links_that_lead_nowhere_or_to_themselves_are_no_films(tmp_path: Path) -> None:
    films(tmp_path, "a.mkv")
    (tmp_path / "gone.mkv").symlink_to(tmp_path / "nowhere.mkv")
    (tmp_path / "self.mkv").symlink_to(tmp_path / "self.mkv")
    (tmp_path / "folder").symlink_to(tmp_path / "folder")
    assert names(tmp_path) == ["a.mkv"]


def test_what_is_no_regular_file_is_no_film(tmp_path: Path) -> None:
    films(tmp_path, "a.mkv")
    os.mkfifo(tmp_path / "pipe.mkv")
    (tmp_path / "folder.mkv").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.mkv"))
        assert names(tmp_path) == ["a.mkv"]


class Vanishing:
    """The folder `named` is listed by the one above it and gone, or closed, when it is looked into."""

    def __init__(self, named: Path, error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
        real = os.scandir

        def scandir(path: Any) -> Iterator[os.DirEntry[str]]:
            if Path(path) == named:
                raise error
            return real(path)

        monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize(
    "error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")]
)
def test_a_folder_that_cannot_be_read_is_named_and_the_others_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
) -> None:
    films(tmp_path, "a.mkv", "closed/b.mkv", "open/c.mkv")
    Vanishing(tmp_path / "closed", error, monkeypatch)
    assert names(tmp_path) == ["a.mkv", "<closed unreadable>", "open/c.mkv"]


def test_a_folder_that_vanishes_in_mid_walk_is_named(tmp_path: Path) -> None:
    films(tmp_path, "a.mkv", "one/b.mkv", "two/c.mkv")
    found = []
    for one in find_films([tmp_path], EVERYTHING):
        found.append(one)
        if one.path.name == "a.mkv":
            (tmp_path / "one" / "b.mkv").unlink()
            (tmp_path / "one").rmdir()
    assert [type(one) for one in found] == [Found, NotSearched, Found]
    assert isinstance(found[1], NotSearched)
    assert found[1].path == tmp_path / "one"


def test_an_empty_folder_is_named_since_a_disk_may_be_missing(tmp_path: Path) -> None:
    films(tmp_path, "a.nfo")
    assert names(tmp_path) == ["<. no_films>"]


def test_a_path_that_does_not_exist_is_named_and_the_others_are_searched(tmp_path: Path) -> None:
    films(tmp_path, "a.mkv")
    found = list(find_films([tmp_path / "nowhere", tmp_path], EVERYTHING))
    assert isinstance(found[0], NotSearched)
    assert found[0].outcome == "missing"
    assert found[1].path == tmp_path / "a.mkv"


def test_a_link_named_outright_leads_on_and_a_broken_one_is_missing(tmp_path: Path) -> None:
    films(tmp_path, "real/a.mkv")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    found = list(find_films([tmp_path / name for name in ("link", "broken", "circle")], EVERYTHING))
    assert [one.path.name for one in found] == ["a.mkv", "broken", "circle"]
    assert [one.outcome for one in found if isinstance(one, NotSearched)] == ["missing", "unreadable"]


def test_dots_in_a_path_mean_what_the_system_means_by_them(tmp_path: Path) -> None:
    films(tmp_path, "library/films/a.mkv", "library/b.mkv", "b.mkv")
    (tmp_path / "link").symlink_to(tmp_path / "library" / "films")
    [found] = find_films([tmp_path / "link" / ".." / "b.mkv"], EVERYTHING)
    assert found.path.samefile(tmp_path / "library" / "b.mkv")


def test_a_very_deep_tree_is_searched_to_its_end(tmp_path: Path) -> None:
    films(tmp_path, "/".join(["d"] * 400) + "/a.mkv")
    assert len(names(tmp_path)) == 1


def test_names_that_are_no_text_are_found(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9\nnew.mkv")).write_bytes(b"x")
    assert names(tmp_path) == [os.fsdecode(b"caf\xe9\nnew.mkv")]
