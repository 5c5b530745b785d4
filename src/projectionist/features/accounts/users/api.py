"""The API of users, invitations and tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from litestar import Request, Response, delete, get, patch, post
from litestar.params import JSONBody, QueryParameter

from projectionist.db.engine import Database
from projectionist.features.accounts import tokens
from projectionist.features.accounts.cookies import session_cookies
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.users import addresses, links, others_tokens, service
from projectionist.features.accounts.users.documents import (
    InvitationDocument,
    InvitationOrder,
    Joining,
    LinkDocument,
    NewPassword,
    NewTokenDocument,
    TokenDocument,
    TokenOrder,
    UserChange,
    UserDocument,
    invitation_document,
    token_document,
    user_document,
)
from projectionist.features.accounts.users.mailing import invite_by_mail
from projectionist.features.accounts.users.welcoming import welcomed
from projectionist.features.mail.service import Mailroom
from projectionist.kit.clock import Clock
from projectionist.settings import Settings
from projectionist.settings.choices import Registration
from projectionist.web.access import OPEN, needs
from projectionist.web.ids import Id
from projectionist.web.injection import Injected
from projectionist.web.limits import REGISTER, RESET, limited
from projectionist.web.paging import Limit, Offset, PageOut, page_out, part_out
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_USERS)
TOKENS = needs(Permission.MAKE_TOKENS)
Text = Annotated[str, QueryParameter(max_length=100)]


@get("/api/v1/users", tags=["Users"], operation_id="list_users", sync_to_thread=True, **MANAGE)
def list_users(
    database: Injected[Database],
    clock: Injected[Clock],
    text: Text = "",
    role: Text = "",
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[UserDocument]:
    """Who has an account, by name."""
    return page_out(
        service.users(database, text, role, now=clock.now, offset=offset, size=limit), user_document
    )


@get("/api/v1/users/{user_id:int}", tags=["Users"], operation_id="get_user", sync_to_thread=True, **MANAGE)
def get_user(database: Injected[Database], clock: Injected[Clock], user_id: Id) -> UserDocument:
    """One of them."""
    return user_document(service.get_user(database, user_id, now=clock.now))


@patch(
    "/api/v1/users/{user_id:int}", tags=["Users"], operation_id="change_user", sync_to_thread=True, **MANAGE
)
def change_user(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: Id,
    data: JSONBody[UserChange],
) -> UserDocument:
    """Give somebody another role, or other exceptions from it; what is left out stays."""
    changed = service.change_user(
        database, principal, user_id, role=data.role, exceptions=data.exceptions, now=clock.now
    )
    people.forget()
    return user_document(changed)


@delete(
    "/api/v1/users/{user_id:int}", tags=["Users"], operation_id="remove_user", sync_to_thread=True, **MANAGE
)
def remove_user(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: Id,
) -> None:
    """Take somebody out, with their sign-ins and tokens; the last administrator stays."""
    service.remove_user(database, principal, user_id, now=clock.now)
    people.forget()


@delete(
    "/api/v1/users/{user_id:int}/sign-ins",
    tags=["Users"],
    operation_id="sign_user_out",
    sync_to_thread=True,
    **MANAGE,
)
def sign_user_out(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: Id,
) -> None:
    """Sign somebody out everywhere."""
    service.sign_out_everywhere(database, principal, user_id, now=clock.now)
    people.forget()


@post(
    "/api/v1/users/{user_id:int}/password-link",
    tags=["Users"],
    operation_id="make_password_link",
    sync_to_thread=True,
    **MANAGE,
)
def make_password_link(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    user_id: Id,
) -> LinkDocument:
    """Make a link by which somebody chooses a new password within an hour; one made before is dead."""
    made = links.make_password_link(database, principal, user_id, now=clock.now)
    return LinkDocument(addresses.link_to(request, addresses.PASSWORD, made.token), made.expires_at)


@get("/api/v1/invitations", tags=["Users"], operation_id="list_invitations", sync_to_thread=True, **MANAGE)
def list_invitations(
    database: Injected[Database], clock: Injected[Clock], offset: Offset = 0, limit: Limit = 50
) -> PageOut[InvitationDocument]:
    """Invitations that nobody has used yet, the newest first."""
    return part_out(links.invitations(database, now=clock.now), invitation_document, offset, limit)


@post("/api/v1/invitations", tags=["Users"], operation_id="invite_user", sync_to_thread=True, **MANAGE)
def invite_user(
    request: Request[Any, Any, Any],
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    mailroom: Injected[Mailroom],
    settings: Injected[Settings],
    data: JSONBody[InvitationOrder],
) -> LinkDocument:
    """Make a link by which somebody makes their own account, or have it mailed to them."""
    lasts, registration = timedelta(days=data.days), Registration(settings.registration)
    if data.email.strip():
        until = invite_by_mail(
            mailroom, principal, data.role, data.note, data.email, lasts=lasts, registration=registration
        )
        return LinkDocument("", until)
    made = links.invite(
        database, principal, data.role, data.note, lasts=lasts, registration=registration, now=clock.now
    )
    return LinkDocument(addresses.link_to(request, addresses.INVITATION, made.token), made.expires_at)


@delete(
    "/api/v1/invitations/{invitation_id:int}",
    tags=["Users"],
    operation_id="withdraw_invitation",
    sync_to_thread=True,
    **MANAGE,
)
def withdraw_invitation(database: Injected[Database], clock: Injected[Clock], invitation_id: Id) -> None:
    """Take an invitation back."""
    links.withdraw(database, invitation_id, now=clock.now)


@post("/api/v1/join", tags=["Users"], operation_id="join", sync_to_thread=True, **limited(REGISTER, OPEN))
def join(
    request: Request[Any, Any, Any],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    settings: Injected[Settings],
    data: JSONBody[Joining],
) -> Response[dict[str, str]]:
    """Make one's own account, by an invitation or where registration is open; the answer signs in.

    What the browser was signed in as before ends.
    """
    registration = Registration(settings.registration)
    made = links.join(
        database, data.token, data.name, data.password, registration=registration, now=clock.now
    )
    signed_in = welcomed(request, database, clock, people, made)
    told = {"name": made.name, "role": made.role}
    return Response(told, cookies=session_cookies(request, signed_in), status_code=201)


@post(
    "/api/v1/new-password",
    tags=["Users"],
    operation_id="choose_password",
    status_code=204,
    sync_to_thread=True,
    **limited(RESET, OPEN),
)
def choose_password(
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    data: JSONBody[NewPassword],
) -> None:
    """Choose a new password by a link; every browser is signed out."""
    links.choose_password(database, data.token, data.password, now=clock.now)
    people.forget()


@get("/api/v1/me/tokens", tags=["Users"], operation_id="list_tokens", sync_to_thread=True, **TOKENS)
def list_tokens(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    offset: Offset = 0,
    limit: Limit = 50,
) -> PageOut[TokenDocument]:
    """One's own tokens, the newest first."""
    return part_out(tokens.tokens_of(database, principal.id, now=clock.now), token_document, offset, limit)


