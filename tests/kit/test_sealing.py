"""Sealed files: whatever is changed, cut off, moved or added is found."""

from __future__ import annotations

import io

import pytest

from projectionist.kit import sealing
from projectionist.kit.sealing import NotSealed, Seal

SALT = b"s" * sealing.SALT_BYTES
FULL = sealing.BLOCK + 16


def sealed(content: bytes, label: bytes = b"label") -> bytes:
    into = io.BytesIO()
    Seal("a long passphrase", SALT, label).seal(io.BytesIO(content), into)
    return into.getvalue()


def opened(content: bytes, label: bytes = b"label", passphrase: str = "a long passphrase") -> bytes:
    into = io.BytesIO()
    Seal(passphrase, SALT, label).open(io.BytesIO(content), into)
    return into.getvalue()


@pytest.mark.parametrize("length", [0, 1, sealing.BLOCK, sealing.BLOCK + 1, 3 * sealing.BLOCK])
def test_what_was_sealed_is_opened_again(length: int) -> None:
    content = bytes(range(256)) * (length // 256 + 1)
    assert opened(sealed(content[:length])) == content[:length]


def test_nothing_of_it_stands_in_the_open() -> None:
    assert b"canary" not in sealed(b"canary" * 1000)


def test_what_was_touched_is_not_opened() -> None:
    whole = sealed(b"a" * sealing.BLOCK + b"b" * sealing.BLOCK + b"c")
    changed = bytearray(whole)
    changed[100] ^= 1
    swapped = whole[FULL : 2 * FULL] + whole[:FULL] + whole[2 * FULL :]
    for wrong in (bytes(changed), whole[:-1], whole[: 2 * FULL], whole[FULL:], swapped, whole + b"x", b""):
        with pytest.raises(NotSealed):
            opened(wrong)
    with pytest.raises(NotSealed):
        opened(whole, label=b"other")
    with pytest.raises(NotSealed):
        opened(whole, passphrase="another passphrase")
