"""`projectionist sync`: bring the index up to the servers, now and in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from projectionist.app import House
    from projectionist.features.library.sync import Synced


class _Terminal:
    """A job's run as one line that is written over, on standard error."""

    job_id = "terminal"
    attempt = 1

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Say how far it is."""
        if not self._quiet:
            of = f" of {total:.0f}" if total is not None else ""
            typer.echo(f"\r\033[K  {now}: {done:.0f}{of} {unit}", err=True, nl=False)

    def check(self) -> None:
        """Ctrl-C interrupts by itself."""

    def log(self, message: str, level: str = "info") -> None:
        """Say what happened."""
        typer.echo(f"\r\033[K  {message}" if not self._quiet else message, err=True)


def sync(
    library: Annotated[
        str | None, typer.Option(metavar="ID or TITLE", help="Only this library; all of them otherwise.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything, not only what changed.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it.")
    ] = None,
) -> None:
    """Bring the library index up to the servers."""
    import os
    import sys

    from projectionist.opening import open_house, page_settings
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    settings = load_settings(os.environ, {"data": data}, saved=page_settings(settings))
    with open_house(settings, exclusive=False) as house:
        results, troubles = sync_servers(
            house, library=library, full=full, quiet=json or not sys.stderr.isatty()
        )
    _print(results, troubles, as_json=json)
    if troubles:
        raise typer.Exit(1)


def sync_servers(
    house: House, *, library: str | None, full: bool, quiet: bool
) -> tuple[list[Synced], list[str]]:
    """Sync every server, or the one of a library; what was done, and what did not work. Raises NotFound."""
    from functools import partial

    from projectionist.errors import ProjectionistError
    from projectionist.features.library.jobs import sync_server
    from projectionist.features.library.service import libraries
    from projectionist.features.servers.service import list_servers, remember_answer

    wanted = _wanted(libraries(house.database), library)
    results: list[Synced] = []
    troubles: list[str] = []
    for server in list_servers(house.database).items:
        if wanted is not None and wanted.server_id != server.id:
            continue
        try:
            results += sync_server(
                house.database,
                house.servers,
                house.events,
                _Terminal(quiet),
                server.id,
                library_id=wanted.id if wanted else None,
                full=full,
                answered=partial(remember_answer, house.reach),
            )
        except ProjectionistError as error:
            troubles.append(f"{server.name}: {error.message}")
    return results, troubles


def _wanted(known: Sequence[Any], library: str | None) -> Any:
    from projectionist.errors import NotFound

    if library is None:
        return None
    for one in known:
        if library == str(one.id) or library.casefold() == one.title.casefold():
            return one
    there = ", ".join(f"{one.title} ({one.id})" for one in known) or "none yet"
    raise NotFound(f"There is no library {library}; there are: {there}.")


def _print(results: Sequence[Synced], troubles: Sequence[str], *, as_json: bool) -> None:
    import json

    if as_json:
        found = {"libraries": [one.as_result() for one in results], "troubles": list(troubles)}
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in results:
        typer.echo(
            f"{one.title}: {one.seen} looked at, {one.added} added, {one.changed} changed, {one.removed} removed."
        )
        if one.unproven:
            typer.echo(f"  {one.unproven}")
    for trouble in troubles:
        typer.echo(trouble, err=True)
    if not results and not troubles:
        typer.echo("There is no library to sync; add a server first.")
