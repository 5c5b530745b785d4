"""Making the previews of one film: one decode, all outputs, each whole or not at all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path

from projectionist.errors import FilmTooShort, ProjectionistError, TargetUnwritable
from projectionist.features.previews.formats import Format
from projectionist.features.previews.outputs import Output, State, state_of
from projectionist.features.previews.record import Record, identity_of, mark_of
from projectionist.frames import jpeg
from projectionist.frames.bif import write_bif
from projectionist.frames.picture import Picture
from projectionist.frames.picture_folder import write_picture_folder
from projectionist.frames.source import SourceFile
from projectionist.frames.spool import Spool
from projectionist.frames.thumbnails import ThumbnailReader, Wanted
from projectionist.frames.trickplay import SheetWriter
from projectionist.kit import files

WHOLE = 1.0
"""The share that is told before anything is published, to whoever waits for it still."""


class Outcome(StrEnum):
    """What came of a film that did not fail; a failure's outcome is the code of its error."""

    MADE = "made"
    DAMAGED = "damaged"
    """Made from a damaged film: what could not be shown is a neighbour's picture, or left out at the end."""
    FRESH = "fresh"
    """Every preview asked for was there already."""
    PLANNED = "planned"
    """A dry run: this would be made."""
    TOO_SHORT = "too_short"


FINE = frozenset(Outcome)
"""Outcomes that need nobody's attention, and DAMAGED, which says so itself."""


