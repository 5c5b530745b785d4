"""`projectionist cache run`, `restore`, `history`, `undo`: move files between the disks, now and in this process."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from projectionist.errors import JobCancelled, UsageWrong

if TYPE_CHECKING:
    from projectionist.app import House
    from projectionist.features.cache.running.batch import Carried
    from projectionist.features.cache.running.errands import Ended

Data = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per file and a summary object.")]

KindName = Literal["cache_in", "move_back", "repair", "take_over", "take_back", "let_go"]
ResultName = Literal["moved", "failed", "unchanged"]

MOST = 2**31 - 1
"""The largest number that a row may have."""
NO_TIER = "There is no fast tier yet; `projectionist cache tiers add` adds one."

ASKED_BY = "command line"


class Interruptible:
    """A job's run on standard error, as one line that is written over; Ctrl-C ends it at the next look."""

    job_id = "terminal"
    attempt = 1

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._interrupted = False

    def interrupt(self, *_signal: object) -> None:
        """Somebody wants it to end."""
        self._interrupted = True

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Say how far it is. Raises JobCancelled."""
        if not self._quiet:
            share = f" {100 * done / total:.0f} %" if total else ""
            typer.echo(f"\r\033[K  {now}{share}", err=True, nl=False)
        self.check()

    def check(self) -> None:
        """Raise JobCancelled where somebody pressed Ctrl-C."""
        if self._interrupted:
            raise JobCancelled("Stopped; what was moved before is whole, and nothing else was changed.")

    def log(self, message: str, level: str = "info") -> None:
        """Say what happened."""
        typer.echo(f"\r\033[K  {message}" if not self._quiet else message, err=True)


def run(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be moved, and why.")
    ] = False,
    confirm: Annotated[
        bool,
        typer.Option("--confirm", help="Say yes to the plan: move files now, and by themselves from now on."),
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Bring what will be watched to the fast disk, and back what will not; the first time only tell what that is."""
    from projectionist.features.cache import service
    from projectionist.features.cache.running.batch import carry_out, errands, planned

    if dry_run and confirm:
        raise UsageWrong("A plan is either only told (--dry-run) or confirmed (--confirm), not both.")
    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        if confirm:
            service.confirm(house.cache, house.jobs, house.settings.cache_interval)
        dry = dry_run or not service.is_confirmed(house.jobs)
        plan = service.plan(house.cache)
        moves = errands(plan, ASKED_BY)
        carried = planned(plan) if dry else carry_out(house.cache, job, moves)
        code = _tell(carried, as_json=as_json, dry=dry)
        is_bare = not house.cache.places.tiers()
    if is_bare:
        typer.echo(NO_TIER, err=True)
    elif dry and not dry_run and not as_json:
        typer.echo("Nothing was moved: this was the first plan. Say yes to it with --confirm.")
    raise typer.Exit(code)


