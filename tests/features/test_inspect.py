"""`previews inspect`: what a preview of any maker is and holds, and exactly what is wrong with a broken one."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import PreviewInvalid, UsageWrong
from projectionist.features.previews import service
from projectionist.features.previews.formats import Format
from projectionist.frames import jpeg
from projectionist.frames.bif import read_bif, write_bif
from projectionist.frames.picture_folder import write_picture_folder
from projectionist.frames.trickplay import SheetWriter, read_trickplay
from tests.features.command import Ran, previews
from tests.features.previews_library import ALL, Library, library
from tests.pictures import contents, picture, planes, spool_of

__all__ = ["library"]


@pytest.fixture
def ours(library: Library) -> Path:
    """A folder with the previews of one film in every format."""
    library.add("m/A.mkv")
    library.make("m", formats=ALL)
    return library.here / "previews"


def rows(ran: Ran) -> dict[str, str]:
    """What is printed for people, by its first word."""
    lines = [line.strip().partition("  ") for line in ran.out.splitlines()[1:] if line.startswith("  ")]
    return {name: text.strip() for name, _, text in lines}


def bif_of(
    path: Path, pictures: list[bytes], *, timestamps: list[int] | None = None, unit: int = 1000
) -> Path:
    """A BIF as another tool would write it."""
    timestamps = timestamps or list(range(len(pictures)))
    at = 64 + 8 * (len(pictures) + 1)
    table = b""
    for timestamp, one in zip(timestamps, pictures, strict=True):
        table += struct.pack("<II", timestamp, at)
        at += len(one)
    table += struct.pack("<II", 0xFFFFFFFF, at)
    head = struct.pack("<8sIII44x", b"\x89BIF\r\n\x1a\n", 0, len(pictures), unit)
    path.write_bytes(head + table + b"".join(pictures))
    return path


@pytest.mark.parametrize("name", ["A.bif", "A-64-1.bif"])
def test_a_bif_of_ours_is_told_in_words(ours: Path, name: str) -> None:
    ran = previews("inspect", ours / name)
    assert ran.status == 0
    assert rows(ran) == {
        "kind": "BIF",
        "pictures": "4, 64x36",
        "interval": "1 s",
        "bytes": f"{(ours / name).stat().st_size:,}",
        "made by": "Projectionist 0.1.0",
        "from": "A.mkv",
        "asked for": "every 1 s, 64 wide, quality 80, mode auto",
        "whole": "every picture decodes",
    }


def test_json_is_one_object_with_everything(ours: Path) -> None:
    (told,) = previews("inspect", ours / "A.bif", "--json").objects
    record = told.pop("record")
    assert told == {
        "path": str(ours / "A.bif"),
        "kind": "bif",
        "whole": True,
        "count": 4,
        "count_is_guess": False,
        "interval": 1,
        "interval_is_steady": True,
        "sizes": [[64, 36]],
        "bytes": (ours / "A.bif").stat().st_size,
        "grid": None,
        "others": [],
        "problems": [],
    }
    assert record["film"] == "A.mkv"
    assert record["thumbnails"] == 4


@pytest.mark.parametrize("name", ["A.trickplay", "A.trickplay/64 - 10x10"])
def test_a_trickplay_of_ours_tells_its_count_from_the_record(ours: Path, name: str) -> None:
    (told,) = previews("inspect", ours / name, "--json").objects
    assert (told["kind"], told["count"], told["count_is_guess"], told["interval"]) == (
        "trickplay",
        4,
        False,
        1,
    )
    assert told["sizes"] == [[64, 36]]
    assert told["grid"] == {"sheets": 1, "columns": 10, "rows": 10}
    assert told["bytes"] == (ours / "A.trickplay/64 - 10x10/0.jpg").stat().st_size


def test_a_folder_of_jpegs_of_ours_is_told_by_its_record(ours: Path) -> None:
    (told,) = previews("inspect", ours / "A.thumbnails", "--json").objects
    assert (told["kind"], told["count"], told["interval"], told["whole"]) == ("jpeg", 4, 1, True)
    assert told["bytes"] == sum(path.stat().st_size for path in (ours / "A.thumbnails").iterdir())


def test_sheets_of_other_widths_are_named(library: Library, ours: Path) -> None:
    library.make("m", formats=[Format.TRICKPLAY], width=32)
    ran = previews("inspect", ours / "A.trickplay")
    assert rows(ran)["pictures"] == "4, 64x36"
    assert rows(ran)["also there"].startswith("32 - 10x10")


def test_what_a_damaged_film_left_is_told(tmp_path: Path, ours: Path) -> None:
    with read_bif(ours / "A.bif") as opened:
        record = json.loads(opened.comment or "")
    with spool_of(4, tmp_path) as pictures:
        write_bif(
            tmp_path / "A.bif", pictures, 1000, json.dumps({**record, "damaged": True, "max_height": 48})
        )
    ran = previews("inspect", tmp_path / "A.bif")
    assert "damaged" in rows(ran)["note"]
    assert "within 64x48" in rows(ran)["asked for"]


# Of other makers.


def test_a_bif_of_another_tool_is_read(tmp_path: Path) -> None:
    path = bif_of(tmp_path / "index-sd.bif", [picture(k) for k in range(5)], unit=2000)
    ran = previews("inspect", path)
    assert ran.status == 0
    assert rows(ran)["made by"].startswith("another tool")
    assert rows(ran)["interval"] == "2 s"


def test_an_interval_that_varies_is_said_so(tmp_path: Path) -> None:
    path = bif_of(tmp_path / "a.bif", [picture(k) for k in range(4)], timestamps=[0, 2, 4, 7])
    assert rows(previews("inspect", path))["interval"] == "2 s, as a rule: it varies"


def test_trickplay_of_another_tool_has_a_guessed_count(tmp_path: Path) -> None:
    folder = tmp_path / "A.trickplay/32 - 5x4"
    with SheetWriter(folder, columns=5, rows=4) as sheets:
        for number in range(27):
            sheets.add(*planes(number))
        sheets.finish("")
    ran = previews("inspect", tmp_path / "A.trickplay")
    assert ran.status == 0
    assert rows(ran)["pictures"].startswith("27 (a guess")
    assert rows(ran)["interval"] == "not told by the preview"
    assert rows(ran)["sheets"] == "2 of 5 x 4 tiles"


def test_jpegs_of_another_tool_are_taken_as_a_person_counts_them(tmp_path: Path) -> None:
    for number in range(1, 13):
        (tmp_path / f"img_{number}.JPG").write_bytes(picture(number))
    (tmp_path / "notes.txt").write_text("not a picture")
    out = tmp_path.with_name("out.jpg")
    ran = previews("inspect", tmp_path, "--frame", "9", "--save", out)
    assert ran.status == 0
    assert rows(ran)["pictures"] == "12, 32x18"
    assert out.read_bytes() == picture(10)


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        ([1, 2, 3, 5, 6], ["Number 4 is missing before 5.jpg."]),
        ([0, 10, 20, 30], []),
        ([1, 2], []),
    ],
)
def test_a_gap_among_counted_jpegs_is_a_problem(tmp_path: Path, names: list[int], missing: list[str]) -> None:
    for number in names:
        (tmp_path / f"{number}.jpg").write_bytes(picture(number))
    ran = previews("inspect", tmp_path, "--json")
    assert ran.objects[0]["problems"] == missing
    assert ran.status == bool(missing)


# Saving.


def test_a_picture_is_saved_as_it_is(ours: Path, tmp_path: Path) -> None:
    out = tmp_path / "made/for/it.jpg"
    assert previews("inspect", ours / "A.bif", "--frame", "3", "--save", out).status == 0
    with read_bif(ours / "A.bif") as opened:
        assert out.read_bytes() == opened.picture(3)


def test_a_tile_is_cut_out_of_its_sheet(ours: Path, tmp_path: Path) -> None:
    out = tmp_path / "tile.jpg"
    previews("inspect", ours / "A.trickplay", "--frame", "2", "--save", out)
    assert out.read_bytes() == read_trickplay(ours / "A.trickplay").picture(2)
    assert jpeg.dimensions(out.read_bytes()) == (64, 36)


@pytest.mark.parametrize("name", ["A.bif", "A.trickplay", "A.thumbnails"])
def test_a_contact_sheet_shows_the_pictures(ours: Path, tmp_path: Path, name: str) -> None:
    out = tmp_path / "sheet.jpg"
    assert previews("inspect", ours / name, "--contact-sheet", out).status == 0
    assert jpeg.decode(out.read_bytes()).shape == (4 + 94, 4 + 4 * 164, 3)


def test_a_broken_bif_still_gives_the_pictures_it_has(ours: Path, tmp_path: Path) -> None:
    os.truncate(ours / "A.bif", (ours / "A.bif").stat().st_size - 5)
    out, sheet = tmp_path / "0.jpg", tmp_path / "sheet.jpg"
    ran = previews("inspect", ours / "A.bif", "--frame", "0", "--save", out, "--contact-sheet", sheet)
    assert ran.status == 1
    assert jpeg.dimensions(out.read_bytes()) == (64, 36)
    jpeg.decode(sheet.read_bytes())
    last = previews("inspect", ours / "A.bif", "--frame", "3", "--save", tmp_path / "3.jpg")
    assert last.status == 1
    assert "broken" in rows(last)
    assert "picture 3" in last.err
    assert not (tmp_path / "3.jpg").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.bif"], "does not exist"),
        (["A.bif/inside"], "does not exist"),
        (["A.bif", "--frame", "1"], "--save"),
        (["A.bif", "--save", "out.jpg"], "--frame"),
        (["A.bif", "--frame", "4", "--save", "out.jpg"], "0 to 3"),
        (["A.bif", "--frame", "-1", "--save", "out.jpg"], "0 to 3"),
        (["A.bif", "--frame", "x", "--save", "out.jpg"], "valid int"),
        (["A.bif", "--frame", "0", "--save", "A.bif"], "part of the preview"),
        (["A.bif", "--frame", "0", "--save", "link.bif"], "part of the preview"),
        (["A.bif", "--contact-sheet", "A.bif"], "part of the preview"),
        (["A.trickplay", "--contact-sheet", "A.trickplay/64 - 10x10/1.jpg"], "part of the preview"),
        (["A.thumbnails", "--frame", "0", "--save", "A.thumbnails/00000.jpg"], "part of the preview"),
        (["A.bif", "--contact-sheet", "."], "is a folder"),
        (["A.bif", "--frame", "0", "--save", "x.jpg", "--contact-sheet", "./x.jpg"], "different names"),
        ([], "FILE"),
    ],
)
def test_wrong_use_is_said_in_a_sentence_and_changes_nothing(
    ours: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    (ours / "link.bif").symlink_to("A.bif")
    before = contents(ours)
    monkeypatch.chdir(ours)
    ran = previews("inspect", *arguments)
    assert ran.status == 2
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert contents(ours) == before


# Broken ones.


def patched(at: int, content: bytes) -> Callable[[bytearray], bytes]:
    """Overwrite bytes at `at`."""

    def patch(whole: bytearray) -> bytes:
        whole[at : at + len(content)] = content
        return bytes(whole)

    return patch


def entry(
    number: int, *, timestamp: int | None = None, offset: int | None = None
) -> Callable[[bytearray], bytes]:
    """Overwrite an entry of the table."""
    at, value = (64 + 8 * number, timestamp) if offset is None else (68 + 8 * number, offset)
    return patched(at, struct.pack("<I", value))


def without_end_marker(whole: bytearray) -> bytes:
    """Break the JPEG of picture 1."""
    end = struct.unpack_from("<I", whole, 68 + 8 * 2)[0]
    whole[end - 2 : end] = b"\x00\x00"
    return bytes(whole)


def with_noise_for_tables(whole: bytearray) -> bytes:
    """Break what only decoding shows: the Huffman tables of picture 2."""
    start = struct.unpack_from("<I", whole, 68 + 8 * 2)[0]
    at = whole.index(b"\xff\xc4", start)
    whole[at + 5 : at + 21] = bytes([255] * 16)
    return bytes(whole)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda whole: b"", "is something else"),
        (lambda whole: b"just text, renamed", "is something else"),
        (lambda whole: bytes(whole[:40]), "inside the 64 bytes of its header"),
        (lambda whole: bytes(whole[:80]), "table would end at byte 104"),
        (lambda whole: bytes(whole[:-1]), "The end entry of the table points to byte"),
        (lambda whole: bytes(whole) + b"more", "but the file goes on"),
        (patched(0, b"\x89PNG"), "is something else"),
        (patched(8, b"\x07"), "version 7"),
        (patched(12, b"\xff\xff\xff\xff"), "4294967295 pictures"),
        (patched(12, b"\x00\x00\x00\x00"), "holds no picture"),
        (patched(30, b"x"), "reserved bytes"),
        (entry(4, timestamp=4), "end mark"),
        (entry(2, timestamp=1), "Entry 2 of the table has the timestamp 1"),
        (entry(1, offset=70), "Entry 1 of the table points to byte 70"),
        (entry(2, offset=1 << 31), "beyond the end of the file"),
        (entry(0, offset=8), "inside the table"),
        (without_end_marker, "Picture 1 at byte"),
        (with_noise_for_tables, "Picture 2 at byte"),
    ],
)
def test_every_break_of_a_bif_is_named(ours: Path, damage: Callable[[bytearray], bytes], said: str) -> None:
    path = ours / "A.bif"
    path.write_bytes(damage(bytearray(path.read_bytes())))
    ran = previews("inspect", path)
    assert ran.status == 1
    assert said in ran.out
    assert ran.err == ""
    (told,) = previews("inspect", path, "--json").objects
    assert not told["whole"]
    assert told["problems"]


def broken_trickplay(path: Path, how: str) -> None:
    """Sheets of 250 tiles, broken."""
    folder = path / "32 - 10x10"
    with SheetWriter(folder) as sheets:
        for number in range(250):
            sheets.add(*planes(number))
        sheets.finish("")
    if how == "a sheet is missing":
        (folder / "1.jpg").unlink()
    elif how == "a sheet is cut":
        os.truncate(folder / "2.jpg", 200)
    elif how == "a stranger":
        (folder / "notes.txt").write_text("mine")
    elif how == "another width":
        folder.rename(path / "48 - 10x10")
    elif how == "another grid":
        folder.rename(path / "32 - 7x7")
    elif how == "no sheets":
        shutil.rmtree(folder)
        folder.mkdir()
    elif how == "no folder of sheets":
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("a sheet is missing", "32 - 10x10: number 1 is missing before 2.jpg."),
        ("a sheet is cut", "32 - 10x10: 2.jpg: The picture ends at byte 200"),
        ("a stranger", "notes.txt"),
        ("another width", "32 pixels wide, not 48"),
        ("another grid", "do not fill"),
        ("no sheets", "holds no pictures"),
        ("no folder of sheets", "holds no folder of sheets"),
    ],
)
def test_every_break_of_trickplay_is_named(tmp_path: Path, how: str, said: str) -> None:
    path = tmp_path / "A.trickplay"
    broken_trickplay(path, how)
    ran = previews("inspect", path, "--contact-sheet", tmp_path / "sheet.jpg")
    assert ran.status == 1
    assert said in ran.out
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("00002.jpg", None, "Number 2 is missing before 00003.jpg."),
        ("00002.jpg", b"\xff\xd8\xff", "00002.jpg: The picture"),
        ("00002.jpg", picture(2, 16, 16), "00002.jpg has another size"),
        ("readme.txt", b"mine", "readme.txt"),
    ],
)
def test_every_break_of_a_folder_of_ours_is_named(
    ours: Path, name: str, content: bytes | None, said: str
) -> None:
    path = ours / "A.thumbnails" / name
    path.unlink() if content is None else path.write_bytes(content)
    ran = previews("inspect", ours / "A.thumbnails")
    assert ran.status == 1
    assert said in ran.out


def test_a_preview_that_contradicts_its_record_is_broken(ours: Path, tmp_path: Path) -> None:
    with read_bif(ours / "A.bif") as opened:
        comment = opened.comment or ""
    with spool_of(3, tmp_path) as pictures:
        write_bif(tmp_path / "A.bif", pictures, 2000, comment)
        write_picture_folder(tmp_path / "A.thumbnails", pictures, comment)
    assert previews("inspect", tmp_path / "A.bif", "--json").objects[0]["problems"] == [
        "Its record tells of 4 pictures, but it holds 3.",
        "Its record tells of an interval of 1000 ms, but its table of 2000.",
    ]
    assert previews("inspect", tmp_path / "A.thumbnails").status == 1


@pytest.mark.parametrize(
    "comment",
    ["[" * 60_000, '{"tool":"projectionist"}', "NaN", '{"tool":"projectionist","film":[]}', "\x00"],
)
def test_a_forged_record_is_another_tools(tmp_path: Path, comment: str) -> None:
    with spool_of(3, tmp_path) as pictures:
        write_bif(tmp_path / "A.bif", pictures, 1000, comment)
    ran = previews("inspect", tmp_path / "A.bif")
    assert ran.status == 0
    assert rows(ran)["made by"].startswith("another tool")


@pytest.mark.parametrize("name", ["film", "thumbnails", "interval_ms", "max_height", "version", "quality"])
def test_a_record_of_the_wrong_kinds_is_another_tools(ours: Path, tmp_path: Path, name: str) -> None:
    with read_bif(ours / "A.bif") as opened:
        record = json.loads(opened.comment or "")
    with spool_of(4, tmp_path) as pictures:
        write_bif(tmp_path / "A.bif", pictures, 1000, json.dumps({**record, name: ["no"]}))
    assert rows(previews("inspect", tmp_path / "A.bif"))["made by"].startswith("another tool")


@pytest.mark.parametrize("what", ["a folder of films", "an empty folder", "a pipe", "a socket", "a device"])
def test_what_is_no_preview_is_said_to_be_none(library: Library, what: str) -> None:
    path = library.here / "x"
    if what == "a folder of films":
        library.add("x/A.mkv")
    elif what == "an empty folder":
        path.mkdir()
    elif what == "a pipe":
        os.mkfifo(path)
    elif what == "a socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
    else:
        path = Path("/dev/zero")
    ran = previews("inspect", path, "--contact-sheet", library.here / "sheet.jpg")
    assert ran.status == 1
    assert rows(ran)["kind"] == "no preview that can be read"
    assert "Traceback" not in ran.err


def test_control_characters_of_names_are_made_visible(tmp_path: Path) -> None:
    path = bif_of(tmp_path / "a\x1b[31m\udcff.bif", [picture(0)])
    ran = previews("inspect", path)
    assert ran.status == 0
    assert "\x1b" not in ran.out
    (told,) = previews("inspect", path, "--json").objects
    assert told["path"] == str(path)


WHOLE = [picture(k) for k in range(4)]


@given(st.data())
def test_no_rubbish_makes_it_stumble(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp()
    path = bif_of(folder / "rubbish.bif", WHOLE)
    whole = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, 200) | st.integers(0, len(whole) - 1))
        whole[at] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)) | st.just(len(whole)))])
    service.inspect(path)
    with suppress(PreviewInvalid):
        service.save_contact_sheet(path, folder / "sheet.jpg")
    with suppress(PreviewInvalid, UsageWrong):
        service.save_picture(path, 0, folder / "0.jpg")
