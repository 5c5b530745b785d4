"""`projectionist previews`: make previews."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from projectionist.errors import UsageWrong
from projectionist.features.previews.formats import Format

if TYPE_CHECKING:
    from projectionist.cli.display import Display, Summary
    from projectionist.features.previews import service
    from projectionist.features.previews.making import Result

app = typer.Typer(no_args_is_help=True, help="Scrub previews: make them, look into them, keep them in order.")

_DEFAULT_FOLDER = Path("previews")
_UNITS = {"": 1, "B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}

Exactness = Literal["auto", "keyframe", "exact"]

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH…", help="Films, and folders of films.", show_default=False)
]
Intervals = Annotated[
    list[float], typer.Option("--interval", help="Seconds between thumbnails; may be repeated.")
]
Width = Annotated[int, typer.Option("--width", help="Width of a thumbnail in pixels.")]
MaxHeight = Annotated[
    int | None, typer.Option("--max-height", help="Fit thumbnails into width x this, as Plex does with 240.")
]
Quality = Annotated[int, typer.Option("--quality", help="JPEG quality, 1 to 100.")]
Formats = Annotated[list[Format], typer.Option("--format", help="Kind of preview; may be repeated.")]
Output = Annotated[
    Path | None, typer.Option("--output", metavar="DIR", help="Where previews go; ./previews if not said.")
]
Beside = Annotated[bool, typer.Option("--beside", help="Put previews beside the films.")]
HowExact = Annotated[Exactness, typer.Option("--mode", help="How near to its moment a thumbnail must be.")]
SkipNonref = Annotated[
    bool, typer.Option("--skip-nonref", help="Let exact thumbnails be a few frames early: faster.")
]
Include = Annotated[
    list[str], typer.Option("--include", metavar="GLOB", help="Take only these films of a folder.")
]
Exclude = Annotated[
    list[str], typer.Option("--exclude", metavar="GLOB", help="Leave these films of a folder out.")
]
Extras = Annotated[bool, typer.Option("--extras", help="Take samples, trailers and extras too.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per film and a summary object.")]


def request_of(
    paths: list[Path],
    *,
    intervals: list[float],
    width: int,
    max_height: int | None,
    quality: int,
    formats: list[Format],
    output: Path | None,
    beside: bool,
    mode: Exactness,
    skip_nonref: bool,
    include: list[str],
    exclude: list[str],
    extras: bool,
) -> service.Request:
    """What the options of `make`, `check` and `clean` ask for. Raises UsageWrong."""
    from projectionist.features.previews import service
    from projectionist.features.previews.finding import Choice
    from projectionist.features.previews.making import Recipe
    from projectionist.features.previews.outputs import Layout
    from projectionist.frames.slots import Mode
    from projectionist.frames.thumbnails import Wanted

    if beside and output is not None:
        raise UsageWrong(
            "Previews go either beside the films (--beside) or into a folder (--output), not both."
        )
    intervals_ms = tuple(dict.fromkeys(_milliseconds(interval) for interval in intervals))
    folder = None if beside else (output or _DEFAULT_FOLDER).absolute()
    return service.Request(
        paths=tuple(paths),
        layout=Layout(folder, tuple(dict.fromkeys(formats)), intervals_ms, width),
        recipe=Recipe(Wanted(intervals_ms, width, max_height, Mode(mode), skip_nonref), quality),
        choice=Choice(tuple(include), tuple(exclude), extras),
    )


@app.command()
def make(
    paths: Paths,
    interval: Intervals = [10.0],  # noqa: B006 - Typer copies it
    width: Width = 320,
    quality: Quality = 80,
    formats: Formats = [Format.BIF],  # noqa: B006
    output: Output = None,
    beside: Beside = False,
    mode: HowExact = "auto",
    max_height: MaxHeight = None,
    skip_nonref: SkipNonref = False,
    include: Include = [],  # noqa: B006
    exclude: Exclude = [],  # noqa: B006
    extras: Extras = False,
    min_duration: Annotated[
        float, typer.Option("--min-duration", help="Leave out films of fewer seconds.")
    ] = 0,
    workers: Annotated[
        int | None, typer.Option("--workers", min=1, help="Films at a time; one per core.")
    ] = None,
    nice: Annotated[
        int, typer.Option("--nice", min=0, max=19, help="Give way to other programs, 0 to 19.")
    ] = 0,
    rate: Annotated[
        str | None, typer.Option("--rate", help="Read no faster than this a second, e.g. 50MB.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Make again what is there already.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made and about what it takes.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the previews of films and of whole folders."""
    asked = request_of(
        paths,
        intervals=interval,
        width=width,
        max_height=max_height,
        quality=quality,
        formats=formats,
        output=output,
        beside=beside,
        mode=mode,
        skip_nonref=skip_nonref,
        include=include,
        exclude=exclude,
        extras=extras,
    )
    wanted = replace(asked.recipe.wanted, shortest_ns=_nanoseconds(min_duration))
    recipe = replace(asked.recipe, wanted=wanted, force=force, rate=_bytes_per_second(rate))
    exit_code = _make(replace(asked, recipe=recipe), workers, nice=nice, dry_run=dry_run, as_json=as_json)
    raise typer.Exit(exit_code)


