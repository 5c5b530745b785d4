"""`projectionist users`: who has an account, and what to do where nobody can sign in any more."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from projectionist.cli.jobs import AsJson, Data, print_json, say
from projectionist.cli.stored import opened_database
from projectionist.kit.clock import SystemClock

if TYPE_CHECKING:
    from projectionist.features.accounts.users.links import Made
    from projectionist.settings import Settings

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Users: list, invite, change the role, sign out, let choose a new password, take the second step, passkeys, "
        "linked accounts or tokens away, remove."
    ),
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="Who, by the name they sign in with.")]
_now = SystemClock().now
RoleOption = Annotated[
    str, typer.Argument(metavar="administrator|moderator|user|guest", help="What they may do.")
]


@app.command("list")
def list_users(
    text: Annotated[str, typer.Option("--text", help="Only with this in the name.")] = "",
    role: Annotated[str, typer.Option("--role", help="Only of this role.")] = "",
    offset: Annotated[int, typer.Option("--offset", min=0, help="Leave out so many.")] = 0,
    size: Annotated[int, typer.Option("--size", min=1, max=100, help="Show at most so many.")] = 50,
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Show who has an account, by name."""
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document

    with opened_database(data) as house:
        page = service.users(house.database, text, role, now=_now, offset=offset, size=size)
    if json:
        users = [user_document(one) for one in page.items]
        print_json({"users": users, "offset": page.offset, "total": page.total})
        return
    for one in page.items:
        seen = f"seen {one.seen_at:%Y-%m-%d %H:%M} UTC" if one.seen_at else "not signed in"
        say(f"{one.name:30}  {one.role:13}  {seen}")
    say(f"{len(page.items)} of {page.total}")