def restore(
    path: Annotated[
        Path | None, typer.Argument(metavar="PATH", help="A file to be moved back.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Move everything back, and leave no link behind.")
    ] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Move files back to their slow disks."""
    from projectionist.cli.display import shown
    from projectionist.features.cache import service
    from projectionist.features.cache.running.batch import carry_out

    if (path is None) != everything:
        raise UsageWrong("Name one file, or move back everything with --all.")
    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        if path is None:
            service.leave(house.cache, house.jobs)
            moves = service.returns(house.cache, ASKED_BY)
        else:
            moves = [service.return_of(house.cache, path.absolute(), ASKED_BY)]
        code = _tell(carry_out(house.cache, job, moves), as_json=as_json)
        left = service.left(house.cache) if path is None else []
    for one in left:
        typer.echo(
            f"{shown(str(one))} is still on the fast disk; run this again when nobody plays it.", err=True
        )
    raise typer.Exit(code or int(bool(left)))


def history(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Part of a path or a title.", show_default=False)
    ] = "",
    kind: Annotated[KindName | None, typer.Option(help="Only what was done so.")] = None,
    result: Annotated[ResultName | None, typer.Option(help="Only what ended so.")] = None,
    size: Annotated[int, typer.Option("--size", min=1, max=1000, help="How many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    data: Data = None,
) -> None:
    """Say what was moved, why, and how it went."""
    from projectionist.cli.display import shown
    from projectionist.features.cache.reading import history as reading

    wanted = reading.MoveFilter(text, kind or "", result or "")
    with opened(data) as house:
        moves = [one.move for one in reading.moves(house.cache, wanted, size=size).items]
    if as_json:
        typer.echo(json.dumps([_ended(one) for one in moves], ensure_ascii=False, indent=2))
        return
    for one in moves:
        typer.echo(f"{one.id:>6}  {one.at:%Y-%m-%d %H:%M}  {one.outcome:<11}  {shown(one.path)}")
        if one.why:
            typer.echo(f"{'':>8}{shown(one.why)}")
    if not moves:
        typer.echo(_no_moves(shown(text), is_filtered=bool(kind or result)))


def _no_moves(text: str, *, is_filtered: bool) -> str:
    if is_filtered:
        return "No move fits that."
    return f"No move has {text} in its path or title." if text else "Nothing was moved yet."


def undo(
    move: Annotated[
        int, typer.Argument(metavar="ID", min=1, max=MOST, help="The number that `cache history` shows.")
    ],
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Take a move back."""
    from projectionist.features.audit_log.service import Act, note
    from projectionist.features.cache import service
    from projectionist.features.cache.running.batch import carry_out

    with opened(data) as house, until_interrupted(quiet=as_json or not sys.stderr.isatty()) as job:
        moves = [service.reverse_of(house.cache, move, ASKED_BY)]
        errand = moves[0][1]
        note(house.database, Act.UNDONE, errand.name, after={"move": move, "path": errand.path})
        code = _tell(carry_out(house.cache, job, moves), as_json=as_json)
    raise typer.Exit(code)


@contextmanager
def opened(data: Path | None) -> Iterator[House]:
    """The house with its cache, and what was cut short there ended."""
    import os

    from projectionist.opening import open_house, page_settings
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    settings = load_settings(os.environ, {"data": data}, saved=page_settings(settings))
    with open_house(settings, exclusive=False) as house:
        house.recover_cache()
        yield house


@contextmanager
def until_interrupted(*, quiet: bool) -> Iterator[Interruptible]:
    """A run that the first Ctrl-C or SIGTERM ends."""
    import signal

    job = Interruptible(quiet=quiet)
    before = {number: signal.signal(number, job.interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield job
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _tell(carried: Iterable[Carried], *, as_json: bool, dry: bool = False) -> int:
    """Print what becomes of each file, and the whole in a line; returns the exit code."""
    outcomes: Counter[str] = Counter()
    failed, size, interrupted = 0, 0, False
    try:
        for one in carried:
            outcomes[one.outcome] += 1
            failed += one.failed
            size += one.errand.size
            typer.echo(json.dumps(_object(one), ensure_ascii=False) if as_json else _line(one))
            sys.stdout.flush()
    except JobCancelled:
        interrupted = True
    if as_json:
        told = {"summary": True, "files": outcomes.total(), "outcomes": dict(outcomes), "failed": failed}
        typer.echo(json.dumps({**told, "bytes": size, "interrupted": interrupted, "dry_run": dry}))
    else:
        counted = ", ".join(f"{count} {outcome.replace('_', ' ')}" for outcome, count in outcomes.items())
        stop = "Stopped before the end; every path leads to a whole file. " if interrupted else ""
        typer.echo(f"{stop}{counted or 'Nothing to do'}.")
    return 130 if interrupted else int(failed > 0)


def _line(one: Carried) -> str:
    from projectionist.cli.display import shown

    way = "in" if one.kind == "cache_in" else "back"
    reason = one.message or one.errand.why
    more = f": {shown(reason)}" if reason else ""
    return f"{one.outcome.replace('_', ' '):>11}  {way:<4}  {shown(one.errand.name)}{more}"


def _object(one: Carried) -> dict[str, Any]:
    return {
        "kind": str(one.kind),
        "path": one.errand.path,
        "title": one.errand.title,
        "outcome": one.outcome,
        "bytes": one.errand.size,
        "why": one.errand.why,
        "message": one.message,
    }


def _ended(one: Ended) -> dict[str, Any]:
    from dataclasses import asdict

    return {**asdict(one), "at": one.at.isoformat()}
