"""Reading from end to end: slow, and right whatever state the container is in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

import numpy as np

from projectionist.errors import FilmUndecodable
from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.index import Times
from projectionist.frames.packets import Tape, moment_of
from projectionist.frames.shots import Shot, Shots, shots_of_run
from projectionist.frames.slots import Pick


@dataclass(frozen=True, slots=True)
class Scan:
    """What one reading of all packets tells; times in nanoseconds on the player's timeline."""

    times_ns: Times
    last_ns: int
    damaged: bool


def scan(film: Film) -> Scan:
    """List the keyframes by reading every packet, decoding none. Raises FilmUndecodable where there is none."""
    film.source.expect_a_walk()
    tape = Tape(film)
    keyframes: list[int] = []
    last = 0
    for packet in tape:
        shown = moment_of(film, packet)
        if shown is None:
            continue
        if not packet.is_corrupt:
            last = max(last, shown)
        if packet.is_keyframe:
            keyframes.append(shown)
    if not keyframes:
        raise FilmUndecodable(
            f"{film.path} holds no whole video frame that a picture could be made from; copy or download it again."
        )
    return Scan(np.unique(np.array(keyframes, dtype=np.int64)), last, tape.damaged)


def read_linear(film: Film, scanned: Scan, picks: list[Pick], *, skip_nonref: bool) -> Shots:
    """Decode `picks` on one walk through the film, which stands at its beginning."""
    film.source.expect_a_walk()
    decoder = Decoder(film, runs=any(pick.exact_ns is not None for pick in picks))
    tape = Tape(film)
    for (keyframe, exact), group in groupby(picks, lambda pick: (pick.keyframe, pick.exact_ns is not None)):
        keyframe_ns = int(scanned.times_ns[keyframe])
        first = tape.forward_to(keyframe_ns)
        if exact and first is not None:
            wanted = {pick.moment_ns: pick.slots for pick in group}
            packets = tape.from_keyframe(keyframe_ns)
            yield from shots_of_run(decoder, packets, keyframe_ns, wanted, skip_nonref=skip_nonref)
        else:
            frame = decoder.keyframe(first) if first is not None else None
            for pick in group:
                yield Shot(pick.slots, keyframe_ns, pick.moment_ns if exact else keyframe_ns, frame)
