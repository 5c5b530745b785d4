"""What making a film's previews would take: judged by one of its pictures, and called an estimate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import fmean

from projectionist.errors import FilmUndecodable, ProjectionistError
from projectionist.features.previews.making import Outcome, Recipe, Report, Result, Task, narrowed
from projectionist.features.previews.outputs import Output, State, state_of
from projectionist.frames import jpeg
from projectionist.frames.decoder import Decoder
from projectionist.frames.film import Film
from projectionist.frames.index import Times
from projectionist.frames.look import settled
from projectionist.frames.picture import Renderer
from projectionist.frames.seeking import last_video_time
from projectionist.frames.slots import Pick, choose, slot_count
from projectionist.frames.source import SourceFile

_SAMPLES = 8

_SHARE_OF_A_KEYFRAME = 0.25
"""What a frame between keyframes costs to decode, against a keyframe: a rule of thumb."""


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of one film: bytes read from it, CPU seconds, bytes of one thumbnail."""

    bytes_read: int
    cpu_seconds: float
    thumbnail: int


def estimate_previews(task: Task, recipe: Recipe, report: Report = lambda share: None) -> Result:
    """What `make_previews` would do with this film; writes nothing. Bytes and CPU seconds are estimates."""
    try:
        with SourceFile(task.film, rate=recipe.rate, on_read=lambda: report(0.0)) as source:
            records = [recipe.record(source, series) for series in range(len(recipe.wanted.intervals_ms))]
            states = {output: state_of(output, records[output.series])[0] for output in task.outputs}
            missing = [output for output, state in states.items() if recipe.force or state is not State.FRESH]
            if not missing:
                return Result(task.film, Outcome.FRESH, outputs=tuple(output.path for output in task.outputs))
            return _estimate(task, source, recipe, missing)
    except ProjectionistError as error:
        return Result(task.film, error.code, error.message)


def _estimate(task: Task, source: SourceFile, recipe: Recipe, missing: list[Output]) -> Result:
    wanted, series = narrowed(recipe.wanted, missing)
    with Film(source) as film:
        if film.index is not None:
            method, last_ns = film.index.method, film.index.last_ns
            picks = choose(film.index.times_ns, last_ns, wanted.intervals_ms, wanted.mode)
            cost = _by_index(film, picks, recipe)
        else:
            film.reopen()
            method = "linear" if film.seeks_by_scanning else "seek"
            last_ns = (
                (film.container.duration or 0) * 1000 if film.seeks_by_scanning else last_video_time(film)
            )
            cost = _Cost(source.size, 0.0, 0)
    counts = [0] * len(recipe.wanted.intervals_ms)
    for one, interval_ms in zip(series, wanted.intervals_ms, strict=True):
        counts[one] = slot_count(last_ns, interval_ms)
    if last_ns < wanted.shortest_ns:
        return Result(
            task.film, Outcome.TOO_SHORT, f"{task.film} is shorter than asked for and would be left out."
        )
    written = sum(counts[output.series] for output in missing) * cost.thumbnail
    message = f"{task.film.name}: {sum(counts):,} thumbnails; about {cost.bytes_read / 1e6:,.1f} MB to read"
    if cost.thumbnail:
        message += f", {cost.cpu_seconds:,.1f} s of one core, {written / 1e6:,.1f} MB to write"
    paths = tuple(output.path for output in missing)
    return Result(
        task.film,
        Outcome.PLANNED,
        f"{message}.",
        method,
        tuple(counts),
        cost.bytes_read,
        round(cost.cpu_seconds, 2),
        paths,
    )


def _by_index(film: Film, picks: list[Pick], recipe: Recipe) -> _Cost:
    """Decode and encode the first keyframe to see what one costs; measure the bytes of some."""
    index = film.index
    assert index is not None
    some = picks[:: max(1, len(picks) // _SAMPLES)]
    size = fmean(index.extent(pick.keyframe)[1] for pick in some)
    began = time.process_time()
    payload = index.prefix + film.source.pread(*index.extent(picks[0].keyframe))
    frame = Decoder(film, loop_filter=False).keyframe(payload)
    if frame is None:
        raise FilmUndecodable(f"{film.path} could not be judged by its first picture, which does not decode.")
    look = settled(film.look, film.stream)
    picture = Renderer(look, recipe.wanted.width, recipe.wanted.max_height).render(frame)
    encoded = len(jpeg.encode(picture.y, picture.u, picture.v, recipe.quality))
    each = time.process_time() - began
    on_the_way = _seconds_between(index.times_ns, picks)
    rate = float(film.stream.average_rate or 25)
    return _Cost(
        bytes_read=int(size * len(picks) + film.source.size * on_the_way * 1e9 / max(1, index.last_ns)),
        cpu_seconds=each * (len(picks) + on_the_way * rate * _SHARE_OF_A_KEYFRAME),
        thumbnail=encoded,
    )


def _seconds_between(times_ns: Times, picks: list[Pick]) -> float:
    """How many seconds of film are decoded on the way from keyframes to exact pictures."""
    furthest = {pick.keyframe: pick.exact_ns for pick in picks if pick.exact_ns is not None}
    return sum(exact_ns - int(times_ns[keyframe]) for keyframe, exact_ns in furthest.items()) / 1e9
