"""`projectionist secrets`: go over to another key for all that is kept sealed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="The key of kept tokens: rotate it.")

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it."),
]


@app.callback()
def secrets() -> None:
    """The key of kept tokens."""


@app.command("rotate")
def rotate(
    new_key_file: Annotated[
        Path | None,
        typer.Option(
            "--new-key-file",
            metavar="FILE",
            help="Holds the new PROJECTIONIST_SECRET_KEY; left out, chance makes a key file.",
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Seal every kept token with a new key, while the service rests; run again, it ends what was cut off."""
    import os

    from projectionist.features.operations import rotating
    from projectionist.kit.clock import SystemClock
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    done = rotating.rotate(settings, _text(new_key_file), SystemClock().now)
    typer.echo(f"The new key opens {done.sealed} kept secrets now, and the former one none of them.")
    if done.unreadable:
        typer.echo(
            f"{done.unreadable} were sealed by a key that is not here; they are as they were: enter them anew."
        )
    if done.former_key:
        typer.echo(f"Earlier backups need the former key: keep {done.former_key} with them, and not here.")
    else:
        typer.echo(
            "Give the new key as PROJECTIONIST_SECRET_KEY from now on; the service does not start without it."
        )


def _text(file: Path | None) -> str:
    from projectionist.errors import UsageWrong

    if file is None:
        return ""
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageWrong(f"The key file {file} cannot be read; check its path and rights.") from None
    if not text:
        raise UsageWrong(f"The key file {file} is empty; make a key: openssl rand -base64 32.")
    return text
