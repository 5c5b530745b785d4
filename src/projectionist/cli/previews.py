"""`projectionist previews`: make previews."""

from __future__ import annotations

import json
import signal
import sys
from contextlib import closing
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer

from projectionist.cli import previews_care
from projectionist.cli.options import (
    AsJson,
    Beside,
    Exclude,
    Extras,
    Formats,
    HowExact,
    Include,
    Intervals,
    MaxHeight,
    Output,
    Paths,
    Quality,
    SkipNonref,
    Width,
    bytes_per_second,
    nanoseconds,
    request_of,
)
from projectionist.features.previews.formats import Format

if TYPE_CHECKING:
    from projectionist.cli.display import Display, Summary
    from projectionist.features.previews import service
    from projectionist.features.previews.making import Result

app = typer.Typer(no_args_is_help=True, help="Scrub previews: make them, look into them, keep them in order.")


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
    wanted = replace(asked.recipe.wanted, shortest_ns=nanoseconds(min_duration))
    recipe = replace(asked.recipe, wanted=wanted, force=force, rate=bytes_per_second(rate))
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


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


for care in (previews_care.inspect, previews_care.check, previews_care.clean):
    app.command()(care)
