"""What the API of the second step takes and gives."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from projectionist.features.accounts.second_factor.service import Begun, Standing

Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class StandingDocument(msgspec.Struct, frozen=True):
    """Whether one has a second step, since when, and how many recovery codes are left."""

    is_on: bool
    since: datetime | None
    codes_left: int


class PasswordShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One's password, which a change of the second step asks for."""

    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]

    def __repr__(self) -> str:
        return "PasswordShown(…)"


class BegunDocument(msgspec.Struct, frozen=True):
    """A secret for an authenticator app, and the address for a QR code of it. It is told only here."""

    secret: str
    address: str

    def __repr__(self) -> str:
        return "BegunDocument(…)"


class CodeShown(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that the app shows at this moment."""

    code: Code

    def __repr__(self) -> str:
        return "CodeShown(…)"


class CodesDocument(msgspec.Struct, frozen=True):
    """Recovery codes, each of which works once. They are told only here."""

    recovery_codes: list[str]

    def __repr__(self) -> str:
        return "CodesDocument(…)"


def standing_document(standing: Standing) -> StandingDocument:
    """How the second step stands, as the API tells it."""
    return StandingDocument(standing.is_on, standing.since, standing.codes_left)


def begun_document(begun: Begun) -> BegunDocument:
    """An app that was begun, as the API tells it."""
    return BegunDocument(begun.secret, begun.address)
