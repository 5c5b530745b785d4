from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import PreviewInvalid, TargetUnwritable
from projectionist.frames import jpeg, trickplay
from projectionist.frames.trickplay import SheetWriter, sheets_path
from tests.pictures import contents, picture, planes

COMMENT = '{"tool":"projectionist","thumbnails":%d}'


def make(folder: Path, count: int, *, comment: str | None = None, columns: int = 10, rows: int = 10) -> Path:
    trickplay_folder = folder / "Film.trickplay"
    target = sheets_path(trickplay_folder, 32, columns, rows)
    with SheetWriter(target, columns=columns, rows=rows) as writer:
        for number in range(count):
            writer.add(*planes(number))
        writer.finish(comment if comment is not None else COMMENT % count)
    return target


def rgb(tile: bytes) -> npt.NDArray[np.int64]:
    return jpeg.decode(tile).astype(np.int64)


def test_sheets_are_named_and_sized_as_jellyfin_wants_them(tmp_path: Path) -> None:
    make(tmp_path, 137)
    made = contents(tmp_path)
    assert list(made) == ["Film.trickplay/32 - 10x10/0.jpg", "Film.trickplay/32 - 10x10/1.jpg"]
    assert [jpeg.dimensions(sheet) for sheet in made.values()] == [(320, 180), (320, 180)]
    assert simplejpeg.decode_jpeg_header(made["Film.trickplay/32 - 10x10/1.jpg"])[3] == "420"


def test_tiles_stand_in_reading_order_and_the_rest_is_black(tmp_path: Path) -> None:
    target = make(tmp_path, 137)
    sheet = jpeg.decode((target / "1.jpg").read_bytes()).astype(np.int64)
    for place in range(100):
        row, column = divmod(place, 10)
        tile = sheet[row * 18 + 3 : row * 18 + 15, column * 32 + 4 : column * 32 + 28]
        expected = rgb(picture(100 + place))[3:15, 4:28] if place < 37 else 0
        assert np.abs(tile - expected).mean() < (12 if place < 37 else 6), place


