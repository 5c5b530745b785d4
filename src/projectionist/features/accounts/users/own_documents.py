"""What the API takes and gives of one's own account, and of who forgot their password."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from projectionist.features.accounts.users.emails import Email

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Address = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]


class EmailDocument(msgspec.Struct, frozen=True):
    """One's address, empty where there is none; `wanted` is one that waits for its link to be followed."""

    address: str
    wanted: str
    until: datetime | None


class EmailChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another address, empty for none; the one that holds now stays until the new one is proven.

    Who has no password leaves it out.
    """

    email: Annotated[str, msgspec.Meta(max_length=254)]
    password: Annotated[str, msgspec.Meta(max_length=1024)] = ""

    def __repr__(self) -> str:
        return "EmailChange(…)"


class EmailProof(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token of a link that was mailed to an address."""

    token: Token

    def __repr__(self) -> str:
        return "EmailProof(…)"


class PasswordForgotten(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The address of who forgot their password."""

    email: Address

    def __repr__(self) -> str:
        return "PasswordForgotten(…)"


class Leaving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's password, to take one's own account out; who has none leaves it out."""

    password: Annotated[str, msgspec.Meta(max_length=1024)] = ""

    def __repr__(self) -> str:
        return "Leaving(…)"


class Told(msgspec.Struct, frozen=True):
    """What is told to everybody alike."""

    detail: str


def email_document(found: Email) -> EmailDocument:
    """An address as the API shows it."""
    return EmailDocument(found.address, found.wanted, found.until)
