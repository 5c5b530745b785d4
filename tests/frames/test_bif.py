from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import PreviewInvalid
from projectionist.frames import bif, jpeg
from projectionist.frames.spool import Spool
from tests.pictures import contents, picture, spool_of

MAGIC = bytes.fromhex("894249460d0a1a0a")
COMMENT = '{"tool":"projectionist","thumbnails":5}'


def lay_out(
    pictures: list[bytes],
    *,
    multiplier: int = 1000,
    timestamps: list[int] | None = None,
    gap: bytes = b"",
    reserved: bytes = bytes(44),
    version: int = 0,
    tail: bytes = b"",
) -> bytes:
    """A BIF by the letter of the specification, independent of the writer under test."""
    at = 64 + 8 * len(pictures) + 8 + len(gap)
    table = b""
    for number, one in enumerate(pictures):
        table += struct.pack("<II", timestamps[number] if timestamps else number, at)
        at += len(one)
    table += b"\xff\xff\xff\xff" + struct.pack("<I", at)
    header = MAGIC + struct.pack("<III", version, len(pictures), multiplier) + reserved
    return header + table + gap + b"".join(pictures) + tail


PICTURES = [picture(number) for number in range(3)]
REAL = lay_out(PICTURES)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "Film.bif"


def save(folder: Path, content: bytes) -> Path:
    path = folder / "some.bif"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_every_byte_is_where_the_format_wants_it(target: Path, in_memory: int) -> None:
    with spool_of(5, target.parent, in_memory=in_memory) as spool:
        bif.write_bif(target, spool, 10_000, COMMENT)
    first = jpeg.with_comment(picture(0), COMMENT)
    expected = lay_out([first, *(picture(number) for number in range(1, 5))], multiplier=10_000)
    assert contents(target.parent) == {"Film.bif": expected}


def test_what_was_written_is_read_back(target: Path) -> None:
    with spool_of(5, target.parent) as spool:
        bif.write_bif(target, spool, 2500, COMMENT)
    with bif.read_bif(target) as made:
        assert (len(made), made.count, made.interval_ms, made.version) == (5, 5, 2500, 0)
        assert made.times_ms.tolist() == [0, 2500, 5000, 7500, 10000]
        assert made.comment == COMMENT
        assert list(made)[1:] == [picture(number) for number in range(1, 5)]
    assert bif.problems(target, deep=True) == []


def test_one_spool_serves_several_outputs(target: Path) -> None:
    with spool_of(3, target.parent) as spool:
        bif.write_bif(target, spool, 1000, "one")
        bif.write_bif(target.with_name("Film-32-1.bif"), spool, 1000, "two")
    with bif.read_bif(target) as one, bif.read_bif(target.with_name("Film-32-1.bif")) as two:
        assert (one.comment, two.comment) == ("one", "two")
        assert list(one)[1:] == list(two)[1:]


def test_no_picture_makes_no_file(target: Path) -> None:
    with Spool(target.parent) as spool, pytest.raises(PreviewInvalid, match="without any picture"):
        bif.write_bif(target, spool, 1000, COMMENT)
    assert not target.parent.exists()


class EndlessSpool(Spool):
    """Says that it holds more than a BIF can address."""

    @property
    def lengths(self) -> list[int]:
        return [1 << 31] * 3


def test_more_than_four_gigabytes_are_refused_before_anything_is_written(target: Path) -> None:
    with EndlessSpool(target.parent) as spool:
        spool.add(picture(0))
        with pytest.raises(PreviewInvalid, match=r"cannot go beyond .* 4 GiB; choose a longer interval"):
            bif.write_bif(target, spool, 1000, COMMENT)
    assert not target.parent.exists()


def test_a_foreign_bif_is_read_as_the_specification_permits(tmp_path: Path) -> None:
    path = save(tmp_path, lay_out(PICTURES, multiplier=0, timestamps=[7, 17, 27], gap=bytes(100)))
    with bif.read_bif(path) as foreign:
        assert foreign.multiplier_ms == 1000
        assert foreign.interval_ms == 10_000
        assert foreign.times_ms.tolist() == [7000, 17_000, 27_000]
        assert list(foreign) == PICTURES
        assert foreign.comment is None
    assert bif.problems(path, deep=True) == []


def test_a_single_picture_has_the_multiplier_as_interval(tmp_path: Path) -> None:
    with bif.read_bif(save(tmp_path, lay_out(PICTURES[:1], multiplier=5000))) as single:
        assert single.interval_ms == 5000


def test_pictures_beyond_the_count_do_not_exist(tmp_path: Path) -> None:
    with bif.read_bif(save(tmp_path, REAL)) as real:
        for number in (-1, 3):
            with pytest.raises(IndexError):
                real.picture(number)


@pytest.mark.parametrize("length", [*range(200), *range(200, len(REAL), 41), len(REAL) - 1])
def test_a_bif_cut_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    path = save(tmp_path, REAL[:length])
    with pytest.raises(PreviewInvalid, match=r"truncated|does not begin"):
        bif.read_bif(path)
    assert bif.problems(path)


def with_entry(number: int, timestamp: int, offset: int) -> bytes:
    at = 64 + 8 * number
    return REAL[:at] + struct.pack("<II", timestamp, offset) + REAL[at + 8 :]


