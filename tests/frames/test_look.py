"""The geometry of a film, from real containers and by hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.frames.colour import Colour, Matrix, Primaries, Range, Transfer, colour_of
from projectionist.frames.look import Look, Orientation, fitted_size, look_of, orientation_of
from tests.films import Film
from tests.frames.patches import first_keyframe

TURNS = [(degrees, mirrored) for degrees in (0, 90, 180, 270) for mirrored in (False, True)]


def a_turned_film(path: Path, degrees: int, *, mirrored: bool) -> Path:
    """One black picture, to be turned counter-clockwise and then mirrored."""
    with av.open(path, "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(degrees, hflip=mirrored)
        frame = av.VideoFrame(64, 48, "yuv420p")
        frame.pts = 0
        out.mux([*stream.encode(frame), *stream.encode(None)])
    return path


@pytest.mark.parametrize("container", ["mp4", "mov", "mkv"])
@pytest.mark.parametrize(("degrees", "mirrored"), TURNS)
def test_all_eight_orientations_come_through(
    tmp_path: Path, container: str, degrees: int, mirrored: bool
) -> None:
    frame, look = first_keyframe(a_turned_film(tmp_path / f"film.{container}", degrees, mirrored=mirrored))
    found = orientation_of(frame, look)
    corners = np.array([[1, 2], [3, 4]])
    wanted = np.rot90(corners, degrees // 90)
    wanted = wanted[:, ::-1] if mirrored else wanted
    turned = np.rot90(corners[:, ::-1] if found.mirrored else corners, -found.rotation // 90)
    assert turned.tolist() == wanted.tolist()


@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "vp9", "mpeg4", "prores"])
def test_every_decoder_hands_on_the_rotation_of_bare_packets(film: Callable[..., Film], codec: str) -> None:
    name = "film.mov" if codec == "prores" else "film.mkv"
    frame, look = first_keyframe(film(name, codec=codec, frames=2, rotation=90).path)
    assert orientation_of(frame, look) == Orientation(270)


def test_a_frame_without_a_matrix_is_turned_as_the_look_says() -> None:
    frame = av.VideoFrame(64, 48, "yuv420p")
    assert orientation_of(frame, Look(rotation=90, mirrored=True)) == Orientation(90, mirrored=True)


def test_an_unrotated_film_is_not_turned(film: Callable[..., Film]) -> None:
    frame, look = first_keyframe(film("film.mp4", frames=2).path)
    assert orientation_of(frame, look) == Orientation(0, mirrored=False)


@pytest.mark.parametrize("container", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("codec", ["h264", "mpeg2video"])
def test_the_sample_aspect_comes_from_container_or_codec(
    film: Callable[..., Film], container: str, codec: str
) -> None:
    wide = film(f"film.{container}", codec=codec, frames=4, size=(720, 576), sample_aspect=Fraction(64, 45))
    assert first_keyframe(wide.path)[1].sample_aspect == Fraction(64, 45)


def test_the_containers_sample_aspect_wins(film: Callable[..., Film], tmp_path: Path) -> None:
    """MP4's pixel aspect atom (ISO/IEC 14496-12, section 12.1.4.2), changed by hand."""
    double = film("film.mp4", frames=2, size=(320, 240), sample_aspect=Fraction(2)).path.read_bytes()
    atom = b"pasp" + bytes((0, 0, 0, 2, 0, 0, 0, 1))
    assert double.count(atom) == 1
    wide = tmp_path / "wide.mp4"
    wide.write_bytes(double.replace(atom, b"pasp" + bytes((0, 0, 0, 3, 0, 0, 0, 2))))
    assert first_keyframe(wide)[1].sample_aspect == Fraction(3, 2)


def test_an_unknown_sample_aspect_is_square(film: Callable[..., Film]) -> None:
    assert first_keyframe(film("film.mp4", frames=2).path)[1].sample_aspect == 1


def test_an_absurd_sample_aspect_is_not_believed(film: Callable[..., Film]) -> None:
    absurd = film("film.mkv", frames=2, sample_aspect=Fraction(200, 1))
    assert first_keyframe(absurd.path)[1].sample_aspect == 1


@pytest.mark.parametrize("container", ["mkv", "mp4"])
def test_colours_that_only_the_container_states_are_kept(
    film: Callable[..., Film], tmp_path: Path, container: str
) -> None:
    """The HEVC decoder forgets them as soon as it meets a sequence header that has none."""
    plain = film(f"film.{container}", codec="hevc", frames=2, pix_fmt="yuv420p10le").path
    frame, look = first_keyframe(stated_as_hdr10(plain, tmp_path / f"hdr.{container}"))
    assert frame.color_trc == Transfer.UNSPECIFIED
    assert colour_of(frame, look.colour) == Colour(
        Matrix.BT2020_NCL, Primaries.BT2020, Transfer.PQ, Range.LIMITED
    )


def stated_as_hdr10(source: Path, target: Path) -> Path:
    """The same packets in a container that says what the colours are."""
    with av.open(source) as film, av.open(target, "w") as out:
        stream = out.add_stream_from_template(film.streams.video[0])
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = 9, 9, 16
        for packet in film.demux(video=0):
            if packet.size:
                packet.stream = stream
                packet.dts = packet.pts if packet.dts is None else packet.dts
                out.mux(packet)
    return target


def test_the_crop_is_handed_through(film: Callable[..., Film]) -> None:
    with av.open(film("film.mp4", frames=2).path) as container:
        assert look_of(container.streams.video[0], (1, 2, 3, 4)).crop == (1, 2, 3, 4)


def test_a_look_is_plain_by_default() -> None:
    assert Look() == Look(Fraction(1), 0, False, (0, 0, 0, 0), Colour())


@pytest.mark.parametrize(
    ("aspect", "max_height", "wanted"),
    [
        (Fraction(16, 9), None, (320, 180)),
        (Fraction(4, 3), None, (320, 240)),
        (Fraction(239, 100), None, (320, 134)),
        (Fraction(9, 16), None, (320, 568)),
        (Fraction(4, 3), 180, (240, 180)),
        (Fraction(9, 16), 240, (136, 240)),
        (Fraction(16, 9), 240, (320, 180)),
        (Fraction(16, 9), 180, (320, 180)),
        (Fraction(1, 4), None, (320, 1280)),
        (Fraction(1, 100), None, (12, 1280)),
        (Fraction(1000, 1), None, (320, 2)),
        (Fraction(1, 100000), 3, (2, 2)),
    ],
)
def test_sizes(aspect: Fraction, max_height: int | None, wanted: tuple[int, int]) -> None:
    assert fitted_size(aspect, 320, max_height) == wanted


@given(
    st.fractions(Fraction(1, 70000), 70000).filter(bool),
    st.integers(2, 4000),
    st.none() | st.integers(1, 4000),
)
def test_any_size_is_even_and_fits(aspect: Fraction, width: int, max_height: int | None) -> None:
    wide, high = fitted_size(aspect, width, max_height)
    assert wide % 2 == high % 2 == 0
    assert 2 <= wide <= width + 1
    assert 2 <= high <= max(2, min(max_height or 4 * width, 4 * width))
    if wide > 2 and high > 2:
        assert abs(wide / (high * aspect) - 1) < 1.01 * (1 / wide + 1 / high) * 2
