"""Codes are read back by a reader of the test's own, which checks the correction that a camera would lean on."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projectionist.kit.qr import qr_code, svg_path

Modules = tuple[tuple[bool, ...], ...]

BLOCKS = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4, 9: 5, 10: 5}
CORRECTING = {1: 10, 2: 16, 3: 26, 4: 18, 5: 24, 6: 16, 7: 18, 8: 22, 9: 22, 10: 26}
FORMATS = {
    0b101010000010010: 0,
    0b101000100100101: 1,
    0b101111001111100: 2,
    0b101101101001011: 3,
    0b100010111111001: 4,
    0b100000011001110: 5,
    0b100111110010111: 6,
    0b100101010100000: 7,
}
"""The mask that each of the standard's fifteen bits for level M names."""
VERSIONS = {7: 0x07C94, 8: 0x085BC, 9: 0x09A99, 10: 0x0A4D3}
FINDER = ("1111111", "1000001", "1011101", "1011101", "1011101", "1000001", "1111111")


def formats(code: Modules) -> tuple[int, int]:
    """Both copies of the format, as numbers."""
    near = [code[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)] + [code[y][8] for y in (7, 5, 4, 3, 2, 1, 0)]
    far = [code[y][8] for y in range(len(code) - 1, len(code) - 8, -1)]
    far += [code[8][x] for x in range(len(code) - 8, len(code))]
    return number(near), number(far)


def number(bits: list[bool]) -> int:
    return int("".join("1" if bit else "0" for bit in bits), 2)


def is_kept_for_patterns(size: int, version: int, x: int, y: int) -> bool:
    if x == 6 or y == 6:
        return True
    if (x < 9 and y < 9) or (x >= size - 8 and y < 9) or (x < 9 and y >= size - 8):
        return True
    if version >= 7 and ((x >= size - 11 and y < 6) or (y >= size - 11 and x < 6)):
        return True
    if version == 1:
        return False
    last = size - 7
    middle = {7: (22,), 8: (24,), 9: (26,), 10: (28,)}.get(version, ())
    places = (6, *middle, last)
    corners = {(6, 6), (6, last), (last, 6)}
    return any(
        abs(x - at) <= 2 and abs(y - down) <= 2
        for at in places
        for down in places
        if (at, down) not in corners
    )


def unmasked(mask: int, x: int, y: int) -> bool:
    """Whether the mask turns this module over, by the standard's table."""
    return {
        0: (y + x) % 2 == 0,
        1: y % 2 == 0,
        2: x % 3 == 0,
        3: (y + x) % 3 == 0,
        4: (y // 2 + x // 3) % 2 == 0,
        5: (y * x) % 2 + (y * x) % 3 == 0,
        6: ((y * x) % 2 + (y * x) % 3) % 2 == 0,
        7: ((y + x) % 2 + (y * x) % 3) % 2 == 0,
    }[mask]


def codewords(code: Modules, version: int, mask: int) -> bytes:
    bits: list[bool] = []
    size, x, upwards = len(code), len(code) - 1, True
    while x > 0:
        if x == 6:
            x -= 1
        for y in range(size - 1, -1, -1) if upwards else range(size):
            bits.extend(
                code[y][column] != unmasked(mask, column, y)
                for column in (x, x - 1)
                if not is_kept_for_patterns(size, version, column, y)
            )
        x, upwards = x - 2, not upwards
    return bytes(number(bits[at : at + 8]) for at in range(0, len(bits) // 8 * 8, 8))


def blocks(words: bytes, version: int) -> list[bytes]:
    """The blocks, each with its correction at its end."""
    count, correcting = BLOCKS[version], CORRECTING[version]
    data = len(words) - count * correcting
    short, longer = data // count, data % count
    lengths = [short + (one >= count - longer) for one in range(count)]
    found: list[list[int]] = [[] for _ in range(count)]
    stream = iter(words)
    for place in range(max(lengths)):
        for one in range(count):
            if place < lengths[one]:
                found[one].append(next(stream))
    for _ in range(correcting):
        for one in range(count):
            found[one].append(next(stream))
    return [bytes(one) for one in found]


POWERS = [1]
for _ in range(254):
    POWERS.append(POWERS[-1] << 1 ^ (0x11D if POWERS[-1] & 0x80 else 0))
LOGS = {value: power for power, value in enumerate(POWERS)}


def is_sound(block: bytes, correcting: int) -> bool:
    """Whether the block, as a polynomial, vanishes at every root of the generator."""
    for root in range(correcting):
        value = 0
        for word in block:
            value = word ^ (POWERS[(LOGS[value] + root) % 255] if value else 0)
        if value:
            return False
    return True


def read(code: Modules) -> str:
    size = len(code)
    version = (size - 17) // 4
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        seen = ["".join("1" if one else "0" for one in code[top + y][left : left + 7]) for y in range(7)]
        assert tuple(seen) == FINDER
    near, far = formats(code)
    assert near == far
    assert code[size - 8][8]
    if version in VERSIONS:
        bits = [code[at // 3][size - 11 + at % 3] for at in range(17, -1, -1)]
        assert number(bits) == VERSIONS[version]
        assert [code[size - 11 + at % 3][at // 3] for at in range(17, -1, -1)] == bits
    found = blocks(codewords(code, version, FORMATS[near]), version)
    correcting = CORRECTING[version]
    assert all(is_sound(block, correcting) for block in found)
    told = b"".join(block[:-correcting] for block in found)
    bits_told = "".join(f"{byte:08b}" for byte in told)
    assert bits_told[:4] == "0100"
    head = 12 if version < 10 else 20
    length = int(bits_told[4:head], 2)
    return bytes(int(bits_told[head + 8 * at : head + 8 * at + 8], 2) for at in range(length)).decode()


@given(st.text(max_size=50))
@settings(max_examples=40, deadline=None)
def test_what_is_drawn_is_read_back(text: str) -> None:
    assert read(qr_code(text)) == text


@pytest.mark.parametrize(
    ("length", "version"),
    [
        (0, 1),
        (14, 1),
        (15, 2),
        (26, 2),
        (42, 3),
        (62, 4),
        (84, 5),
        (106, 6),
        (122, 7),
        (152, 8),
        (180, 9),
        (181, 10),
        (213, 10),
    ],
)
def test_each_version_is_used_to_its_brim(length: int, version: int) -> None:
    text = ("otpauth://totp/" * 20)[:length]
    code = qr_code(text)
    assert len(code) == 17 + 4 * version
    assert read(code) == text


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="214 bytes"):
        qr_code("x" * 214)


def test_a_path_covers_the_dark_modules_and_leaves_the_margin() -> None:
    assert svg_path(((True, True, False, True), (False,) * 4)) == "M4 4h2v1h-2zM7 4h1v1h-1z"
