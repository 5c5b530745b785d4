"""What the API of passkeys takes and gives; ids, keys and signatures are base64url without padding."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from projectionist.features.accounts.passkeys.service import Answer, NewAnswer, Passkey
from projectionist.features.accounts.passkeys.webauthn import Algorithm

Short = Annotated[str, msgspec.Meta(min_length=1, max_length=1400)]
Long = Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]


class PasskeyDocument(msgspec.Struct, frozen=True):
    """One of one's passkeys."""

    id: int
    name: str
    created_at: datetime
    used_at: datetime | None


class QuestionDocument(msgspec.Struct, frozen=True):
    """What the browser asks of a passkey: `challenge` and `host` for `navigator.credentials.get`."""

    challenge: str
    host: str


class NewQuestionDocument(msgspec.Struct, frozen=True):
    """What the browser makes a passkey of, for `navigator.credentials.create`; `known` are those that are there."""

    challenge: str
    host: str
    handle: str
    name: str
    known: list[str]
    algorithms: list[int]


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey that the browser made, and what it is to be called."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    id: Short
    client_data: Long
    authenticator_data: Long
    public_key: Long
    algorithm: int


class UsedPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A passkey that was used."""

    id: Short
    client_data: Long
    authenticator_data: Long
    signature: Long
    remember: bool = False

    def __repr__(self) -> str:
        return "UsedPasskey(…)"


ALGORITHMS = [int(one) for one in Algorithm]


def passkey_document(one: Passkey) -> PasskeyDocument:
    """A passkey as the API shows it."""
    return PasskeyDocument(one.id, one.name, one.created_at, one.used_at)


def brought(one: NewPasskey) -> NewAnswer:
    """A new passkey as the service takes it."""
    return NewAnswer(one.name, one.id, one.client_data, one.authenticator_data, one.public_key, one.algorithm)


def used(one: UsedPasskey) -> Answer:
    """A passkey that was used, as the service takes it."""
    return Answer(one.id, one.client_data, one.authenticator_data, one.signature)
