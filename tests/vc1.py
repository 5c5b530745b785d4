"""VC-1 video (SMPTE ST 421, advanced profile, progressive), for which no encoder can be installed.

It codes flat 8x8 blocks only, and intra pictures only: that is all that numbered pictures need, and it takes no
more than the DC coefficients. The codes are those of the standard's tables for the macroblock pattern of intra
pictures (nothing coded), and for DC differentials of low motion (none, and the escape).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

SEQUENCE, ENTRY_POINT, FRAME = 0x0F, 0x0E, 0x0D
_ADVANCED_PROFILE, _YUV420 = 3, 1
_QUANTIZER = 4
_PIXELS_PER_LEVEL = 1.125
"""Of a flat block at this quantizer: the DC step is 8, and the inverse transform scales by 144 / 1024."""
_NOTHING_CODED = "1"
_NO_DIFFERENCE = ("1", "00")
_ESCAPE = (f"{0x6078F:024b}", f"{0x60888F:023b}")
"""For luma and for chroma; followed by 8 bits and the sign."""


@dataclass
class Bits:
    """Bits put one after the other."""

    text: list[str] = field(default_factory=list)

    def put(self, value: int, count: int) -> None:
        self.text.append(f"{value:0{count}b}")

    def unit(self, kind: int) -> bytes:
        """The bits as a unit of the stream: start code, stop bit, and no start code inside (ST 421, annex E)."""
        bits = "".join(self.text) + "1"
        payload = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
        escaped, zeros = bytearray(), 0
        for byte in payload:
            if zeros >= 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = 0 if byte else zeros + 1
        return bytes((0, 0, 1, kind)) + bytes(escaped)


def headers(width: int, height: int) -> bytes:
    """The sequence and entry-point headers that go before a picture at which decoding may start."""
    sequence = Bits()
    for value, count in (
        (_ADVANCED_PROFILE, 2),
        (1, 3),  # level
        (_YUV420, 2),
        (0, 9),  # post-processing hints
        (width // 2 - 1, 12),
        (height // 2 - 1, 12),
        (0, 4),  # no pulldown, interlacing, frame counter, interpolation
        (1, 1),  # reserved
        (0, 3),  # no segmented frames, display extension, buffer parameters
    ):
        sequence.put(value, count)
    entry = Bits()
    entry.put(0b01, 2)  # the link is not broken, the entry is closed
    entry.put(0, 14)  # no pan-scan, loop filter, overlap and other tools; the quantizer is implied
    return sequence.unit(SEQUENCE) + entry.unit(ENTRY_POINT)


def bitmap_header(width: int, height: int) -> bytes:
    """What Matroska's V_MS/VFW/FOURCC keeps as CodecPrivate: a BITMAPINFOHEADER with the headers behind it."""
    behind = headers(width, height)
    return (
        struct.pack("<IiiHH4sIiiII", 40 + len(behind), width, height, 1, 24, b"WVC1", 0, 0, 0, 0, 0) + behind
    )


def picture(planes: list[npt.NDArray[Any]]) -> bytes:
    """An intra picture of these Y, Cb and Cr planes, each 8x8 block as flat as its middle."""
    levels = [_levels(plane, block) for plane, block in zip(planes, (16, 8, 8), strict=True)]
    bits = Bits()
    bits.put(0b110, 3)  # intra
    bits.put(1, 1)  # rounding
    bits.put(_QUANTIZER, 5)
    bits.put(0, 1)  # no half step
    bits.put(0, 5)  # AC prediction: said at every macroblock
    bits.put(0, 3)  # AC and DC tables
    rows, columns = levels[1].shape
    for row in range(rows):
        for column in range(columns):
            bits.text.append(_NOTHING_CODED)
            bits.put(0, 1)  # no AC prediction
            for y, x in ((0, 0), (0, 1), (1, 0), (1, 1)):
                _put_block(bits, levels[0], row * 2 + y, column * 2 + x, 0)
            _put_block(bits, levels[1], row, column, 1)
            _put_block(bits, levels[2], row, column, 1)
    return bits.unit(FRAME)


def _levels(plane: npt.NDArray[Any], block: int) -> npt.NDArray[np.int64]:
    """The level of every 8x8 block, in whole macroblocks, of which a plane holds `block` samples a side."""
    height, width = plane.shape
    whole = np.pad(plane.astype(np.int64), ((0, -height % block), (0, -width % block)), "edge")
    return np.rint((whole[4::8, 4::8] - 128) / _PIXELS_PER_LEVEL).astype(np.int64)


def _put_block(bits: Bits, levels: npt.NDArray[np.int64], row: int, column: int, chroma: int) -> None:
    difference = int(levels[row, column]) - _predicted(levels, row, column)
    if not difference:
        bits.text.append(_NO_DIFFERENCE[chroma])
        return
    bits.text.append(_ESCAPE[chroma])
    bits.put(abs(difference), 8)
    bits.put(int(difference < 0), 1)


def _predicted(levels: npt.NDArray[np.int64], row: int, column: int) -> int:
    """From the block above or the one to the left, whichever way the levels change less."""
    if row and column:
        above, left, corner = levels[row - 1, column], levels[row, column - 1], levels[row - 1, column - 1]
        return int(left if abs(above - corner) <= abs(corner - left) else above)
    if row:
        return int(levels[row - 1, column])
    return int(levels[row, column - 1]) if column else 0
