"""A folder as a media server: by names and places, never beyond its root, never empty because it cannot be read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from projectionist.errors import ServerAnswerWrong, ServerFailed, ServerLacks, ServerUnreachable
from projectionist.integrations.folder import naming
from projectionist.integrations.folder.server import FolderServer
from projectionist.media.vocabulary import KINDS, ItemKind, LibraryKind, ListedItem
from tests.films import Film


def put(root: Path, *names: str, content: bytes = b"no film") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def held(root: Path, kind: ItemKind) -> list[ListedItem]:
    server = FolderServer(str(root))
    found = [library for library in server.libraries() if kind in KINDS[library.kind]]
    return [item for library in found for item in server.items(library, kind).items]


def paths(items: list[ListedItem]) -> set[str]:
    return {part.key for item in items for version in item.versions for part in version.parts}


def test_films_are_named_by_folder_or_file(tmp_path: Path) -> None:
    put(
        tmp_path,
        "Movies/Alien (1979)/xyz-1080p.mkv",
        "Movies/The.Matrix.1999.1080p.BluRay.x264-GRP.mkv",
        "Movies/Dune Part Two (2024).mkv",
        "Movies/Plain.avi",
    )
    found = {(film.title, film.year) for film in held(tmp_path, ItemKind.MOVIE)}
    assert found == {("Alien", 1979), ("The Matrix", 1999), ("Dune Part Two", 2024), ("Plain", None)}


def test_files_of_one_film_are_its_versions_and_numbered_ones_its_parts(tmp_path: Path) -> None:
    put(tmp_path, *(f"Films/Long (2001)/Long (2001){end}" for end in (".mp4", " - cd1.avi", " - cd2.avi")))
    (film,) = held(tmp_path, ItemKind.MOVIE)
    assert [[Path(part.key).name for part in version.parts] for version in film.versions] == [
        ["Long (2001).mp4"],
        ["Long (2001) - cd1.avi", "Long (2001) - cd2.avi"],
    ]


def test_a_film_keeps_its_key_when_a_version_comes(tmp_path: Path) -> None:
    put(tmp_path, "Films/Long (2001)/Long (2001) - B.mp4")
    before = held(tmp_path, ItemKind.MOVIE)[0].key
    put(tmp_path, "Films/Long (2001)/Long (2001) - A.mp4")
    assert [film.key for film in held(tmp_path, ItemKind.MOVIE)] == [before]


def test_episodes_hang_below_seasons_below_shows(tmp_path: Path) -> None:
    put(
        tmp_path,
        "TV/Lamp (2019)/Season 1/Lamp - S01E01 - Wick.mkv",
        "TV/Lamp (2019)/Season 1/lamp.s01e02.720p.mkv",
        "TV/Lamp (2019)/Specials/Lamp - 03.mkv",
        "TV/Other.S02E05.mkv",
    )
    shows = {show.key: show for show in held(tmp_path, ItemKind.SHOW)}
    seasons = {season.key: season for season in held(tmp_path, ItemKind.SEASON)}
    assert {(show.title, show.year) for show in shows.values()} == {("Lamp", 2019), ("Other", None)}
    assert {
        (shows[episode.grandparent_key or ""].title, seasons[episode.parent_key or ""].number, episode.number)
        for episode in held(tmp_path, ItemKind.EPISODE)
    } == {("Lamp", 1, 1), ("Lamp", 1, 2), ("Lamp", 0, 3), ("Other", 2, 5)}


def test_what_is_hidden_extra_or_a_sample_is_left_out(tmp_path: Path) -> None:
    put(
        tmp_path,
        "Movies/A (2000)/A (2000).mkv",
        *("Movies/.hidden.mkv", "Movies/.trash/B.mkv", "Movies/@eaDir/C.mkv", "Movies/A (2000)/Extras/D.mkv"),
        *("Movies/A (2000)/A-trailer.mkv", "Movies/A (2000)/Sample/E.mkv", "Movies/A (2000)/notes.txt"),
    )
    assert paths(held(tmp_path, ItemKind.MOVIE)) == {"Movies/A (2000)/A (2000).mkv"}


def test_links_are_followed_within_the_root_and_not_beyond(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(outside, "Secret (2001).mkv", "poster.jpg")
    put(root, "Movies/Own (2000)/Own (2000).mkv", "store/Linked (2002).mkv")
    (root / "Movies" / "out").symlink_to(outside)
    (root / "Movies" / "Secret (2001).mkv").symlink_to(outside / "Secret (2001).mkv")
    (root / "Movies" / "poster.jpg").symlink_to(outside / "poster.jpg")
    (root / "Movies" / "in").symlink_to(root / "store")
    (root / "Movies" / "round").symlink_to(root / "Movies")
    (root / "Movies" / "dead.mkv").symlink_to(root / "nowhere")
    assert {film.title for film in held(root, ItemKind.MOVIE)} == {"Own", "Linked"}
    with pytest.raises(ServerLacks):
        FolderServer(str(root)).image("Movies/poster.jpg", width=1, height=1)


def test_a_library_that_is_a_link_out_of_the_root_is_none_and_is_not_read_as_empty(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put(outside, "Secret (2001).mkv")
    put(root, "TV/B.S01E01.mkv", "Movies/Own (2000).mkv")
    server = FolderServer(str(root))
    movies = next(each for each in server.libraries() if each.kind is LibraryKind.MOVIES)
    shutil.rmtree(root / "Movies")
    (root / "Movies").symlink_to(outside)
    assert [each.title for each in FolderServer(str(root)).libraries()] == ["TV"]
    with pytest.raises(ServerFailed, match=r"Movies is a link that leads out of .* nothing was changed"):
        server.items(movies, ItemKind.MOVIE)


@pytest.mark.parametrize("key", ["../outside.mkv", "/etc/hostname", ".", "Movies/none.mkv"])
def test_no_file_beyond_the_root_is_read(tmp_path: Path, key: str) -> None:
    put(tmp_path, "outside.mkv", "root/Movies/a.mkv")
    with pytest.raises((ServerLacks, ServerFailed)):
        FolderServer(str(tmp_path / "root")).part_bytes(key, 0, 4)


@pytest.mark.parametrize(
    "key", ["../outside.jpg", "/etc/hostname", ".hidden.jpg", "Movies/a.txt", "Movies/no.jpg"]
)
def test_only_pictures_below_the_root_are_shown(tmp_path: Path, key: str) -> None:
    put(tmp_path, "outside.jpg", "root/.hidden.jpg", "root/Movies/a.txt", content=b"\xff\xd8\xff")
    with pytest.raises(ServerLacks):
        FolderServer(str(tmp_path / "root")).image(key, width=1, height=1)


def test_a_picture_that_is_none_is_not_shown(tmp_path: Path) -> None:
    put(tmp_path, "Movies/poster.jpg", content=b"<html>")
    with pytest.raises(ServerAnswerWrong, match="no picture"):
        FolderServer(str(tmp_path)).image("Movies/poster.jpg", width=1, height=1)


def test_posters_lie_beside_their_films(tmp_path: Path) -> None:
    put(tmp_path, "Movies/A (2000)/A (2000).mkv", "Movies/A (2000)/poster.jpg", "Movies/A (2000)/fanart.png")
    put(
        tmp_path,
        "Movies/B (2001).mkv",
        "Movies/B (2001)-poster.jpg",
        "Movies/C (2002).mkv",
        "Movies/folder.jpg",
    )
    assert {film.title: (film.poster, film.art) for film in held(tmp_path, ItemKind.MOVIE)} == {
        "A": ("Movies/A (2000)/poster.jpg", "Movies/A (2000)/fanart.png"),
        "B": ("Movies/B (2001)-poster.jpg", ""),
        "C": ("", ""),
    }


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["Show.S01E01.mkv", "Show.S01E02.mkv", "Alien (1979).mkv"], LibraryKind.SHOWS),
        (["Alien (1979).mkv", "Matrix (1999).mkv"], LibraryKind.MOVIES),
        (["Band/Album/01 - Song.flac"], LibraryKind.MUSIC),
    ],
)
def test_a_folder_without_a_telling_name_is_judged_by_what_is_inside(
    tmp_path: Path, names: list[str], kind: LibraryKind
) -> None:
    put(tmp_path / "x", *names)
    (library,) = FolderServer(str(tmp_path / "x")).libraries()
    assert library.kind is kind


def test_a_folder_below_that_cannot_be_read_fails_the_whole_listing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, "Movies/A (2000).mkv", "Movies/locked/B (2001).mkv")
    real = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(
        ServerFailed, match=r"locked cannot be read \(Permission denied\).* nothing was changed"
    ):
        held(tmp_path, ItemKind.MOVIE)


def test_a_library_whose_disk_is_away_is_unreachable(tmp_path: Path) -> None:
    put(tmp_path, "Movies/A (2000).mkv", "TV/B.S01E01.mkv")
    server = FolderServer(str(tmp_path))
    movies = server.libraries()[0]
    (tmp_path / "Movies" / "A (2000).mkv").rename(tmp_path / "elsewhere")
    with pytest.raises(ServerUnreachable, match=r"Movies is empty; if a disk belongs there, mount it"):
        server.items(movies, ItemKind.MOVIE)


@pytest.mark.parametrize(("gone", "error"), [("Movies", ServerUnreachable), ("Movies/C", ServerFailed)])
def test_a_disk_that_goes_away_while_it_is_read_is_no_disk_with_fewer_films(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str, error: type[Exception]
) -> None:
    root = tmp_path / "root"
    put(root, "Movies/A/A (2000).mkv", "Movies/B/B (2001).mkv", "Movies/C/C (2002).mkv")
    real = os.scandir

    def go_away(path: Path) -> object:
        if Path(path).name == "B":
            (root / gone).rename(tmp_path / "away")
        return real(path)

    monkeypatch.setattr(os, "scandir", go_away)
    with pytest.raises(error, match=r"othing was changed"):
        held(root, ItemKind.MOVIE)


def test_a_film_that_vanishes_before_it_is_looked_into_is_not_kept_as_one_of_no_length(
    tmp_path: Path, film: Callable[..., Film]
) -> None:
    root = tmp_path / "Movies"
    root.mkdir()
    for name in ("A (2000).mkv", "B (2001).mkv"):
        shutil.copy(film().path, root / name)
    server = FolderServer(str(root))
    (library,) = server.libraries()
    assert server.items(library, ItemKind.MOVIE, size=1).total == 2
    root.rename(tmp_path / "away")
    with pytest.raises(ServerFailed, match=r"B \(2001\).mkv vanished while its folder was read"):
        server.items(library, ItemKind.MOVIE, offset=1, size=1)
    (tmp_path / "away").rename(root)
    assert all(item.duration_ms > 0 for item in server.items(library, ItemKind.MOVIE).items)


def test_a_name_that_is_no_text_is_left_out(tmp_path: Path) -> None:
    put(tmp_path, "Movies/A (2000).mkv")
    (tmp_path / "Movies" / os.fsdecode(b"B\xff.mkv")).write_bytes(b"")
    assert {film.title for film in held(tmp_path, ItemKind.MOVIE)} == {"A"}


def test_a_film_that_was_replaced_is_looked_into_again(tmp_path: Path) -> None:
    put(tmp_path, "Movies/A (2000).mkv")
    before = held(tmp_path, ItemKind.MOVIE)[0]
    put(tmp_path, "Movies/A (2000).mkv", content=b"other bytes, other size")
    after = held(tmp_path, ItemKind.MOVIE)[0]
    assert (before.versions[0].parts[0].size, after.versions[0].parts[0].size) == (7, 23)
    assert before.key == after.key


@pytest.mark.parametrize(
    ("stem", "show", "season", "number"),
    [
        ("Lamp - S01E02 - Wick", "Lamp", 1, 2),
        ("lamp.1x05.hdtv", "lamp", 1, 5),
        ("Lamp S01E03-E04", "Lamp", 1, 3),
        ("S02E01", "", 2, 1),
    ],
)
def test_names_of_episodes_are_read(stem: str, show: str, season: int, number: int) -> None:
    told = naming.episode_name(stem)
    assert (told.show, told.season, told.number) == (show, season, number)
