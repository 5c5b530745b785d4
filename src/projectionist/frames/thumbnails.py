"""A film in, its thumbnails out: the best way of reading first, the next one where that fails."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from av.video.frame import VideoFrame

from projectionist.errors import FilmError, FilmTooShort, FilmUndecodable, IndexUnusable
from projectionist.frames.decoder import Decoder
from projectionist.frames.diagnosis import why_dark
from projectionist.frames.film import Film
from projectionist.frames.index import KeyframeIndex, Times
from projectionist.frames.indexed import read_indexed
from projectionist.frames.linear import Scan, read_every_frame, read_linear, scan
from projectionist.frames.look import settled
from projectionist.frames.packets import Tape, tape_at
from projectionist.frames.picture import Picture, Renderer
from projectionist.frames.seeking import last_video_time, read_by_seeking
from projectionist.frames.shots import Shot, Shots
from projectionist.frames.slots import Mode, Pick, Slot, choose, longest_run_ns
from projectionist.frames.source import SourceFile
from projectionist.frames.wholeness import ends_blank

_BLANK = 64

_LONG_RUN_NS = 12_000_000_000
"""So far from a keyframe, the errors that leaving out the loop filter adds up to would begin to show."""

_HOPELESS = 3
"""So many pictures that do not decode, and none that does: this way of reading is not believed any longer."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to make of a film: one series of thumbnails per interval (milliseconds), `width` pixels wide.

    `max_height` fits the picture into width x max_height instead. `skip_nonref` lets exact thumbnails be a few
    frames early, for speed. A film shorter than `shortest_ns` is refused.
    """

    intervals_ms: tuple[int, ...] = (10_000,)
    width: int = 320
    max_height: int | None = None
    mode: Mode = Mode.AUTO
    skip_nonref: bool = False
    shortest_ns: int = 0


_DEFAULT = Wanted()


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """Thumbnail `number` of the `series`-th interval: what is shown at the moment number x interval.

    `shown_ns` is the time of the picture itself, in nanoseconds on the player's timeline (for one decoded to
    the frame: the moment asked for). `stand_in` says that the right picture is damaged and a neighbour is shown.
    """

    series: int
    number: int
    shown_ns: int
    picture: Picture
    stand_in: bool


class _Rendered(NamedTuple):
    shot: Shot
    picture: Picture
    key: tuple[int, int | None]
    """What tells frames apart: the keyframe it was decoded from, and its own timestamp."""


class _Filled(NamedTuple):
    slot: Slot
    by: _Rendered
    stand_in: bool


class ThumbnailReader:
    """Iterate it for the thumbnails of a film, per series in rising order; then it tells how it went.

    `method` names the way of reading in use ("mp4-index", "matroska-cues", "seek" or "linear"), `damaged` says
    that something in the film could not be read and what could is shown; `last_ns` is the last video time, known
    from the first thumbnail on. The source is closed with the reader. Raises a FilmError on opening, or while
    iterating.
    """

    def __init__(self, source: SourceFile, wanted: Wanted) -> None:
        self._wanted = wanted
        self._film = Film(source)
        self._done = [0] * len(wanted.intervals_ms)
        self._renderer: Renderer | None = None
        self._good: _Rendered | None = None
        self._reached = 0
        self._running: Generator[Thumbnail] | None = None
        self._scan: Scan | None = None
        self.method = ""
        self.last_ns = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running is not None:
            self._running.close()  # while what it holds is still open
        self._film.close()

    @property
    def damaged(self) -> bool:
        """Whether something in the film could not be read; what could is shown."""
        return self._film.damaged

    def __iter__(self) -> Iterator[Thumbnail]:
        self._running = self._thumbnails()
        return self._running

    def _thumbnails(self) -> Generator[Thumbnail]:
        try:
            yield from self._every_way()
        except FilmError:
            self._film.source.check_unchanged()
            raise

    def _every_way(self) -> Iterator[Thumbnail]:
        fault: Exception | None = self._film.index_fault
        for method, shots_of in self._ways():
            self.method = method
            try:
                yield from self._complete(shots_of(), last_way=shots_of == self._every_frame)
            except (IndexUnusable, FilmUndecodable) as error:
                fault = error
            else:
                self._film.source.check_unchanged()
                if any(self._done):
                    return
            self._film.reopen(patiently=True)
        self._film.source.check_unchanged()
        raise why_dark(self._film, fault)

    def _ways(self) -> Iterator[tuple[str, Callable[[], Shots]]]:
        film = self._film
        if film.index is not None:
            yield film.index.method, self._by_index
        elif film.opened_lightly:
            film.reopen()
        if not film.seeks_by_scanning:
            yield "seek", self._by_seeking
        yield "linear", self._from_end_to_end
        yield "linear", self._every_frame

    def _by_index(self) -> Shots:
        index = self._film.index
        assert index is not None
        self._film.damaged |= index.truncated
        self._measure(self._last_of(index))
        picks = choose(index.times_ns, self.last_ns, self._wanted.intervals_ms, self._wanted.mode)
        if any(pick.exact_ns is not None for pick in picks):
            self._film.reopen(keep_index=True)
        return read_indexed(
            self._film,
            index,
            picks,
            loop_filter=self._needs_loop_filter(picks, index.times_ns),
            skip_nonref=self._wanted.skip_nonref,
        )

    def _needs_loop_filter(self, picks: list[Pick], times_ns: Times) -> bool:
        return self._wanted.mode is Mode.EXACT or longest_run_ns(picks, times_ns) > _LONG_RUN_NS

    def _last_of(self, index: KeyframeIndex) -> int:
        """The last video time; of a file that ends in zeros, from what is before them."""
        if not ends_blank(self._film.source):
            return index.last_ns
        here = bisect_left(range(len(index.times_ns)), 1, key=lambda number: self._is_blank(index, number))
        last_ns = self._last_decodable_from(int(index.times_ns[max(0, here - 1)]))
        self._film.reopen(keep_index=True)
        self._film.damaged |= last_ns < index.last_ns
        return min(last_ns, index.last_ns)

    def _is_blank(self, index: KeyframeIndex, number: int) -> bool:
        offset, size = index.extent(number)
        return not any(self._film.source.pread(offset, min(size, _BLANK)))

    def _by_seeking(self) -> Shots:
        self._measure(last_video_time(self._film))
        wanted = self._wanted
        return read_by_seeking(
            self._film, self.last_ns, wanted.intervals_ms, wanted.mode, skip_nonref=wanted.skip_nonref
        )

    def _from_end_to_end(self) -> Shots:
        scanned = self._scanned()
        picks = choose(scanned.times_ns, self.last_ns, self._wanted.intervals_ms, self._wanted.mode)
        return read_linear(
            self._film,
            scanned,
            picks,
            loop_filter=self._needs_loop_filter(picks, scanned.times_ns),
            skip_nonref=self._wanted.skip_nonref,
        )

    def _every_frame(self) -> Shots:
        return read_every_frame(self._film, self._scanned(), self._wanted.intervals_ms)

    def _scanned(self) -> Scan:
        if self._scan is None:
            self._scan = scan(self._film)
            self._film.reopen(patiently=True)
        self._measure(self._scan.last_ns)
        return self._scan

    def _measure(self, last_ns: int) -> None:
        self.last_ns = last_ns
        if last_ns < self._wanted.shortest_ns:
            shortest = self._wanted.shortest_ns / 1e9
            raise FilmTooShort(
                f"{self._film.path} is {last_ns / 1e9:.1f} s long, less than the {shortest:g} s asked for; "
                "it was left out."
            )

    def _complete(self, shots: Shots, *, last_way: bool) -> Iterator[Thumbnail]:
        """Render the shots; where one does not decode, the nearer of its neighbours stands in.

        What is shown at a moment waits until a picture of that moment or later decodes: the film may end before.
        """
        lost: list[Shot] = []
        waiting: list[_Filled] = []
        good = self._good
        for shot in shots:
            shot = shot._replace(slots=tuple(slot for slot in shot.slots if self._is_missing(slot)))
            if not shot.slots:
                continue
            if shot.frame is None:
                lost.append(shot)
                if good is None and len(lost) >= _HOPELESS and not last_way:
                    raise IndexUnusable("the first pictures that the index names do not decode")
                continue
            key = shot.keyframe_ns, shot.frame.pts
            picture = good.picture if good and good.key == key else self._render(shot.frame)
            shot = shot._replace(frame=None)  # a 4K frame takes 25 MB: it goes before the next is decoded
            latest = _Rendered(shot, picture, key)
            waiting += self._stand_ins(lost, good, latest)
            waiting += (_Filled(slot, latest, False) for slot in shot.slots)
            lost, self._good, good = [], latest, latest
            self._reached = max(self._reached, shot.shown_ns)
            yield from self._release(waiting, shot.shown_ns)
            waiting = [filled for filled in waiting if self._is_missing(filled.slot)]
        if good is not None:
            waiting += self._stand_ins(lost, good, None)
            if lost or (waiting and self._film.damaged):
                end = max(self._reached, self._last_decodable_from(good.shot.keyframe_ns))
                self.last_ns = min(self.last_ns, end)
            yield from self._release(waiting, self.last_ns)

    def _is_missing(self, slot: Slot) -> bool:
        return slot.number >= self._done[slot.series]

    def _render(self, frame: VideoFrame) -> Picture:
        if self._renderer is None:
            look = settled(self._film.look, self._film.stream)
            self._renderer = Renderer(look, self._wanted.width, self._wanted.max_height)
        return self._renderer.render(frame)

    def _stand_ins(
        self, lost: list[Shot], before: _Rendered | None, after: _Rendered | None
    ) -> Iterator[_Filled]:
        for shot in lost:
            self._film.damaged = True
            nearest = min(
                (one for one in (before, after) if one is not None),
                key=lambda one: abs(one.shot.shown_ns - shot.shown_ns),
            )
            yield from (_Filled(slot, nearest, True) for slot in shot.slots)

    def _release(self, waiting: list[_Filled], up_to_ns: int) -> Iterator[Thumbnail]:
        for slot, (shot, picture, _), stand_in in waiting:
            if self._moment(slot) <= up_to_ns:
                self._done[slot.series] = slot.number + 1
                yield Thumbnail(slot.series, slot.number, shot.shown_ns, picture, stand_in)

    def _moment(self, slot: Slot) -> int:
        return slot.number * self._wanted.intervals_ms[slot.series] * 1_000_000

    def _last_decodable_from(self, keyframe_ns: int) -> int:
        """The time of the last frame that decodes, going on from a keyframe: by seeking there, else by walking."""
        try:
            self._film.reopen(keep_index=True)
            packets = tape_at(self._film, keyframe_ns).from_keyframe(keyframe_ns)
            last_ns = Decoder(self._film, loop_filter=True).last_whole(packets)
        except IndexUnusable:
            self._film.reopen(keep_index=True, patiently=True)
            first = (tape := Tape(self._film)).forward_to(keyframe_ns)
            packets = tape.from_keyframe(keyframe_ns) if first is not None else iter(())
            last_ns = Decoder(self._film, loop_filter=True).last_whole(packets)
        return max(keyframe_ns, last_ns)


def read_thumbnails(path: Path, wanted: Wanted = _DEFAULT) -> Iterator[Thumbnail]:
    """The thumbnails of the film at `path`; see ThumbnailReader, which also tells how it went. Raises FilmError."""
    with ThumbnailReader(SourceFile(path), wanted) as reader:
        yield from reader
