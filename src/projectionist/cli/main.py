"""The command line: `projectionist`."""

from __future__ import annotations

import signal
import sys
from functools import partial
from io import TextIOWrapper
from typing import Annotated

import typer

from projectionist import __version__
from projectionist.cli import (
    audit_log,
    backups,
    cache,
    database,
    demo,
    doctor,
    health,
    jobs,
    keys,
    mail,
    previews,
    schedules,
    serve,
    servers,
    settings,
    sync,
    users,
    webhooks,
)
from projectionist.errors import ProjectionistError, UsageWrong
from projectionist.kit.acting import Actor, acting
from projectionist.kit.ending import leave

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The crew behind a home media server.",
)
app.add_typer(previews.app, name="previews")
app.add_typer(audit_log.app, name="audit-log")
app.add_typer(cache.app, name="cache")
app.add_typer(database.app, name="database")
app.add_typer(demo.app, name="demo")
app.add_typer(jobs.app, name="jobs")
app.add_typer(mail.app, name="mail")
app.add_typer(schedules.app, name="schedules")
app.add_typer(servers.app, name="servers")
app.add_typer(keys.app, name="secrets")
app.add_typer(settings.app, name="settings")
app.command()(backups.backup)
app.command()(backups.restore)
app.add_typer(users.app, name="users")
app.add_typer(webhooks.app, name="webhooks")
app.command()(doctor.doctor)
app.command()(health.health)
app.command()(serve.serve)
app.command()(serve.worker)
app.command()(sync.sync)


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"projectionist {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """The crew behind a home media server."""
    context.call_on_close(partial(acting.reset, acting.set(Actor(name="the command line"))))


def run() -> None:
    """Run the command line; expected errors end in one sentence on one line, without a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="backslashreplace"
            )  # a file may be called what the terminal cannot show
    code = _exit_code()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an impatient second Ctrl-C changes nothing any more
    leave(code)


def _exit_code() -> int:
    try:
        return app(standalone_mode=False) or 0
    except typer.TyperException as error:
        message = error.format_message().strip().rstrip(".")
        if message:  # otherwise nothing was asked for, and the help has been shown
            _complain(f"{message}; --help tells what there is.")
        return error.exit_code
    except typer.Abort:
        return 130
    except UsageWrong as error:
        _complain(error.message)
        return 2
    except ProjectionistError as error:
        _complain(error.message)
        return 1


def _complain(message: str) -> None:
    from projectionist.cli.display import shown

    typer.echo(f"projectionist: {shown(message)}", err=True)
