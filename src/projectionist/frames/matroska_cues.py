"""The Cues of a Matroska file: times and places of the keyframes of one track (RFC 9559 section 5.1.5)."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from projectionist.frames.ebml import element_at, unusable

Numbers = npt.NDArray[np.int64]

_CUE_POINT = 0xBB
_CUE_TIME = 0xB3
_CUE_TRACK_POSITIONS = 0xB7
_CUE_TRACK = 0xF7
_CUE_CLUSTER_POSITION = 0xF1
_CUE_RELATIVE_POSITION = 0xF0
_MASTERS = frozenset((_CUE_POINT, _CUE_TRACK_POSITIONS))

_GREATEST = 1 << 60
"""Above this no time and no place is honest, and sums of two would leave 64 bits."""


@dataclass(frozen=True)
class Cues:
    """Keyframes, sorted by time, each time once; shape (n,) each.

    `ticks` count TimestampScale, `clusters` bytes from the start of the Segment's data, `relatives` bytes from
    the start of the cluster's data, -1 where the file does not say.
    """

    ticks: Numbers
    clusters: Numbers
    relatives: Numbers

    def where(self, chosen: npt.NDArray[np.bool_ | np.int64] | slice) -> Cues:
        """The cues chosen by a mask, by numbers or by a slice."""
        return Cues(self.ticks[chosen], self.clusters[chosen], self.relatives[chosen])


def parse_cues(data: bytes, track: int) -> Cues:
    """The cues of `track` from the data of a Cues element. Raises IndexUnusable."""
    ticks, clusters, relatives = (np.frombuffer(column, np.int64) for column in _collect(data, track))
    if not len(ticks):
        raise unusable("its Cues name no keyframe of the video track")
    order = np.argsort(ticks, kind="stable")
    ordered = ticks[order]
    once = order[np.append(True, ordered[1:] > ordered[:-1])]
    return Cues(ticks, clusters, relatives).where(once)


def _collect(data: bytes, track: int) -> tuple[array[int], array[int], array[int]]:
    """One pass over the elements of all depths: entering a CuePoint or CueTrackPositions is just reading on.

    Spelled out without calls, since a long film with cues for its subtitles has a million elements.
    """
    ticks, clusters, relatives = array("q"), array("q"), array("q")
    position, end = 0, len(data) + 2
    data += bytes((_CUE_POINT, 0x80, 0))  # closes the last point; what is cut off runs into it
    values: dict[int, int] = {}
    found: tuple[int, int] | None = None
    while position < end:
        identifier = data[position]
        size = data[position + 1] - 0x80 if identifier & 0x80 else -1
        start = position + 2
        if not 0 <= size < 0x7F:
            element = element_at(data, position)
            identifier, start, size = element.identifier, element.start, element.end - element.start
        if identifier not in _MASTERS:
            position = start + size
            if size <= 8:
                values[identifier] = int.from_bytes(data[start:position], "big")
            continue
        position = start
        if found is None and values.get(_CUE_TRACK) == track and _CUE_CLUSTER_POSITION in values:
            found = values[_CUE_CLUSTER_POSITION], values.get(_CUE_RELATIVE_POSITION, -1)
        time = values.get(_CUE_TIME)
        values = {} if time is None else {_CUE_TIME: time}
        if identifier == _CUE_POINT:
            if found and time is not None:
                if max(time, *found) > _GREATEST:
                    raise unusable("its Cues hold impossible numbers")
                ticks.append(time)
                clusters.append(found[0])
                relatives.append(found[1])
            values, found = {}, None
    if position != end:
        raise unusable("its Cues are cut off")
    return ticks, clusters, relatives
