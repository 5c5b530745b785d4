"""The command line: `projectionist`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from projectionist import __version__
from projectionist.cli import demo, previews
from projectionist.errors import ProjectionistError, UsageWrong

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The crew behind a home media server.",
)
app.add_typer(previews.app, name="previews")
app.add_typer(demo.app, name="demo")


def _say_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"projectionist {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_say_version, is_eager=True, help="Say which version this is."),
    ] = False,
) -> None:
    """The crew behind a home media server."""


def run() -> None:
    """Run the command line; expected errors end in their sentence, without a traceback."""
    try:
        app()
    except UsageWrong as error:
        typer.echo(f"projectionist: {error.message}", err=True)
        sys.exit(2)
    except ProjectionistError as error:
        typer.echo(f"projectionist: {error.message}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
