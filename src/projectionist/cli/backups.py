"""`projectionist backup` and `projectionist restore`: the database as one file, proved, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say

if TYPE_CHECKING:
    from projectionist.features.backups.service import Record
    from projectionist.settings import Settings

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", metavar="FILE", help="A file whose first line is the passphrase."),
]


def backup(
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Another folder; nothing is removed there.")
    ] = None,
    encrypt: Annotated[
        bool | None,
        typer.Option("--encrypt/--plain", help="Else as PROJECTIONIST_BACKUP_PASSPHRASE is set."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    with_key: Annotated[
        bool,
        typer.Option("--with-key", help="Take the key along, which opens kept tokens; only when encrypted."),
    ] = False,
    show: Annotated[bool, typer.Option("--list", help="Only show which backups there are.")] = False,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Make a backup, while all runs, and prove it by restoring it into a scratch; ends with 1 where that fails."""
    from dataclasses import replace

    from projectionist import opening
    from projectionist.db.saved_settings import saved_settings
    from projectionist.features.backups import service

    settings = settings_of(data)
    if show:
        found = service.backups(service.folder_of(settings))
        if json:
            print_json({"backups": found})
        for one in found if not json else ():
            _tell(one)
        return
    secret = _passphrase(settings, encrypt, passphrase_file)
    with opening.backups_place(settings) as opened:
        # Nothing else of them: what is wrong with another setting must not keep anybody from a backup.
        saved = {
            name: said for name, said in saved_settings(opened.database).items() if name == "backup_keep"
        }
        place = replace(opened, keep=settings_of(data, saved).backup_keep)
        record = service.make_backup(
            place, "by hand", asked_by="the command line", to=to, passphrase=secret, with_key=with_key
        )
    if json:
        print_json(record)
    else:
        _tell(record)
        say(f"It is in {to or service.folder_of(settings)}.")
        if not record.has_key:
            say("The key (secret.key) is not in it; keep that elsewhere, or tokens have to be entered anew.")
    if record.trouble:
        raise typer.Exit(1)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    passphrase_file: PassphraseFile = None,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Put a backup in place of the database, which is kept aside; the service and its workers must be stopped."""
    from projectionist.features.backups import restoring
    from projectionist.kit.clock import SystemClock

    settings = settings_of(data)
    restored = restoring.restore(settings, file, _first_line(passphrase_file), SystemClock().now)
    if json:
        print_json(restored)
        return
    say(f"The database is that of {restored.made_at:%Y-%m-%d %H:%M:%S} UTC, with {restored.rows} rows.")
    if restored.aside:
        say(f"The former one is kept: {restored.aside}")
    if restored.former_key:
        say(f"The former key is kept: {restored.former_key}")
    if restored.sealed:
        say(
            f"{restored.sealed} tokens and keys of servers and lists cannot be opened with the key that is here: put "
            "the former secret.key into the data folder, or enter them anew."
        )
    say(
        "Everybody signs in again, with the passwords and roles of then; programs need new tokens, and links that were "
        "given out open nothing. Where a fast disk is used, look at the cache's audit after the next start."
    )


def _tell(record: Record) -> None:
    state = "proven" if record.is_proven else f"NOT PROVEN: {record.trouble}"
    sealed = "encrypted, " if record.is_encrypted else ""
    when = f"{record.made_at:%Y-%m-%d %H:%M:%S} UTC"
    say(f"{record.name}  {when}  {record.size} bytes  {record.rows} rows  {sealed}{state}")


def settings_of(data: Path | None, saved: Mapping[str, str] | None = None) -> Settings:
    """The settings of this command; `saved` is what the page has saved."""
    import os

    from projectionist.settings import load_settings

    return load_settings(os.environ, {} if data is None else {"data": data}, saved=saved or {})


def _passphrase(settings: Settings, encrypt: bool | None, file: Path | None) -> str | None:
    """None is as the settings say, and the empty one is none at all."""
    from projectionist.errors import UsageWrong

    if encrypt is False:
        if file is not None:
            raise UsageWrong(
                "A backup is either plain or has a passphrase, not both; leave one of the two out."
            )
        return ""
    given = _first_line(file)
    if given or not encrypt or settings.backup_passphrase:
        return given or None
    raise UsageWrong(
        "An encrypted backup needs a passphrase: name a file with --passphrase-file, or set "
        "PROJECTIONIST_BACKUP_PASSPHRASE."
    )


def _first_line(file: Path | None) -> str:
    from projectionist.errors import UsageWrong
    from projectionist.kit import files

    if file is None:
        return ""
    with files.explained(file, "read"):
        content = file.read_bytes()
    try:
        first = next(iter(content.decode().splitlines()), "").strip()
    except UnicodeDecodeError:
        raise UsageWrong(
            f"{file} is no text in UTF-8; nothing was changed: name a file of one line."
        ) from None
    if not first:
        raise UsageWrong(f"{file} has no passphrase in its first line; nothing was changed: write it there.")
    return first
