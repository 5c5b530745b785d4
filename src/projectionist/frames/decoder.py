"""One decoder per film: single keyframes, drained and flushed each, or runs of frames to an exact one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from projectionist.errors import FilmUndecodable, IndexUnusable
from projectionist.frames.film import DECODING_FAILED, Film

_MAX_PIXELS = 1 << 26
"""Twice the pixels of 8K: a header that claims more is refused before memory is taken for it."""

_LOOKAHEAD = 24
"""Packets read ahead of the decoder: more than the 16 frames that H.264 and HEVC may reorder."""

_LOOKAHEAD_BYTES = 24 << 20
"""And no more bytes than this: pictures as large as that come from codecs that reorder nothing."""

_HOLE = bytes(128)
"""Arithmetic coding does not make so many zeros in a row; a download that never got this part does."""

_LIES = 3

_INTRA = (PictureType.I, PictureType.SI, PictureType.BI)

_VOP = b"\0\0\1\xb6"

_A_FRAME_NS = 100_000_000
"""For so long the last frame is surely the right one."""

_SKIPS_SAFELY = frozenset({"h264", "mpeg2video", "mpeg4", "vp8", "vp9", "vc1", "wmv3"})
"""Decoders that leave out only what no other frame refers to when told to skip non-reference frames."""


class Decoder:
    """Decodes the pictures of one film, on one thread: parallelism is across films.

    `loop_filter` keeps that filter on for the frames that others refer to: without it errors grow along a run, to
    39 dB at thumbnail size after ten seconds. On lone keyframes it changes nothing visible. Only whole pictures come
    out; what refers to a damaged one counts as damaged, unless `forgiving`: then each picture is judged by itself.
    """

    def __init__(self, film: Film, *, loop_filter: bool, forgiving: bool = False) -> None:
        self._film = film
        context = film.stream.codec_context
        context.thread_count = 1
        context.options = {
            "skip_loop_filter": "noref" if loop_filter else "all",
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
        self._looks_for_holes = film.hides_damage and film.container.format.name != "mpegts"
        self._forgiving = forgiving
        self._spoiled = False
        self._lies = 0
        self._tells_types = False

    def keyframe(self, payload: bytes | Packet[VideoStream]) -> VideoFrame | None:
        """The picture in a lone keyframe's packet, or None where it does not decode, or not whole.

        Raises IndexUnusable where several packets in a row are called keyframes and are none.
        """
        packet = payload if isinstance(payload, Packet) else Packet(payload)
        self._spoiled = False
        frames = self._decode(packet) or self._decode(None)
        self._context.flush_buffers()
        is_lie = self._is_lie(bytes(packet), frames)
        self._lies = self._lies + 1 if is_lie else self._lies if not frames else 0
        if self._lies >= _LIES:
            raise IndexUnusable("frames that are called keyframes are none")
        return frames[0] if frames and not is_lie and self._is_whole(frames[0]) else None

    def run(
        self, packets: Iterable[Packet[VideoStream]], targets_ns: list[int], *, skip_nonref: bool = False
    ) -> Iterator[tuple[int, VideoFrame | None]]:
        """Decode on from a keyframe; for each target, by rising time, the frame on the screen at that moment.

        `packets` start at the keyframe, in decoding order. Frames that nothing refers to and that are not
        shown themselves are skipped, which changes no other frame; `skip_nonref` leaves out all of them, so
        that the frame shown may be a little early. A target whose frame is damaged gets None, one that the packets
        end before is left out.
        """
        context = self._context
        waiting = deque(targets_ns)
        best: VideoFrame | None = None
        begun = self._spoiled = False
        shown = 0
        try:
            for frame in self._frames(packets, targets_ns, skip_nonref=skip_nonref):
                if frame.pts is None:
                    continue
                shown = self._film.to_ns(frame.pts)
                whole = frame if self._is_whole(frame) else None
                while waiting and shown > waiting[0]:
                    yield waiting.popleft(), best if begun else whole
                if not waiting:
                    return
                best, begun = whole, True
            while waiting and begun and waiting[0] <= shown + _A_FRAME_NS:
                yield waiting.popleft(), best
        finally:
            context.skip_frame = "DEFAULT"
            context.flush_buffers()

    def last_whole(self, packets: Iterable[Packet[VideoStream]]) -> int:
        """Decode on from a keyframe until a frame is damaged; the time of the last whole one, -1 for none."""
        self._spoiled = False
        last = -1
        for packet in chain(packets, [None]):
            frames = self._decode(packet)
            if self._spoiled or not all(self._is_whole(frame) for frame in frames):
                break
            last = max([last, *(self._film.to_ns(frame.pts) for frame in frames if frame.pts is not None)])
        self._context.flush_buffers()
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

    def _decode(self, packet: Packet[Any] | None) -> list[VideoFrame]:
        self._spoiled |= self._looks_for_holes and packet is not None and _HOLE in bytes(packet)
        try:
            return self._context.decode(packet)
        except DECODING_FAILED:
            self._spoiled |= self._film.hides_damage
            return []

    def _is_lie(self, payload: bytes, frames: list[VideoFrame]) -> bool:
        """Whether what is called a keyframe needs other frames.

        The decoder tells; where it tells the types of some frames and not of this one, it made the frame up. A
        picture of MPEG-4 part 2 that gives no frame says it itself (ISO/IEC 14496-2, vop_coding_type).
        """
        if not frames:
            vop = payload.find(_VOP) + len(_VOP) if self._context.name == "mpeg4" else 0
            return vop >= len(_VOP) and vop < len(payload) and payload[vop] >> 6 != 0
        kind = frames[0].pict_type
        self._tells_types |= kind != PictureType.NONE
        return not frames[0].key_frame and kind not in _INTRA and self._tells_types

    def _is_whole(self, frame: VideoFrame) -> bool:
        """Whether the frame, and what it refers to, decoded without a fault."""
        if self._forgiving:
            return not frame.is_corrupt
        self._spoiled |= frame.is_corrupt
        return not self._spoiled


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
