"""A decoded frame in, the three small planes of a JPEG out."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias, TypeVar, cast

import av
import numpy as np
import numpy.typing as npt
from av.filter import Graph
from av.video.reformatter import Colorspace, Interpolation, VideoReformatter

from projectionist.errors import FilmUndecodable
from projectionist.frames import tonemap
from projectionist.frames.colour import Colour, Matrix, Range, colour_of, ycc_to_jpeg
from projectionist.frames.look import Look, Orientation, fitted_size, orientation_of

Plane = npt.NDArray[np.uint8]
"""Samples of one component, shape (height, width)."""

_Sample = TypeVar("_Sample", np.uint8, np.uint16)
_Planes: TypeAlias = tuple[npt.NDArray[_Sample], npt.NDArray[_Sample], npt.NDArray[_Sample]]

_JPEGS_OWN = (Matrix.RGB, Matrix.BT470BG, Matrix.SMPTE170M)
"""Matrices that need no conversion: swscale itself makes BT.601 of RGB."""

_DEADLY = "yaf32"
"""Floating-point grey with alpha, at which swscale 9 aborts the process. (What else it cannot read it refuses, and
no detour through another format reads it either.)"""

_FEWEST_FIELD_LINES = 32
"""A frame with fewer lines than this is shown whole even when interlaced: half of it would be no picture."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes ready for a JPEG: BT.601, full range, 4:2:0 (ITU-T T.871).

    `y` has shape (h, w), `u` and `v` (h/2, w/2); all are C-contiguous uint8, h and w are even.
    """

    y: Plane
    u: Plane
    v: Plane


class Renderer:
    """Makes the pictures of one film; all have the size that the first one got.

    `width` is that of the picture as shown, after turning; the height follows from the display aspect, and with
    `max_height` both are fitted inside. Frames of other sizes later in the film are scaled to that same size.
    Scaling and range are swscale's work, on one thread; matrices, tone and turning follow on the small picture.
    """

    def __init__(self, look: Look, width: int = 320, max_height: int | None = None) -> None:
        self._look = look
        self._width = width
        self._max_height = max_height
        self._size: tuple[int, int] | None = None
        self._coded_size: tuple[int, int] | None = None
        self._turned: tuple[int, Orientation] | None = None
        self._peak: float | None = None
        self._cutter = _Cutter()
        self._scaler = VideoReformatter()

    def render(self, frame: av.VideoFrame) -> Picture:
        """The frame as a picture. Raises FilmUndecodable where its pixels are of a kind that nothing converts."""
        if frame.format.name.startswith(_DEADLY):
            raise _unconvertible(frame, "not supported")
        colour = colour_of(frame, self._look.colour)
        orientation = self._orientation(frame)
        crop = self._crop(frame)
        width, height = self._fitted(frame, crop, orientation)
        try:
            small = self._scaled(self._cutter.cut(frame, crop), width, height, colour)
        except av.FFmpegError as error:
            raise _unconvertible(frame, error.strerror) from error
        if colour.is_wide:
            self._peak = self._peak or tonemap.peak_of(frame)
            planes = tonemap.to_jpeg(*_samples(small, np.uint16), colour, self._peak)
        else:
            planes = _samples(small, np.uint8)
            if colour.matrix not in _JPEGS_OWN or colour.range != Range.FULL:
                planes = _converted(*planes, colour)
        return Picture(*(_turned(plane, orientation) for plane in planes))

    def _orientation(self, frame: av.VideoFrame) -> Orientation:
        """Asked of the side data only where the turn changes: PyAV keeps a frame so asked in a reference cycle."""
        if self._turned is None or self._turned[0] != frame.rotation:
            self._turned = frame.rotation, orientation_of(frame, self._look)
        return self._turned[1]

    def _crop(self, frame: av.VideoFrame) -> tuple[int, int, int, int]:
        """The container's cropping, for frames of the size it was made for."""
        self._coded_size = self._coded_size or (frame.width, frame.height)
        left, top, right, bottom = crop = self._look.crop
        fits = min(crop) >= 0 and left + right < frame.width and top + bottom < frame.height
        return crop if fits and (frame.width, frame.height) == self._coded_size else (0, 0, 0, 0)

    def _fitted(
        self, frame: av.VideoFrame, crop: tuple[int, int, int, int], orientation: Orientation
    ) -> tuple[int, int]:
        """The size to scale to, before turning."""
        if self._size is None:
            left, top, right, bottom = crop
            aspect = self._look.sample_aspect * Fraction(
                frame.width - left - right, frame.height - top - bottom
            )
            shown = 1 / aspect if orientation.lies_on_its_side else aspect
            self._size = fitted_size(shown, self._width, self._max_height)
        width, height = self._size
        return (height, width) if orientation.lies_on_its_side else (width, height)

    def _scaled(self, frame: av.VideoFrame, width: int, height: int, colour: Colour) -> av.VideoFrame:
        """The frame made small, in its own matrix and range: 8-bit 4:2:0, or 10-bit 4:4:4 to pass through light.

        swscale would convert both on more samples than needed, and sets neutral chroma to 511 instead of 512 when
        it does, which is a tint. Grey it takes for full range whatever it is told, so that "full" leaves it alone.
        """
        is_grey = frame.format.name.startswith(("gray", "ya"))
        return self._scaler.reformat(
            frame,
            width,
            height,
            "yuv444p10le" if colour.is_wide else "yuv420p",
            src_colorspace=Colorspace.ITU601,
            dst_colorspace=Colorspace.ITU601,
            src_color_range=colour.range,
            dst_color_range=Range.FULL if is_grey else colour.range,
            interpolation=Interpolation.AREA,
            threads=1,
        )