END = len(REAL)
FIRST = 64 + 8 * 4
SECOND = FIRST + len(PICTURES[0])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "does not begin as a BIF does"),
        (b"RIFF" + REAL[4:], "does not begin as a BIF does"),
        (lay_out(PICTURES, version=1), "claims version 1"),
        (with_entry(1, 1, END + 5), f"entry 1 of the table points to byte {END + 5}, beyond the end of the file at"),
        (with_entry(1, 1, FIRST), f"entry 1 of the table points to byte {FIRST}, not behind the start of picture 0"),
        (with_entry(0, 0, 40), "entry 0 of the table points to byte 40, inside the table"),
        (with_entry(2, 1, SECOND + len(PICTURES[1])), "entry 2 of the table has the timestamp 1, which does not"),
        (with_entry(3, 3, END), "end mark but with 0x00000003"),
        (with_entry(3, 0xFFFFFFFF, END + 1), "the end entry of the table points to byte"),
        (lay_out(PICTURES, tail=b"more"), f"its last picture ends at byte {END}, but the file goes on to {END + 4}"),
    ],
)  # fmt: skip
def test_a_broken_bif_is_refused_with_the_place(tmp_path: Path, broken: bytes, reason: str) -> None:
    path = save(tmp_path, broken)
    with pytest.raises(PreviewInvalid, match=reason):
        bif.read_bif(path)
    assert any(reason.lower() in problem.lower() for problem in bif.problems(path))


def test_all_that_is_wrong_is_listed(tmp_path: Path) -> None:
    broken = bytearray(
        lay_out([PICTURES[0], b"no picture", picture(1, 64, 36)], reserved=b"x" * 44, tail=b"y")
    )
    path = save(tmp_path, bytes(broken))
    assert bif.problems(path) == [
        f"Its last picture ends at byte {len(broken) - 1}, but the file goes on to {len(broken)}.",
        "The reserved bytes 20 to 63 of its header are not zero.",
        f"Picture 1 at byte {SECOND}: The picture does not begin with a JPEG's start marker.",
        "Picture 2 has another size than the pictures before it.",
    ]


def test_damaged_picture_data_is_found_only_by_looking_deep(tmp_path: Path) -> None:
    at = PICTURES[1].index(b"\xff\xda") + 14
    damaged = PICTURES[1][:at] + b"\xff\xd0" + PICTURES[1][at + 2 :]
    path = save(tmp_path, lay_out([PICTURES[0], damaged, PICTURES[2]]))
    assert bif.problems(path) == []
    (problem,) = bif.problems(path, deep=True)
    assert problem.startswith(f"Picture 1 at byte {SECOND}: The picture cannot be decoded")


def test_a_list_of_problems_ends(tmp_path: Path) -> None:
    path = save(tmp_path, lay_out([b"rubbish"] * 500))
    assert len(bif.problems(path)) == 51


def test_an_empty_bif_can_be_read_but_is_no_preview(tmp_path: Path) -> None:
    path = save(tmp_path, lay_out([]))
    with bif.read_bif(path) as empty:
        assert (empty.count, list(empty), empty.comment) == (0, [], None)
    assert bif.problems(path) == ["It holds no picture."]


@pytest.mark.parametrize("what", ["missing", "folder", "pipe"])
def test_what_is_no_file_is_no_bif(tmp_path: Path, what: str) -> None:
    path = tmp_path / what
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    with pytest.raises(PreviewInvalid, match=f"{path} (cannot be read|is no regular file)"):
        bif.read_bif(path)


@pytest.mark.parametrize("count", [4, 1 << 20, 1 << 21, 0x1FFFFFFF, 0xFFFFFFFF])
def test_claimed_sizes_cost_no_memory(tmp_path: Path, count: int) -> None:
    path = save(tmp_path, MAGIC + struct.pack("<III", 0, count, 1000) + bytes(44))
    os.truncate(path, (1 << 32) - 1 if count > 1 << 20 else 100)
    tracemalloc.start()
    try:
        with pytest.raises(PreviewInvalid, match=f"claims {count} pictures"):
            bif.read_bif(path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_picture_of_gigabytes_is_not_read(tmp_path: Path) -> None:
    end = 3 << 30
    header = MAGIC + struct.pack("<III", 0, 1, 1000) + bytes(44)
    path = save(tmp_path, header + struct.pack("<IIII", 0, 80, 0xFFFFFFFF, end))
    os.truncate(path, end)
    with (
        bif.read_bif(path) as huge,
        pytest.raises(PreviewInvalid, match=r"claims .* bytes, more than any preview"),
    ):
        huge.picture(0)


def test_a_bif_that_shrinks_while_it_is_open_says_so(tmp_path: Path) -> None:
    far = bytes(1 << 20)  # beyond what is read ahead
    path = save(tmp_path, lay_out(PICTURES, gap=far))
    with bif.read_bif(path) as shrinking:
        os.truncate(path, SECOND + len(far))
        with pytest.raises(PreviewInvalid, match="ends inside picture 1"):
            shrinking.picture(1)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    rubbish = bytearray(REAL)
    for place in draw(st.lists(st.integers(8, FIRST) | st.integers(0, len(rubbish) - 1), max_size=8)):
        rubbish[place] = draw(st.sampled_from((0, 1, 0x7F, 0x80, 0xFF)) | st.integers(0, 255))
    cut = draw(st.integers(0, len(rubbish)))
    return bytes(rubbish[:cut] if draw(st.booleans()) else rubbish)


@given(mutated() | st.binary(max_size=300).map(MAGIC.__add__) | st.binary(max_size=100))
def test_rubbish_raises_nothing_but_preview_invalid(
    tmp_path_factory: pytest.TempPathFactory, rubbish: bytes
) -> None:
    path = save(tmp_path_factory.getbasetemp(), rubbish)
    found = bif.problems(path, deep=True)
    assert all(sentence.endswith(".") for sentence in found)
    try:
        with bif.read_bif(path) as read:
            count, pictures, times = read.count, list(read), read.times_ms.tolist()
    except PreviewInvalid:
        assert found
    else:
        assert len(pictures) == count
        assert times == sorted(set(times))
