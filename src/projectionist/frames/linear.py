"""Reading from end to end: slow, and right whatever state the container is in."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, groupby

import numpy as np

from projectionist.errors import FilmUndecodable
from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.index import Times
from projectionist.frames.packets import Tape, moment_of
from projectionist.frames.shots import Shot, Shots, shots_of_run
from projectionist.frames.slots import Mode, Pick, choose
from projectionist.frames.stretches import Stretches
from projectionist.frames.tail import Tail
from projectionist.frames.wholeness import ends_blank, is_cut_short


@dataclass(frozen=True, slots=True)
class Scan:
    """What one reading of all packets tells; times in nanoseconds on the player's timeline."""

    times_ns: Times
    last_ns: int


def scan(film: Film) -> Scan:
    """List the keyframes by reading every packet, decoding none but, of a damaged film, the last ones.

    Raises FilmUndecodable where there is none.
    """
    film.source.expect_a_walk()
    tape = Tape(film)
    stretches = Stretches()
    tail = Tail()
    for packet in tape:
        shown = moment_of(film, packet)
        if shown is not None:
            stretches.add(shown, is_keyframe=packet.is_keyframe)
            tail.add(packet)
    believed = stretches.believed()
    if not believed.keyframes:
        raise FilmUndecodable(
            f"{film.path} holds no whole video frame that a picture could be made from; copy or download it again."
        )
    if stretches.jumps:
        film.damaged, film.spans = True, believed.spans
    last = believed.last_ns
    film.damaged |= is_cut_short(film.source) or ends_blank(film.source)
    if film.damaged:
        last = tail.last_whole(film, last)
    return Scan(np.unique(np.array(believed.keyframes, dtype=np.int64)), last)


def read_linear(
    film: Film, scanned: Scan, picks: list[Pick], *, loop_filter: bool, skip_nonref: bool
) -> Shots:
    """Decode `picks` on one walk through the film, which stands at its beginning."""
    film.source.expect_a_walk()
    decoder = Decoder(film, loop_filter=loop_filter)
    tape = Tape(film)
    for (keyframe, exact), group in groupby(picks, lambda pick: (pick.keyframe, pick.exact_ns is not None)):
        keyframe_ns = int(scanned.times_ns[keyframe])
        wanted = {pick.moment_ns: pick.slots for pick in group}
        first = tape.forward_to(keyframe_ns)
        if exact and first is not None:
            yield from shots_of_run(decoder, tape, keyframe_ns, wanted, skip_nonref=skip_nonref)
        else:
            frame = decoder.keyframe(first) if first is not None else None
            yield Shot(tuple(chain.from_iterable(wanted.values())), keyframe_ns, keyframe_ns, frame)


def read_every_frame(film: Film, scanned: Scan, intervals_ms: tuple[int, ...]) -> Shots:
    """Decode the film from its beginning, which it stands at, whatever is called a keyframe in it."""
    film.source.expect_a_walk()
    decoder = Decoder(film, loop_filter=True, forgiving=True)
    first_ns = int(scanned.times_ns[0])
    picks = choose(scanned.times_ns[:1], scanned.last_ns, intervals_ms, Mode.EXACT)
    wanted = {pick.moment_ns: pick.slots for pick in picks}
    yield from shots_of_run(decoder, Tape(film), first_ns, wanted, skip_nonref=False)
