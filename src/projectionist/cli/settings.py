"""`projectionist settings`: what the settings page saved, to a file and back; never a secret."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say

if TYPE_CHECKING:
    from projectionist.db.engine import Database
    from projectionist.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Settings: export what the page saved, and import it elsewhere.")


@app.command("export")
def export(data: Data = None) -> None:
    """Print what the settings page saved, as JSON; secrets are left out."""
    from projectionist.features.operations import settings_service

    with _opened(data) as (database, settings):
        views = settings_service.setting_views(database, settings)
    print_json({"settings": {one.info.name: one.saved for one in views if one.saved is not None}})


@app.command("import")
def import_settings(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `export` printed.")],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Save the values of an export, all or none; they hold from the next start."""
    import msgspec

    from projectionist.errors import InputWrong
    from projectionist.features.operations import settings_service
    from projectionist.kit import files

    class Export(msgspec.Struct, forbid_unknown_fields=True):
        settings: dict[str, str]

    with files.explained(file, "read"):
        content = file.read_bytes()
    try:
        wanted = msgspec.json.decode(content, type=Export).settings
    except (msgspec.DecodeError, UnicodeError):
        raise InputWrong(
            f"{file.name} is no export of settings; nothing was changed: make one with projectionist settings export."
        ) from None
    with _opened(data) as (database, settings):
        changed = settings_service.save(database, settings, wanted)
    if json:
        print_json({"changed": changed})
    else:
        say(
            f"Saved, and holds from the next start: {', '.join(changed)}."
            if changed
            else "Nothing is different."
        )


@contextmanager
def _opened(data: Path | None) -> Iterator[tuple[Database, Settings]]:
    import os

    from projectionist import opening
    from projectionist.features.backups import service
    from projectionist.settings import load_settings

    settings = load_settings(os.environ, {} if data is None else {"data": data})
    with opening.backups_place(settings) as place:
        service.bring_up(place)
        yield place.database, settings
