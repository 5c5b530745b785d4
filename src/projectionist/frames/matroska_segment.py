"""The outline of a Matroska file: its header, its Segment, and where in it everything but pictures is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from projectionist.frames.ebml import Element, Window, children, text, unsigned, unusable
from projectionist.frames.matroska_clusters import (
    CLUSTER,
    CUES,
    EBML_HEADER,
    INFO,
    LEVEL_1,
    SEEK_HEAD,
    TRACKS,
)

_SEGMENT = 0x18538067
_DOC_TYPE = 0x4282
_SEEK = 0x4DBB
_SEEK_ID = 0x53AB
_SEEK_POSITION = 0x53AC
_TIMESTAMP_SCALE = 0x2AD7B1

_DOC_TYPES = ("matroska", "webm")
_DEFAULT_SCALE = 1_000_000
_NAMES = {INFO: "Info", TRACKS: "Tracks", CUES: "Cues"}
_MOST_HEADER = 1 << 16
_MOST_SEEK_HEADS = 8
_MOST_BEFORE_CLUSTERS = 1024


@dataclass(frozen=True)
class Segment:
    """The data of the Segment begins at `start` and should end at `stop`; `first_cluster` is an offset.

    `found` are elements that stand before the clusters, `named` the offsets that SeekHeads give.
    """

    start: int
    stop: int
    first_cluster: int
    found: Mapping[int, Element]
    named: Mapping[int, int]

    def find(self, window: Window, identifier: int) -> Element:
        """The Info, Tracks or Cues, wherever they stand. Raises IndexUnusable."""
        if identifier in self.found:
            return self.found[identifier]
        name, offset = _NAMES[identifier], self.named.get(identifier)
        if offset is None:
            raise unusable(f"it has no {name}")
        if offset >= window.size:
            raise unusable(f"its {name} lie beyond the end of the file")
        element = window.element(offset)
        if element.identifier != identifier:
            raise unusable(f"its {name} are not where it says")
        return element


def find_segment(window: Window) -> Segment:
    """The outline of a file, without reading through it. Raises IndexUnusable."""
    header = window.element(0)
    if header.identifier != EBML_HEADER:
        raise unusable("the file does not begin as one")
    _check_header(window.whole(header, _MOST_HEADER))
    segment = window.element(header.end)
    if segment.identifier != _SEGMENT:
        raise unusable("no Segment follows its header")
    found, heads, first_cluster = _walk_to_clusters(window, segment.start)
    named = _follow_seek_heads(window, segment.start, heads)
    stop = window.size if segment.size is None else segment.end
    return Segment(segment.start, stop, first_cluster, found, named)


def parse_timestamp_scale(info: bytes) -> int:
    """Nanoseconds per tick, from the data of an Info element. Raises IndexUnusable."""
    scales = [unsigned(info, child) for child in children(info) if child.identifier == _TIMESTAMP_SCALE]
    scale = scales[0] if scales else _DEFAULT_SCALE
    if not 0 < scale < 1 << 40:
        raise unusable("its TimestampScale is impossible")
    return scale


def _check_header(header: bytes) -> None:
    for child in children(header):
        if child.identifier == _DOC_TYPE and text(header, child) not in _DOC_TYPES:
            raise unusable(f"it is EBML of another kind ({text(header, child)[:20]!r})")


def _walk_to_clusters(window: Window, offset: int) -> tuple[dict[int, Element], list[int], int]:
    """What stands before the first cluster: the needed elements, offsets of SeekHeads; and that cluster."""
    found: dict[int, Element] = {}
    heads: list[int] = []
    for _ in range(_MOST_BEFORE_CLUSTERS):
        if offset >= window.size:
            raise unusable("the file ends before its pictures begin")
        element = window.element(offset)
        if element.identifier == CLUSTER:
            return found, heads, offset
        if element.identifier not in LEVEL_1:
            raise unusable(f"what is at byte {offset} does not belong into a Segment")
        if element.identifier == SEEK_HEAD:
            heads.append(offset)
        elif element.identifier in _NAMES:
            found.setdefault(element.identifier, element)
        offset = element.end
    raise unusable("no cluster is found near its beginning")


def _follow_seek_heads(window: Window, start: int, heads: list[int]) -> dict[int, int]:
    """Offsets of elements by identifier, from SeekHeads and the SeekHeads that they name, be it in a circle."""
    named: dict[int, int] = {}
    for number, offset in enumerate(heads):  # grows while it is gone through
        if number == _MOST_SEEK_HEADS:
            break
        element = window.element(offset)
        if element.identifier != SEEK_HEAD:
            raise unusable("one SeekHead points to another that is not there")
        for identifier, position in _parse_seek_head(window.whole(element, _MOST_HEADER)):
            if identifier == SEEK_HEAD:
                heads.append(start + position)
            named.setdefault(identifier, start + position)
    return named


def _parse_seek_head(data: bytes) -> list[tuple[int, int]]:
    places = []
    for seek in children(data):
        if seek.identifier == _SEEK:
            fields = {child.identifier: child for child in children(data, seek.start, seek.end)}
            if _SEEK_ID in fields and _SEEK_POSITION in fields:
                places.append((unsigned(data, fields[_SEEK_ID]), unsigned(data, fields[_SEEK_POSITION])))
    return places
