"""Packets of the main video stream as libavformat demuxes them, in decoding order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

from projectionist.errors import IndexUnusable
from projectionist.frames.film import DECODING_FAILED, Film

VideoPacket: TypeAlias = "Packet[VideoStream]"

_ERRORS_IN_A_ROW = 64
"""A damaged stretch gives a few read errors before the demuxer finds its feet again; more is the end."""

_KEPT = 64
"""How many packets back one can go: more than the decoder looks ahead."""

_KEPT_BYTES = 48 << 20
"""And how many bytes: pictures as large as that come from codecs that reorder nothing."""


def moment_of(film: Film, packet: VideoPacket) -> int | None:
    """When a packet's frame is shown, in nanoseconds on the player's timeline; None where it is not said."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else film.to_ns(stamp)


class Tape:
    """The stream's packets from where the demuxer stands; one can wind back a little.

    `damaged` turns true where the demuxer stumbled or marked a packet as corrupt.
    """

    def __init__(self, film: Film) -> None:
        self._film = film
        self._packets = self._demux()
        self._coming: deque[VideoPacket] = deque()
        self._gone: deque[VideoPacket] = deque()
        self._gone_bytes = 0
        self.damaged = False

    def __iter__(self) -> Iterator[VideoPacket]:
        return self

    def __next__(self) -> VideoPacket:
        packet = self._coming.popleft() if self._coming else next(self._packets)
        self._gone.append(packet)
        self._gone_bytes += packet.size
        while len(self._gone) > _KEPT or self._gone_bytes > _KEPT_BYTES:
            self._gone_bytes -= self._gone.popleft().size
        return packet

    def forward_to(self, ns: int) -> VideoPacket | None:
        """Wind to the keyframe shown at `ns`, back where it went by already; None where there is none."""
        self._coming.extendleft(reversed(self._gone))
        self._gone.clear()
        self._gone_bytes = 0
        tick = 1 + self._film.to_ns(1) - self._film.to_ns(0)
        for packet in self:
            shown = moment_of(self._film, packet)
            if packet.is_keyframe and shown is not None and abs(shown - ns) <= tick:
                return packet
            if packet.dts is not None and self._film.to_ns(packet.dts) > ns + tick:
                return None
        return None

    def from_keyframe(self, ns: int) -> Iterator[VideoPacket]:
        """The packets from the keyframe shown at `ns` on. Raises IndexUnusable where it is not there."""
        first = self.forward_to(ns)
        if first is None:
            raise IndexUnusable(f"there is no keyframe at {ns / 1e9:.3f} s, where one was expected")
        yield first
        yield from self

    def _demux(self) -> Iterator[VideoPacket]:
        film = self._film
        errors = 0
        while errors < _ERRORS_IN_A_ROW:
            try:
                for packet in film.container.demux(film.stream):
                    if packet.size:
                        errors = 0
                        self.damaged |= packet.is_corrupt
                        yield packet
                return
            except DECODING_FAILED:
                errors += 1
                self.damaged = True


def tape_at(film: Film, ns: int) -> Tape:
    """A tape that starts at or before the moment `ns`. Raises IndexUnusable where the film cannot seek there."""
    moments = [max(ns, 0)]
    if ns <= 0:
        moments.insert(0, -1_000_000_000)  # the first frame's decoding time lies before its showing
    for moment in moments:
        try:
            film.container.seek(film.to_timestamp(moment), stream=film.stream, backward=True)
        except DECODING_FAILED:
            continue
        return Tape(film)
    raise IndexUnusable(f"seeking to {ns / 1e9:.1f} s failed")
