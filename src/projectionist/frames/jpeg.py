"""JPEG pictures: made from planes, given a comment, measured and checked (ITU-T T.81, Annex B)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import simplejpeg

from projectionist.errors import PreviewInvalid

Plane = npt.NDArray[np.uint8]
"""Samples of one component, shape (height, width)."""

LARGEST_SIDE = 65500
"""Pixels; what libjpeg encodes at most."""

_OURS = b"Projectionist "
"""What a comment of ours begins with, so that those of other programs are neither read nor replaced."""

_SOI, _EOI, _SOS, _APP0, _COM = 0xD8, 0xD9, 0xDA, 0xE0, 0xFE
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""A marker in picture data; stuffed zeros and restart markers belong to the data (B.1.1.2, B.1.1.5)."""
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD8)))
_MOST_SCANS = 100
MOST_PIXELS = 1 << 24
"""Bounds for decoding strangers' pictures: a few bytes can ask for gigabytes, or for hours."""

_LONGEST_COMMENT = 65533


class _Segment(NamedTuple):
    """One marker segment: the marker's second byte, where its 0xFF stands, where its payload begins and ends."""

    marker: int
    start: int
    payload: int
    end: int


def encode(y: Plane, u: Plane, v: Plane, quality: int) -> bytes:
    """A JFIF picture from full-range BT.601 planes, 4:2:0.

    `y` is (height, width) with both even, `u` and `v` are (height / 2, width / 2). `quality` is libjpeg's, 1 to
    100. Raises PreviewInvalid where the picture is larger than a JPEG can be.
    """
    height, width = y.shape
    if max(height, width) > LARGEST_SIDE:
        raise PreviewInvalid(
            f"A JPEG of {width}x{height} cannot be made, {LARGEST_SIDE} pixels being the most a side can have; "
            "choose a smaller width."
        )
    if height % 2 or width % 2 or u.shape != (height // 2, width // 2) or v.shape != u.shape:
        raise ValueError(f"planes of {y.shape}, {u.shape} and {v.shape} are no 4:2:0 picture")
    jpeg: bytes = simplejpeg.encode_jpeg_yuv_planes(y, u, v, quality)
    return jpeg


def with_comment(jpeg: bytes, text: str) -> bytes:
    """The same picture carrying `text`, in place of an earlier comment of ours. Raises PreviewInvalid."""
    comment = _OURS + text.encode("utf-8", "surrogatepass")
    if len(comment) > _LONGEST_COMMENT:
        raise PreviewInvalid(f"A record of {len(text)} characters does not fit into a JPEG comment.")
    at, ours = 2, None
    for segment in _headers(jpeg):
        if segment.marker == _APP0 and segment.start == 2:
            at = segment.end
        if segment.marker == _COM and jpeg.startswith(_OURS, segment.payload):
            ours = segment
    new = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    if ours is None:
        return jpeg[:at] + new + jpeg[at:]
    return jpeg[: ours.start] + new + jpeg[ours.end :]


def comment_of(jpeg: bytes) -> str | None:
    """The text that `with_comment` put in, or None. Raises PreviewInvalid where the headers are broken."""
    for segment in _headers(jpeg):
        if segment.marker == _COM and jpeg.startswith(_OURS, segment.payload):
            try:
                return jpeg[segment.payload + len(_OURS) : segment.end].decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                return None
    return None


def dimensions(jpeg: bytes) -> tuple[int, int]:
    """Width and height in pixels, as the frame header gives them. Raises PreviewInvalid."""
    for segment in _headers(jpeg):
        if segment.marker in _FRAMES:
            return _size(jpeg, segment)
    raise _broken("has no frame header")


def check(jpeg: bytes) -> None:
    """Walk all markers from start to end. Raises PreviewInvalid saying what is wrong; decodes nothing."""
    scans = 0
    framed = False
    for segment in _segments(jpeg):
        if segment.marker in _FRAMES:
            _size(jpeg, segment)
            framed = True
        elif segment.marker == _SOS:
            if not framed:
                raise _broken(f"has picture data at byte {segment.start} before any frame header")
            scans += 1
    if not scans:
        raise _broken("has no picture data")
    if scans > _MOST_SCANS:
        raise _broken(f"has {scans} scans, far more than any encoder makes")


def decode(jpeg: bytes, *, narrowest: int = 0, most_pixels: int = MOST_PIXELS) -> npt.NDArray[np.uint8]:
    """The picture as RGB, shape (height, width, 3), every warning of the decoder being an error.

    With `narrowest` it may come smaller, but not narrower than that many pixels. Raises PreviewInvalid, also
    where the picture has more than `most_pixels`.
    """
    check(jpeg)
    width, height = dimensions(jpeg)
    if width * height > most_pixels:
        raise _broken(f"is {width}x{height}, too large for a preview")
    factor = {"min_width": min(narrowest, width), "min_height": 1} if narrowest else {}
    try:
        picture: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(jpeg, "RGB", **factor)
    except ValueError as error:
        raise _broken(f"cannot be decoded ({error})") from None
    return picture


def _headers(jpeg: bytes) -> Iterator[_Segment]:
    """The segments before the picture data."""
    for segment in _segments(jpeg):
        if segment.marker in (_SOS, _EOI):
            return
        yield segment


def _segments(jpeg: bytes) -> Iterator[_Segment]:
    if not jpeg.startswith(b"\xff\xd8"):
        raise _broken("does not begin with a JPEG's start marker")
    at = 2
    while True:
        segment = _segment(jpeg, at)
        yield segment
        if segment.marker == _EOI:
            return
        at = _after_entropy_data(jpeg, segment.end) if segment.marker == _SOS else segment.end


def _segment(jpeg: bytes, start: int) -> _Segment:
    at = start
    if jpeg[at : at + 1] not in (b"", b"\xff"):
        raise _broken(f"has {jpeg[at]:#04x} at byte {at} where a marker belongs")
    while jpeg[at : at + 1] == b"\xff":  # any number of fill bytes may precede a marker (B.1.1.2)
        at += 1
    if at >= len(jpeg):
        raise _broken(f"ends at byte {len(jpeg)} before its end marker: it is truncated")
    marker = jpeg[at]
    at += 1
    if marker in (0x00, _SOI):
        raise _broken(f"has the impossible marker {marker:#04x} at byte {at - 1}")
    if marker == _EOI or marker in _STANDALONE:
        return _Segment(marker, start, at, at)
    length = int.from_bytes(jpeg[at : at + 2], "big")
    if at + max(length, 2) > len(jpeg):
        raise _broken(
            f"ends at byte {len(jpeg)} inside the segment {marker:#04x} from byte {start}: it is truncated"
        )
    if length < 2:
        raise _broken(f"has a segment {marker:#04x} of the impossible length {length} at byte {start}")
    return _Segment(marker, start, at + 2, at + length)


def _after_entropy_data(jpeg: bytes, at: int) -> int:
    """Where the next marker stands."""
    found = _MARKER.search(jpeg, at)
    if found is None:
        raise _broken(f"ends at byte {len(jpeg)} inside its picture data: it is truncated")
    return found.start()


def _size(jpeg: bytes, frame: _Segment) -> tuple[int, int]:
    if frame.end - frame.payload < 6:
        raise _broken(f"has a frame header of {frame.end - frame.payload} bytes at byte {frame.start}")
    height = int.from_bytes(jpeg[frame.payload + 1 : frame.payload + 3], "big")
    width = int.from_bytes(jpeg[frame.payload + 3 : frame.payload + 5], "big")
    if not width or not height:
        raise _broken(f"claims a size of {width}x{height}")
    return width, height


def _broken(how: str) -> PreviewInvalid:
    return PreviewInvalid(f"The picture {how}.")
