"""Clusters and blocks of a Matroska file: where packets begin and end, and when they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from projectionist.frames.ebml import CRC_32, VOID, Element, Window, unusable, vint

EBML_HEADER = 0x1A45DFA3
SEEK_HEAD = 0x114D9B74
INFO = 0x1549A966
TRACKS = 0x1654AE6B
CUES = 0x1C53BB6B
CLUSTER = 0x1F43B675
_CHAPTERS = 0x1043A770
_ATTACHMENTS = 0x1941A469
_TAGS = 0x1254C367
_ENDING = frozenset((EBML_HEADER, SEEK_HEAD, INFO, TRACKS, CUES, CLUSTER, _CHAPTERS, _ATTACHMENTS, _TAGS))
"""What ends a cluster of unknown size (RFC 9559 section 5.1.3)."""
LEVEL_1 = _ENDING - {EBML_HEADER} | {VOID, CRC_32}
"""What may stand directly in a Segment."""

_TIMESTAMP = 0xE7
_SIMPLE_BLOCK = 0xA3
_BLOCK_GROUP = 0xA0
_BLOCK = 0xA1
_REFERENCE_BLOCK = 0xFB

_BLOCK_HEADER = 11  # track number of up to 8 bytes, 16 bit time, flags
_KEYFRAME_FLAG = 0x80
_LACING_FLAGS = 0x06
_TIMESTAMP_IS_AMONG = 16  # the first children of a cluster: CRC-32, Position, PrevSize, SilentTracks and it


class Block(NamedTuple):
    """One SimpleBlock or BlockGroup (RFC 9559 sections 5.1.3.4, 5.1.3.5 and 10).

    `ticks` counts TimestampScale from the segment's zero; `start` and `end` bound the payload in the file;
    `group` is the BlockGroup, None for a SimpleBlock.
    """

    track: int
    ticks: int
    start: int
    end: int
    flags: int
    group: Element | None

    @property
    def is_laced(self) -> bool:
        """Whether several frames share the block."""
        return bool(self.flags & _LACING_FLAGS)


def clusters(window: Window, offset: int, stop: int) -> Iterator[Element]:
    """The clusters from `offset` on, hopping over all else that stands beside them. Raises IndexUnusable."""
    while offset < min(stop, window.size):
        element = window.element_unless_cut(offset)
        if element is None or element.identifier == EBML_HEADER:
            return
        if element.identifier == CLUSTER:
            yield element
            offset = cluster_end(window, element)
            continue
        if element.identifier not in LEVEL_1:
            raise unusable(f"what is at byte {offset} does not belong between clusters")
        offset = element.end


def cluster_at(window: Window, offset: int) -> Element:
    """The cluster at `offset`. Raises IndexUnusable where there is none."""
    element = window.element(offset)
    if element.identifier != CLUSTER:
        raise unusable(f"no cluster is at byte {offset}, where it should be")
    return element


def cluster_ticks(window: Window, cluster: Element) -> int:
    """The cluster's Timestamp, which stands before its blocks. Raises IndexUnusable."""
    offset = cluster.start
    for _ in range(_TIMESTAMP_IS_AMONG):
        element = window.element(offset)
        if element.identifier == _TIMESTAMP:
            return _timestamp(window, element)
        if element.identifier in (_SIMPLE_BLOCK, _BLOCK_GROUP) or element.identifier in _ENDING:
            break
        offset = element.end
    raise unusable(f"the cluster at byte {cluster.offset} has no Timestamp before its blocks")


def cluster_children(window: Window, cluster: Element) -> Iterator[Element]:
    """The elements of a cluster, up to the first whose header the file does not hold. Raises IndexUnusable."""
    offset = cluster.start
    stop = window.size if cluster.size is None else min(cluster.end, window.size)
    while offset < stop:
        element = window.element_unless_cut(offset)
        if element is None or (cluster.size is None and element.identifier in _ENDING):
            return
        if element.identifier in _ENDING or (cluster.size is not None and element.end > cluster.end):
            raise unusable(f"what is at byte {offset} does not belong into a cluster")
        yield element
        offset = element.end


def cluster_end(window: Window, cluster: Element) -> int:
    """The offset after a cluster, walking through it where its size is unknown. Raises IndexUnusable."""
    if cluster.size is not None:
        return cluster.end
    return max((child.end for child in cluster_children(window, cluster)), default=cluster.start)


def blocks(window: Window, cluster: Element) -> Iterator[Block]:
    """The blocks of a cluster that lie in the file whole, in decoding order. Raises IndexUnusable."""
    base: int | None = None
    for element in cluster_children(window, cluster):
        if element.end > window.size:
            return
        if element.identifier == _TIMESTAMP:
            base = _timestamp(window, element)
        elif element.identifier in (_SIMPLE_BLOCK, _BLOCK_GROUP):
            if base is None:
                raise unusable(f"the cluster at byte {cluster.offset} has no Timestamp before its blocks")
            yield parse_block(window, element, base)


def parse_block(window: Window, element: Element, base: int) -> Block:
    """The block that is `element`, in a cluster of time `base`. Raises IndexUnusable for another element."""
    group = None
    if element.identifier == _BLOCK_GROUP:
        group = element
        element = next((child for child in _inside(window, group) if child.identifier == _BLOCK), group)
    if element.identifier not in (_SIMPLE_BLOCK, _BLOCK):
        raise unusable(f"no block is at byte {element.offset}, where it should be")
    header = window.bytes_at(element.start, _BLOCK_HEADER)
    track, length = vint(header, 0)
    if len(header) < length + 3 or element.end < element.start + length + 3:
        raise unusable(f"the block at byte {element.offset} is cut off")
    ticks = base + int.from_bytes(header[length : length + 2], "big", signed=True)
    return Block(track, ticks, element.start + length + 3, element.end, header[length + 2], group)


def is_keyframe(window: Window, block: Block) -> bool:
    """Whether the block decodes on its own: the flag, or no reference to another block. Raises IndexUnusable."""
    if block.group is None:
        return bool(block.flags & _KEYFRAME_FLAG)
    return all(child.identifier != _REFERENCE_BLOCK for child in _inside(window, block.group))


def _inside(window: Window, group: Element) -> Iterator[Element]:
    offset = group.start
    while offset < group.end:
        child = window.element(offset)
        if child.end > group.end:
            raise unusable(f"the BlockGroup at byte {group.offset} is smaller than what it holds")
        yield child
        offset = child.end


def _timestamp(window: Window, element: Element) -> int:
    size = element.end - element.start
    data = window.bytes_at(element.start, min(size, 9))
    if size > 8 or len(data) < size or (size == 8 and data[0] >= 0x40):
        raise unusable(f"the cluster's Timestamp at byte {element.offset} is impossible")
    return int.from_bytes(data, "big")
