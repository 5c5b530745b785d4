"""`projectionist jobs`: what is done, was done and waits, and the queues it waits in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from projectionist.jobs.engine import Engine

app = typer.Typer(no_args_is_help=True, help="Jobs: list, look at, cancel, retry; pause and resume queues.")

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job, as `list` shows it.")]
QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue, as `queues` shows it.")]


@app.command("list")
def list_jobs(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only such jobs; may be repeated.")
    ] = None,
    queue: Annotated[list[str] | None, typer.Option("--queue", help="Only of this queue.")] = None,
    text: Annotated[str, typer.Option("--text", help="Only with these words in the title.")] = "",
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many.")] = 0,
    size: Annotated[int, typer.Option("--size", min=1, max=100, help="Show at most so many.")] = 50,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Show jobs, the newest first."""
    from projectionist.errors import InputWrong
    from projectionist.jobs.ports import JobFilter, JobState

    try:
        states = tuple(JobState(one) for one in state or ())
    except ValueError:
        raise InputWrong(f"A state is one of {', '.join(JobState)}.", "state") from None
    with opened(data) as jobs:
        page = jobs.find(JobFilter(states, tuple(queue or ()), text=text), offset=offset, size=size)
    if json:
        print_json({"jobs": [plain(one) for one in page.items], "offset": page.offset, "total": page.total})
        return
    for one in page.items:
        typer.echo(
            f"{one.id}  {one.state.value:9}  {one.queue}  {one.title}  {one.error or one.now}".rstrip()
        )
    typer.echo(f"{len(page.items)} of {page.total}")


@app.command("show")
def show(job_id: JobId, json: AsJson = False, data: Data = None) -> None:
    """Show a job and its log."""
    with opened(data) as jobs:
        job, log = jobs.get(job_id), jobs.log_of(job_id).items
    if json:
        print_json({**plain(job), "log": [plain(line) for line in log]})
        return
    for name, value in plain(job).items():
        if value not in (None, "", {}):
            typer.echo(f"{name}: {value}")
    for line in log:
        typer.echo(f"{line.at:%Y-%m-%d %H:%M:%S} UTC  {line.level}  {line.message}")


@app.command("cancel")
def cancel(job_id: JobId, data: Data = None) -> None:
    """Stop a job, or keep it from starting."""
    with opened(data, changes=True) as jobs:
        jobs.cancel(job_id)
    typer.echo(f"{job_id} is cancelled, or ends at its next step.")


@app.command("retry")
def retry(job_id: JobId, data: Data = None) -> None:
    """Do a job that is over again."""
    with opened(data, changes=True) as jobs:
        ordered = jobs.retry(job_id)
    typer.echo(f"{ordered.job_id} is queued.")


@app.command("queues")
def queues(json: AsJson = False, data: Data = None) -> None:
    """Show the queues."""
    with opened(data) as jobs:
        found = jobs.queues()
    if json:
        print_json([plain(one) for one in found])
        return
    for one in found:
        paused = "paused" if one.paused else "open"
        typer.echo(f"{one.name}  {paused}  {one.queued} wait, {one.running} run, {one.concurrency} at once")


@app.command("pause")
def pause(queue: QueueName, data: Data = None) -> None:
    """Start nothing more of a queue, on any machine."""
    with opened(data, changes=True) as jobs:
        jobs.pause(queue)
    typer.echo(f"{queue} is paused; what runs goes on to its end.")


@app.command("resume")
def resume(queue: QueueName, data: Data = None) -> None:
    """Go on with a queue."""
    with opened(data, changes=True) as jobs:
        jobs.resume(queue)
    typer.echo(f"{queue} goes on.")


@contextmanager
def opened(data: Path | None, *, changes: bool = False) -> Iterator[Engine]:
    """The jobs of a data folder; with `changes` they can be steered. They do no work in this process."""
    import os

    from projectionist.app import open_house
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    with open_house(settings, exclusive=False) as house:
        if not changes:
            yield house.jobs
            return
        house.jobs.start(work=False)
        try:
            yield house.jobs
        finally:
            house.jobs.close()


def plain(record: Any) -> dict[str, Any]:
    """A record as JSON can hold it, times as text."""
    from dataclasses import asdict
    from datetime import datetime

    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(record).items()
    }


def print_json(found: Any) -> None:
    """Print it."""
    import json

    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