def _make(asked: service.Request, workers: int | None, *, nice: int, dry_run: bool, as_json: bool) -> int:
    """Run the batch, showing how it goes; returns the exit code."""
    from projectionist.cli.display import Display, Summary
    from projectionist.features.previews import service
    from projectionist.features.previews.batch import Ended

    planned = service.plan(asked)
    summary = Summary(dry_run=dry_run, folder=asked.layout.folder)
    signal.signal(signal.SIGTERM, _interrupt)
    with Display(planned.tasks, live=not as_json) as display:
        for result in planned.not_searched:
            _tell(result, asked, display, summary, as_json=as_json)
        batch = service.make(planned.tasks, asked.recipe, workers=workers, nice=nice, dry_run=dry_run)
        try:
            with closing(batch) as events:
                for event in events:
                    display.show(event)
                    if isinstance(event, Ended):
                        _tell(event.result, asked, display, summary, as_json=as_json)
        except KeyboardInterrupt:
            summary.interrupted = True
    typer.echo(json.dumps(summary.as_dict()) if as_json else summary.sentence())
    return summary.exit_code


def _tell(
    result: Result, asked: service.Request, display: Display, summary: Summary, *, as_json: bool
) -> None:
    summary.count(result)
    if as_json:
        typer.echo(json.dumps(as_object(result, asked.layout.intervals_ms)))
        sys.stdout.flush()
    else:
        display.tell(result)


def as_object(result: Result, intervals_ms: tuple[int, ...]) -> dict[str, object]:
    """A result as the JSON object of the command line; with several intervals, two fields are lists."""
    from projectionist.cli.display import shown

    seconds = [interval_ms / 1000 for interval_ms in intervals_ms]
    plain = [int(one) if one == int(one) else one for one in seconds]
    counts = list(result.thumbnails) or [0] * len(plain)
    return {
        "path": str(result.path),
        "outcome": str(result.outcome),
        "method": result.method,
        "thumbnails": counts[0] if len(plain) == 1 else counts,
        "interval": plain[0] if len(plain) == 1 else plain,
        "bytes_read": result.bytes_read,
        "cpu_seconds": result.cpu_seconds,
        "outputs": [str(path) for path in result.outputs],
        "message": shown(result.message),
    }


def _milliseconds(seconds: float) -> int:
    if not 0 < seconds < 1e6:
        raise UsageWrong(f"An interval of {seconds:g} seconds cannot be; choose 0.1 to 3600.")
    milliseconds = round(seconds * 1000)
    if abs(milliseconds - seconds * 1000) > 1e-6:
        raise UsageWrong(f"An interval is kept in whole milliseconds; {seconds} seconds is none.")
    return milliseconds


def _nanoseconds(seconds: float) -> int:
    if not 0 <= seconds < 1e9:
        raise UsageWrong(f"A shortest duration of {seconds:g} seconds cannot be.")
    return round(seconds * 1e9)


def _bytes_per_second(rate: str | None) -> int | None:
    if rate is None:
        return None
    text = rate.strip().upper()
    number = text.rstrip("BKMG")
    unit = text[len(number) :].strip()
    try:
        value = float(number) * _UNITS[unit if unit in ("", "B") else unit.removesuffix("B") + "B"]
        if not 1 << 10 <= value <= 1 << 50:
            raise ValueError
    except (ValueError, KeyError, OverflowError):
        raise UsageWrong(
            f"A reading rate is a number with KB, MB or GB, as in 50MB; {rate!r} is none."
        ) from None
    return int(value)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


from projectionist.cli import previews_care as previews_care  # noqa: E402 - it adds its commands, with these options
