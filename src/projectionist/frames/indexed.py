"""Reading by the container's own index: exactly the wanted keyframes, the next ones on their way already."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import groupby

from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.index import KeyframeIndex
from projectionist.frames.packets import tape_at
from projectionist.frames.shots import Shot, Shots, shots_of_run
from projectionist.frames.slots import Pick

_PAYLOADS_AHEAD = 6
_HEADERS_AHEAD = 12
_AHEAD_BYTES = 32 << 20
"""At most this much is asked for ahead: what the kernel cannot keep would be read twice."""


def read_indexed(
    film: Film, index: KeyframeIndex, picks: list[Pick], *, loop_filter: bool, skip_nonref: bool
) -> Shots:
    """Decode `picks`, in their order. Raises IndexUnusable where the index turns out to be wrong."""
    decoder = Decoder(film, loop_filter=loop_filter)
    payloads = _payloads(film, index, [pick.keyframe for pick in picks if pick.exact_ns is None])
    for (keyframe, exact), group in groupby(picks, lambda pick: (pick.keyframe, pick.exact_ns is not None)):
        keyframe_ns = int(index.times_ns[keyframe])
        if exact:
            wanted = {pick.moment_ns: pick.slots for pick in group}
            tape = tape_at(film, keyframe_ns)
            yield from shots_of_run(decoder, tape, keyframe_ns, wanted, skip_nonref=skip_nonref)
        else:
            slots = tuple(slot for pick in group for slot in pick.slots)
            yield Shot(slots, keyframe_ns, keyframe_ns, decoder.keyframe(next(payloads)))


def _payloads(film: Film, index: KeyframeIndex, numbers: list[int]) -> Iterator[bytes]:
    """The packets of these keyframes; headers and payloads of the following ones are fetched meanwhile."""
    source = film.source
    hinted = 0
    located: deque[tuple[int, int]] = deque()
    for done in range(len(numbers)):
        for number in numbers[hinted : done + _HEADERS_AHEAD]:
            source.prefetch(*index.hint(number))
            hinted += 1
        while done + len(located) < min(done + _PAYLOADS_AHEAD, len(numbers)):
            extent = index.extent(numbers[done + len(located)])
            if located and sum(size for _, size in located) < _AHEAD_BYTES:
                source.prefetch(*extent)
            located.append(extent)
        offset, size = located.popleft()
        payload = source.pread(offset, size)
        if len(payload) < size:
            source.check_unchanged()
        yield index.prefix + payload if index.prefix else payload
