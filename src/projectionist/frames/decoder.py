"""One decoder per film: single keyframes, drained and flushed each, or runs of frames to an exact one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from projectionist.errors import FilmUndecodable
from projectionist.frames.film import DECODING_FAILED, Film

_MAX_PIXELS = 1 << 26
"""Twice the pixels of 8K: a header that claims more is refused before memory is taken for it."""

_LOOKAHEAD = 24
"""Packets read ahead of the decoder: more than the 16 frames that H.264 and HEVC may reorder."""

_LOOKAHEAD_BYTES = 24 << 20
"""And no more bytes than this: pictures as large as that come from codecs that reorder nothing."""

_SKIPS_SAFELY = frozenset({"h264", "mpeg2video", "mpeg4", "vp8", "vp9", "vc1", "wmv3"})
"""Decoders that leave out only what no other frame refers to when told to skip non-reference frames."""


class Decoder:
    """Decodes the pictures of one film, on one thread: parallelism is across films.

    `runs` says that frames between keyframes will be asked for: the loop filter then stays on for reference
    frames, since without it errors grow along the run. On lone keyframes it changes nothing visible at
    thumbnail size and is left out.
    """

    def __init__(self, film: Film, *, runs: bool) -> None:
        self._film = film
        self._stream: VideoStream = film.stream
        context = film.stream.codec_context
        context.thread_count = 1
        context.options = {
            "skip_loop_filter": "noref" if runs else "all",
            "max_pixels": str(_MAX_PIXELS),
            "flags": "+output_corrupt",
        }
        try:
            context.open()
        except DECODING_FAILED as error:
            raise FilmUndecodable(
                f"{film.path} cannot be decoded: the decoder for {context.name} refused it ({error})."
            ) from None
        self._context = context
        self._skips = context.name in _SKIPS_SAFELY or _one_layer_of_hevc(film.stream)

    def keyframe(self, payload: bytes | Packet[VideoStream]) -> VideoFrame | None:
        """The picture in a lone keyframe's packet, or None where it does not decode."""
        packet = payload if isinstance(payload, Packet) else Packet(payload)
        context = self._context
        try:
            frames = context.decode(packet)
            frames += context.decode(None)
        except DECODING_FAILED:
            return None
        finally:
            context.flush_buffers()
        return frames[0] if frames else None

    def run(
        self, packets: Iterable[Packet[VideoStream]], targets_ns: list[int], *, skip_nonref: bool = False
    ) -> Iterator[tuple[int, VideoFrame]]:
        """Decode on from a keyframe; for each target, by rising time, the frame on the screen at that moment.

        `packets` start at the keyframe, in decoding order. Frames that nothing refers to and that are not
        shown themselves are skipped, which changes no other frame; `skip_nonref` leaves out all of them, so
        that the frame shown may be a little early. A target that the packets end before gets the last frame.
        """
        context = self._context
        waiting = deque(targets_ns)
        best: VideoFrame | None = None
        try:
            for frame in self._frames(packets, targets_ns, skip_nonref=skip_nonref):
                if frame.pts is None:
                    continue
                shown = self._film.to_ns(frame.pts)
                while waiting and shown > waiting[0]:
                    yield waiting.popleft(), best if best is not None else frame
                if not waiting:
                    return
                best = frame
            while waiting and best is not None:
                yield waiting.popleft(), best
        finally:
            context.skip_frame = "DEFAULT"
            context.flush_buffers()

    def last_whole(self, packets: Iterable[Packet[VideoStream]]) -> int:
        """Decode on from a keyframe until a frame is damaged; the time of the last whole one, -1 for none."""
        last = -1
        for packet in packets:
            try:
                frames = self._context.decode(packet)
            except DECODING_FAILED:
                break
            if any(frame.is_corrupt for frame in frames):
                break
            last = max([last, *(self._film.to_ns(frame.pts) for frame in frames if frame.pts is not None)])
        return last

    def _frames(
        self, packets: Iterable[Packet[VideoStream]], targets_ns: list[int], *, skip_nonref: bool
    ) -> Iterator[VideoFrame]:
        context = self._context
        first: int | None = None
        for packet, needed in _marked(packets, targets_ns, self._film):
            first = packet.pts if first is None else first
            skip = skip_nonref or (self._skips and not needed)
            context.skip_frame = "NONREF" if skip and packet.pts != first else "DEFAULT"
            yield from (
                frame for frame in self._decode(packet) if frame.pts is None or frame.pts >= (first or 0)
            )
        yield from self._decode(None)

    def _decode(self, packet: Packet[VideoStream] | None) -> list[VideoFrame]:
        try:
            return self._context.decode(packet)
        except DECODING_FAILED:
            return []


def _marked(
    packets: Iterable[Packet[VideoStream]], targets_ns: list[int], film: Film
) -> Iterator[tuple[Packet[VideoStream], bool]]:
    """Each packet with whether its frame may be the one on the screen at a target.

    A frame is not, once a frame is known that comes later on the screen and still not after the target.
    """
    ahead: deque[tuple[Packet[VideoStream], int]] = deque()
    known: deque[int] = deque(maxlen=3 * _LOOKAHEAD)
    waiting = deque(targets_ns)
    ahead_bytes = 0

    def needed(shown: int) -> bool:
        target = next((one for one in waiting if one >= shown), None)
        return target is not None and not any(shown < other <= target for other in known)

    for packet in packets:
        if packet.pts is None:
            yield packet, True
            continue
        shown = film.to_ns(packet.pts)
        ahead.append((packet, shown))
        ahead_bytes += packet.size
        known.append(shown)
        while len(ahead) > _LOOKAHEAD or ahead_bytes > _LOOKAHEAD_BYTES:
            oldest, its_time = ahead.popleft()
            ahead_bytes -= oldest.size
            yield oldest, needed(its_time)
            while waiting and oldest.dts is not None and film.to_ns(oldest.dts) > waiting[0]:
                waiting.popleft()
    for packet, shown in ahead:
        yield packet, needed(shown)


def _one_layer_of_hevc(stream: VideoStream) -> bool:
    """Whether this is HEVC without temporal sub-layers, by its hvcC record (ISO/IEC 14496-15, 8.3.3.1.2).

    With sub-layers, a picture that its own layer does not refer to may still be referred to by a higher one.
    """
    record = stream.codec_context.extradata or b""
    return (
        stream.codec_context.name == "hevc"
        and len(record) > 22
        and record[0] == 1
        and (record[21] >> 3) & 7 == 1
    )
