"""`projectionist webhooks`: which programs may tell that something changed, and their secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say
from projectionist.cli.stored import opened_database
from projectionist.kit.clock import SystemClock

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from projectionist.features.webhooks.service import Shown

app = typer.Typer(no_args_is_help=True, help="Webhooks: list and add senders, renew a secret, remove.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="Which sender.")]
_now = SystemClock().now


@app.callback()
def webhooks() -> None:
    """Webhooks: which programs may tell that something changed."""


@app.command("list")
def list_senders(json: AsJson = False, data: Data = None) -> None:
    """Show every sender, and when it told something last."""
    from projectionist.features.webhooks import service
    from projectionist.features.webhooks.documents import sender_document

    with opened_database(data) as house:
        found = service.senders(house.database, now=_now)
    if json:
        print_json([sender_document(one) for one in found])
        return
    for one in found:
        heard = f"heard {one.heard_at:%Y-%m-%d %H:%M} UTC" if one.heard_at else "never heard"
        say(
            f"{one.name:30}  {one.kind:8}  {service.path_of(one):14}  {heard}, refused {one.refused_count} times"
        )


@app.command("told")
def told(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Show what a sender told last, and what came of it."""
    from projectionist.features.webhooks import service
    from projectionist.features.webhooks.documents import delivery_document

    with opened_database(data) as house:
        sender = service.sender_named(house.database, name, now=_now)
        found = service.deliveries(house.database, sender.id).items
    if json:
        print_json([delivery_document(one) for one in found])
        return
    for one in found:
        say(f"{one.at:%Y-%m-%d %H:%M:%S} UTC  {one.address:15}  {one.event:20}  {one.outcome}: {one.note}")


@app.command("add")
def add(
    name: Name,
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="sonarr, radarr, plex, jellyfin, emby or generic.")
    ],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Let a program tell that something changed; its secret is printed this once."""
    from projectionist.features.webhooks import service

    with opened_database(data) as house:
        shown = service.add_sender(house.database, name, kind, _publish, now=_now)
        _tell(shown, house.settings.base_url, json)


@app.command("renew")
def renew(
    name: Name,
    keep_former: Annotated[
        bool, typer.Option("--keep-former", help="Take the secret before for another 24 hours.")
    ] = False,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Give a sender a new secret, printed this once; the one before ends at once, or a day later by --keep-former."""
    from projectionist.features.webhooks import service

    with opened_database(data) as house:
        sender = service.sender_named(house.database, name, now=_now)
        shown = service.renew_secret(house.database, sender.id, _publish, keeps_former=keep_former, now=_now)
        _tell(shown, house.settings.base_url, json)


@app.command("remove")
def remove(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Take a sender out, with what it told; with --json it is shown as it was."""
    from projectionist.features.webhooks import service
    from projectionist.features.webhooks.documents import sender_document

    with opened_database(data) as house:
        sender = service.sender_named(house.database, name, now=_now)
        was = service.remove_sender(house.database, sender.id, _publish, now=_now)
    if json:
        print_json(sender_document(was))
    else:
        say(f"{was.name} is refused from now on.")


def _publish(session: Session) -> None:
    """Pages that are open hear of it when they are loaded anew."""


def _tell(shown: Shown, base_url: str, as_json: bool) -> None:
    from projectionist.features.webhooks.documents import secret_document

    if as_json:
        print_json(secret_document(shown))
        return
    say(f"{shown.sender.name} sends to {base_url.rstrip('/')}{shown.path}")
    if shown.sender.is_by_address:
        say("The address holds the secret and is shown only here.")
    else:
        say(f"Its secret, shown only here, goes into a header or the password: {shown.secret}")
