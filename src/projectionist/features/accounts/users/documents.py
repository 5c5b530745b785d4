"""What the API of users takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.accounts.tokens import ApiToken
from projectionist.features.accounts.users.links import Invitation
from projectionist.features.accounts.users.service import User

RoleName = Literal["administrator", "moderator", "user", "guest"]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class UserDocument(msgspec.Struct, frozen=True):
    """Somebody who has an account; `exceptions` are what makes the permissions differ from those of the role."""

    id: int
    name: str
    role: str
    permissions: list[str]
    exceptions: dict[str, bool]
    created_at: datetime
    seen_at: datetime | None
    sign_ins: int
    tokens: int
    email: str
    second_step: bool
    passkeys: int


class UserChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another role, or other exceptions from it: permissions by name, and whether they have them."""

    role: RoleName | None = None
    exceptions: Annotated[dict[str, bool], msgspec.Meta(max_length=50)] | None = None


class InvitationOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invitation into a role; `note` says for whom it is meant.

    With an `email` the link is mailed there and shown to nobody else, and who joins by it has that address.
    """

    role: RoleName = "user"
    note: Annotated[str, msgspec.Meta(max_length=100)] = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=30)] = 7
    email: Annotated[str, msgspec.Meta(max_length=254)] = ""


class InvitationDocument(msgspec.Struct, frozen=True):
    """An invitation that nobody has used yet."""

    id: int
    role: str
    note: str
    made_by: str
    created_at: datetime
    expires_at: datetime
    address: str


class LinkDocument(msgspec.Struct, frozen=True):
    """A link that works once. It is shown here only; who holds it may use it. Empty where it was mailed."""

    link: str
    expires_at: datetime


class Joining(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who makes their account; `token` is that of the invitation, empty where registration is open."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: Secret
    token: Annotated[str, msgspec.Meta(max_length=100)] = ""

    def __repr__(self) -> str:
        return f"Joining({self.name!r})"


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new password, by the token of a password link."""

    token: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    password: Secret

    def __repr__(self) -> str:
        return "NewPassword(…)"


class TokenOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token for a program: what it may do, and for how many days."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    scopes: Annotated[list[str], msgspec.Meta(min_length=1, max_length=50)]
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 90


class TokenDocument(msgspec.Struct, frozen=True):
    """A token without what programs show."""

    id: int
    name: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    is_over: bool


class NewTokenDocument(msgspec.Struct, frozen=True):
    """A token that was just made. `shown` goes into the `Authorization` header after `Bearer`; it is told only here."""

    token: TokenDocument
    shown: str

    def __repr__(self) -> str:
        return f"NewTokenDocument({self.token!r})"


def user_document(user: User) -> UserDocument:
    """Somebody as the API shows them."""
    return UserDocument(
        user.id,
        user.name,
        user.role,
        sorted(one.value for one in user.permissions),
        dict(user.exceptions),
        user.created_at,
        user.seen_at,
        user.sign_ins,
        user.tokens,
        user.email,
        user.second_step,
        user.passkeys,
    )


def invitation_document(one: Invitation) -> InvitationDocument:
    """An invitation as the API shows it."""
    return msgspec.convert(one, InvitationDocument, from_attributes=True)


def token_document(one: ApiToken) -> TokenDocument:
    """A token as the API shows it."""
    return TokenDocument(
        one.id, one.name, list(one.scopes), one.created_at, one.expires_at, one.used_at, one.is_over
    )
