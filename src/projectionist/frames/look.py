"""How a film wants to be shown: its geometry, as container, codec and frame state it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import atan2, pi
from typing import cast

import av
import numpy as np
from av.buffer import Buffer
from av.sidedata.sidedata import Type as SideDataType

from projectionist.frames.colour import Colour

_WIDEST_SAMPLE = 10
"""A pixel more than ten times as wide as high, or as high as wide, is a broken header, not a format."""

_TALLEST = 4
"""No picture is higher than four times the width asked for, whatever the film claims."""


@dataclass(frozen=True, slots=True)
class Orientation:
    """How to turn a decoded picture for showing: mirror it left to right first, then turn it clockwise."""

    rotation: int = 0
    mirrored: bool = False

    @property
    def lies_on_its_side(self) -> bool:
        """Whether width and height change places."""
        return self.rotation in (90, 270)


@dataclass(frozen=True, slots=True)
class Look:
    """What the container says about showing the video, which decoded frames need not carry.

    `sample_aspect` is width over height of one pixel, 1 where unknown. `rotation` (degrees clockwise: 0, 90, 180
    or 270) and `mirrored` (left to right, before the turn) stand in for frames without a display matrix. `crop`
    is left, top, right, bottom in pixels of the decoded picture, beyond what the codec itself cuts off.
    `colour` stands in for what a frame leaves unspecified.
    """

    sample_aspect: Fraction = Fraction(1)
    rotation: int = 0
    mirrored: bool = False
    crop: tuple[int, int, int, int] = (0, 0, 0, 0)
    colour: Colour = field(default_factory=Colour)


def look_of(stream: av.VideoStream, crop: tuple[int, int, int, int] = (0, 0, 0, 0)) -> Look:
    """The look of a stream, to be asked before anything is decoded (some decoders wipe what they do not find).

    The sample aspect is the container's, else the codec's, as libavformat's av_guess_sample_aspect_ratio decides.
    Rotation is not here: libavcodec copies the container's display matrix to every frame it decodes, also from
    packets that come from no demuxer, and PyAV shows it nowhere else.
    """
    context = stream.codec_context
    return Look(
        sample_aspect=_plausible(stream.sample_aspect_ratio),
        crop=crop,
        colour=Colour(context.colorspace, context.color_primaries, context.color_trc, context.color_range),
    )


def settled(look: Look, stream: av.VideoStream) -> Look:
    """The look once a frame is decoded: where the container states no sample aspect, the codec's counts."""
    if stream.sample_aspect_ratio is not None:
        return look
    return replace(look, sample_aspect=_plausible(stream.codec_context.sample_aspect_ratio))


def orientation_of(frame: av.VideoFrame, look: Look) -> Orientation:
    """How to turn this frame: by its display matrix (libavutil/display.h), else by the look.

    Angles that are no quarter turns go to the nearest one.
    """
    matrix = side_data_of(frame, SideDataType.DISPLAYMATRIX)
    if len(matrix) != 9:
        return Orientation(look.rotation, look.mirrored)
    a, b, _, c, d = matrix[:5]
    if a * d == b * c:
        return Orientation()
    mirrored = a * d < b * c
    if mirrored:
        a, b = -a, -b
    return Orientation(round(atan2(b, a) * 2 / pi) % 4 * 90, mirrored)


def side_data_of(frame: av.VideoFrame, kind: SideDataType) -> list[int]:
    """One kind of a frame's side data as the 32-bit integers that libavutil stores; empty where absent."""
    by_kind = cast("Mapping[SideDataType, Buffer]", frame.side_data)
    found = by_kind.get(kind)
    if found is None:
        return []
    return cast("list[int]", np.frombuffer(cast("bytes", found), np.int32).tolist())


def fitted_size(display_aspect: Fraction, width: int, max_height: int | None) -> tuple[int, int]:
    """Width and height of a picture of this aspect: even numbers of at least 2.

    As wide as asked, unless that makes it higher than `max_height` (or than four times the width): then as high as
    allowed, and narrower.
    """
    limit = _TALLEST * width if max_height is None else min(max_height, _TALLEST * width)
    high = _even(width / display_aspect)
    if high <= limit:
        return _even(Fraction(width)), high
    high = max(2, limit // 2 * 2)
    return min(_even(high * display_aspect), _even(Fraction(width))), high


def _even(length: Fraction) -> int:
    return max(2, int(length / 2 + Fraction(1, 2)) * 2)


def _plausible(aspect: Fraction | None) -> Fraction:
    if not aspect or not Fraction(1, _WIDEST_SAMPLE) <= aspect <= _WIDEST_SAMPLE:
        return Fraction(1)
    return aspect
