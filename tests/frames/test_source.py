"""A film's file as it is read: what cannot be opened, and what changes or goes away meanwhile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projectionist.errors import (
    FilmChanged,
    FilmEmpty,
    FilmError,
    FilmUndecodable,
    FilmUnreadable,
    FilmVanished,
    NotAFilm,
)
from projectionist.features.previews.formats import Format
from projectionist.features.previews.making import Recipe, Task, make_previews
from projectionist.features.previews.outputs import Output
from projectionist.frames import Mode, Thumbnail, ThumbnailReader, Wanted, read_thumbnails
from projectionist.frames.source import SourceFile
from tests.films import FRAGMENTED, Film

MakeFilm = Callable[..., Film]

WANTED = Wanted(intervals_ms=(1000,), mode=Mode.KEYFRAME)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 3)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def replace(path: Path) -> None:
    other = path.with_name("other")
    shutil.copy2(path, other)
    other.replace(path)


def overwrite_in_place(path: Path) -> None:
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(before.st_size // 2)
        file.write(bytes(64))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))


HAPPENINGS = [
    (grow, FilmChanged),
    (shrink, FilmChanged),
    (empty, FilmChanged),
    (replace, FilmChanged),
    (overwrite_in_place, FilmChanged),
    (Path.unlink, FilmVanished),
]


@pytest.mark.parametrize(("happen", "error"), HAPPENINGS, ids=lambda one: getattr(one, "__name__", None))
@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("film.mkv", {}),
        ("film.mkv", {"seekable": False}),
        ("film.mp4", {}),
        ("film.mp4", {"muxer": FRAGMENTED}),
        ("film.ts", {}),
        ("film.avi", {"codec": "mpeg4"}),
    ],
    ids=repr,
)
def test_a_film_that_changes_in_mid_read_is_never_a_success(
    film: MakeFilm,
    tmp_path: Path,
    name: str,
    more: dict[str, object],
    happen: Callable[[Path], None],
    error: type[FilmError],
) -> None:
    original = film(name, seconds=9, gop=24, **more).path
    for after in (0, 2, 7):
        path = tmp_path / str(after) / name
        path.parent.mkdir()
        shutil.copyfile(original, path)
        with ThumbnailReader(SourceFile(path), WANTED) as reader:
            thumbnails = iter(reader)
            for _ in range(after):
                next(thumbnails)
            happen(path)
            with pytest.raises(error) as told:
                for _ in thumbnails:
                    pass
        assert str(path) in told.value.message
        assert told.value.retryable


def test_a_film_that_is_still_being_written_is_no_bad_film(film: MakeFilm, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(film("film.mp4", seconds=3).path.read_bytes()[:3000])
    source = SourceFile(path)
    grow(path)
    with pytest.raises(FilmChanged):
        ThumbnailReader(source, WANTED)


def test_no_preview_is_made_of_a_film_that_changes(film: MakeFilm, tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    shutil.copyfile(film("film.mkv", seconds=9, gop=24).path, path)
    output = Output(0, Format.BIF, tmp_path / "film.bif")
    changes = iter([lambda: grow(path)])

    def report(share: float) -> None:
        if share > 0.5:
            next(changes, lambda: None)()

    result = make_previews(Task(path, (output,), 1), Recipe(WANTED), report)
    assert (result.outcome, result.outputs, output.path.exists()) == ("changed", (), False)


def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    for path in (tmp_path, tmp_path / "pipe.mkv"):
        with pytest.raises(FilmUnreadable, match="not a regular file"):
            SourceFile(path)


def test_a_missing_empty_or_forbidden_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FilmVanished, match="not there"):
        SourceFile(tmp_path / "gone.mkv")
    (tmp_path / "empty.mkv").touch()
    with pytest.raises(FilmEmpty, match="empty"):
        SourceFile(tmp_path / "empty.mkv")
    with pytest.raises(FilmUnreadable, match="cannot be opened"):
        SourceFile(tmp_path / "empty.mkv" / "film.mkv")
    (tmp_path / "loop.mkv").symlink_to(tmp_path / "loop.mkv")
    with pytest.raises(FilmUnreadable, match="cannot be opened"):
        SourceFile(tmp_path / "loop.mkv")


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".ts", ".m2ts", ".mpg", ".avi", ".wmv", ""])
@pytest.mark.parametrize(
    "content",
    [b"x", b"This is a text, no film.\n" * 500, b"\0" * 100_000, b"\xff" * 5000, b"GIF89a" + b"\0" * 50],
    ids=["byte", "text", "zeros", "ones", "gif"],
)
def test_other_files_under_a_films_name_are_no_films(tmp_path: Path, suffix: str, content: bytes) -> None:
    path = tmp_path / f"film{suffix}"
    path.write_bytes(content)
    with pytest.raises((NotAFilm, FilmUndecodable), match=str(path)):
        list(read_thumbnails(path))


def test_no_file_stays_open_after_a_failure(film: MakeFilm, tmp_path: Path) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    (tmp_path / "text.mkv").write_text("no film")
    for path in (tmp_path / "text.mkv", film("film.m4a", codec=None, seconds=2, audio="aac").path):
        with pytest.raises(FilmError):
            ThumbnailReader(SourceFile(path), WANTED)
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_a_reader_left_in_the_middle_lets_go_of_all(film: MakeFilm) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    for name, more in (("film.mkv", {}), ("film.ts", {}), ("film.mkv", {"seekable": False})):
        for mode in Mode:
            wanted = Wanted(intervals_ms=(700,), mode=mode)
            thumbnails: Iterator[Thumbnail]
            with ThumbnailReader(SourceFile(film(name, seconds=9, **more).path), wanted) as reader:
                thumbnails = iter(reader)
                next(thumbnails)
            assert list(thumbnails) == []
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_reads_beyond_what_a_file_system_can_address_are_reads_past_the_end(tmp_path: Path) -> None:
    path = tmp_path / "film.bin"
    path.write_bytes(b"0123456789")
    with SourceFile(path) as source:
        assert source.pread(1 << 63 - 1, 10) == b""
        assert source.pread(8, 10) == b"89"
        assert source.seek(0, 0x10000) == 10
        assert (source.seek(-4, os.SEEK_END), source.read(10), source.tell()) == (6, b"6789", 10)
        assert source.bytes_read == 6
