"""Packets of the main video stream as libavformat demuxes them, in decoding order."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import TypeAlias

from av.packet import Packet
from av.video.stream import VideoStream

from projectionist.errors import IndexUnusable
from projectionist.frames.film import DECODING_FAILED, Film

VideoPacket: TypeAlias = "Packet[VideoStream]"

_ERRORS_IN_A_ROW = 64
"""So many read errors without the demuxer getting any further in the file are the end."""

_KEPT = 64
"""How many packets back one can go: more than the decoder looks ahead."""

_KEPT_BYTES = 48 << 20
"""And how many bytes: pictures as large as that come from codecs that reorder nothing."""

_A_FRAME_NS = 100_000_000
"""For so long the last frame before a hole is surely the right one."""

_NEVER = 1 << 62

_CHUNK_HEADER = 8


def moment_of(film: Film, packet: VideoPacket) -> int | None:
    """When a packet's frame is shown, in nanoseconds on the player's timeline; None where it is not said."""
    stamp = packet.pts if packet.pts is not None else packet.dts
    return None if stamp is None else film.to_ns(stamp)


class Tape:
    """The stream's packets from where the demuxer stands; one can wind back a little.

    The film counts as damaged where the demuxer stumbled, marked a packet as corrupt or jumped over a hole. What
    comes between a hole and the next keyframe is left out, since it refers to frames that are lost.
    """

    def __init__(self, film: Film) -> None:
        self._film = film
        self._packets = self._demux()
        self._coming: deque[VideoPacket] = deque()
        self._gone: deque[VideoPacket] = deque()
        self._gone_bytes = 0
        self._latest: int | None = None
        self._end: int | None = None
        self._hole_from: int | None = None
        self._holes: list[tuple[int, int]] = []
        self._late = 0
        self._stumbled = False

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

    def has_hole_at(self, ns: int) -> bool:
        """Whether the frame of this moment is known to be lost."""
        open_end = [] if self._hole_from is None else [(self._hole_from, _NEVER)]
        return any(begin + _A_FRAME_NS < ns < end for begin, end in self._holes + open_end)

    def _demux(self) -> Iterator[VideoPacket]:
        film = self._film
        errors, furthest = 0, -1
        while errors < _ERRORS_IN_A_ROW:
            try:
                for packet in film.container.demux(film.stream):
                    if packet.size:
                        errors = 0
                        self._restore_time(packet)
                        if self._follows(packet):
                            yield packet
                return
            except IndexError:
                return  # the end: PyAV stumbles there over streams that turned up after opening
            except DECODING_FAILED:
                film.damaged = self._stumbled = True
                errors += 1
            if film.source.tell() > furthest:
                errors, furthest = 0, film.source.tell()

    def _follows(self, packet: VideoPacket) -> bool:
        """Whether the packet can be used; keeps account of holes."""
        shown = moment_of(self._film, packet)
        pace = self._film.pace
        pace.count(corrupt=packet.is_corrupt)
        is_corrupt = packet.is_corrupt and not pace.marks_lie
        if shown is None:
            return not is_corrupt
        if self._film.spans and not any(first <= shown <= last for first, last in self._film.spans):
            return False
        if is_corrupt or self._is_after_a_hole(packet, shown):
            self._film.damaged = True
            if self._hole_from is None:
                self._hole_from = shown if self._latest is None else self._latest
        if self._hole_from is not None:
            if not packet.is_keyframe or (is_corrupt and self._film.hides_damage):
                return False
            self._holes.append((self._hole_from, shown))
            self._hole_from = None
        self._latest = shown if self._latest is None else max(shown, self._latest)
        return True

    def _is_after_a_hole(self, packet: VideoPacket, shown: int) -> bool:
        """Whether bytes of video went by unread; in MP4 the index knows each frame, and nothing is jumped over."""
        if packet.pos is None or packet.pos < 0 or "mp4" in self._film.container.format.name:
            return False
        before, self._end = self._end, packet.pos + packet.size
        if before is None or self._latest is None:
            return False
        gap_ns, gap_bytes = shown - self._latest, packet.pos - before
        stumbled, self._stumbled = self._stumbled, False
        if self._film.pace.is_hole(gap_ns, gap_bytes, stumbled=stumbled):
            return True
        self._film.pace.learn(gap_ns, gap_bytes, packet.size)
        return False

    def _restore_time(self, packet: VideoPacket) -> None:
        """Where the demuxer of AVI, which counts frames, counted on over a hole: the time of its own index."""
        entries = self._film.stream.index_entries if self._film.container.format.name == "avi" else ()
        if not len(entries) or packet.dts is None or packet.pos is None:
            return
        place, number = packet.pos - _CHUNK_HEADER, packet.dts + self._late
        counted = entries[number].timestamp if 0 <= number < len(entries) else None
        if counted != number or entries[number].pos != place:
            found = bisect_left(entries, place, key=lambda entry: entry.pos)
            if found == len(entries) or entries[found].pos != place:
                return
            self._late = entries[found].timestamp - packet.dts
        packet.dts += self._late
        if packet.pts is not None:
            packet.pts += self._late


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
