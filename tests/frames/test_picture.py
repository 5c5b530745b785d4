"""What a viewer sees of a frame: its colours, its shape, and only one moment."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.filter import Graph

from projectionist.errors import FilmUndecodable
from projectionist.frames.colour import Colour, Matrix
from projectionist.frames.look import Look
from projectionist.frames.picture import Picture, Renderer
from tests.films import BT601, BT709, Color, Film, read_colors, read_fields, read_frame_number
from tests.frames.patches import BARS, fill, first_keyframe, rgb_patches, seen, shown, yuv_patches

YUV = ["yuv420p", "yuv422p", "yuv444p", "yuv411p", "yuv440p", "yuva420p", "yuv420p10le"]
YUV += ["yuv422p10le", "yuv444p10le", "yuv420p12le", "yuv422p12le", "yuv444p12le"]


def worst(picture: Picture) -> float:
    return float(np.abs(seen(picture, len(BARS)) - BARS * 255).max())


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 4, 5, 6, 7])
def test_bars_keep_their_colours_in_every_matrix_and_range(matrix: int, full: bool) -> None:
    frame = yuv_patches(BARS, matrix=matrix, full=full, pixels="yuv444p")
    assert worst(Renderer(Look()).render(frame)) <= 3


@pytest.mark.parametrize("pixels", YUV)
def test_bars_keep_their_colours_in_every_layout_and_depth(pixels: str) -> None:
    assert worst(Renderer(Look()).render(yuv_patches(BARS, matrix=1, pixels=pixels))) <= 3


@pytest.mark.parametrize("pixels", ["rgb24", "bgra", "gbrp", "gbrp10le", "gbrap", "rgb48le"])
def test_bars_keep_their_colours_in_rgb(pixels: str) -> None:
    assert worst(Renderer(Look()).render(rgb_patches(BARS, pixels))) <= 3


def test_bars_keep_their_colours_in_a_palette() -> None:
    columns = np.tile(np.arange(640) * len(BARS) // 640, (360, 1)).astype(np.uint8)
    palette = np.zeros((256, 4), np.uint8)
    palette[: len(BARS)] = np.insert(np.rint(BARS * 255), 0, 255, axis=1)
    image: Any = (columns, palette)
    frame = av.VideoFrame.from_ndarray(image, format="pal8")
    assert worst(Renderer(Look()).render(frame)) <= 3


def test_yuvj_needs_no_flag_to_be_full_range() -> None:
    frame = yuv_patches(BARS, full=True, pixels="yuvj420p")
    frame.color_range = 0
    assert worst(Renderer(Look()).render(frame)) <= 3


@pytest.mark.parametrize(("size", "matrix"), [((1280, 720), 1), ((720, 576), 5)])
def test_an_unstated_matrix_is_guessed_by_size(size: tuple[int, int], matrix: int) -> None:
    frame = yuv_patches(BARS, matrix=matrix, flagged=2, size=size)
    assert worst(Renderer(Look()).render(frame)) <= 3


def test_the_containers_matrix_counts_where_the_frame_has_none() -> None:
    frame = yuv_patches(BARS, matrix=1, flagged=2)
    assert worst(Renderer(Look(colour=Colour(matrix=Matrix.BT709))).render(frame)) <= 3


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("pixels", ["gray", "gray10le"])
def test_grey_films_have_black_blacks_and_white_whites(pixels: str, full: bool) -> None:
    ramp = np.linspace(0, 1, 11)[:, None].repeat(3, axis=1)
    picture = Renderer(Look()).render(yuv_patches(ramp, pixels=pixels, full=full))
    assert np.abs(seen(picture, 11) - ramp * 255).max() <= 3


@pytest.mark.parametrize("color", [BT601, BT709])
@pytest.mark.parametrize("codec", ["h264", "hevc", "mpeg2video", "vp9"])
def test_primaries_survive_real_codecs(film: Callable[..., Film], codec: str, color: Color) -> None:
    made = film("film.mkv", codec=codec, frames=2, color=color, size=(640, 360))
    frame, look = first_keyframe(made.path)
    assert np.abs(read_colors(shown(Renderer(look).render(frame))) - np.eye(3) * 255).max() <= 12


def test_planes_are_ready_for_a_jpeg() -> None:
    picture = Renderer(Look()).render(yuv_patches(BARS, size=(1919, 1079)))
    assert (picture.y.shape, picture.u.shape, picture.v.shape) == ((180, 320), (90, 160), (90, 160))
    for plane in (picture.y, picture.u, picture.v):
        assert plane.dtype == np.uint8
        assert plane.flags.c_contiguous


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
@pytest.mark.parametrize("codec", ["h264", "mpeg4"])
def test_a_turned_film_is_shown_upright(film: Callable[..., Film], codec: str, degrees: int) -> None:
    made = film("film.mp4", codec=codec, frames=2, size=(320, 240), rotation=degrees)
    frame, look = first_keyframe(made.path)
    picture = Renderer(look).render(frame)
    assert read_frame_number(picture.y) == 0
    assert picture.y.shape == ((426, 320) if degrees % 180 else (240, 320))


def test_a_mirrored_frame_is_mirrored_before_it_is_turned() -> None:
    corners = np.array([[[0.8, 0, 0], [0, 0.8, 0]], [[0, 0, 0.8], [0.8, 0.8, 0.8]]])
    pixels = np.rint(corners * 255).astype(np.uint8).repeat(120, axis=0).repeat(120, axis=1)
    frame = av.VideoFrame.from_ndarray(pixels, "rgb24")
    small = shown(Renderer(Look(rotation=90, mirrored=True)).render(frame))
    wanted = np.rot90(corners[:, ::-1], -1) * 255
    got = np.array([[small[80, 80], small[80, 240]], [small[240, 80], small[240, 240]]])
    assert np.abs(got - wanted).max() <= 4


def test_an_anamorphic_film_gets_its_display_aspect(film: Callable[..., Film]) -> None:
    made = film("film.mp4", codec="mpeg2video", frames=2, size=(720, 576), sample_aspect=Fraction(64, 45))
    frame, look = first_keyframe(made.path)
    assert Renderer(look).render(frame).y.shape == (180, 320)


def test_a_turned_anamorphic_film_stretches_the_other_way() -> None:
    look = Look(sample_aspect=Fraction(2), rotation=270)
    assert Renderer(look).render(yuv_patches(BARS, size=(100, 100))).y.shape == (640, 320)


def test_a_height_limit_makes_the_picture_narrower() -> None:
    picture = Renderer(Look(), 320, max_height=240).render(yuv_patches(BARS, size=(300, 300)))
    assert picture.y.shape == (240, 240)


def test_all_pictures_of_a_film_have_the_first_ones_size() -> None:
    renderer = Renderer(Look())
    for size, pixels in [((640, 360), "yuv420p"), ((720, 576), "yuv422p10le"), ((320, 180), "yuv420p")]:
        picture = renderer.render(yuv_patches(BARS, size=size, pixels=pixels))
        assert picture.y.shape == (180, 320)
        assert worst(picture) <= 3


def test_a_film_that_turns_midway_stays_upright_in_the_first_size() -> None:
    renderer, turned = Renderer(Look()), yuv_patches(BARS)
    first = renderer.render(yuv_patches(BARS))
    renderer._look = Look(rotation=90)
    assert renderer.render(turned).y.shape == first.y.shape


def test_codec_cropping_leaves_no_padding(film: Callable[..., Film]) -> None:
    """1080 lines are coded as 1088; here 40 as 48."""
    frame, look = first_keyframe(film("film.mkv", frames=2, size=(96, 40)).path)
    picture = Renderer(look).render(frame)
    assert picture.y.shape == (134, 320)
    assert read_frame_number(picture.y) == 0


def test_container_cropping_cuts_the_border_off() -> None:
    frame = yuv_patches(np.ones((1, 3)) * 0.5, size=(640, 480))
    luma = np.full((480, 640), 16)
    luma[60:420, 16:616] = 180
    fill(frame, 0, luma)
    look = Look(crop=(16, 60, 24, 60))
    picture = Renderer(look).render(frame)
    assert picture.y.shape == (192, 320)
    assert int(picture.y.min()) == int(picture.y.max())


@pytest.mark.parametrize("crop", [(400, 0, 240, 0), (0, 0, 0, 360), (-2, 0, 0, 0)])
def test_a_crop_that_leaves_nothing_is_ignored(crop: tuple[int, int, int, int]) -> None:
    assert worst(Renderer(Look(crop=crop)).render(yuv_patches(BARS))) <= 3


def two_moments(pixels: str = "yuv420p", size: tuple[int, int] = (720, 576)) -> av.VideoFrame:
    """A white frame whose bottom field, an instant later, is black; flagged interlaced."""
    frame = yuv_patches(np.ones((1, 3)), pixels=pixels, size=size)
    black, white = 16 << (frame.format.components[0].bits - 8), 235 << (frame.format.components[0].bits - 8)
    luma = np.full((size[1], size[0]), white)
    luma[1::2] = black
    fill(frame, 0, luma)
    return flagged_interlaced(frame)


def flagged_interlaced(frame: av.VideoFrame) -> av.VideoFrame:
    flagged = filtered(frame, "setfield", "tff")
    assert flagged.interlaced_frame
    return flagged


def filtered(frame: av.VideoFrame, name: str, arguments: str | None = None) -> av.VideoFrame:
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 25)
    )
    graph.link_nodes(source, graph.add(name, arguments), graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv422p10le", "yuv411p"])
@pytest.mark.parametrize("size", [(720, 576), (1920, 1080), (353, 289)])
def test_an_interlaced_frame_shows_one_field_only(pixels: str, size: tuple[int, int]) -> None:
    picture = Renderer(Look()).render(two_moments(pixels, size))
    assert picture.y.min() >= 253


@pytest.mark.parametrize("codec", ["h264", "mpeg2video"])
def test_interlaced_films_show_one_field_only(film: Callable[..., Film], codec: str) -> None:
    made = film("film.ts", codec=codec, frames=4, fps=Fraction(25), size=(352, 288), interlaced=True)
    frame, look = first_keyframe(made.path)
    cells = sorted(read_fields(Renderer(look).render(frame).y))
    assert cells[0] < 25
    assert cells[1] > 230


def test_a_field_is_as_wide_and_high_as_its_frame() -> None:
    plain, flagged = yuv_patches(BARS), flagged_interlaced(yuv_patches(BARS))
    one, other = Renderer(Look()).render(plain), Renderer(Look()).render(flagged)
    assert one.y.shape == other.y.shape
    assert worst(other) <= 3


def test_interlaced_frames_can_be_cropped_too() -> None:
    picture = Renderer(Look(crop=(8, 8, 8, 8))).render(two_moments())
    assert picture.y.min() >= 253


def test_progressive_and_interlaced_frames_may_alternate() -> None:
    renderer = Renderer(Look())
    for _ in range(3):
        assert renderer.render(two_moments()).y.min() >= 253
        assert worst(renderer.render(yuv_patches(BARS))) <= 3


def test_interlaced_and_cropped_frames_may_change_size_and_layout() -> None:
    renderer = Renderer(Look(crop=(8, 8, 8, 8)))
    sizes = [((1920, 1080), "yuv420p"), ((720, 576), "yuv422p10le"), ((353, 289), "yuv420p")]
    for size, pixels in [*sizes, *sizes]:
        picture = renderer.render(two_moments(pixels, size))
        assert picture.y.min() >= 253
        assert picture.y.shape == (178, 320)
        assert np.abs(picture.u.astype(int) - 128).max() <= 1


@pytest.mark.parametrize("size", [(2, 2), (16, 16), (3, 500), (500, 3), (8192, 4320)])
@pytest.mark.parametrize("interlaced", [False, True])
def test_any_size_can_be_rendered(size: tuple[int, int], interlaced: bool) -> None:
    frame = yuv_patches(np.full((1, 3), 0.5), size=size)
    picture = Renderer(Look()).render(flagged_interlaced(frame) if interlaced else frame)
    assert np.abs(picture.y.astype(int) - 128).max() <= 2


@pytest.mark.parametrize("interlaced", [False, True])
def test_lines_stored_bottom_up_are_shown_top_down(interlaced: bool) -> None:
    """As the decoder of uncompressed AVI hands them over: with negative line sizes."""
    frame = yuv_patches(np.ones((1, 3)))
    luma = np.full((360, 640), 235)
    luma[:180] = 16
    fill(frame, 0, luma)
    flipped = filtered(frame, "vflip")
    assert flipped.planes[0].line_size < 0
    picture = Renderer(Look()).render(flagged_interlaced(flipped) if interlaced else flipped)
    assert picture.y[:80].min() >= 253
    assert picture.y[100:].max() <= 2


@pytest.mark.parametrize("pixels", ["yuv420p", "yuv420p10le", "yuv411p", "rgb24"])
@pytest.mark.parametrize("crop", [(3, 5, 7, 9), (1, 1, 1, 1)])
def test_odd_crops_of_odd_sizes_are_possible(pixels: str, crop: tuple[int, int, int, int]) -> None:
    make, size = rgb_patches if pixels == "rgb24" else yuv_patches, (645, 365)
    frame = make(np.full((1, 3), 0.5), pixels=pixels, size=size)
    picture = Renderer(Look(crop=crop)).render(frame)
    assert np.abs(picture.y.astype(int) - 128).max() <= 1


def test_lines_may_be_padded_oddly() -> None:
    padded = np.zeros((360, 641 * 3 + 5), np.uint8)
    padded[:, : 641 * 3] = 90
    pixels = np.lib.stride_tricks.as_strided(padded, (360, 641, 3), (padded.strides[0], 3, 1))
    picture = Renderer(Look()).render(av.VideoFrame.from_numpy_buffer(pixels, "rgb24"))
    assert np.abs(picture.y.astype(int) - 90).max() <= 1


@pytest.mark.parametrize("code", [0, 3, 10, 17, 100, 255])
def test_reserved_code_points_are_survived(code: int) -> None:
    renderer = Renderer(Look(crop=(8, 8, 8, 8)))
    for frame in (yuv_patches(np.ones((1, 3))), two_moments()):
        frame.colorspace = frame.color_primaries = frame.color_trc = code
        assert renderer.render(frame).y.min() >= 253
        assert frame.colorspace == code


@pytest.mark.parametrize("pixels", ["yuv420p", "yuvj420p", "gray", "yuv444p10le"])
def test_cutting_warns_of_nothing(pixels: str) -> None:
    level = av.logging.get_level()
    av.logging.set_level(av.logging.WARNING)
    try:
        flagged = two_moments(pixels)
        with av.logging.Capture() as said:
            Renderer(Look(crop=(8, 8, 8, 8))).render(flagged)
    finally:
        av.logging.set_level(level)
    assert [line for line in said if line[1] != "swscaler"] == []  # it calls yuvj deprecated


@pytest.mark.parametrize("pixels", ["gray32le", "yaf32le", "rgb4"])
def test_pixels_that_nothing_converts_are_refused(pixels: str) -> None:
    with pytest.raises(FilmUndecodable, match=f"64x48 pixels in the format {pixels} cannot be converted"):
        Renderer(Look()).render(av.VideoFrame(64, 48, pixels))


def test_a_renderer_goes_on_after_a_frame_it_had_to_refuse() -> None:
    renderer = Renderer(Look())
    with pytest.raises(FilmUndecodable):
        renderer.render(av.VideoFrame(640, 360, "gray32le"))
    assert worst(renderer.render(yuv_patches(BARS))) <= 3


def test_what_could_be_decoded_of_a_damaged_frame_is_shown(film: Callable[..., Film]) -> None:
    path = film("film.mkv", codec="mpeg2video", frames=2, size=(320, 180)).path
    with av.open(path) as container:
        stream = container.streams.video[0]
        payload = next(bytes(packet) for packet in container.demux(stream) if packet.is_keyframe)
        decoder = stream.codec_context
        half = av.Packet(payload[: len(payload) // 2])
        frame = [*decoder.decode(half), *decoder.decode(None)][0]
    assert frame.is_corrupt
    assert Renderer(Look()).render(frame).y.shape == (180, 320)


def test_the_frame_is_left_as_it_was(tmp_path: Path) -> None:
    frame: Any = two_moments("yuv420p10le")
    frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = 9, 9, 16, 1
    before = [bytes(plane) for plane in frame.planes]
    Renderer(Look(crop=(2, 2, 2, 2))).render(frame)
    assert [bytes(plane) for plane in frame.planes] == before
    assert (frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range) == (9, 9, 16, 1)
    assert frame.interlaced_frame
