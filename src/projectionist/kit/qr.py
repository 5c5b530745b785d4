"""QR codes (ISO/IEC 18004) of short texts, to be drawn: bytes at error correction level M, up to version 10.

What is drawn here is a secret that goes into an app, so no service outside draws it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

QUIET = 4
"""So many light modules stand around a code."""

_CODEWORDS = (26, 44, 70, 100, 134, 172, 196, 242, 292, 346)
"""How many there are in all, by version from 1 on."""
_CORRECTING = (10, 16, 26, 18, 24, 16, 18, 22, 22, 26)
"""How many in each block correct errors."""
_BLOCKS = (1, 1, 1, 2, 2, 4, 4, 4, 5, 5)
_ALIGNED: tuple[tuple[int, ...], ...] = (
    (),
    (6, 18),
    (6, 22),
    (6, 26),
    (6, 30),
    (6, 34),
    (6, 22, 38),
    (6, 24, 42),
    (6, 26, 46),
    (6, 28, 50),
)
"""Where the small squares stand, by row and by column."""
_MASKS = 8


def qr_code(text: str) -> tuple[tuple[bool, ...], ...]:
    """The modules of a code row by row, True for dark, without the quiet zone. Raises ValueError over 213 bytes."""
    content = text.encode()
    version = _version_for(len(content))
    codewords = _codewords(version, content)
    drawn = [_drawn(version, mask, codewords) for mask in range(_MASKS)]
    best = min(drawn, key=_penalty)
    return tuple(tuple(row) for row in best)


def svg_path(modules: Sequence[Sequence[bool]]) -> str:
    """The dark modules as the `d` of an SVG path, a unit each, with the quiet zone to the left and above."""
    return "".join(
        f"M{start + QUIET} {y + QUIET}h{length}v1h-{length}z"
        for y, row in enumerate(modules)
        for start, length in _dark_runs(row)
    )


def _dark_runs(row: Sequence[bool]) -> Iterator[tuple[int, int]]:
    for run in re.finditer("1+", _line(row)):
        yield run.start(), len(run.group())


def _line(row: Sequence[bool]) -> str:
    return "".join("1" if dark else "0" for dark in row)


def _version_for(length: int) -> int:
    for version in range(1, len(_CODEWORDS) + 1):
        head_bits = 4 + _length_bits(version)
        if head_bits + 8 * length <= 8 * _data_codewords(version):
            return version
    raise ValueError(f"{length} bytes do not fit into a QR code of version 10.")


def _length_bits(version: int) -> int:
    return 8 if version < 10 else 16


def _data_codewords(version: int) -> int:
    return _CODEWORDS[version - 1] - _CORRECTING[version - 1] * _BLOCKS[version - 1]


def _codewords(version: int, content: bytes) -> bytes:
    """What is told, padded, in blocks with their correction, interleaved as it is drawn."""
    bits = f"0100{len(content):0{_length_bits(version)}b}" + "".join(f"{byte:08b}" for byte in content)
    room = _data_codewords(version)
    bits += "0" * min(4, 8 * room - len(bits))
    bits += "0" * (-len(bits) % 8)
    told = [int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)]
    told += [(0xEC, 0x11)[number % 2] for number in range(room - len(told))]
    return _interleaved(version, told)


def _interleaved(version: int, told: Sequence[int]) -> bytes:
    count, correcting = _BLOCKS[version - 1], _CORRECTING[version - 1]
    generator = _generator(correcting)
    short = count - len(told) % count
    blocks: list[Sequence[int]] = []
    at = 0
    for number in range(count):
        length = len(told) // count + (number >= short)
        blocks.append(told[at : at + length])
        at += length
    corrections = [_correction(block, generator) for block in blocks]
    longest = max(map(len, blocks))
    woven = [block[place] for place in range(longest) for block in blocks if place < len(block)]
    woven += [one[place] for place in range(correcting) for one in corrections]
    return bytes(woven)


def _times(one: int, other: int) -> int:
    """A product in the field of 256 elements that QR codes use."""
    product = 0
    for bit in range(7, -1, -1):
        product = (product << 1) ^ ((product >> 7) * 0x11D)
        product ^= ((other >> bit) & 1) * one
    return product


def _generator(degree: int) -> list[int]:
    """The Reed-Solomon generator polynomial without its leading one."""
    made, root = [0] * degree, 1
    made[-1] = 1
    for _ in range(degree):
        for at in range(degree):
            made[at] = _times(made[at], root) ^ (made[at + 1] if at + 1 < degree else 0)
        root = _times(root, 2)
    return made


def _correction(block: Sequence[int], generator: Sequence[int]) -> list[int]:
    rest = [0] * len(generator)
    for byte in block:
        factor = byte ^ rest[0]
        rest = [*rest[1:], 0]
        rest = [old ^ _times(coefficient, factor) for old, coefficient in zip(rest, generator, strict=True)]
    return rest


@dataclass(slots=True)
class _Canvas:
    """Modules by row and column; None where nothing is drawn yet."""

    size: int
    rows: list[list[bool | None]] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = [[None] * self.size for _ in range(self.size)]

    def put(self, x: int, y: int, dark: bool) -> None:
        if 0 <= x < self.size and 0 <= y < self.size:
            self.rows[y][x] = dark


def _drawn(version: int, mask: int, codewords: bytes) -> list[list[bool]]:
    canvas = _Canvas(version * 4 + 17)
    _draw_patterns(canvas, version)
    _draw_format(canvas, mask)
    _draw_version(canvas, version)
    _draw_codewords(canvas, mask, codewords)
    return [[bool(module) for module in row] for row in canvas.rows]


def _draw_patterns(canvas: _Canvas, version: int) -> None:
    for at in range(canvas.size):
        canvas.put(6, at, at % 2 == 0)
        canvas.put(at, 6, at % 2 == 0)
    far = canvas.size - 4
    for x, y in ((3, 3), (far, 3), (3, far)):
        _draw_rings(canvas, x, y, 4, light=(2, 4))
    places = _ALIGNED[version - 1]
    ends = set(places[:1] + places[-1:])
    for x in places:
        for y in places:
            if not (x in ends and y in ends and (x, y) != (places[-1], places[-1])):
                _draw_rings(canvas, x, y, 2, light=(1,))


def _draw_rings(canvas: _Canvas, x: int, y: int, reach: int, light: tuple[int, ...]) -> None:
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            canvas.put(x + right, y + down, max(abs(down), abs(right)) not in light)


def _draw_format(canvas: _Canvas, mask: int) -> None:
    """Twice: level M, whose bits are 00, and the mask."""
    rest = mask
    for _ in range(10):
        rest = (rest << 1) ^ ((rest >> 9) * 0x537)
    bits = [bool(((mask << 10 | rest) ^ 0x5412) >> at & 1) for at in range(15)]
    near = [(8, at) for at in (0, 1, 2, 3, 4, 5, 7, 8)] + [(at, 8) for at in (7, 5, 4, 3, 2, 1, 0)]
    far = [(canvas.size - 1 - at, 8) for at in range(8)] + [(8, canvas.size - 7 + at) for at in range(7)]
    for places in (near, far):
        for (x, y), dark in zip(places, bits, strict=True):
            canvas.put(x, y, dark)
    canvas.put(8, canvas.size - 8, True)


def _draw_version(canvas: _Canvas, version: int) -> None:
    if version < 7:
        return
    rest = version
    for _ in range(12):
        rest = (rest << 1) ^ ((rest >> 11) * 0x1F25)
    bits = version << 12 | rest
    for at in range(18):
        x, y, dark = canvas.size - 11 + at % 3, at // 3, bool(bits >> at & 1)
        canvas.put(x, y, dark)
        canvas.put(y, x, dark)


def _draw_codewords(canvas: _Canvas, mask: int, codewords: bytes) -> None:
    """In columns of two from the right, up and down in turn, around what is drawn already."""
    bits = iter("".join(f"{byte:08b}" for byte in codewords))
    upwards = True
    for right in (*range(canvas.size - 1, 6, -2), 5, 3, 1):
        for step in range(canvas.size):
            y = canvas.size - 1 - step if upwards else step
            for x in (right, right - 1):
                if canvas.rows[y][x] is None:
                    canvas.put(x, y, (next(bits, "0") == "1") != _is_masked(mask, x, y))
        upwards = not upwards


def _is_masked(mask: int, x: int, y: int) -> bool:
    product = x * y
    return (
        (x + y) % 2,
        y % 2,
        x % 3,
        (x + y) % 3,
        (x // 3 + y // 2) % 2,
        product % 2 + product % 3,
        (product % 2 + product % 3) % 2,
        ((x + y) % 2 + product % 3) % 2,
    )[mask] == 0


def _penalty(rows: Sequence[Sequence[bool]]) -> int:
    """How hard a code is to read: runs of one colour, blocks, what looks like a finder, and more dark than light."""
    lines = [_line(row) for row in (*rows, *zip(*rows, strict=True))]
    runs = sum(len(run.group()) - 2 for line in lines for run in re.finditer("0{5,}|1{5,}", line))
    finders = sum(len(re.findall("(?=10111010000|00001011101)", line)) for line in lines)
    blocks = sum(
        above[at] == above[at + 1] == below[at] == below[at + 1]
        for above, below in itertools.pairwise(rows)
        for at in range(len(above) - 1)
    )
    area = len(rows) ** 2
    dark = sum(sum(row) for row in rows)
    uneven = max(0, -(-abs(dark * 20 - area * 10) // area) - 1)
    return runs + 3 * blocks + 40 * finders + 10 * uneven