class _Cutter:
    """Takes the wanted part of a frame without copying it: the cropped area, and of interlaced frames one field.

    Two fields show two moments, and averaging them shows both. libavfilter's `field` and `crop` only change
    pointers and line sizes; the top field is taken since it is coded first in most of what is interlaced. Colours are
    hidden from them, for they refuse frames whose matrix is a number without a meaning.
    """

    def __init__(self) -> None:
        self._graph = Graph()
        self._made_for: tuple[object, ...] = ()

    def cut(self, frame: av.VideoFrame, crop: tuple[int, int, int, int]) -> av.VideoFrame:
        """The part of the frame inside `crop` (left, top, right, bottom); the frame itself where that is all."""
        one_field = frame.interlaced_frame and frame.height >= _FEWEST_FIELD_LINES
        if not one_field and not any(crop):
            return frame
        kind = (frame.width, frame.height, frame.format.name, crop, one_field)
        if self._made_for != kind:
            self._graph = _graph(frame, crop, one_field)
            self._made_for = kind
        stated = frame.colorspace, frame.color_range
        frame.colorspace, frame.color_range = Matrix.UNSPECIFIED, Range.UNSPECIFIED
        try:
            self._graph.vpush(frame)
            return self._graph.vpull()
        finally:
            frame.colorspace, frame.color_range = stated


def _graph(frame: av.VideoFrame, crop: tuple[int, int, int, int], one_field: bool) -> Graph:
    graph = Graph()
    graph.threads = 1
    node = graph.add(
        "buffer",
        video_size=f"{frame.width}x{frame.height}",
        pix_fmt=frame.format.name,
        time_base="1/1000",
    )
    steps = []
    if any(crop):
        left, top, right, bottom = crop
        steps.append(("crop", f"{frame.width - left - right}:{frame.height - top - bottom}:{left}:{top}"))
    if one_field:
        steps.append(("field", "top"))
    for name, arguments in [*steps, ("buffersink", None)]:
        following = graph.add(name, arguments)
        node.link_to(following)
        node = following
    graph.configure()
    return graph


def _samples(frame: av.VideoFrame, kind: type[_Sample]) -> _Planes[_Sample]:
    """Views of the three planes without the padding of lines."""
    y, u, v = (
        np.frombuffer(cast("memoryview", plane), kind).reshape(plane.height, -1)[:, : plane.width]
        for plane in frame.planes
    )
    return y, u, v


def _converted(y: Plane, u: Plane, v: Plane, colour: Colour) -> _Planes[np.uint8]:
    """JPEG's YCbCr of another matrix or range.

    The matrix has ones and zeros under Y (grey stays grey), so that its work is done at the size of the chroma.
    """
    black, luma, chroma = (0, 1.0, 1.0) if colour.range == Range.FULL else (16, 255 / 219, 255 / 224)
    weights = (ycc_to_jpeg(colour.matrix) * (luma, chroma, chroma)).astype(np.float32)
    first, second = u - np.float32(128), v - np.float32(128)
    added = weights[0, 1] * first + weights[0, 2] * second + np.float32(0.5 - luma * black)
    height, width = y.shape
    bright = (y * weights[0, 0]).reshape(height // 2, 2, width // 2, 2)
    bright += added[:, None, :, None]
    mixed = [weights[row, 1] * first + weights[row, 2] * second + np.float32(128.5) for row in (1, 2)]
    y, u, v = (part.clip(0, 255, out=part).astype(np.uint8) for part in (bright.reshape(y.shape), *mixed))
    return y, u, v


def _turned(plane: npt.NDArray[np.uint8], orientation: Orientation) -> Plane:
    if orientation.mirrored:
        plane = plane[:, ::-1]
    return np.ascontiguousarray(np.rot90(plane, -orientation.rotation // 90))


def _unconvertible(frame: av.VideoFrame, why: str | None) -> FilmUndecodable:
    return FilmUndecodable(
        f"A picture of {frame.width}x{frame.height} pixels in the format {frame.format.name} cannot be converted "
        f"({why}); re-encode the film in a common format."
    )
