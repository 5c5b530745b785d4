"""`projectionist database`: which revision the database is of, and taking the last migration back."""

from __future__ import annotations

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say

app = typer.Typer(
    no_args_is_help=True, help="The database: of which revision it is, and taking the last migration back."
)


@app.command("show")
def show(json: AsJson = False, data: Data = None) -> None:
    """Say of which revision the database is, and which this program works with; nothing is changed."""
    from projectionist import opening
    from projectionist.cli.backups import settings_of
    from projectionist.db import schema

    with opening.backups_place(settings_of(data)) as place:
        found = schema.revision_of(place.database)
        engine = "SQLite" if place.database.is_sqlite else "PostgreSQL"
    newest = schema.newest_revision()
    if json:
        print_json({"engine": engine, "revision": found, "newest": newest})
        return
    say(f"{engine}, revision {found or 'none'}; this program works with {newest}.")


@app.command("down")
def down(json: AsJson = False, data: Data = None) -> None:
    """Take the last migration back, to start the program from before; a backup is made and proved first.

    The service and every worker have to be stopped. Whatever is refused or fails leaves the database as it was.
    """
    from projectionist.cli.backups import settings_of
    from projectionist.features.backups.taking_back import take_back
    from projectionist.kit.clock import SystemClock

    settings = settings_of(data)
    taken = take_back(settings, SystemClock().now)
    if json:
        print_json({"was": taken.was, "revision": taken.revision, "backup": taken.backup})
        return
    say(f"The database was of revision {taken.was} and is of {taken.revision} now.")
    say(f"Before that it was backed up as {taken.backup.name}, which was proved.")
    say("Start the program from before now: this one would bring the database up again.")
