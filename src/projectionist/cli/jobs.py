"""`projectionist jobs`: what is done, was done and waits, the queues it waits in, and who does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from projectionist.jobs.engine import Engine
    from projectionist.jobs.ports import LogLine, Queue
    from projectionist.media.vocabulary import Page

app = typer.Typer(
    no_args_is_help=True,
    help="Jobs: list, look at, cancel, retry, move, forget; pause, resume and widen queues; see the nodes.",
)

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job, as `list` shows it.")]
JobIds = Annotated[list[str], typer.Argument(metavar="ID...", help="The jobs, as `list` shows them.")]
QueueName = Annotated[str, typer.Argument(metavar="QUEUE", help="The queue, as `queues` shows it.")]


@app.command("list")
def list_jobs(
    state: Annotated[
        list[str] | None, typer.Option("--state", help="Only such jobs; may be repeated.")
    ] = None,
    queue: Annotated[list[str] | None, typer.Option("--queue", help="Only of this queue.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only of this kind.")] = None,
    text: Annotated[str, typer.Option("--text", help="Only with these words in the title.")] = "",
    sort: Annotated[str, typer.Option("--sort", help="By a field, turned by - in front.")] = "-created_at",
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many.")] = 0,
    size: Annotated[int, typer.Option("--size", min=1, max=100, help="Show at most so many.")] = 50,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Show jobs, the newest first."""
    from projectionist.features.operations import service
    from projectionist.features.operations.documents import job_document

    wanted = service.job_filter(state or (), queue or (), kind or (), text, sort)
    with opened(data) as jobs:
        page = jobs.find(wanted, offset=offset, size=size)
    if json:
        found = [job_document(one) for one in page.items]
        print_json({"jobs": found, "offset": page.offset, "total": page.total})
        return
    for one in page.items:
        say(f"{one.id}  {one.state.value:9}  {one.queue}  {one.title}  {one.error or one.now}".rstrip())
    say(f"{len(page.items)} of {page.total}")


@app.command("show")
def show(job_id: JobId, json: AsJson = False, data: Data = None) -> None:
    """Show a job and the beginning of its log."""
    from projectionist.features.operations.documents import job_document, log_line_document

    with opened(data) as jobs:
        job, log = jobs.get(job_id), jobs.log_of(job_id)
    told = plain(job_document(job))
    if json:
        print_json({**told, "log": [log_line_document(line) for line in log.items]})
        return
    say_all(told)
    _print_log(log)


