"""What `from projectionist.frames import …` offers, used as the README shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import projectionist.frames
from projectionist.errors import FilmError
from projectionist.frames import (
    SheetWriter,
    Spool,
    Wanted,
    jpeg,
    read_bif,
    read_keyframes,
    read_thumbnails,
    read_trickplay,
    sheets_path,
    write_bif,
)
from tests.films import Film, read_frame_number


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in projectionist.frames.__all__:
        assert getattr(projectionist.frames, name).__doc__, name


def test_a_film_becomes_a_bif_and_sheets_in_a_few_lines(film: Callable[..., Film], tmp_path: Path) -> None:
    made = film("film.mkv", seconds=9)
    sheets = sheets_path(tmp_path / "film.trickplay", 320)
    with Spool(tmp_path) as spool, SheetWriter(sheets) as writer:
        for thumbnail in read_thumbnails(made.path, Wanted(intervals_ms=(2000,))):
            picture = thumbnail.picture
            assert (picture.y.shape, picture.u.shape, picture.v.shape) == ((180, 320), (90, 160), (90, 160))
            assert picture.y.dtype == np.uint8
            spool.add(jpeg.encode(picture.y, picture.u, picture.v, 80))
            writer.add(picture.y, picture.u, picture.v)
        write_bif(tmp_path / "film.bif", spool, 2000, comment="made by hand")
        writer.finish(comment="made by hand")
    with read_bif(tmp_path / "film.bif") as bif:
        assert [read_frame_number(picture) for picture in bif] == [
            made.nearest_keyframe(time) for time in (0, 2, 4, 6, 8)
        ]
        assert (bif.interval_ms, bif.comment) == (2000, "made by hand")
    assert read_trickplay(sheets).count == 5


def test_the_keyframes_are_an_array_of_nanoseconds(film: Callable[..., Film]) -> None:
    listed = read_keyframes(film("film.mp4", seconds=9).path)
    assert listed.times_ns.dtype == np.int64
    assert listed.times_ns.tolist() == [0, 2_000_000_000, 4_000_000_000, 6_000_000_000, 8_000_000_000]


def test_a_bad_film_raises_an_error_of_the_tree(tmp_path: Path) -> None:
    (tmp_path / "film.mkv").write_text("not a film")
    with pytest.raises(FilmError, match=r"film\.mkv"):
        list(read_thumbnails(tmp_path / "film.mkv"))
