"""The options that several commands share, and what they ask for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from projectionist.errors import UsageWrong
from projectionist.features.previews.formats import Format

if TYPE_CHECKING:
    from projectionist.features.previews import service

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
    """What the options of `make` and `check` ask for. Raises UsageWrong."""
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


def _milliseconds(seconds: float) -> int:
    if not 0 < seconds < 1e6:
        raise UsageWrong(f"An interval of {seconds:g} seconds cannot be; choose 0.1 to 3600.")
    milliseconds = round(seconds * 1000)
    if abs(milliseconds - seconds * 1000) > 1e-6:
        raise UsageWrong(f"An interval is kept in whole milliseconds; {seconds} seconds is none.")
    return milliseconds


def nanoseconds(seconds: float) -> int:
    """A shortest duration. Raises UsageWrong."""
    if not 0 <= seconds < 1e9:
        raise UsageWrong(f"A shortest duration of {seconds:g} seconds cannot be.")
    return round(seconds * 1e9)


def bytes_per_second(rate: str | None) -> int | None:
    """A reading rate such as 50MB, in units of 1024. Raises UsageWrong."""
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
