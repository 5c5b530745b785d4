"""Judging ID tokens: signed by a key pair of the provider, made by it, for us, for this very sign-in, and not over."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key, KeySet

from projectionist.errors import ServerAnswerWrong
from projectionist.integrations.oidc import wire

T = TypeVar("T")

ALGORITHMS = {
    **{f"{kind}{bits}": f"sha{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)},
    "Ed25519": "sha512",
}
"""Those that are taken, each with its digest: of key pairs alone, whatever a token says of itself.

A provider's public key is never taken for a shared secret, and no key for one. `EdDSA` names no curve and is given up
by RFC 9864; every provider offers RS256 beside it.
"""
SKEW_S = 60.0
"""By so much the provider's clock may differ."""
_COMPACT = re.compile(r"[\w-]+\.[\w-]+\.[\w-]+", re.ASCII)
_KEY_KINDS = ("RSA", "EC", "OKP")
_SHORTEST_MODULUS = 342
"""2048 bits, in base64."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token has to be: made by `issuer` for `client`, beside this access token, in answer to `nonce`."""

    issuer: str
    client: str
    nonce: str = field(repr=False)
    access_token: str = field(repr=False)
    now: float


def judged(token: str, keys: Sequence[Mapping[str, object]], expected: Expected) -> bytes:
    """What a token tells, as JSON. Raises ServerAnswerWrong for one that any of this is not proven of."""
    algorithm, payload = _signed(token, keys, expected.issuer)
    claims = decoded(payload, wire.CLAIMS, expected.issuer)
    moment = expected.now
    audience = [claims.aud] if isinstance(claims.aud, str) else claims.aud
    made_for = _half_of(expected.access_token, ALGORITHMS[algorithm])
    wrong = (
        (claims.iss != expected.issuer, "was made by another"),
        (expected.client not in audience, "is meant for another"),
        (len(audience) > 1 and not claims.azp, "is meant for several, and does not say who asked for it"),
        (claims.azp not in ("", expected.client), "was asked for by another"),
        (claims.exp + SKEW_S <= moment, "is over; check the clocks"),
        (max(claims.iat, claims.nbf) - SKEW_S > moment, "comes from the future; check the clocks"),
        (not _same(claims.nonce, expected.nonce), "answers another request"),
        (
            claims.at_hash is not None and not _same(claims.at_hash, made_for),
            "goes with another access token",
        ),
    )
    for is_so, how in wrong:
        if is_so:
            raise not_proven(expected.issuer, f"gave a token that {how}")
    return payload


def decoded(payload: bytes, decoder: msgspec.json.Decoder[T], issuer: str) -> T:
    """What a signed token tells. Raises ServerAnswerWrong where that is no JSON, or lacks what it must say."""
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise not_proven(issuer, "gave a token that lacks what it must say") from None


def not_proven(issuer: str, how: str) -> ServerAnswerWrong:
    """The error of a provider that is not to be believed."""
    return ServerAnswerWrong(f"The sign-in provider at {issuer} {how}; nobody was signed in.")


def _signed(token: str, keys: Sequence[Mapping[str, object]], issuer: str) -> tuple[str, bytes]:
    """The algorithm and the content of a token that one of these keys has signed."""
    forged = not_proven(issuer, "gave a token whose signature is none of its own")
    if _COMPACT.fullmatch(token) is None or not _is_plain(token):
        raise forged
    try:
        signed = jws.deserialize_compact(token, KeySet(list(_usable(keys))), algorithms=list(ALGORITHMS))
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise forged from None
    return str(signed.headers()["alg"]), signed.payload


def _is_plain(token: str) -> bool:
    """Whether neither header nor content says a thing twice, of which each reader might believe another, and the header
    sets no condition: we know of none (RFC 7515 4.1.11).
    """
    head, content, _ = token.split(".")
    try:
        header = _read(head)
        _read(content)
    except _Twice:
        return False
    return not (isinstance(header, dict) and "crit" in header)


def _read(part: str) -> object:
    """What a part tells; None where it is no JSON, for which it is refused later. Raises _Twice."""
    try:
        return json.loads(
            base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_of_unique
        )
    except (ValueError, RecursionError):
        return None


def _of_unique(pairs: Sequence[tuple[str, object]]) -> Mapping[str, object]:
    told = dict(pairs)
    if len(told) < len(pairs):
        raise _Twice
    return told


class _Twice(Exception):
    """A name comes twice in an object."""


def _usable(keys: Sequence[Mapping[str, object]]) -> Iterator[Key]:
    """The keys that can prove a signature; one that we cannot read or that is weak does not spoil the others."""
    for one in keys:
        is_pair = one.get("kty") in _KEY_KINDS and one.get("use", "sig") == "sig"
        is_weak = one.get("kty") == "RSA" and len(str(one.get("n", ""))) < _SHORTEST_MODULUS
        if not is_pair or is_weak:
            continue
        try:
            yield JWKRegistry.import_key(dict(one))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            continue


def _half_of(access_token: str, digest: str) -> str:
    """By what a token says beside which access token it was given (OpenID Connect Core 3.1.3.6)."""
    whole = hashlib.new(digest, access_token.encode()).digest()
    return base64.urlsafe_b64encode(whole[: len(whole) // 2]).rstrip(b"=").decode()


def _same(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(errors="replace"), other.encode())
