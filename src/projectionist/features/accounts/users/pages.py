"""The pages of users: who is here, what each may do, and who is invited."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath, QueryParameter
from litestar.response import Redirect, Template

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.accounts.credentials.linked import identities_of
from projectionist.features.accounts.forms import refused
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.permissions import AWAITED, PERMISSIONS, Role
from projectionist.features.accounts.tokens import tokens_of
from projectionist.features.accounts.users import addresses, links, service
from projectionist.features.accounts.users.links import Made
from projectionist.features.accounts.users.mailing import invite_by_mail
from projectionist.features.mail.service import Mailroom
from projectionist.kit.clock import Clock
from projectionist.settings import Settings
from projectionist.settings.choices import Registration
from projectionist.web.access import needs
from projectionist.web.forms import Form, text, to, whole
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_USERS)
PAGE = 50
Text = Annotated[str, QueryParameter(max_length=100)]


@get("/users", sync_to_thread=True, include_in_schema=False, **MANAGE)
def users_page(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    mailroom: Injected[Mailroom],
    settings: Injected[Settings],
    q: Text = "",
    role: Text = "",
    offset: Offset = 0,
) -> Template:
    """Who has an account, and who is invited."""
    context = _list_context(principal, database, clock, q, role, offset)
    return Template("accounts/users.html", context={**context, **_ways(mailroom, settings)})


@post("/users/invite", sync_to_thread=True, include_in_schema=False, status_code=200, **MANAGE)
def invite(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    mailroom: Injected[Mailroom],
    settings: Injected[Settings],
    data: Form,
) -> Template:
    """Make an invitation; its link is shown on the answer, and never again, or mailed to the address that was typed."""
    role, note, address = text(data, "role"), text(data, "note"), text(data, "email").strip()
    lasts, registration = timedelta(days=whole(data, "days")), Registration(settings.registration)
    ways = _ways(mailroom, settings)
    done: dict[str, Any]
    try:
        if address:
            invite_by_mail(mailroom, principal, role, note, address, lasts=lasts, registration=registration)
            done = {"mailed": address}
        else:
            made = links.invite(
                database, principal, role, note, lasts=lasts, registration=registration, now=clock.now
            )
            done = {"shown": _shown(request, addresses.INVITATION, made)}
    except ProjectionistError as error:
        context = {**_list_context(principal, database, clock), **ways, "given": data}
        return refused("accounts/users.html", context, error)
    context = {**_list_context(principal, database, clock), **ways, **done}
    return Template("accounts/users.html", context=context)


@post(
    "/users/invitations/{invitation_id:int}/withdraw", sync_to_thread=True, include_in_schema=False, **MANAGE
)
def withdraw(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    invitation_id: FromPath[int],
) -> Redirect:
    """Take an invitation back."""
    links.withdraw(database, invitation_id, now=clock.now)
    return to(request, "/users")


@get("/users/{user_id:int}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def user_page(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    user_id: FromPath[int],
) -> Template:
    """What one of them may do."""
    return Template("accounts/user.html", context=user_context(principal, database, clock, user_id))


@post("/users/{user_id:int}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def change_user(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: FromPath[int],
    data: Form,
) -> Template | Redirect:
    """Give somebody another role, and exceptions from it."""
    chosen = {one.value: text(data, f"may_{one.value}") for one in Permission if one not in AWAITED}
    exceptions = {name: how == "yes" for name, how in chosen.items() if how in ("yes", "no")}
    try:
        service.change_user(
            database, principal, user_id, role=text(data, "role"), exceptions=exceptions, now=clock.now
        )
    except ProjectionistError as error:
        return refused("accounts/user.html", user_context(principal, database, clock, user_id), error)
    people.forget()
    return to(request, f"/users/{user_id}")


@post(
    "/users/{user_id:int}/password-link",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    **MANAGE,
)
def make_password_link(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    user_id: FromPath[int],
) -> Template:
    """Make a link by which somebody chooses a new password; it is shown on the answer, and never again."""
    context = user_context(principal, database, clock, user_id)
    try:
        made = links.make_password_link(database, principal, user_id, now=clock.now)
    except ProjectionistError as error:
        return refused("accounts/user.html", context, error)
    shown = _shown(request, addresses.PASSWORD, made)
    return Template("accounts/user.html", context={**context, "shown": shown})


@post("/users/{user_id:int}/sign-out", sync_to_thread=True, include_in_schema=False, **MANAGE)
def sign_out(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: FromPath[int],
) -> Redirect:
    """Sign somebody out everywhere."""
    service.sign_out_everywhere(database, principal, user_id, now=clock.now)
    people.forget()
    return to(request, f"/users/{user_id}")


@post("/users/{user_id:int}/remove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def remove_user(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: FromPath[int],
) -> Template | Redirect:
    """Take somebody out, with their sign-ins and tokens."""
    try:
        service.remove_user(database, principal, user_id, now=clock.now)
    except ProjectionistError as error:
        return refused("accounts/user.html", user_context(principal, database, clock, user_id), error)
    people.forget()
    return to(request, "/users")


def _ways(mailroom: Mailroom, settings: Settings) -> dict[str, Any]:
    """By what ways somebody can be invited."""
    is_closed = settings.registration == Registration.CLOSED
    return {"sends_mail": mailroom.is_set, "is_closed": is_closed}


def _list_context(
    principal: Principal, database: Database, clock: Clock, q: str = "", role: str = "", offset: int = 0
) -> dict[str, Any]:
    return {
        "found": service.users(database, q, role, now=clock.now, offset=offset, size=PAGE),
        "invitations": links.invitations(database, now=clock.now),
        "roles": _roles_for(principal),
        "all_roles": [one.value for one in Role],
        "q": q,
        "role": role,
        "size": PAGE,
        "given": {},
        "shown": None,
        "mailed": "",
        "errors": {},
    }


def user_context(principal: Principal, database: Database, clock: Clock, user_id: int) -> dict[str, Any]:
    """What somebody's page shows. Raises NotFound."""
    user = service.get_user(database, user_id, now=clock.now)
    return {
        "user": user,
        "roles": _roles_for(principal, user.role),
        "by_role": {role.value: {one.value for one in may} for role, may in PERMISSIONS.items()},
        "permissions": [one.value for one in Permission if one not in AWAITED],
        "identities": identities_of(database, user.id),
        "tokens": tokens_of(database, user.id, now=clock.now),
        "shown": None,
        "errors": {},
    }


def _roles_for(principal: Principal, *besides: str) -> list[str]:
    """The roles that somebody may give."""
    return [
        role.value for role in Role if PERMISSIONS[role] <= principal.permissions or role.value in besides
    ]


def _shown(request: Request[Any, Any, Any], path: str, made: Made) -> Mapping[str, Any]:
    return {"link": addresses.link_to(request, path, made.token), "expires_at": made.expires_at}


HANDLERS = (
    users_page,
    invite,
    withdraw,
    user_page,
    change_user,
    make_password_link,
    sign_out,
    remove_user,
)
