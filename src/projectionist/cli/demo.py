"""`projectionist demo`: things to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Films to try everything on.")


@app.callback()
def demo() -> None:
    """Films to try everything on."""


@app.command()
def make(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the films go.")]) -> None:
    """Generate a few short films, with the time in the picture."""
    from projectionist.demo.films import make_demo_films

    films = make_demo_films(folder, progress=lambda name: typer.echo(f"  {name}", err=True))
    typer.echo(f"{len(films)} demo films are in {folder}.")
