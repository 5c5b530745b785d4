"""`projectionist audit-log`: prove that nothing of the audit log was changed, and take it elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from projectionist.cli.stored import opened_database

app = typer.Typer(no_args_is_help=True, help="The audit log: verify it, export it.")

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("verify")
def verify(json: AsJson = False, data: Data = None) -> None:
    """Read the whole log and prove it; ends with 1 where an entry was changed or is missing."""
    from projectionist.features.audit_log import service

    with opened_database(data) as stored:
        found = service.verify(stored.database)
    if json:
        _print({"entries": found.entries, "is_whole": found.is_whole, "trouble": found.trouble})
    elif found.is_whole:
        typer.echo(f"All {found.entries} entries are as they were written.")
    else:
        typer.echo(f"{found.trouble} The {found.entries} entries before it are as they were written.")
    if not found.is_whole:
        raise typer.Exit(1)


@app.command("export")
def export(data: Data = None) -> None:
    """Print every entry, the oldest first, as JSON, one on each line."""
    from projectionist.features.audit_log import service
    from projectionist.features.audit_log.documents import entry_row

    with opened_database(data) as stored:
        for entry in service.all_entries(stored.database):
            _print(entry_row(entry))


def _print(value: object) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(value).decode())
