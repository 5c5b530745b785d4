"""`projectionist servers`: the media servers, whether they answer, and where their files are on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from projectionist.features.servers.service import Reach

app = typer.Typer(no_args_is_help=True, help="Media servers: list, add, test, and map their paths.")

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ServerId = Annotated[int, typer.Argument(metavar="ID", help="The server's number, as `list` shows it.")]


@app.command("list")
def list_servers(json: AsJson = False, data: Data = None) -> None:
    """Show every server, and whether it answered when it was last asked."""
    from projectionist.features.servers import service

    with _reach(data) as reach:
        found = service.all_servers(reach.database)
    if json:
        _print_json([_plain(one) for one in found])
        return
    for one in found:
        state = f"does not answer: {one.last_error}" if one.failing_since else "answered"
        typer.echo(f"{one.id}  {one.name}  {one.kind.value}  {one.address}  {state}")
    if not found:
        typer.echo("There is no server yet; `projectionist servers add` adds one.")


@app.command("add")
def add(
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="A Plex server's URL, or a folder's path.")
    ],
    kind: Annotated[str, typer.Option(metavar="plex|folder", help="What it is.")] = "plex",
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A file with the token; else that of the settings."),
    ] = None,
    name: Annotated[str, typer.Option(help="What to call it; else what it calls itself.")] = "",
    insecure: Annotated[bool, typer.Option("--insecure", help="Do not check its certificate.")] = False,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Add a server, once it has answered. Its libraries are read by `projectionist sync`, or once `serve` runs."""
    from projectionist.errors import UsageWrong
    from projectionist.features.servers import service
    from projectionist.media.vocabulary import ServerKind

    if kind not in ("plex", "folder"):
        raise UsageWrong(f"A server is plex or folder; {kind} is neither.")
    with _reach(data) as reach:
        token = _token(token_file, data) if kind == "plex" else ""
        new = service.NewServer(ServerKind(kind), address, token, not insecure, name)
        added = service.add_server(reach, new)
    if json:
        _print_json(_plain(added))
    else:
        typer.echo(f"{added.name} was added as server {added.id}.")


@app.command("test")
def ask(server_id: ServerId, json: AsJson = False, data: Data = None) -> None:
    """Ask a server whether it is well; ends with 1 where it is not."""
    from projectionist.features.servers import service

    with _reach(data) as reach:
        server = service.check_server(reach, server_id)
    if json:
        _print_json(_plain(server))
    elif server.failing_since:
        typer.echo(server.last_error, err=True)
    else:
        typer.echo(f"{server.name} answers, version {server.version}.")
    if server.failing_since:
        raise typer.Exit(1)


@app.command("map")
def map_paths(
    server_id: ServerId,
    server_prefix: Annotated[str | None, typer.Argument(help="A folder as the server calls it.")] = None,
    local_prefix: Annotated[str | None, typer.Argument(help="The same folder on this machine.")] = None,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Keep where a server's folder is on this machine, proven by opening a file; without folders, show what is kept.

    Ends with 1 where the mapping opened nothing.
    """
    from projectionist.errors import UsageWrong
    from projectionist.features.servers import service

    if (server_prefix is None) != (local_prefix is None):
        raise UsageWrong("Give both folders: as the server calls it, and as this machine does.")
    with _reach(data) as reach:
        service.get_server(reach.database, server_id)
        if server_prefix is None or local_prefix is None:
            found = service.list_mappings(reach.database, server_id)
        else:
            found = [service.save_mapping(reach, server_id, server_prefix, local_prefix)]
    if json:
        _print_json([_plain(one) for one in found])
    else:
        for one in found:
            proven = "proven" if one.proven_at else "not proven"
            typer.echo(
                f"{one.id}  {one.node}  {one.server_prefix} -> {one.local_prefix}  {proven}: {one.proof}"
            )
    if server_prefix is not None and found[0].proven_at is None:
        raise typer.Exit(1)


@contextmanager
def _reach(data: Path | None) -> Iterator[Reach]:
    import os
    import platform

    from projectionist.db.engine import Database, sqlite_url
    from projectionist.db.events import Events
    from projectionist.features.backups import service as backups
    from projectionist.features.cache.recorded import recorded_links
    from projectionist.features.previews.proving import prove_plex_data
    from projectionist.features.servers.service import Reach
    from projectionist.integrations.connecting import connector
    from projectionist.kit.clock import SystemClock
    from projectionist.kit.data_folder import OwnFolder
    from projectionist.kit.outbound import Outbound, OwnService
    from projectionist.kit.secrets import load_vault
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {"data": data})
    database = Database(settings.database_url or sqlite_url(settings.data / "projectionist.sqlite"))
    recorded = partial(recorded_links, database)
    try:
        backups.bring_up(backups.Place.opened(settings, database, SystemClock().now))
        events = Events(database)
        yield Reach(
            database=database,
            vault=load_vault(settings.data, settings.secret_key),
            connect=connector(
                client_id="projectionist-command-line",
                plex_tv_url=settings.plex_tv_url,
                outbound=Outbound(own=OwnService(settings.host, settings.port)),
                recorded=recorded,
            ),
            node=settings.node or platform.node(),
            now=SystemClock().now,
            syncs=_NoSyncs(),
            prove_plex_data=prove_plex_data,
            publish=lambda session, topic, facts: events.publish(topic, facts, session=session),
            own=OwnFolder(settings.data),
            recorded=recorded,
        )
        events.close()
    finally:
        database.close()


class _NoSyncs:
    """The command line orders no jobs by itself; the running service does."""

    def start(self, server_id: int, asked_by: str) -> Any:
        """Nothing to start here."""

    def begun(self, server_id: int) -> bool:
        """Nothing is read from here."""
        return False

    def forget(self, server_id: int) -> None:
        """Nothing to forget here."""


def _token(file: Path | None, data: Path | None) -> str:
    import os

    from projectionist.errors import UsageWrong
    from projectionist.settings import load_settings

    if file is None:
        return load_settings(os.environ, {"data": data}).plex_token
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageWrong(f"The token file {file} cannot be read; check its path and rights.") from None


def _plain(thing: Any) -> Any:
    import msgspec

    return msgspec.to_builtins(thing)


def _print_json(found: Any) -> None:
    import json

    typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