@post("/api/v1/me/tokens", tags=["Users"], operation_id="make_token", sync_to_thread=True, **TOKENS)
def make_token(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    data: JSONBody[TokenOrder],
) -> NewTokenDocument:
    """Make a token for a program; it is shown in this answer, and never again."""
    lasts = timedelta(days=data.days)
    made = tokens.make_token(database, principal, data.name, data.scopes, lasts=lasts, now=clock.now)
    return NewTokenDocument(token_document(made.token), made.shown)


@delete(
    "/api/v1/me/tokens/{token_id:int}",
    tags=["Users"],
    operation_id="revoke_token",
    sync_to_thread=True,
    **TOKENS,
)
def revoke_token(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    token_id: Id,
) -> None:
    """End one of one's tokens."""
    tokens.revoke_token(database, principal.id, token_id, now=clock.now)
    people.forget()


@get(
    "/api/v1/users/{user_id:int}/tokens",
    tags=["Users"],
    operation_id="list_user_tokens",
    sync_to_thread=True,
    **MANAGE,
)
def list_user_tokens(
    database: Injected[Database], clock: Injected[Clock], user_id: Id, offset: Offset = 0, limit: Limit = 50
) -> PageOut[TokenDocument]:
    """Somebody's tokens, the newest first."""
    found = others_tokens.tokens_of(database, user_id, now=clock.now)
    return part_out(found, token_document, offset, limit)


@delete(
    "/api/v1/users/{user_id:int}/tokens/{token_id:int}",
    tags=["Users"],
    operation_id="revoke_user_token",
    sync_to_thread=True,
    **MANAGE,
)
def revoke_user_token(
    principal: Injected[Principal],
    database: Injected[Database],
    clock: Injected[Clock],
    people: Injected[SignedInPeople],
    user_id: Id,
    token_id: Id,
) -> None:
    """End one of somebody's tokens; the program that shows it is refused from now on."""
    others_tokens.revoke(database, principal, user_id, token_id, now=clock.now)
    people.forget()


HANDLERS = (
    list_users,
    get_user,
    change_user,
    remove_user,
    sign_user_out,
    make_password_link,
    list_invitations,
    invite_user,
    withdraw_invitation,
    join,
    choose_password,
    list_tokens,
    make_token,
    revoke_token,
    list_user_tokens,
    revoke_user_token,
)
