"""Frames of flat patches of known colour, and what a viewer of the picture made from them sees.

The matrices are worked out here from H.273 anew, so that the code under test does not check itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import simplejpeg

from projectionist.frames.look import Look, look_of
from projectionist.frames.picture import Picture

Floats = npt.NDArray[np.float64]

BARS: Floats = np.array(
    [
        [0.75, 0.75, 0.75],
        [0.75, 0.75, 0.0],
        [0.0, 0.75, 0.75],
        [0.0, 0.75, 0.0],
        [0.75, 0.0, 0.75],
        [0.75, 0.0, 0.0],
        [0.0, 0.0, 0.75],
        [0.0, 0.0, 0.0],
        [1.0, 1.0, 1.0],
        [0.80, 0.58, 0.47],
    ]
)
"""75 % bars, black, white and skin; RGB signal from 0 to 1, shape (10, 3)."""

KR_KB = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 5: (0.299, 0.114), 6: (0.299, 0.114)}
KR_KB |= {7: (0.212, 0.087), 9: (0.2627, 0.0593)}


def yuv_patches(
    colours: Floats,
    *,
    matrix: int = 6,
    flagged: int | None = None,
    full: bool = False,
    pixels: str = "yuv420p",
    size: tuple[int, int] = (640, 360),
) -> av.VideoFrame:
    """Columns of these colours (RGB signal 0 to 1, shape (n, 3)) in a planar YUV or grey format.

    `matrix` is an H.273 number; `flagged` is what the frame says that it is, where it does not tell the truth.
    """
    frame = av.VideoFrame(*size, pixels)
    bits = frame.format.components[0].bits
    kr, kb = KR_KB[matrix]
    luma = colours @ (kr, 1 - kr - kb, kb)
    chroma = [(colours[:, 2] - luma) / (2 - 2 * kb), (colours[:, 0] - luma) / (2 - 2 * kr)]
    unit, top = 1 << (bits - 8), (1 << bits) - 1
    low, span, width = (0, top, top) if full else (16 * unit, 219 * unit, 224 * unit)
    parts = [luma * span + low, *(part * width + 128 * unit for part in chroma), np.full(len(colours), top)]
    for index, plane in enumerate(frame.planes):
        columns = np.arange(plane.width) * len(colours) // plane.width
        fill(frame, index, np.rint(parts[index]).clip(0, top)[columns][None, :])
    frame.colorspace = matrix if flagged is None else flagged
    frame.color_range = 2 if full else 1
    return frame


def fill(frame: av.VideoFrame, index: int, samples: npt.NDArray[Any]) -> None:
    """Write samples to a plane, broadcast to its (height, width)."""
    plane, kind = frame.planes[index], np.uint16 if frame.format.components[0].bits > 8 else np.uint8
    rows = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
    rows[:, : plane.width] = samples
    plane.update(rows.tobytes())


def rgb_patches(colours: Floats, pixels: str, size: tuple[int, int] = (640, 360)) -> av.VideoFrame:
    """The same columns in an RGB format."""
    columns = np.arange(size[0]) * len(colours) // size[0]
    row = np.rint(colours * 255).astype(np.uint8)[columns]
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(np.tile(row, (size[1], 1, 1))), "rgb24")
    return frame if pixels == "rgb24" else frame.reformat(format=pixels)


def shown(picture: Picture) -> npt.NDArray[np.uint8]:
    """What a JPEG decoder shows of the picture: RGB of shape (h, w, 3)."""
    jpeg = simplejpeg.encode_jpeg_yuv_planes(picture.y, picture.u, picture.v, quality=98)
    pixels: npt.NDArray[np.uint8] = simplejpeg.decode_jpeg(jpeg, colorspace="RGB")
    return pixels


def seen(picture: Picture, count: int) -> Floats:
    """The middle of each of `count` columns, RGB from 0 to 255, shape (count, 3)."""
    pixels = shown(picture)
    step = pixels.shape[1] / count
    middles = [pixels[4:-4, int((n + 0.35) * step) : int((n + 0.65) * step)] for n in range(count)]
    return np.array([middle.reshape(-1, 3).mean(axis=0) for middle in middles])


def first_keyframe(path: Path) -> tuple[av.VideoFrame, Look]:
    """The first keyframe, decoded from its bare bytes by the stream's own decoder, and the look of its stream."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        look = look_of(stream)
        payload = next(bytes(packet) for packet in container.demux(stream) if packet.is_keyframe)
        decoder = stream.codec_context
        frames = [*decoder.decode(av.Packet(payload)), *decoder.decode(None)]
        return frames[0], look
