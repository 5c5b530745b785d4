from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from projectionist.errors import PreviewInvalid, TargetUnwritable
from projectionist.frames import jpeg, picture_folder
from projectionist.frames.contact_sheet import contact_sheet
from projectionist.frames.picture_folder import read_picture_folder, write_picture_folder
from projectionist.frames.spool import Spool
from tests.pictures import contents, picture, spool_of


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "Film.thumbnails"


def make(target: Path, count: int, comment: str = "record") -> None:
    with spool_of(count, target.parent) as spool:
        write_picture_folder(target, spool, comment)


@pytest.mark.parametrize("in_memory", [0, 1000, 1 << 20])
def test_pictures_are_numbered_with_five_digits(target: Path, in_memory: int) -> None:
    with spool_of(12, target.parent, in_memory=in_memory) as spool:
        write_picture_folder(target, spool, "record")
    made = contents(target.parent)
    assert list(made) == [f"Film.thumbnails/{number:05}.jpg" for number in range(12)]
    assert made["Film.thumbnails/00000.jpg"] == jpeg.with_comment(picture(0), "record")
    assert made["Film.thumbnails/00011.jpg"] == picture(11)


def test_what_was_written_is_read_back(target: Path) -> None:
    make(target, 3)
    made = read_picture_folder(target)
    assert (len(made), made.count, made.comment) == (3, 3, "record")
    assert list(made)[1:] == [picture(1), picture(2)]
    assert picture_folder.problems(target, deep=True) == []
    with pytest.raises(IndexError):
        made.picture(3)


def test_a_replaced_folder_keeps_no_old_picture(target: Path) -> None:
    make(target, 9)
    make(target, 2, "new")
    assert len(contents(target)) == 2
    assert read_picture_folder(target).comment == "new"


def test_a_folder_with_anything_else_in_it_is_not_replaced(target: Path) -> None:
    target.mkdir()
    (target / "wedding.jpg").write_bytes(b"dear")
    with pytest.raises(TargetUnwritable, match=r"holds wedding\.jpg, which is no preview"):
        make(target, 2)
    assert contents(target.parent) == {"Film.thumbnails/wedding.jpg": b"dear"}


def test_no_picture_makes_no_folder(target: Path) -> None:
    with Spool(target.parent) as spool, pytest.raises(PreviewInvalid, match="without any picture"):
        write_picture_folder(target, spool, "record")
    assert contents(target.parent) == {}


def test_all_that_is_wrong_is_listed(target: Path) -> None:
    make(target, 6)
    (target / "00001.jpg").rename(target / "000002.jpg")
    (target / "00003.jpg").write_bytes(picture(3)[:100])
    (target / "00005.jpg").write_bytes(picture(5, 64, 36))
    (target / "notes.txt").write_text("mine")
    assert picture_folder.problems(target) == [
        "The number of 00002.jpg is taken twice.",
        "It also holds notes.txt, which is none of its pictures.",
        "00003.jpg: The picture ends at byte 100 inside the segment 0xdb from byte 89: it is truncated.",
        "00005.jpg has another size than the pictures before it.",
    ]


def test_a_gap_in_the_numbers_is_refused(target: Path) -> None:
    make(target, 3)
    (target / "00001.jpg").unlink()
    with pytest.raises(PreviewInvalid, match=r"number 1 is missing before 00002\.jpg"):
        read_picture_folder(target)


def test_a_contact_sheet_shows_evenly_chosen_pictures(target: Path) -> None:
    make(target, 250)
    sheet = jpeg.decode(contact_sheet(read_picture_folder(target), columns=3, most=6, tile_width=32))
    assert sheet.shape == (2 * (18 + 4) + 4, 3 * (32 + 4) + 4, 3)
    for place, number in enumerate((0, 50, 100, 149, 199, 249)):
        row, column = divmod(place, 3)
        tile = sheet[4 + row * 22 :, 4 + column * 36 :][10:16, 18:30].astype(int)
        assert np.abs(tile - jpeg.decode(picture(number))[10:16, 18:30]).mean() < 20, number


def test_a_contact_sheet_shows_a_broken_picture_as_a_grey_tile(target: Path) -> None:
    make(target, 3)
    (target / "00001.jpg").write_bytes(b"rubbish")
    sheet = jpeg.decode(contact_sheet(read_picture_folder(target), tile_width=32))
    assert np.abs(sheet[8:16, 46:66].astype(int) - 96).max() <= 8


def test_nothing_to_show_makes_no_contact_sheet(target: Path) -> None:
    make(target, 1)
    (target / "00000.jpg").write_bytes(b"rubbish")
    with pytest.raises(PreviewInvalid, match="no picture that could be shown"):
        contact_sheet(read_picture_folder(target))