@app.command("invite")
def invite(
    role: RoleOption = "user",
    note: Annotated[str, typer.Option("--note", help="For whom it is, to tell invitations apart.")] = "",
    days: Annotated[int, typer.Option("--days", min=1, max=30, help="How long the link works.")] = 7,
    mail: Annotated[str, typer.Option("--mail", metavar="ADDRESS", help="Have it mailed there.")] = "",
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Print a link by which somebody makes their own account, or have the service mail it."""
    from projectionist.features.accounts.users import addresses, links
    from projectionist.features.accounts.users.service import OWNER
    from projectionist.settings.choices import Registration

    lasts = timedelta(days=days)
    if mail:
        _invite_by_mail(role, note, mail, lasts, json, data)
        return
    with opened_database(data) as house:
        registration = Registration(house.settings.registration)
        made = links.invite(
            house.database, OWNER, role, note, lasts=lasts, registration=registration, now=_now
        )
        _tell_link(house.settings, addresses.INVITATION, made, json)


@app.command("role")
def change_role(name: Name, role: RoleOption, json: AsJson = False, data: Data = None) -> None:
    """Give somebody another role; the last administrator stays one."""
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        changed = service.change_user(house.database, service.OWNER, user.id, role=role, now=_now)
    if json:
        print_json(user_document(changed))
    else:
        say(f"{changed.name} is {changed.role} now.")


@app.command("password")
def let_choose_password(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Print a link by which somebody chooses a new password within an hour; for administrators who lost theirs too."""
    from projectionist.features.accounts.users import addresses, links, service

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        made = links.make_password_link(house.database, service.OWNER, user.id, now=_now)
        _tell_link(house.settings, addresses.PASSWORD, made, json)


@app.command("sign-out")
def sign_out(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Sign somebody out of every browser."""
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        ended = service.sign_out_everywhere(house.database, service.OWNER, user.id, now=_now)
    if json:
        print_json(user_document(ended))
    else:
        say(f"{ended.name} is signed out everywhere.")


@app.command("identities")
def list_identities(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Show the accounts of other services by which somebody comes in."""
    from projectionist.features.accounts.credentials.linked import identities_of
    from projectionist.features.accounts.users import service

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        linked = identities_of(house.database, user.id)
    if json:
        print_json({"identities": [asdict(one) for one in linked]})
        return
    for one in linked:
        used = f"used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "not used since"
        say(f"{one.id:6}  {one.kind:6}  {one.name:30}  linked {one.linked_at:%Y-%m-%d %H:%M} UTC  {used}")
    say(f"{len(linked)} linked")


@app.command("unlink")
def unlink(
    name: Name,
    number: Annotated[int, typer.Argument(help="Which, by the number that `identities` shows.")],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """Unlink an account of another service from somebody, also their only way in; every sign-in of theirs ends."""
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document
    from projectionist.features.accounts.ways import others

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        ended = others.unlink(house.database, service.OWNER, user.id, number, open_ways=None, now=_now)
    if json:
        print_json(user_document(ended))
    else:
        say(f"It is unlinked, and {ended.name} is signed out everywhere.")


@app.command("tokens")
def list_tokens(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Show by which tokens programs act for somebody, the newest first."""
    from projectionist.features.accounts.tokens import tokens_of
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import token_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        found = tokens_of(house.database, user.id, now=_now)
    if json:
        print_json({"tokens": [token_document(one) for one in found]})
        return
    for one in found:
        used = f"used {one.used_at:%Y-%m-%d %H:%M} UTC" if one.used_at else "never used"
        until = f"{'over since' if one.is_over else 'until'} {one.expires_at:%Y-%m-%d %H:%M} UTC"
        made = f"made {one.created_at:%Y-%m-%d %H:%M} UTC"
        say(f"{one.id:6}  {one.name:30}  {made}  {used}  {until}  may {', '.join(one.scopes)}")
    say(f"{len(found)} made")


@app.command("revoke-token")
def revoke_token(
    name: Name,
    number: Annotated[int, typer.Argument(help="Which, by the number that `tokens` shows.")],
    json: AsJson = False,
    data: Data = None,
) -> None:
    """End one of somebody's tokens; with --json it is shown as it was."""
    from projectionist.features.accounts.users import others_tokens, service
    from projectionist.features.accounts.users.documents import token_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        ended = others_tokens.revoke(house.database, service.OWNER, user.id, number, now=_now)
    if json:
        print_json(token_document(ended))
    else:
        say(f"“{ended.name}” of {user.name} opens nothing any more.")


@app.command("second-step-off")
def take_second_step_off(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Let somebody sign in by the password alone again, who lost their authenticator app and recovery codes."""
    from projectionist.features.accounts.second_factor.service import take_off
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        take_off(house.database, service.OWNER, user.id, now=_now)
        changed = service.get_user(house.database, user.id, now=_now)
    if json:
        print_json(user_document(changed))
    else:
        say(f"{changed.name} signs in by the password alone now.")


@app.command("passkeys-off")
def take_passkeys_away(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Take all passkeys of somebody away, where a phone or a stick is in wrong hands."""
    from projectionist.features.accounts.passkeys.service import revoke_all
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        revoke_all(house.database, service.OWNER, user.id, now=_now)
        changed = service.get_user(house.database, user.id, now=_now)
    if json:
        print_json(user_document(changed))
    else:
        say(f"{changed.name} has no passkey now.")


@app.command("remove")
def remove(name: Name, json: AsJson = False, data: Data = None) -> None:
    """Take somebody out, with their sign-ins and tokens; with --json they are shown as they were."""
    from projectionist.features.accounts.users import service
    from projectionist.features.accounts.users.documents import user_document

    with opened_database(data) as house:
        user = service.user_named(house.database, name, now=_now)
        service.remove_user(house.database, service.OWNER, user.id, now=_now)
    if json:
        print_json(user_document(user))
    else:
        say(f"{user.name} has no account any more.")


def _invite_by_mail(
    role: str, note: str, address: str, lasts: timedelta, as_json: bool, data: Path | None
) -> None:
    import os

    from projectionist.features.accounts.users.mailing import invite_by_mail
    from projectionist.features.accounts.users.service import OWNER
    from projectionist.opening import open_house
    from projectionist.settings import load_settings
    from projectionist.settings.choices import Registration

    settings = load_settings(os.environ, {"data": data})
    with open_house(settings, exclusive=False) as house:
        registration = Registration(house.settings.registration)
        until = invite_by_mail(
            house.mailroom, OWNER, role, note, address, lasts=lasts, registration=registration
        )
    if as_json:
        print_json({"link": "", "expires_at": until})
    else:
        say("The service mails the invitation, at once where it runs, else after its next start.")
        say(f"Its link works once, until {until:%Y-%m-%d %H:%M} UTC.")


def _tell_link(settings: Settings, path: str, made: Made, as_json: bool) -> None:
    from projectionist.features.accounts.setup_link import origin_of

    link = f"{origin_of(settings)}{path}?token={made.token}"
    if as_json:
        print_json({"link": link, "expires_at": made.expires_at})
    else:
        say(link)
        say(f"It works once, until {made.expires_at:%Y-%m-%d %H:%M} UTC.")