@pytest.mark.parametrize("count", [1, 99, 100, 101, 200])
def test_tiles_are_read_back_with_their_recorded_count(tmp_path: Path, count: int) -> None:
    made = trickplay.read_trickplay(make(tmp_path, count).parent)
    assert (made.count, made.count_is_guess) == (count, False)
    assert (made.tile_width, made.tile_height, made.columns, made.rows) == (32, 18, 10, 10)
    assert made.sheets == -(-count // 100)
    assert made.comment == COMMENT % count
    assert np.abs(rgb(made.picture(count - 1)) - rgb(picture(count - 1))).mean() < 15
    assert trickplay.problems(made.path.parent, deep=True) == []
    with pytest.raises(IndexError):
        made.picture(count)


def test_a_foreign_grid_is_read_and_its_count_is_guessed(tmp_path: Path) -> None:
    target = make(tmp_path, 7, columns=2, rows=2, comment="no record")
    assert target.name == "32 - 2x2"
    made = trickplay.read_trickplay(target)
    assert (made.count, made.count_is_guess, made.sheets) == (7, True, 2)
    assert len(list(made)) == 7


@pytest.mark.parametrize("claimed", ["400", "4", "0", "-1", "true", '"7"', "null", "[" * 5000])
def test_a_recorded_count_that_cannot_be_is_not_believed(tmp_path: Path, claimed: str) -> None:
    comment = f'{{"thumbnails":{claimed}}}' if len(claimed) < 9 else claimed
    made = trickplay.read_trickplay(make(tmp_path, 7, columns=2, rows=2, comment=comment))
    assert (made.count, made.count_is_guess) == (7, True)


def test_a_dark_last_picture_with_one_bright_spot_is_counted(tmp_path: Path) -> None:
    target = sheets_path(tmp_path / "Film.trickplay", 64)
    night, grey = np.zeros((36, 64), np.uint8), np.full((18, 32), 128, np.uint8)
    night[28:31, 55:58] = 200
    with SheetWriter(target) as writer:
        writer.add(*planes(5, 64, 36))
        writer.add(night, grey, grey)
        writer.finish("")
    assert trickplay.read_trickplay(target).count == 2


def test_other_widths_beside_it_are_kept(tmp_path: Path) -> None:
    other = tmp_path / "Film.trickplay" / "640 - 10x10" / "0.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(picture(1, 640, 360))
    make(tmp_path, 3)
    make(tmp_path, 150)
    assert [name for name in contents(tmp_path) if "/640 " in name] == ["Film.trickplay/640 - 10x10/0.jpg"]
    assert trickplay.read_trickplay(other.parent.parent).tile_width == 64
    assert trickplay.read_trickplay(tmp_path / "Film.trickplay" / "32 - 10x10").count == 150


def test_sheets_that_are_replaced_leave_none_behind(tmp_path: Path) -> None:
    make(tmp_path, 250)
    make(tmp_path, 20)
    assert list(contents(tmp_path)) == ["Film.trickplay/32 - 10x10/0.jpg"]


def test_a_folder_with_anything_but_sheets_is_not_replaced(tmp_path: Path) -> None:
    target = make(tmp_path, 3)
    (target / "holiday.mkv").write_bytes(b"film")
    before = contents(tmp_path)
    with pytest.raises(TargetUnwritable, match=r"holds holiday\.mkv, which is no preview"):
        make(tmp_path, 5)
    assert contents(tmp_path) == before


def test_what_a_file_manager_left_does_not_keep_sheets_from_being_replaced(tmp_path: Path) -> None:
    target = make(tmp_path, 3)
    (target / "Thumbs.db").write_bytes(b"")
    (target / "@eaDir").mkdir()
    assert trickplay.problems(target) == []
    make(tmp_path, 5)
    assert list(contents(tmp_path)) == ["Film.trickplay/32 - 10x10/0.jpg"]


def test_sheets_that_are_not_finished_leave_no_trace(tmp_path: Path) -> None:
    with SheetWriter(sheets_path(tmp_path / "Film.trickplay", 32)) as writer:
        for number in range(250):
            writer.add(*planes(number))
    assert contents(tmp_path) == {}


def test_no_picture_makes_no_sheets(tmp_path: Path) -> None:
    with pytest.raises(PreviewInvalid, match="without any picture"):
        make(tmp_path, 0)
    assert contents(tmp_path) == {}


def test_sheets_larger_than_a_jpeg_are_refused_in_a_sentence(tmp_path: Path) -> None:
    y, half = np.zeros((2, 6552), np.uint8), np.zeros((1, 3276), np.uint8)
    with (
        SheetWriter(sheets_path(tmp_path / "Film.trickplay", 6552)) as writer,
        pytest.raises(PreviewInvalid, match="Sheets of 65520x20 pixels cannot be made"),
    ):
        writer.add(y, half, half)


def test_pictures_of_two_sizes_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    with SheetWriter(sheets_path(tmp_path / "Film.trickplay", 32)) as writer:
        writer.add(*planes(0))
        with pytest.raises(ValueError, match="among tiles"):
            writer.add(*planes(1, 32, 20))


def test_gaps_strays_and_wrong_sizes_are_listed(tmp_path: Path) -> None:
    target = make(tmp_path, 300)
    (target / "1.jpg").rename(target / "7.jpg")
    (target / "2.jpg").write_bytes(picture(0))
    (target / "notes.txt").write_text("mine")
    (target / "08.jpg").write_bytes(b"")
    assert trickplay.problems(target) == [
        "32 - 10x10: number 1 is missing before 2.jpg.",
        "32 - 10x10: it also holds 08.jpg, which is none of its pictures.",
        "32 - 10x10: it also holds notes.txt, which is none of its pictures.",
        "32 - 10x10: 2.jpg is 32x18, and the sheets before it are 320x180.",
    ]
    with pytest.raises(PreviewInvalid, match=r"number 1 is missing before 2\.jpg"):
        trickplay.read_trickplay(target)


def test_a_folder_that_promises_another_width_is_reported(tmp_path: Path) -> None:
    target = make(tmp_path, 3)
    wrong = target.rename(target.with_name("480 - 10x10"))
    assert trickplay.problems(wrong) == [
        "480 - 10x10: the tiles are 32 pixels wide, not 480 as the folder's name says."
    ]
    odd = wrong.rename(target.with_name("32 - 7x10"))
    assert trickplay.problems(odd) == ["32 - 7x10: 0.jpg is 320x180, which 7x10 tiles do not fill."]
    with pytest.raises(PreviewInvalid, match="7x10 tiles do not fill"):
        trickplay.read_trickplay(odd)


def test_a_truncated_sheet_is_named(tmp_path: Path) -> None:
    target = make(tmp_path, 130)
    whole = (target / "1.jpg").read_bytes()
    (target / "1.jpg").write_bytes(whole[: len(whole) // 2])
    (problem,) = trickplay.problems(target.parent)
    assert problem.startswith("32 - 10x10: 1.jpg: The picture ends at byte")
    with pytest.raises(PreviewInvalid, match=r"1\.jpg is broken: .*truncated"):
        trickplay.read_trickplay(target).picture(100)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "cannot be listed"), ("file", "cannot be listed"), ("empty.trickplay", "no folder of sheets"),
     ("320 - 10x10", "holds no pictures")],
)  # fmt: skip
def test_what_is_no_trickplay_is_refused(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "empty.trickplay").mkdir()
    (tmp_path / "320 - 10x10").mkdir()
    with pytest.raises(PreviewInvalid, match=reason):
        trickplay.read_trickplay(tmp_path / name)
    assert any(reason in problem for problem in trickplay.problems(tmp_path / name))


def test_an_older_sheet_is_there_until_the_new_ones_are_whole(tmp_path: Path) -> None:
    target = make(tmp_path, 3)
    before = contents(target)
    with SheetWriter(target) as writer:
        for number in range(150):
            writer.add(*planes(number))
        assert contents(target) == before
        writer.finish("new")
    assert len(contents(target)) == 2


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    rubbish = bytearray(SHEET)
    for place in draw(st.lists(st.integers(0, 400) | st.integers(0, len(SHEET) - 1), max_size=6)):
        rubbish[place] = draw(st.integers(0, 255))
    cut = draw(st.integers(0, len(rubbish)))
    return bytes(rubbish[:cut] if draw(st.booleans()) else rubbish)


SHEET = jpeg.with_comment(picture(1, 64, 36), '{"thumbnails":3}')


@given(mutated() | st.binary(max_size=200))
def test_rubbish_raises_nothing_but_preview_invalid(
    tmp_path_factory: pytest.TempPathFactory, rubbish: bytes
) -> None:
    folder = tmp_path_factory.getbasetemp() / "32 - 2x2"
    folder.mkdir(exist_ok=True)
    (folder / "0.jpg").write_bytes(rubbish)
    found = trickplay.problems(folder, deep=True)
    try:
        read = trickplay.read_trickplay(folder)
        pictures = list(read)
    except PreviewInvalid:
        assert found
    else:
        assert 0 < read.count <= 4
        assert len(pictures) == read.count
