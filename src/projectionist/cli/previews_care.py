"""`projectionist previews inspect`, `check` and `clean`: look into previews, and keep them in order."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    request_of,
)
from projectionist.errors import PreviewInvalid, UsageWrong
from projectionist.features.previews.formats import Format

if TYPE_CHECKING:
    from projectionist.features.previews.checking import Checked, Tally
    from projectionist.features.previews.cleaning import Candidate, Findings, Removal
    from projectionist.features.previews.inspecting import Inspection

_KINDS = {
    Format.BIF: "BIF",
    Format.TRICKPLAY: "trickplay sheets",
    Format.JPEG: "folder of JPEGs",
    None: "no preview that can be read",
}


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A BIF, a trickplay folder, or one of JPEGs.")],
    frame: Annotated[
        int | None, typer.Option("--frame", metavar="K", help="The picture to save, from 0.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option("--save", metavar="JPEG", help="Where to save that picture.")
    ] = None,
    contact_sheet: Annotated[
        Path | None,
        typer.Option("--contact-sheet", metavar="JPEG", help="Save up to 100 pictures on one sheet."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what a preview of any maker holds, and what exactly is wrong with it."""
    from projectionist.features.previews import service

    if (frame is None) != (save is None):
        raise UsageWrong("A picture is saved with both --frame K and --save JPEG.")
    if save is not None and contact_sheet is not None and save.absolute() == contact_sheet.absolute():
        raise UsageWrong("The picture and the contact sheet need different names.")
    seen = service.inspect(file)
    unsaved: PreviewInvalid | None = None
    try:
        if frame is not None and save is not None:
            service.save_picture(file, frame, save)
        if contact_sheet is not None:
            service.save_contact_sheet(file, contact_sheet)
    except PreviewInvalid as error:
        unsaved = error
    typer.echo(json.dumps(_inspection_object(seen)) if as_json else "\n".join(_inspection_lines(seen)))
    if unsaved is not None:
        raise unsaved
    raise typer.Exit(int(bool(seen.problems)))


def _inspection_object(seen: Inspection) -> dict[str, object]:
    from projectionist.cli.display import shown

    return {
        "path": str(seen.path),
        "kind": None if seen.kind is None else str(seen.kind),
        "whole": not seen.problems,
        "count": seen.count,
        "count_is_guess": seen.count_is_guess,
        "interval": None if seen.interval_ms is None else _seconds(seen.interval_ms),
        "interval_is_steady": seen.steady,
        "sizes": [list(size) for size in seen.sizes],
        "bytes": seen.size,
        "grid": None
        if seen.grid is None
        else dict(zip(("sheets", "columns", "rows"), seen.grid, strict=True)),
        "others": list(seen.others),
        "record": None if seen.record is None else json.loads(seen.record.as_comment()),
        "problems": [shown(problem) for problem in seen.problems],
    }


def _seconds(milliseconds: int) -> float:
    return milliseconds // 1000 if milliseconds % 1000 == 0 else milliseconds / 1000


def _inspection_lines(seen: Inspection) -> list[str]:
    from projectionist.cli.display import place, shown

    rows = [("kind", _KINDS[seen.kind])]
    if seen.count is not None:
        rows.append(("pictures", _pictures(seen)))
        rows.append(("interval", _interval(seen)))
    if seen.grid is not None:
        rows.append(("sheets", f"{seen.grid[0]:,} of {seen.grid[1]} x {seen.grid[2]} tiles"))
    if seen.size:
        rows.append(("bytes", f"{seen.size:,}"))
    if seen.kind is not None:
        rows += _maker(seen)
    rows += [("also there", f"{name}, a folder of its own to look into") for name in seen.others]
    rows += [("broken" if seen.problems else "whole", "" if seen.problems else "every picture decodes")]
    lines = [place(seen.path), *(f"  {name:<10}  {shown(text)}".rstrip() for name, text in rows)]
    return [*lines, *(f"    - {shown(problem)}" for problem in seen.problems)]


