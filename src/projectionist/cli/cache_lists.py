"""`projectionist cache lists`: lists kept at Trakt, TMDb or IMDb, whose films and shows go to the fast disks."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from projectionist.cli.cache_run import opened

if TYPE_CHECKING:
    from projectionist.features.cache.wanting.lists.records import KeptList

lists = typer.Typer(no_args_is_help=True, help="Lists kept at Trakt, TMDb or IMDb that are wished for.")

Data = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The data folder; else PROJECTIONIST_DATA names it.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
ListId = Annotated[int, typer.Argument(metavar="ID", help="As `lists list` shows it.")]
KeyFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE", help="A file with the service's key, - for standard input; else the kept one."
    ),
]
Service = Literal["trakt", "tmdb", "imdb"]
_KINDS = (
    "trending_movies|trending_shows|popular_movies|popular_shows|anticipated_movies|"
    "anticipated_shows|watchlist|list"
)


@lists.command("list")
def list_lists(as_json: AsJson = False, data: Data = None) -> None:
    """Show each list, what counts of it, and how it answered."""
    with opened(data) as house:
        found = house.lists.all()
    if as_json:
        _print_json([_plain(one) for one in found])
        return
    for one in found:
        typer.echo(f"{one.id}  {one.name}  {_state(one)}")
    if not found:
        typer.echo("No list was added yet; `projectionist cache lists add` adds one.")


@lists.command("add")
def add(
    service: Annotated[Service, typer.Argument(help="Where it is kept.")],
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help=f"{_KINDS}; left out for IMDb.", show_default=False)
    ] = "export",
    where: Annotated[
        str,
        typer.Option(
            help="Whose watchlist: ada. Which list: trakt.tv/users/ada/lists/winter, or 710 at TMDb."
        ),
    ] = "",
    file: Annotated[
        Path | None, typer.Option(metavar="CSV", help="The file of IMDb, from https://www.imdb.com/exports.")
    ] = None,
    name: Annotated[str, typer.Option(help="What to call it; else it is named after itself.")] = "",
    most: Annotated[int, typer.Option("--count", min=1, max=100, help="How many titles count.")] = 10,
    fill: Annotated[
        bool,
        typer.Option("--fill/--strict", help="Walk on until so many are owned, or only its first so many."),
    ] = False,
    account: Annotated[int, typer.Option(metavar="ID", help="For one person; else for everybody.")] = 0,
    key_file: KeyFile = None,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Add a list, once it has answered. IMDb lets no program read lists: export one there, and name the file."""
    from projectionist.errors import UsageWrong
    from projectionist.features.cache.wanting.lists.records import NewList
    from projectionist.media.lists import ListKind, ListService

    if kind not in list(ListKind):
        raise UsageWrong(f"A list is {_KINDS}, or export for IMDb; {kind} is none of them.")
    new = NewList(
        service=ListService(service),
        kind=ListKind(kind),
        where=where,
        name=name,
        most=most,
        fill=fill,
        account_id=account,
        key=_read(key_file).strip() if key_file else "",
        content=_read(file) if file else "",
    )
    with opened(data) as house:
        added = house.lists.add(new)
    if as_json:
        _print_json(_plain(added))
    else:
        typer.echo(f"{added.name} was added as list {added.id}; {_state(added)}")


@lists.command("switch")
def switch(
    list_id: ListId,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether it counts.")],
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Let a list count, or not."""
    with opened(data) as house:
        changed = house.lists.switch(list_id, on)
    if as_json:
        _print_json(_plain(changed))
    else:
        typer.echo(f"{changed.name} is {'on' if on else 'off'}.")


@lists.command("remove")
def remove(list_id: ListId, as_json: AsJson = False, data: Data = None) -> None:
    """Take a list out; what it named is wished for no more."""
    with opened(data) as house:
        house.lists.remove(list_id)
    if as_json:
        _print_json({"removed": list_id})
    else:
        typer.echo("Removed.")


@lists.command("key")
def key(
    service: Annotated[Literal["trakt", "tmdb"], typer.Argument(help="Whose key.")],
    file: KeyFile = None,
    forget: Annotated[bool, typer.Option("--forget", help="Keep it no more.")] = False,
    as_json: AsJson = False,
    data: Data = None,
) -> None:
    """Keep the key of a service, once it has answered to it; it is never shown again."""
    from projectionist.errors import UsageWrong
    from projectionist.media.lists import ListService

    if forget == (file is not None):
        raise UsageWrong("Name a file with the key by --file, - for standard input, or say --forget.")
    with opened(data) as house:
        if file is not None:
            house.lists.keep_key(ListService(service), _read(file).strip())
        else:
            house.lists.drop_key(ListService(service))
    if as_json:
        _print_json({"service": service, "kept": not forget})
    else:
        typer.echo("Forgotten." if forget else "Kept.")


def _state(one: KeptList) -> str:
    if not one.on:
        return "off"
    if one.failing_since is not None:
        return f"does not answer: {one.reason}"
    how = f"until {one.most} are found" if one.fill else f"its first {one.most}"
    return f"{how}, {one.owned} in the library"


def _read(file: Path) -> str:
    from projectionist.errors import UsageWrong

    with suppress(OSError, UnicodeDecodeError):
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    raise UsageWrong(f"The file {file} cannot be read as text; check its path and rights.")


def _plain(one: KeptList) -> dict[str, Any]:
    """A list for programs; moments as ISO 8601."""
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in asdict(one).items()
    }


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))
