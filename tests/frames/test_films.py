"""The test films are what they claim: every other test believes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest
import simplejpeg
from hypothesis import given
from hypothesis import strategies as st

from tests import vc1
from tests.films import (
    BT601,
    BT709,
    ENCRYPTED,
    FRAGMENTED,
    FULL_RANGE,
    HDR10,
    HLG,
    Color,
    Film,
    NumberUnreadable,
    make_film,
    punch_random,
    punch_zeros,
    read_colors,
    read_fields,
    read_frame_number,
    read_levels,
    truncate,
)
from tests.numbered import NUMBERS, NumberedPictures

INTERLACED: dict[str, Any] = {"interlaced": True, "fps": Fraction(25), "size": (352, 288)}

KINDS: list[tuple[str, dict[str, Any]]] = [
    ("h264.mkv", {"keyframes": (0, 7, 40)}),
    ("h264.mp4", {"keyframes": (0, 7, 40)}),
    ("h264.mov", {"audio": "aac"}),
    ("h264.ts", {"audio": "aac"}),
    ("h264.m2ts", {}),
    ("h264.avi", {"b_frames": 0}),
    ("h264.asf", {"b_frames": 0}),
    ("h264-10bit.mkv", {"pix_fmt": "yuv420p10le"}),
    ("h264-422.mkv", {"pix_fmt": "yuv422p"}),
    ("h264-444.mp4", {"pix_fmt": "yuv444p"}),
    ("h264-full-range.mp4", {"pix_fmt": "yuvj420p", "color": FULL_RANGE}),
    ("h264-open-gop.mkv", {"open_gop": True}),
    ("h264-interlaced.ts", INTERLACED),
    ("h264-fragments.mp4", {"muxer": FRAGMENTED, "audio": "aac"}),
    ("h264-fragments-in-one-go.mp4", {"muxer": FRAGMENTED, "seekable": False}),
    ("h264-index-first.mp4", {"muxer": {"movflags": "faststart"}, "cover": True}),
    ("h264-without-cues.mkv", {"seekable": False}),
    ("h264-live.mkv", {"muxer": {"live": "1"}}),
    ("h264-everything.mkv", {"audio": "aac", "subtitle": True, "cover": True}),
    ("h264-one-frame.mp4", {"frames": 1}),
    ("h264-one-frame.mkv", {"frames": 1}),
    ("h264-odd-size.mp4", {"size": (322, 182)}),
    ("h264-scope.mkv", {"size": (320, 134)}),
    ("hevc.mkv", {"codec": "hevc", "keyframes": (0, 7, 40)}),
    ("hevc-open-gop.mp4", {"codec": "hevc", "open_gop": True}),
    ("hevc-hdr10.mkv", {"codec": "hevc", "pix_fmt": "yuv420p10le", "color": HDR10}),
    ("hevc-hlg.ts", {"codec": "hevc", "pix_fmt": "yuv420p10le", "color": HLG}),
    ("hevc-12bit-444.mp4", {"codec": "hevc", "pix_fmt": "yuv444p12le"}),
    ("av1.mkv", {"codec": "av1", "keyframes": (0, 7, 40)}),
    ("av1-10bit.mp4", {"codec": "av1", "pix_fmt": "yuv420p10le"}),
    ("vp9.webm", {"codec": "vp9", "audio": "libopus", "keyframes": (0, 7, 40)}),
    ("vp9-444.mkv", {"codec": "vp9", "pix_fmt": "yuv444p"}),
    ("vp8.webm", {"codec": "vp8", "keyframes": (0, 7, 40)}),
    ("mpeg2.ts", {"codec": "mpeg2video", "frames": 50, "open_gop": True}),
    ("mpeg2-interlaced.mkv", {"codec": "mpeg2video", **INTERLACED}),
    ("mpeg4.avi", {"codec": "mpeg4", "b_frames": 0}),
    ("mpeg4.mp4", {"codec": "mpeg4", "keyframes": (0, 7, 40)}),
    ("prores.mov", {"codec": "prores"}),
    ("vc1.mkv", {"codec": "vc1"}),
    ("vc1.m2ts", {"codec": "vc1"}),
    ("vc1.wmv", {"codec": "vc1"}),
    ("vc1.mp4", {"codec": "vc1", "size": (640, 360)}),
    ("wmv2.wmv", {"codec": "wmv2", "audio": "wmav2"}),
    ("msmpeg4.avi", {"codec": "msmpeg4v3"}),
    ("mjpeg.avi", {"codec": "mjpeg", "color": FULL_RANGE}),
]


def make(folder: Path, name: str, **wanted: Any) -> Film:
    return make_film(folder / name, **{"seconds": 2, "gop": 24, **wanted})


def pictures(film: Film) -> Iterator[tuple[Fraction, npt.NDArray[np.uint8]]]:
    """Every picture as a player shows it: its time, and RGB turned upright."""
    with av.open(film.path) as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            rgb = frame.to_ndarray(format="rgb24")
            yield frame.pts * frame.time_base - film.start, np.rot90(rgb, frame.rotation // 90)


def thumbnail(picture: npt.NDArray[np.uint8], width: int, height: int) -> bytes:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    small = frame.reformat(width, height, interpolation="AREA").to_ndarray()
    jpeg: bytes = simplejpeg.encode_jpeg(np.ascontiguousarray(small), quality=80)
    return jpeg


@pytest.mark.parametrize(("name", "wanted"), KINDS, ids=[name for name, _ in KINDS])
def test_every_picture_says_its_number_and_is_shown_at_its_time(
    tmp_path: Path, name: str, wanted: dict[str, Any]
) -> None:
    film = make(tmp_path, name, **wanted)
    shown = [(read_frame_number(thumbnail(rgb, 320, 180)), time) for time, rgb in pictures(film)]
    assert shown == list(enumerate(film.times))


@pytest.mark.parametrize(("name", "wanted"), KINDS, ids=[name for name, _ in KINDS])
def test_frames_are_spaced_and_keyframes_placed_as_asked(
    tmp_path: Path, name: str, wanted: dict[str, Any]
) -> None:
    film = make(tmp_path, name, **wanted)
    asked = film.recipe.frame_times()
    assert len(film.times) == len(asked)
    guessed = film.path.suffix in (".avi", ".asf", ".wmv")  # by libavformat, from decoding times
    allowed = Fraction(1, 20) if guessed else Fraction(2, 1000)
    for time, wish in zip(film.times, asked, strict=True):
        assert abs((time - film.times[0]) - (wish - asked[0])) < allowed
    assert film.keyframes == keyframes_asked(film)


def keyframes_asked(film: Film) -> tuple[int, ...]:
    if film.recipe.codec in ("prores", "mjpeg", "vc1"):
        return tuple(range(len(film.times)))
    return film.recipe.keyframes or tuple(range(0, len(film.times), film.recipe.gop))


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts"])
def test_a_film_may_start_late_with_its_sound_earlier(tmp_path: Path, ending: str) -> None:
    film = make(tmp_path, f"late.{ending}", audio="aac", start=Fraction(5), audio_start=Fraction(9, 2))
    assert Fraction(9, 2) - Fraction(25, 1000) <= film.start <= Fraction(9, 2)  # less the encoder's lead-in
    assert film.start + film.times[0] == 5


def test_frames_may_be_unevenly_spaced(tmp_path: Path) -> None:
    film = make(tmp_path, "uneven.mp4", vfr=True)
    gaps = [(later - earlier) * 24 for earlier, later in zip(film.times, film.times[1:], strict=False)]
    assert gaps[:8] == [1, 1, 3, 2, 1, 1, 3, 2]


def test_times_may_be_chosen_freely(tmp_path: Path) -> None:
    times = tuple(Fraction(number, 10) + (20 if number > 5 else 0) for number in range(10))
    assert make(tmp_path, "gap.mp4", times=times).times == times


@pytest.mark.parametrize("name", ["turned.mp4", "turned.mkv"])
@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_film_is_readable_only_once_turned_upright(tmp_path: Path, name: str, rotation: int) -> None:
    film = make(tmp_path, name, rotation=rotation, frames=3)
    for number, (_, upright) in enumerate(pictures(film)):
        assert read_frame_number(upright) == number
        assert upright.shape[:2] == ((180, 320) if rotation == 180 else (320, 180))
        for wrong in (np.rot90(upright, turn) for turn in (1, 2, 3)):
            with pytest.raises(NumberUnreadable):
                read_frame_number(wrong)


@pytest.mark.parametrize("size", [(320, 180), (320, 134), (320, 240), (135, 240), (180, 320), (100, 240)])
def test_numbers_survive_any_thumbnail_shape(size: tuple[int, int]) -> None:
    for number in (0, 1, 127, 128, 5461, 10922, NUMBERS - 1):
        assert read_frame_number(thumbnail(drawn(number, size=(640, 360)), *size)) == number


@given(number=st.integers(0, NUMBERS - 1))
def test_a_mirrored_picture_is_refused(number: int) -> None:
    picture = drawn(number)
    assert read_frame_number(picture) == number
    for mirrored in (picture[::-1], picture[:, ::-1], picture[::-1, ::-1]):
        with pytest.raises(NumberUnreadable):
            read_frame_number(mirrored)


@given(number=st.integers(0, NUMBERS - 1), other=st.integers(0, NUMBERS - 1))
def test_a_blend_of_two_pictures_is_refused(number: int, other: int) -> None:
    blend = (drawn(number).astype(int) + drawn(other)) // 2
    if number == other:
        assert read_frame_number(blend) == number
    else:
        with pytest.raises(NumberUnreadable):
            read_frame_number(blend)


def test_one_wrong_cell_is_noticed() -> None:
    picture = drawn(1234).copy()
    picture[:60, :40] = 255 - picture[:60, :40]
    with pytest.raises(NumberUnreadable, match="parity"):
        read_frame_number(picture)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_flat_picture_has_no_number(level: int) -> None:
    with pytest.raises(NumberUnreadable):
        read_frame_number(np.full((180, 320), level, np.uint8))


def drawn(number: int, size: tuple[int, int] = (320, 180)) -> npt.NDArray[np.uint8]:
    """The picture of this number as RGB, not encoded."""
    frame = NumberedPictures(size, "yuv444p", BT601).frame(number)
    return np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)


@pytest.mark.parametrize("color", [BT601, BT709, FULL_RANGE])
def test_colours_come_out_as_drawn_where_matrix_and_range_are_obeyed(tmp_path: Path, color: Color) -> None:
    film = make(tmp_path, "colours.mp4", color=color, frames=2, pix_fmt="yuv444p")
    with av.open(film.path) as container:
        frame = next(container.decode(video=0))
        flagged = (frame.color_primaries, frame.color_trc, frame.colorspace)
        assert flagged == (color.primaries, color.transfer, color.matrix)
        source = "ITU709" if color.matrix == 1 else "ITU601"
        rgb = np.asarray(frame.to_ndarray(format="rgb24", src_colorspace=source), np.uint8)
    assert np.abs(read_colors(rgb) - np.eye(3) * 255).max() < 8
    black, white = read_levels(rgb)
    assert black < 3
    assert white > 252


@pytest.mark.parametrize(("color", "level"), [(HDR10, 0.5807), (HLG, 0.75)])
def test_hdr_is_flagged_and_its_white_is_at_the_reference_level(
    tmp_path: Path, color: Color, level: float
) -> None:
    film = make(tmp_path, "hdr.mkv", codec="hevc", pix_fmt="yuv420p10le", color=color, frames=2)
    with av.open(film.path) as container:
        frame = next(container.decode(video=0))
    assert (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range) == (
        9,
        color.transfer,
        9,
        1,
    )
    luma = np.frombuffer(memoryview(frame.planes[0]), np.uint16).reshape(180, -1)[:, :320]
    assert abs(int(luma[90, 20]) - (64 + 876 * level)) < 6


def test_the_fields_of_an_interlaced_film_differ_and_blend_to_grey(tmp_path: Path) -> None:
    film = make(tmp_path, "fields.ts", codec="mpeg2video", frames=3, **INTERLACED)
    with av.open(film.path) as container:
        frame = next(container.decode(video=0))
    gray = frame.reformat(format="gray", dst_color_range=2).to_ndarray()
    assert frame.interlaced_frame
    top, bottom = read_fields(gray[0::2]), read_fields(gray[1::2])
    assert (top[0] > 230, top[1] < 25, bottom[0] < 25, bottom[1] > 230) == (True, True, True, True)
    assert all(100 < level < 155 for level in read_fields(gray))


def test_the_display_shape_is_said(tmp_path: Path) -> None:
    film = make(tmp_path, "anamorphic.mkv", size=(240, 180), sample_aspect=Fraction(4, 3), frames=2)
    with av.open(film.path) as container:
        assert container.streams.video[0].sample_aspect_ratio == Fraction(4, 3)


def test_matroska_written_in_one_go_has_no_cues(tmp_path: Path) -> None:
    cues = bytes.fromhex("1c53bb6b")
    assert cues in make(tmp_path, "with.mkv").path.read_bytes()
    assert cues not in make(tmp_path, "without.mkv", seekable=False).path.read_bytes()
    assert cues not in make(tmp_path, "live.mkv", muxer={"live": "1"}).path.read_bytes()


def test_an_mp4_may_have_its_index_first(tmp_path: Path) -> None:
    first = make(tmp_path, "first.mp4", muxer={"movflags": "faststart"}).path.read_bytes()
    last = make(tmp_path, "last.mp4").path.read_bytes()
    assert first.index(b"moov") < first.index(b"mdat")
    assert last.index(b"mdat") < last.index(b"moov")


def test_an_encrypted_film_says_so_on_every_packet(tmp_path: Path) -> None:
    film = make(tmp_path, "locked.mp4", muxer=ENCRYPTED)
    with av.open(film.path) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        assert all(packet.has_sidedata("encryption_info") for packet in packets)


@pytest.mark.parametrize("name", ["sound.m4a", "sound.mkv", "sound.wmv"])
def test_a_file_may_hold_sound_only(tmp_path: Path, name: str) -> None:
    film = make(tmp_path, name, codec=None, audio="wmav2" if name.endswith("wmv") else "aac")
    with av.open(film.path) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    assert film.times == ()


@pytest.mark.parametrize("name", ["cover.m4a", "cover.mkv"])
def test_a_cover_is_an_attached_picture(tmp_path: Path, name: str) -> None:
    film = make(tmp_path, name, codec=None, audio="aac", cover=True)
    with av.open(film.path) as container:
        kinds = {stream.type: stream.disposition.name for stream in container.streams}
    assert kinds["video"] == "attached_pic"


@given(st.binary(min_size=1, max_size=40).map(lambda content: content.replace(b"\x05", bytes(3))))
def test_a_unit_of_vc1_holds_no_start_code_and_loses_nothing(content: bytes) -> None:
    bits = vc1.Bits()
    bits.put(int.from_bytes(content, "big"), len(content) * 8)
    unit = bits.unit(vc1.FRAME)
    assert unit[:4] == b"\0\0\1\x0d"
    assert not any(bytes((0, 0, code)) in unit[4:] for code in (0, 1, 2))
    assert re.sub(rb"\0\0\x03", rb"\0\0", unit[4:]) == content + b"\x80"


def test_the_nearest_keyframe_and_the_frame_shown_are_named(tmp_path: Path) -> None:
    film = make(tmp_path, "named.mp4", keyframes=(0, 12, 36))
    assert [film.nearest_keyframe(time) for time in (0, 0.25, 0.26, 1, 1.01, 9)] == [0, 0, 12, 12, 36, 36]
    assert [film.frame_at(time) for time in (0, 0.04, Fraction(1, 24), 1, 9)] == [0, 0, 1, 24, 47]


Damage = Callable[[Path, Path], Path]


@pytest.mark.parametrize(
    ("damage", "same_size"),
    [
        (lambda path, into: truncate(path, 0.6, into), False),
        (lambda path, into: punch_random(path, 0.3, 0.2, seed=1, into=into), True),
        (lambda path, into: punch_zeros(path, 0.3, 0.2, into=into), True),
    ],
)
def test_damage_is_done_to_a_copy_and_only_where_asked(
    tmp_path: Path, damage: Damage, same_size: bool
) -> None:
    film = make(tmp_path, "whole.mkv")
    whole = film.path.read_bytes()
    hurt = damage(film.path, tmp_path / "hurt.mkv").read_bytes()
    assert film.path.read_bytes() == whole
    assert len(hurt) == (len(whole) if same_size else round(len(whole) * 0.6))
    untouched = round(len(whole) * (0.3 if same_size else 0.6))
    assert hurt[:untouched] == whole[:untouched]
    if same_size:
        changed = [place for place, (a, b) in enumerate(zip(whole, hurt, strict=True)) if a != b]
        assert untouched <= changed[0]
        assert changed[-1] <= round(len(whole) * 0.5)