def _pictures(seen: Inspection) -> str:
    guess = " (a guess: up to the last tile that is not black)" if seen.count_is_guess else ""
    sizes = ", ".join(f"{width}x{height}" for width, height in seen.sizes[:3])
    more = f" and {len(seen.sizes) - 3} more sizes" if len(seen.sizes) > 3 else ""
    return f"{seen.count:,}{guess}{', ' if sizes else ''}{sizes}{more}"


def _interval(seen: Inspection) -> str:
    if seen.interval_ms is None:
        return "not told by the preview"
    return f"{seen.interval_ms / 1000:g} s{'' if seen.steady else ', as a rule: it varies'}"


def _maker(seen: Inspection) -> list[tuple[str, str]]:
    record = seen.record
    if record is None:
        return [("made by", "another tool: it carries no record of ours")]
    fit = (
        f"{record.width} wide" if record.max_height is None else f"within {record.width}x{record.max_height}"
    )
    how = f"every {record.interval_ms / 1000:g} s, {fit}, quality {record.quality}, mode {record.mode}"
    rows = [("made by", f"Projectionist {record.version}"), ("from", record.film), ("asked for", how)]
    if record.damaged:
        rows.append(("note", "the film was damaged: neighbours stand in for what could not be read"))
    return rows


def check(
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
    deep: Annotated[bool, typer.Option("--deep", help="Decode every picture, too.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="List the fresh ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which previews are missing, stale or broken; the options are those they were made with."""
    from projectionist.features.previews import service
    from projectionist.features.previews.checking import Tally

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
    tally = Tally()
    for checked in service.check(asked, deep=deep):
        tally.count(checked)
        if as_json:
            typer.echo(json.dumps(_checked_object(checked, asked.layout.intervals_ms)))
            sys.stdout.flush()
        elif everything or not checked.fresh:
            typer.echo(_checked_line(checked))
    typer.echo(json.dumps(_tally_object(tally)) if as_json else _tally_sentence(tally))
    raise typer.Exit(int(not tally.all_fresh))


def _checked_object(checked: Checked, intervals_ms: tuple[int, ...]) -> dict[str, object]:
    from projectionist.cli.display import shown

    output = checked.output
    return {
        "path": str(checked.film),
        "output": None if output is None else str(output.path),
        "format": None if output is None else str(output.format),
        "interval": None if output is None else _seconds(intervals_ms[output.series]),
        "state": str(checked.state),
        "outcome": checked.outcome or None,
        "message": shown(checked.reason),
    }


def _checked_line(checked: Checked) -> str:
    from projectionist.cli.display import place, shown

    if checked.output is None:
        return f"{checked.state:>8}  {shown(checked.reason)}"
    reason = f": {shown(checked.reason)}" if checked.reason else ""
    return f"{checked.state:>8}  {place(checked.output.path)}{reason}"


def _tally_object(tally: Tally) -> dict[str, object]:
    return {
        "summary": True,
        "films": len(tally.films),
        "outputs": tally.states.total(),
        "states": dict(tally.states),
        "unreadable": tally.unreadable,
        "all_fresh": tally.all_fresh,
    }


def _tally_sentence(tally: Tally) -> str:
    parts = [f"{count:,} {state}" for state, count in tally.states.most_common()]
    if tally.unreadable:
        parts.append(f"{tally.unreadable:,} that could not be looked at")
    films = f"{len(tally.films):,} {'film' if len(tally.films) == 1 else 'films'}"
    total = tally.states.total()
    return f"{total:,} {'preview' if total == 1 else 'previews'} of {films}: {', '.join(parts) or 'none'}."


def clean(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="All folders of films that previews were made of.")
    ],
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Where the previews are; ./previews if not said."),
    ] = None,
    beside: Annotated[bool, typer.Option("--beside", help="The previews are beside the films.")] = False,
    these_are_all: Annotated[
        bool,
        typer.Option("--these-are-all", help="Say that DIR holds previews of no other folders than PATH…"),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Remove what is listed without asking.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per preview and a summary object.")
    ] = False,
) -> None:
    """List the previews made here whose film is gone, and remove them once you say so."""
    from projectionist.features.previews import service
    from projectionist.features.previews.cleaning import Sweep

    if beside and output is not None:
        raise UsageWrong(
            "Previews are either beside the films (--beside) or in a folder (--output), not both."
        )
    folder = None if beside else (output or Path("previews")).absolute()
    findings = service.find_orphans(Sweep(tuple(paths), folder, these_are_all))
    if not as_json:
        typer.echo("\n".join(_findings_lines(findings)))
    agreed = yes or (not as_json and _is_agreed(findings))
    removals = list(service.remove_orphans(findings)) if agreed else []
    if as_json:
        for thing in _clean_objects(findings, removals):
            typer.echo(json.dumps(thing))
    elif removals:
        typer.echo("\n".join(_removals_lines(removals)))
    raise typer.Exit(int(bool(findings.refused) or not all(removal.removed for removal in removals)))


def _is_agreed(findings: Findings) -> bool:
    """Ask, where somebody can answer."""
    if not (findings.orphans or findings.leftovers):
        return False
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        typer.echo("Nothing was removed; --yes removes what is listed.")
        return False
    return typer.confirm("Remove them?")


def _findings_lines(findings: Findings) -> list[str]:
    from projectionist.cli.display import place, shown

    lines = [shown(sentence) for sentence in findings.refused]
    lines += [
        f"  orphan  {place(candidate.preview.output.path)}: {shown(candidate.reason)}"
        for candidate in findings.orphans
    ]
    reasons: dict[str, list[Candidate]] = {}
    for candidate in findings.kept:
        reasons.setdefault(candidate.reason, []).append(candidate)
    for reason, kept in reasons.items():
        more = f" and {len(kept) - 1:,} more" if len(kept) > 1 else ""
        lines.append(f"    kept  {place(kept[0].preview.output.path)}{more}: {shown(reason)}")
    if findings.leftovers:
        lines.append(f"{len(findings.leftovers):,} hidden leftovers of stopped runs, where no run uses them")
    size = sum(candidate.size for candidate in findings.orphans) / 1e6
    count = len(findings.orphans)
    what = f"{count:,} {'preview' if count == 1 else 'previews'} whose film is gone ({size:,.1f} MB)"
    doubt = f", {len(findings.kept):,} left alone in doubt" if findings.kept else ""
    return [*lines, f"{what}{doubt}, {findings.belonging:,} in use."]


def _removals_lines(removals: list[Removal]) -> list[str]:
    from projectionist.cli.display import place, shown

    lines = [
        f"    kept  {place(removal.path)}: {shown(removal.message or 'it is gone already')}"
        for removal in removals
        if not removal.removed
    ]
    return [*lines, f"{sum(removal.removed for removal in removals):,} removed."]


def _clean_objects(findings: Findings, removals: list[Removal]) -> Iterator[dict[str, object]]:
    from projectionist.cli.display import shown

    done = {removal.path: removal for removal in removals}
    for candidate in (*findings.orphans, *findings.kept):
        preview = candidate.preview
        removal = done.get(preview.output.path)
        yield {
            "path": str(preview.output.path),
            "film": preview.record.film,
            "format": str(preview.output.format),
            "bytes": candidate.size,
            "verdict": str(candidate.verdict),
            "removed": removal is not None and removal.removed,
            "message": shown((removal and removal.message) or candidate.reason),
        }
    yield {
        "summary": True,
        "orphans": len(findings.orphans),
        "doubtful": len(findings.kept),
        "in_use": findings.belonging,
        "foreign": findings.foreign,
        "leftovers": len(findings.leftovers),
        "removed": sum(removal.removed for removal in removals),
        "refused": [shown(sentence) for sentence in findings.refused],
    }