@dataclass(frozen=True, slots=True)
class Task:
    """A film and the previews it is to have."""

    film: Path
    outputs: tuple[Output, ...]
    size: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """How previews are made; `rate` limits reading, in bytes per second, per worker."""

    wanted: Wanted
    quality: int = 80
    force: bool = False
    rate: int | None = None

    def record(self, source: SourceFile, series: int) -> Record:
        """The record that a preview of the `series`-th interval of this film should carry."""
        wanted = self.wanted
        return Record(
            film=source.path.name,
            source=identity_of(source),
            interval_ms=wanted.intervals_ms[series],
            width=wanted.width,
            max_height=wanted.max_height,
            quality=self.quality,
            mode=str(wanted.mode),
            skip_nonref=wanted.skip_nonref,
            folder=mark_of(source.path.parent),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one film.

    `thumbnails` has a count of those made per interval; `outputs` are the previews that are there.
    """

    path: Path
    outcome: str
    message: str = ""
    method: str = ""
    thumbnails: tuple[int, ...] = ()
    bytes_read: int = 0
    cpu_seconds: float = 0.0
    outputs: tuple[Path, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether somebody should look at it."""
        return self.outcome not in FINE


def narrowed(wanted: Wanted, missing: Sequence[Output]) -> tuple[Wanted, list[int]]:
    """What is to be read for the missing outputs only, and which of the intervals asked for that leaves."""
    series = sorted({output.series for output in missing})
    return replace(wanted, intervals_ms=tuple(wanted.intervals_ms[one] for one in series)), series


Report = Callable[[float], None]
"""Called with the share of the film that is done, 0 to 1; again and again while there are signs of life."""


def make_previews(task: Task, recipe: Recipe, report: Report = lambda share: None) -> Result:
    """Make what is missing of a film's previews. Failures are outcomes: nothing is raised for a bad film."""
    began = time.process_time()
    making = _Making(task, recipe, report)
    try:
        outcome, message = making.run()
    except FilmTooShort as error:
        outcome, message = Outcome.TOO_SHORT, error.message
    except ProjectionistError as error:
        outcome, message = error.code, error.message
    return Result(
        path=task.film,
        outcome=outcome,
        message=message,
        method=making.method,
        thumbnails=tuple(making.counts),
        bytes_read=making.bytes_read,
        cpu_seconds=round(time.process_time() - began, 3),
        outputs=tuple(output.path for output in task.outputs if output in making.there),
    )


class _Making:
    def __init__(self, task: Task, recipe: Recipe, report: Report) -> None:
        self._task = task
        self._recipe = recipe
        self._report = report
        self._share = 0.0
        self.method = ""
        self.counts = [0] * len(recipe.wanted.intervals_ms)
        self.bytes_read = 0
        self.there: set[Output] = set()

    def run(self) -> tuple[str, str]:
        with SourceFile(self._task.film, rate=self._recipe.rate, on_read=self._alive) as source:
            try:
                return self._make(source)
            finally:
                self.bytes_read = source.bytes_read

    def _alive(self) -> None:
        self._report(self._share)

    def _make(self, source: SourceFile) -> tuple[str, str]:
        records = [self._recipe.record(source, series) for series in range(len(self.counts))]
        for home in {output.home for output in self._task.outputs if output.home.is_dir()}:
            files.remove_stale_temporaries(home)
        missing = [
            output for output in self._task.outputs if not self._is_there(output, records[output.series])
        ]
        if not missing:
            return Outcome.FRESH, ""
        for output in missing:
            self._require_apart(output)
            files.require_writable(output.path)
        with ExitStack() as stack:
            wanted, series = narrowed(self._recipe.wanted, missing)
            reader = stack.enter_context(ThumbnailReader(source, wanted))
            writers = [stack.enter_context(_Writer(one, missing, self._recipe.quality)) for one in series]
            for thumbnail in reader:
                writers[thumbnail.series].add(thumbnail.picture)
                self.counts[series[thumbnail.series]] += 1
                self.method = reader.method
                self._share = min(0.99, thumbnail.shown_ns / max(1, reader.last_ns))
                self._alive()
            self._report(WHOLE)
            for one, writer in zip(series, writers, strict=True):
                record = replace(
                    records[one], thumbnails=self.counts[one], method=reader.method, damaged=reader.damaged
                )
                for output in writer.write(record, partial(self._is_there, record=records[one])):
                    self.there.add(output)
                    self._alive()
        if reader.damaged:
            return Outcome.DAMAGED, (
                f"{source.path} is damaged: what can be shown of it is; where a picture could not be read, "
                "its neighbour stands in."
            )
        return Outcome.MADE, ""

    def _require_apart(self, output: Output) -> None:
        """A film named like a preview (`holiday.bif`) would be replaced by it."""
        with suppress(OSError):
            if output.path.samefile(self._task.film):
                raise TargetUnwritable(
                    f"{output.path} is the film itself, which its preview would replace; choose another --output, or "
                    "rename the film."
                )

    def _is_there(self, output: Output, record: Record) -> bool:
        self._alive()
        if self._recipe.force:
            return False
        state, _ = state_of(output, record)
        if state is State.FRESH:
            self.there.add(output)
        return state is State.FRESH


class _Writer:
    """Collects the pictures of one interval and writes its outputs."""

    def __init__(self, series: int, outputs: list[Output], quality: int) -> None:
        self._quality = quality
        mine = [output for output in outputs if output.series == series]
        self._of_jpegs = [output for output in mine if output.format is not Format.TRICKPLAY]
        self._of_sheets = [output for output in mine if output.format is Format.TRICKPLAY]
        self._stack = ExitStack()
        self._spool = (
            self._stack.enter_context(Spool(self._of_jpegs[0].path.parent)) if self._of_jpegs else None
        )
        self._sheets = [
            self._stack.enter_context(SheetWriter(output.path, quality=quality)) for output in self._of_sheets
        ]
        self._latest: tuple[Picture, bytes] | None = None

    def __enter__(self) -> _Writer:
        return self

    def __exit__(self, *unused: object) -> None:
        self._stack.close()

    def add(self, picture: Picture) -> None:
        """The next picture; the same one again costs no second encoding."""
        for sheets in self._sheets:
            sheets.add(picture.y, picture.u, picture.v)
        if self._spool is not None:
            if self._latest is None or self._latest[0] is not picture:
                self._latest = picture, jpeg.encode(picture.y, picture.u, picture.v, self._quality)
            self._spool.add(self._latest[1])

    def write(self, record: Record, is_there: Callable[[Output], bool]) -> Iterator[Output]:
        """Publish each output, with its record; yields those that are there.

        It is asked once more of each: a process that was killed may have left a worker that published it meanwhile.
        """
        comment = record.as_comment()
        for output, sheets in zip(self._of_sheets, self._sheets, strict=True):
            if not is_there(output):
                sheets.finish(comment)
            yield output
        for output in self._of_jpegs:
            assert self._spool is not None
            if is_there(output):
                pass
            elif output.format is Format.JPEG:
                write_picture_folder(output.path, self._spool, comment)
            else:
                write_bif(output.path, self._spool, record.interval_ms, comment)
            yield output
