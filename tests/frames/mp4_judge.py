"""libavformat's demuxer as the judge of the MP4 index."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np

from projectionist.frames.mp4 import Mp4Index
from tests.frames.mp4_films import FilmBytes


def judge(content: bytes, ordinal: int = 0) -> tuple[list[tuple[int, bytes]], int]:
    """Time (ns) and bytes of each keyframe that libavformat presents, and the time of the last frame."""
    keys: dict[int, bytes] = {}
    times = []
    with av.open(io.BytesIO(content), mode="r") as container:
        start = Fraction(container.start_time or 0, 1_000_000)
        for packet in container.demux(container.streams.video[ordinal]):
            if packet.pts is None or not packet.size or packet.is_discard or packet.is_corrupt:
                continue
            times.append(round((packet.pts * packet.time_base - start) * 1_000_000_000))
            if packet.is_keyframe:
                keys.setdefault(times[-1], bytes(packet))
    return sorted(keys.items()), max(times)


def assert_as_judged(content: bytes, index: Mp4Index, ordinal: int = 0) -> None:
    """The index lists what libavformat presents: same times, same bytes, same end."""
    keys, last = judge(content, ordinal)
    source = FilmBytes(content)
    assert len(keys) > 0
    assert len(index.times_ns) == len(keys)
    # libavformat gives the container's start in whole microseconds
    assert np.abs(index.times_ns - np.array([time for time, _ in keys])).max() <= 1000
    assert [source.pread(*index.extent(number)) for number in range(len(keys))] == [data for _, data in keys]
    assert abs(index.last_ns - last) <= 1000
    assert index.times_ns.dtype == np.int64
    assert (np.diff(index.times_ns) > 0).all()