@app.command("log")
def show_log(
    job_id: JobId,
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many lines.")] = 0,
    size: Annotated[int, typer.Option("--size", min=1, max=1000, help="Show at most so many.")] = 200,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Show a job's log, the oldest line first."""
    from projectionist.features.operations.documents import log_line_document

    with opened(data) as jobs:
        log = jobs.log_of(job_id, offset=offset, size=size)
    if json:
        found = [log_line_document(line) for line in log.items]
        print_json({"log": found, "offset": log.offset, "total": log.total})
        return
    _print_log(log)


@app.command("cancel")
def cancel(job_ids: JobIds, json: AsJson = False, data: Data = None) -> None:
    """Stop jobs, or keep them from starting; ends with 1 where one is over already."""
    _act_on_many("cancel", job_ids, "is cancelled, or ends at its next step.", json, data)


@app.command("retry")
def retry(job_ids: JobIds, json: AsJson = False, data: Data = None) -> None:
    """Do jobs that are over again; ends with 1 where one is not."""
    _act_on_many("retry", job_ids, "is queued.", json, data)


@app.command("priority")
def set_priority(
    job_ids: JobIds,
    priority: Annotated[str, typer.Argument(metavar="now|high|normal|low", help="What goes first.")],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Move queued jobs forward or back; ends with 1 where one is not queued."""
    from projectionist.errors import UsageWrong
    from projectionist.jobs.ports import Priority

    names = [one.name.lower() for one in Priority]
    if priority not in names:
        raise UsageWrong(f"A priority is one of {', '.join(names)}; {priority} is none.")
    _act_on_many(priority, job_ids, f"has the priority {priority}.", json, data)


@app.command("forget")
def forget(job_ids: JobIds, json: AsJson = False, data: Data = None) -> None:
    """Take jobs that are over out of the history; ends with 1 where one stays."""
    _act_on_many("forget", job_ids, "is out of the history.", json, data)


@app.command("queues")
def queues(json: AsJson = False, data: Data = None) -> None:
    """Show the queues."""
    from projectionist.features.operations.documents import queue_document

    with opened(data) as jobs:
        found = jobs.queues()
    if json:
        print_json([queue_document(one) for one in found])
        return
    for one in found:
        counted = f"{one.queued} wait, {one.running} run"
        if one.known:
            state = "paused" if one.paused else "open"
            say(f"{one.name}  {state}  {counted}, {one.concurrency} at once")
        else:
            say(f"{one.name}  no more  {counted}")
    if not found:
        say("There is no queue yet; the first start of `projectionist serve` brings them.")


@app.command("pause")
def pause(queue: QueueName, json: AsJson = False, data: Data = None) -> None:
    """Start nothing more of a queue, on any machine."""
    changed = _change_queue(queue, None, True, json, data)
    if not json:
        say(f"{changed.name} is paused; what runs goes on to its end.")


@app.command("resume")
def resume(queue: QueueName, json: AsJson = False, data: Data = None) -> None:
    """Go on with a queue."""
    changed = _change_queue(queue, None, False, json, data)
    if not json:
        say(f"{changed.name} goes on.")


@app.command("concurrency")
def set_concurrency(
    queue: QueueName,
    number: Annotated[int, typer.Argument(metavar="N", help="How many at once on one node, 1 to 64.")],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Change how many of a queue's jobs run at once on one node."""
    changed = _change_queue(queue, number, None, json, data)
    if not json:
        say(f"{changed.name} runs {changed.concurrency} at once.")


@app.command("nodes")
def nodes(
    working: Annotated[
        str | None,
        typer.Option(
            "--working",
            metavar="MACHINE",
            help="Only who does jobs there now; ends with 1 where nobody does.",
        ),
    ] = None,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Show who works and serves, or did until lately."""
    from projectionist.errors import NotFound
    from projectionist.features.operations.documents import node_document

    with opened(data) as jobs:
        found = jobs.nodes()
    if working is not None:
        found = [one for one in found if one.host == working and one.alive and one.queues]
        if not found:
            raise NotFound(f"Nobody does jobs on {working} now; look for why in the log of its worker.")
    if json:
        print_json([node_document(one) for one in found])
        return
    for one in found:
        state = "alive" if one.alive else f"gone, last seen {one.seen_at:%Y-%m-%d %H:%M} UTC"
        works = ", ".join(one.queues) or "no queue"
        say(f"{one.name}  {state}  {one.running} run  {works}  version {one.version}")
    if not found:
        say("Nobody has worked or served yet.")


@contextmanager
def opened(data: Path | None, *, changes: bool = False) -> Iterator[Engine]:
    """The jobs of a data folder; with `changes` they can be steered. They do no work in this process.

    Raises DataFolderUnusable where there is no house yet: a mistyped folder is not filled with a new one.
    """
    import os

    from projectionist.errors import UsageWrong
    from projectionist.opening import open_house
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    if not settings.database_url:
        _refuse_fresh(settings.data)
    with open_house(settings, exclusive=False) as house, ExitStack() as ends:
        if changes:
            house.jobs.start(work=False)
            ends.callback(house.jobs.close)
        try:
            yield house.jobs
        except UnicodeEncodeError:  # bytes on the command line, which no database takes as text
            raise UsageWrong("A word of this command is no text in UTF-8; see what `list` shows.") from None


def _refuse_fresh(data: Path) -> None:
    from projectionist.errors import DataFolderUnusable

    if not (data / "projectionist.sqlite").exists():
        raise DataFolderUnusable(
            f"Projectionist has never run in {data}; nothing was made there: name its data folder "
            "by --data or PROJECTIONIST_DATA, or start `projectionist serve` first."
        )


def plain(found: Any) -> Any:
    """What the API would give, as JSON can hold it."""
    import msgspec

    return msgspec.to_builtins(found)


def print_json(found: Any) -> None:
    """Print it."""
    import json

    typer.echo(json.dumps(plain(found), ensure_ascii=False, indent=2))


def say(line: str, *, err: bool = False) -> None:
    """Print one line, whatever a title or a message holds."""
    from projectionist.cli.display import shown

    typer.echo(shown(line), err=err)


def say_all(told: Mapping[str, Any]) -> None:
    """Print what a record says, a line for each field that says something."""
    import json

    for name, value in told.items():
        if value not in (None, "", {}):
            said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            say(f"{name}: {said}")


def _act_on_many(action: str, job_ids: Sequence[str], became: str, as_json: bool, data: Path | None) -> None:
    from projectionist.features.operations import service

    with opened(data, changes=True) as jobs:
        came = service.act_on_many(jobs.database, jobs, action, job_ids)
    failed = dict(came.failed)
    if as_json:
        told = [{"job_id": job_id, "message": message} for job_id, message in came.failed]
        print_json({"done": came.done, "failed": told, "ordered": came.ordered})
    else:
        done = [job_id for job_id in dict.fromkeys(job_ids) if job_id not in failed]
        for job_id in [one.job_id for one in came.ordered] or done:
            say(f"{job_id} {became}")
        for job_id, message in failed.items():
            say(f"{job_id}: {message}", err=True)
    if failed:
        raise typer.Exit(1)


def _change_queue(
    name: str, concurrency: int | None, paused: bool | None, as_json: bool, data: Path | None
) -> Queue:
    from projectionist.features.operations import service
    from projectionist.features.operations.documents import queue_document

    with opened(data, changes=True) as jobs:
        changed = service.change_queue(jobs.database, jobs, name, concurrency, paused)
    if as_json:
        print_json(queue_document(changed))
    return changed


def _print_log(log: Page[LogLine]) -> None:
    for line in log.items:
        say(f"{line.at:%Y-%m-%d %H:%M:%S} UTC  {line.level}  {line.message}")
    shown_to = log.offset + len(log.items)
    if log.items and shown_to < log.total:
        say(f"{len(log.items)} of {log.total} lines; `jobs log ID --offset {shown_to}` shows more.")
