"""What a provider answers, in the words of OpenID Connect Core 1.0 and Discovery 1.0."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

Text: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000)]
Subject: TypeAlias = Annotated[str, Meta(max_length=255, pattern=r"^[^\x00-\x1f\x7f]+$")]
Moment: TypeAlias = Annotated[float, Meta(ge=0, le=221_845_392_000)]
"""Seconds since 1970."""


class Wire(msgspec.Struct, frozen=True):
    """An object in an answer; what we do not read is skipped."""


class Discovered(Wire, frozen=True):
    """Where the provider does what."""

    issuer: Text
    authorization_endpoint: Text
    token_endpoint: Text
    jwks_uri: Text
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    scopes_supported: tuple[str, ...] = ()


class Keys(Wire, frozen=True):
    """The keys it signs with."""

    keys: list[dict[str, object]]


class Tokens(Wire, frozen=True):
    """For what a code was exchanged."""

    id_token: Annotated[str, Meta(min_length=1, max_length=100_000)]
    access_token: Annotated[str, Meta(max_length=100_000, pattern=r"^[!-~]*$")] = ""


class Claims(Wire, frozen=True):
    """What the signed token says; `azp` is who asked for it and `at_hash` what it goes with, where it says so."""

    iss: Text
    sub: Subject
    aud: str | list[str]
    exp: Moment
    iat: Moment
    nonce: str = ""
    azp: str = ""
    nbf: Moment = 0
    at_hash: str | None = None


class Person(Wire, frozen=True):
    """Who somebody is, from the token or asked for beside it."""

    sub: Subject
    preferred_username: str | None = None
    name: str | None = None
    email: str | None = None


DISCOVERED = msgspec.json.Decoder(Discovered)
KEYS = msgspec.json.Decoder(Keys)
TOKENS = msgspec.json.Decoder(Tokens)
CLAIMS = msgspec.json.Decoder(Claims)
PERSON = msgspec.json.Decoder(Person)
ANYTHING = msgspec.json.Decoder(dict[str, object])
