"""`projectionist schedules`: the jobs asked for again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from projectionist.cli.jobs import AsJson, Data, opened, plain, print_json, say, say_all

if TYPE_CHECKING:
    from projectionist.jobs.ports import Schedule

app = typer.Typer(no_args_is_help=True, help="Schedules: list, save, pause, resume, run now, remove.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The schedule, as `list` shows it.")]


@app.command("list")
def list_schedules(json: AsJson = False, data: Data = None) -> None:
    """Show the schedules."""
    from projectionist.features.operations.documents import schedule_document

    with opened(data) as jobs:
        found = jobs.schedules()
    if json:
        print_json([schedule_document(one) for one in found])
        return
    for one in found:
        say(f"{one.name}  {one.kind}  {one.when} ({one.time_zone})  {_due(one)}")
    if not found:
        say("There is no schedule.")


@app.command("show")
def show(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Show a schedule, and what its job is told."""
    from projectionist.features.operations import service
    from projectionist.features.operations.documents import schedule_document

    with opened(data) as jobs:
        found = plain(schedule_document(service.get_schedule(jobs, name)))
    if json:
        print_json(found)
        return
    say_all(found)


@app.command("save")
def save(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What to call it; one of that name is replaced.")
    ],
    kind: Annotated[str, typer.Option("--kind", help="The job, as `library.sync`.")],
    cron: Annotated[
        str | None, typer.Option("--cron", metavar="LINE", help="When: five fields, as `30 4 * * *`.")
    ] = None,
    every: Annotated[
        str | None, typer.Option("--every", metavar="15m", help="Or how often: s, m, h or d.")
    ] = None,
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="ZONE", help="That of --cron, as Europe/Berlin.")
    ] = "UTC",
    arguments: Annotated[
        str, typer.Option("--arguments", metavar="JSON", help="What the job is told, as a JSON object.")
    ] = "{}",
    paused: Annotated[bool, typer.Option("--paused", help="It asks for nothing until `resume`.")] = False,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Add a schedule, or replace the one of this name."""
    from projectionist.errors import UsageWrong
    from projectionist.features.operations import service
    from projectionist.jobs.ports import Schedule

    if (cron is None) == (every is None):
        raise UsageWrong("Say when by one of --cron and --every.")
    when = f"every {every}" if cron is None else cron
    wanted = Schedule(name, kind, _arguments(arguments), when, time_zone, paused)
    with opened(data) as jobs:
        saved = service.save_schedule(jobs.database, jobs, wanted)
    _tell(saved, f"{saved.name} is saved, {_due(saved)}.", json)


@app.command("pause")
def pause(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Let a schedule ask for nothing."""
    from projectionist.features.operations import service

    with opened(data) as jobs:
        paused = service.pause_schedule(jobs.database, jobs, name, True)
    _tell(paused, f"{name} is paused.", json)


@app.command("resume")
def resume(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Go on with a schedule."""
    from projectionist.features.operations import service

    with opened(data) as jobs:
        resumed = service.pause_schedule(jobs.database, jobs, name, False)
    _tell(resumed, f"{name} goes on, {_due(resumed)}.", json)


@app.command("run")
def run(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Ask for its job now, besides its times."""
    from projectionist.features.operations.documents import ordered_document

    with opened(data, changes=True) as jobs:
        ordered = jobs.run_schedule(name)
    if json:
        print_json(ordered_document(ordered))
    else:
        say(f"{ordered.job_id} is queued." if ordered.created else f"{ordered.job_id} is not over yet.")


@app.command("remove")
def remove(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Take a schedule out; with --json it is shown as it was."""
    from projectionist.features.operations import service

    with opened(data) as jobs:
        removed = service.get_schedule(jobs, name)
        service.remove_schedule(jobs.database, jobs, name)
    _tell(removed, f"{name} is gone; jobs it has asked for stay.", json)


def _tell(schedule: Schedule, sentence: str, as_json: bool) -> None:
    from projectionist.features.operations.documents import schedule_document

    if as_json:
        print_json(schedule_document(schedule))
    else:
        say(sentence)


def _due(schedule: Schedule) -> str:
    if schedule.paused or schedule.next_at is None:
        return "paused"
    return f"next {schedule.next_at:%Y-%m-%d %H:%M} UTC"


def _arguments(text: str) -> dict[str, Any]:
    import msgspec

    from projectionist.errors import UsageWrong

    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        raise UsageWrong('--arguments takes a JSON object, such as {"server_id": 1}.') from None
