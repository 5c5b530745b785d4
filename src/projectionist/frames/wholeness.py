"""Whether a file is as long as it says: what cutting and unfinished downloads leave, seen without decoding."""

from __future__ import annotations

from projectionist.errors import IndexUnusable
from projectionist.frames.ebml import Window
from projectionist.frames.index import ByteSource
from projectionist.frames.matroska_segment import find_segment

_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_HEADER_BYTES = 1 << 16
_TS_SYNC = 0x47
_TS_PACKETS = ((188, 0), (192, 4))
_BLANK = 1024

_PADDING = 100
"""Padding is less than this part of a film."""

_READS = 64


def is_cut_short(source: ByteSource) -> bool:
    """Whether the file ends before its own header says; False also where the format does not tell.

    Raises what `source` raises.
    """
    head = source.pread(0, 16)
    if head[:4] == b"RIFF":  # AVI RIFF File Reference; a film over 1 GB goes on in further RIFF chunks
        return int.from_bytes(head[4:8], "little") + 8 > source.size
    if head == _ASF_HEADER:
        return _asf_is_cut(source)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska_is_cut(source)
    if head[4:8] == b"ftyp":
        return _mp4_is_cut(source)
    return _ts_is_cut(source)


def ends_blank(source: ByteSource) -> bool:
    """Whether the last hundredth of the file is zeros, as of an unfinished download. Raises what `source` raises."""
    places = source.size - _BLANK, source.size - max(2 * _BLANK, source.size // _PADDING)
    return not any(any(source.pread(max(0, place), _BLANK)) for place in places)


def _asf_is_cut(source: ByteSource) -> bool:
    """By the file size in the File Properties Object (Advanced Systems Format specification, section 3.2)."""
    header = source.pread(0, _ASF_HEADER_BYTES)
    at = header.find(_ASF_FILE_PROPERTIES)
    return at >= 0 and int.from_bytes(header[at + 40 : at + 48], "little") > source.size


def _matroska_is_cut(source: ByteSource) -> bool:
    try:
        return find_segment(Window(source, _READS)).stop > source.size
    except IndexUnusable:
        return False


def _mp4_is_cut(source: ByteSource) -> bool:
    """Whether the last top-level box overhangs (ISO/IEC 14496-12, section 4.2)."""
    at = 0
    for _ in range(_READS):
        header = source.pread(at, 16)
        if len(header) < 8:
            return bool(header)
        size = int.from_bytes(header[:4], "big")
        size = int.from_bytes(header[8:16], "big") if size == 1 else size
        if size < 8:
            return False
        at += size
        if at > source.size:
            return True
    return False


def _ts_is_cut(source: ByteSource) -> bool:
    """Whether the last packet of a transport stream is not whole (ISO/IEC 13818-1, section 2.4.3)."""
    for length, at in _TS_PACKETS:
        syncs = source.pread(0, 8 * length)[at::length]
        if len(syncs) == 8 and set(syncs) == {_TS_SYNC}:
            return source.size % length != 0
    return False
