"""`projectionist schedules`: the jobs asked for again and again."""

from __future__ import annotations

from typing import Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, opened, plain, print_json

app = typer.Typer(no_args_is_help=True, help="Schedules: list, pause, resume, run now, remove.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The schedule, as `list` shows it.")]


@app.command("list")
def list_schedules(json: AsJson = False, data: Data = None) -> None:
    """Show the schedules."""
    with opened(data) as jobs:
        found = jobs.schedules()
    if json:
        print_json([plain(one) for one in found])
        return
    for one in found:
        due = "paused" if one.paused or one.next_at is None else f"next {one.next_at:%Y-%m-%d %H:%M} UTC"
        typer.echo(f"{one.name}  {one.kind}  {one.when} ({one.time_zone})  {due}")
    if not found:
        typer.echo("There is no schedule.")


@app.command("pause")
def pause(name: Name, data: Data = None) -> None:
    """Let a schedule ask for nothing."""
    _set_paused(name, True, data)
    typer.echo(f"{name} is paused.")


@app.command("resume")
def resume(name: Name, data: Data = None) -> None:
    """Go on with a schedule."""
    _set_paused(name, False, data)
    typer.echo(f"{name} goes on.")


@app.command("run")
def run(name: Name, data: Data = None) -> None:
    """Ask for its job now, besides its times."""
    with opened(data, changes=True) as jobs:
        ordered = jobs.run_schedule(name)
    typer.echo(f"{ordered.job_id} is queued." if ordered.created else f"{ordered.job_id} is not over yet.")


@app.command("remove")
def remove(name: Name, data: Data = None) -> None:
    """Take a schedule out."""
    with opened(data) as jobs:
        jobs.remove_schedule(name)
    typer.echo(f"{name} is gone; jobs it has asked for stay.")


def _set_paused(name: str, paused: bool, data: Data) -> None:
    from dataclasses import replace

    from projectionist.errors import NotFound

    with opened(data) as jobs:
        for one in jobs.schedules():
            if one.name == name:
                jobs.save_schedule(replace(one, paused=paused))
                return
    raise NotFound(f"There is no schedule {name}.")
