"""`projectionist demo`: things to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    invoke_without_command=True, help="The demo house: a simulated Plex server over generated films."
)


@app.callback()
def demo(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--folder", metavar="DIR", help="Where the house is kept.")] = Path(
        "demo-house"
    ),
) -> None:
    """Open the demo house: a simulated Plex server and plex.tv over generated films, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        return
    import signal
    import threading

    from projectionist.demo.house import DemoHouse

    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    house = DemoHouse(
        folder.absolute(), playing=True, progress=lambda name: typer.echo(f"  {name}", err=True)
    )
    with house:
        typer.echo(f"Plex address:     {house.plex_url}")
        typer.echo(f"Token:            in {house.folder / 'owner-token'}")
        typer.echo(f"Plex data folder: {house.plex_data}")
        typer.echo(f"plex.tv:          {house.plex_tv_url}")
        typer.echo("The demo house is open; Ctrl-C closes it.")
        stop.wait()


@app.command()
def make(folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the films go.")]) -> None:
    """Generate a few short films, with the time in the picture."""
    from projectionist.demo.films import make_demo_films

    films = make_demo_films(folder, progress=lambda name: typer.echo(f"  {name}", err=True))
    typer.echo(f"{len(films)} demo films are in {folder}.")
