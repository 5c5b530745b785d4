"""How fast a film's bytes go by on the screen: what tells a hole in the file from a picture that stands still."""

from __future__ import annotations

from dataclasses import dataclass

_STILL_NS = 1_000_000_000
"""A frame that stays for less than this is nothing remarkable."""

_KNOWN_NS = 400_000_000
"""So much video has to have gone by before anything can be said."""

_UNUSUAL = 8
"""A frame that stays less than so many times longer than usual is nothing remarkable either: slides."""

_FEW = 32


@dataclass(slots=True)
class Pace:
    """Learns from the packets of one film; bytes are those of the file, times those on the screen."""

    _time_ns: int = 0
    _video_bytes: int = 0
    _other_bytes: int = 0
    _widest: int = 0
    _steps: int = 0
    _packets: int = 0
    _corrupt: int = 0

    def learn(self, gap_ns: int, gap_bytes: int, size: int) -> None:
        """Take in a packet of `size` bytes, so long and so many bytes after the one before it."""
        self._time_ns += max(0, gap_ns)
        self._other_bytes += gap_bytes
        self._widest = max(self._widest, gap_bytes)
        self._steps += 1
        self._video_bytes += size

    def count(self, *, corrupt: bool) -> None:
        """Take in whether the demuxer marked a packet as corrupt."""
        self._packets += 1
        self._corrupt += corrupt

    @property
    def marks_lie(self) -> bool:
        """Whether so many packets are marked as corrupt that the marks mean nothing."""
        return self._packets >= _FEW and self._corrupt * 2 > self._packets

    def is_hole(self, gap_ns: int, gap_bytes: int, *, stumbled: bool) -> bool:
        """Whether video is missing: a frame stays for long, and more bytes go by than sound, or the demuxer `stumbled`.

        While a picture stands still, the file holds what there always is beside video, give or take a second
        of interleaving, or of coarse places; a hole holds the bytes of the lost video too.
        """
        if gap_ns < _STILL_NS:
            return False
        if stumbled:
            return True
        usual_ns = self._time_ns // max(1, self._steps)
        if self._time_ns < _KNOWN_NS or gap_ns < _UNUSUAL * usual_ns or gap_bytes <= 2 * self._widest:
            return False
        beside = max(0, self._other_bytes) * (gap_ns + _STILL_NS) // self._time_ns
        return gap_bytes - beside > self._video_bytes * gap_ns // self._time_ns // 2
