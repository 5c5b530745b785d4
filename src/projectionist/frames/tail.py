"""The last packets of a film that is cut short: which of them still decode."""

from __future__ import annotations

from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.packets import VideoPacket

_MOST_BYTES = 64 << 20


class Tail:
    """Keeps the packets from the latest keyframe on; beyond 64 MiB, none of them."""

    def __init__(self) -> None:
        self._packets: list[VideoPacket] = []
        self._bytes = 0

    def add(self, packet: VideoPacket) -> None:
        """Take in the next packet."""
        if packet.is_keyframe:
            self._packets, self._bytes = [], 0
        self._bytes += packet.size
        if packet.is_keyframe or self._packets:
            self._packets.append(packet)
        if self._bytes > _MOST_BYTES:
            self._packets = []

    def last_whole(self, film: Film, last_ns: int) -> int:
        """The time of the last frame that decodes, `last_ns` where that cannot be told. Opens the film's decoder."""
        if not self._packets:
            return last_ns
        found = Decoder(film, loop_filter=True).last_whole(self._packets)
        return min(found, last_ns) if found >= 0 else last_ns
