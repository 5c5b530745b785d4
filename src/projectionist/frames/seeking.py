"""Reading by libavformat's seeking, where our own readers have no index: TS, AVI, WMV, some MP4 and Matroska."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from projectionist.errors import IndexUnusable
from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.packets import Tape, VideoPacket, moment_of, tape_at
from projectionist.frames.shots import Shot, Shots, shots_of_run
from projectionist.frames.slots import Mode, Slot, slot_count
from projectionist.frames.stretches import Stretches
from projectionist.frames.tail import Tail
from projectionist.frames.wholeness import ends_blank, is_cut_short

_SECOND = 1_000_000_000
_FIRST_STEP_BACK = 2 * _SECOND
_LONGEST_STEP_BACK = 600 * _SECOND
_TAIL = 4 * _SECOND


def last_video_time(film: Film) -> int:
    """The time of the last whole video frame, in nanoseconds on the player's timeline, read from the tail.

    The header's duration only says where to begin looking. Of a film that is cut short, the last frames are
    decoded, for which the film is reopened. Raises IndexUnusable where no tail is found.
    """
    duration_ns = (film.container.duration or 0) * 1000
    film.damaged |= is_cut_short(film.source) or ends_blank(film.source)
    step = _TAIL
    while True:
        begin = max(0, duration_ns - step)
        tape = tape_at(film, begin)
        stretches, tail = Stretches(), Tail()
        for packet in tape:
            shown = moment_of(film, packet)
            if shown is not None:
                stretches.add(shown, is_keyframe=packet.is_keyframe)
                tail.add(packet)
        keyframes, last = stretches.believed().keyframes, stretches.believed().last_ns
        if keyframes and film.damaged:
            last = tail.last_whole(film, last)
            film.reopen()
            return last
        if keyframes or (last and not film.damaged):
            return last
        if begin == 0:
            raise IndexUnusable("seeking found no video frame near the end")
        step *= 4


@dataclass(slots=True)
class _Bracket:
    """The keyframes around a moment, as packets; `after` is None past the last one."""

    before: tuple[int, VideoPacket] | None
    after: tuple[int, VideoPacket] | None

    def nearest(self, moment_ns: int) -> tuple[int, VideoPacket]:
        if self.before is None or self.after is None:
            found = self.before or self.after
            assert found is not None
            return found
        late = self.after[0] - moment_ns < moment_ns - self.before[0]
        return self.after if late else self.before


@dataclass(slots=True)
class _Finder:
    """Finds the keyframes around rising moments; reads on where the next is near, seeks where it is far."""

    film: Film
    tape: Tape | None = None
    known: list[tuple[int, VideoPacket]] = field(default_factory=list)
    position: int = 0
    at_start: bool = False
    ended: bool = False
    gap: int = _FIRST_STEP_BACK

    def around(self, moment_ns: int) -> _Bracket:
        """Raises IndexUnusable where seeking does not come before `moment_ns`, or finds no keyframe."""
        step_back = self.gap + self.gap // 8
        if self.tape is None or moment_ns - self.position > 2 * step_back:
            self._seek(moment_ns - step_back)
        while True:
            self._read_past(moment_ns)
            before = [one for one in self.known if one[0] <= moment_ns]
            after = [one for one in self.known if one[0] > moment_ns]
            if before or (self.at_start and after):
                self.known = before[-1:] + after
                if before and after:
                    self.gap = max(_FIRST_STEP_BACK // 4, after[0][0] - before[-1][0])
                return _Bracket(before[-1] if before else None, after[0] if after else None)
            if self.at_start:
                raise IndexUnusable("seeking found no keyframe")
            step_back *= 2
            if step_back > _LONGEST_STEP_BACK:
                raise IndexUnusable(f"seeking found no keyframe before {moment_ns / _SECOND:.1f} s")
            self._seek(moment_ns - step_back)

    def tape_before(self, keyframe_ns: int) -> Tape:
        """A tape on which a keyframe found before comes soon; the next search then seeks anew."""
        self.tape = None
        return tape_at(self.film, keyframe_ns - self.gap // 8 - _SECOND // 2)

    def _seek(self, to_ns: int) -> None:
        self.at_start = to_ns <= 0
        self.tape = tape_at(self.film, to_ns)
        self.known = []
        self.position = max(0, to_ns)
        self.ended = False

    def _read_past(self, moment_ns: int) -> None:
        assert self.tape is not None
        while not self.ended and not (self.known and self.known[-1][0] > moment_ns):
            packet = next(self.tape, None)
            if packet is None:
                self.ended = True
                return
            shown = moment_of(self.film, packet)
            if shown is None:
                continue
            self.position = shown
            if packet.is_keyframe:
                self.known.append((shown, packet))
                del self.known[:-2]


@dataclass(frozen=True, slots=True)
class _Moment:
    """A moment to show, for one slot of one interval."""

    ns: int
    slot: Slot
    interval_ns: int


def read_by_seeking(
    film: Film, last_ns: int, intervals_ms: tuple[int, ...], mode: Mode, *, skip_nonref: bool
) -> Shots:
    """Decode the pictures of all slots up to `last_ns`; per interval in rising order.

    Raises IndexUnusable where the container's seeking cannot be relied on.
    """
    finder = _Finder(film)
    decoder = Decoder(film, loop_filter=mode is not Mode.KEYFRAME)
    moments = _moments(last_ns, intervals_ms)
    done: set[Slot] = set()
    latest: Shot | None = None
    for position, moment in enumerate(moments):
        if moment.slot in done:
            done.remove(moment.slot)
            continue
        bracket = finder.around(moment.ns)
        if bracket.before is None or not _wants_a_run(moment, bracket, last_ns, mode):
            keyframe_ns, packet = bracket.nearest(moment.ns)
            if latest is None or latest.keyframe_ns != keyframe_ns:
                latest = Shot((), keyframe_ns, keyframe_ns, decoder.keyframe(packet))
            yield latest._replace(slots=(moment.slot,))
            continue
        wanted: dict[int, tuple[Slot, ...]] = {}
        for other in _up_to(bracket.after, moments, position):
            if other.slot not in done and _wants_a_run(other, bracket, last_ns, mode):
                wanted[other.ns] = (*wanted.get(other.ns, ()), other.slot)
                done.add(other.slot)
        done.remove(moment.slot)
        tape = finder.tape_before(bracket.before[0])
        yield from shots_of_run(decoder, tape, bracket.before[0], wanted, skip_nonref=skip_nonref)


def _up_to(after: tuple[int, VideoPacket] | None, moments: list[_Moment], position: int) -> Iterator[_Moment]:
    while position < len(moments) and (after is None or moments[position].ns < after[0]):
        yield moments[position]
        position += 1


def _moments(last_ns: int, intervals_ms: tuple[int, ...]) -> list[_Moment]:
    every = [
        _Moment(number * interval_ms * 1_000_000, Slot(series, number), interval_ms * 1_000_000)
        for series, interval_ms in enumerate(intervals_ms)
        for number in range(slot_count(last_ns, interval_ms))
    ]
    return sorted(every, key=lambda moment: moment.ns)


def _wants_a_run(moment: _Moment, bracket: _Bracket, last_ns: int, mode: Mode) -> bool:
    """Whether the frames between the keyframes must be decoded for this moment."""
    if mode is Mode.KEYFRAME or bracket.before is None or bracket.before[0] == moment.ns:
        return False
    end = bracket.after[0] if bracket.after else last_ns
    return mode is Mode.EXACT or end - bracket.before[0] > 2 * moment.interval_ns
