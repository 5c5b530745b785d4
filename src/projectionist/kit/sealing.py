"""Files sealed by a passphrase, a block at a time: none can be read, changed, left out or moved without it."""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

BLOCK = 1 << 20
SALT_BYTES = 16
SHORTEST_PASSPHRASE = 12
_TAG_BYTES = 16
_COST = 2**15
"""Of scrypt, with blocks of 8: 32 MB and about 0.1 s for each guess."""


class NotSealed(Exception):
    """The blocks cannot be opened: another passphrase sealed them, or they were changed or cut short."""


def new_salt() -> bytes:
    """By chance, for one file."""
    return os.urandom(SALT_BYTES)


class Seal:
    """Seals the blocks of one file with AES-256-GCM, by a key that scrypt makes of a passphrase and the file's salt.

    `label` is what stands in the open before the blocks; it cannot be changed unseen either.
    """

    def __init__(self, passphrase: str, salt: bytes, label: bytes) -> None:
        key = hashlib.scrypt(
            passphrase.encode(), salt=salt, n=_COST, r=8, p=1, maxmem=_COST * 8 * 256, dklen=32
        )
        self._cipher = AESGCM(key)
        self._label = label

    def seal(self, content: BinaryIO, into: BinaryIO) -> None:
        """Write all of `content` into `into`, sealed. Raises OSError."""
        numbered = enumerate(_blocks(content, BLOCK))
        into.writelines(self._cipher.encrypt(*self._of(number, *block)) for number, block in numbered)

    def open(self, sealed: BinaryIO, into: BinaryIO) -> None:
        """Write what was sealed into `into`. Raises NotSealed, OSError."""
        for number, (block, is_last) in enumerate(_blocks(sealed, BLOCK + _TAG_BYTES)):
            try:
                into.write(self._cipher.decrypt(*self._of(number, block, is_last)))
            except InvalidTag:
                raise NotSealed from None

    def _of(self, number: int, block: bytes, is_last: bool) -> tuple[bytes, bytes, bytes]:
        """A key serves one file only, so the number of a block is a nonce; the last one says that it is."""
        return struct.pack(">IQ", is_last, number), block, self._label


def _blocks(content: BinaryIO, size: int) -> Iterator[tuple[bytes, bool]]:
    """The blocks, each with whether it is the last; one that is empty where there are none."""
    block = content.read(size)
    while True:
        following = content.read(size)
        yield block, not following
        if not following:
            return
        block = following
