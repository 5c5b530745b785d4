"""What every way of reading a film yields: a decoded frame, and the places it was read for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from av.video.frame import VideoFrame

from projectionist.frames.decoder import Decoder
from projectionist.frames.packets import Tape
from projectionist.frames.slots import Slot


class Shot(NamedTuple):
    """A frame for some slots; `frame` is None where it did not decode.

    `keyframe_ns` is the keyframe that it was decoded from, `shown_ns` the frame's own time or the moment asked
    for, both in nanoseconds on the player's timeline.
    """

    slots: tuple[Slot, ...]
    keyframe_ns: int
    shown_ns: int
    frame: VideoFrame | None


Shots = Iterator[Shot]


def shots_of_run(
    decoder: Decoder,
    tape: Tape,
    keyframe_ns: int,
    wanted: dict[int, tuple[Slot, ...]],
    *,
    skip_nonref: bool,
) -> Shots:
    """Decode on from a keyframe to each moment of `wanted` (rising, in nanoseconds), a shot for each.

    Raises IndexUnusable where the tape holds no such keyframe.
    """
    left = dict(wanted)
    packets = tape.from_keyframe(keyframe_ns)
    for moment, frame in decoder.run(packets, list(wanted), skip_nonref=skip_nonref):
        yield Shot(left.pop(moment), keyframe_ns, moment, None if tape.has_hole_at(moment) else frame)
    for moment, slots in left.items():
        yield Shot(slots, keyframe_ns, moment, None)
