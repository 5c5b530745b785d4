"""What an authenticator says (WebAuthn level 3, sections 6.1, 7.1 and 7.2), and whether it is true.

Only what we ask for is read: no attestation, so that the browser gives the key as SubjectPublicKeyInfo, and an
authenticator that has checked who holds it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

CREATE, GET = "webauthn.create", "webauthn.get"

_PRESENT, _VERIFIED, _MAY_BE_COPIED, _IS_COPIED, _WITH_KEY = 0x01, 0x04, 0x08, 0x10, 0x40
_HEAD = 37
_SHORTEST_RSA = 2048


class NotVerified(Exception):
    """What was brought proves nothing; the message says why, for the log alone."""


class Algorithm(IntEnum):
    """The kinds of keys that we take, by their numbers in COSE, the one that we like best first."""

    ES256 = -7
    EDDSA = -8
    RS256 = -257


@dataclass(frozen=True, slots=True)
class Site:
    """Whom passkeys are for: the origin of our pages, and its host."""

    origin: str
    host: str


@dataclass(frozen=True, slots=True)
class Said:
    """What an authenticator says: how often the key was used, and the key's id where it is a new one."""

    count: int
    new_id: bytes = b""


def encoded(content: bytes) -> str:
    """As base64url without padding, the way browsers write it."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """The same back. Raises NotVerified."""
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotVerified("no base64url") from None


def challenge_in(client_data: bytes, purpose: str, site: Site) -> str:
    """The challenge that the browser answered, for this purpose and on our own pages. Raises NotVerified."""
    try:
        told = json.loads(client_data)
    except (ValueError, RecursionError):
        raise NotVerified("client data that is no JSON") from None
    if not isinstance(told, dict) or told.get("type") != purpose:
        raise NotVerified("client data for another purpose")
    if told.get("origin") != site.origin or told.get("crossOrigin") not in (None, False):
        raise NotVerified("client data of another site")
    challenge = told.get("challenge")
    if not isinstance(challenge, str) or not challenge.isascii():
        raise NotVerified("client data without a challenge")
    return challenge


def said_in(data: bytes, site: Site) -> Said:
    """What the authenticator says, for our site, by somebody who was there and was checked. Raises NotVerified."""
    if len(data) < _HEAD:
        raise NotVerified("authenticator data that is too short")
    if not hmac.compare_digest(data[:32], hashlib.sha256(site.host.encode()).digest()):
        raise NotVerified("authenticator data for another site")
    flags = data[32]
    if not flags & _PRESENT or not flags & _VERIFIED:
        raise NotVerified("nobody was there, or nobody was checked")
    if flags & _IS_COPIED and not flags & _MAY_BE_COPIED:
        raise NotVerified("a copy of what cannot be copied")
    count = int.from_bytes(data[33:_HEAD], "big")
    return Said(count, _new_id(data[_HEAD:]) if flags & _WITH_KEY else b"")


def check_signature(key: bytes, algorithm: int, data: bytes, client_data: bytes, signature: bytes) -> None:
    """Raises NotVerified where the key did not sign what the authenticator and the browser say."""
    public, signed = _loaded(key, algorithm), data + hashlib.sha256(client_data).digest()
    try:
        if isinstance(public, ec.EllipticCurvePublicKey):
            public.verify(signature, signed, ec.ECDSA(SHA256()))
        elif isinstance(public, rsa.RSAPublicKey):
            public.verify(signature, signed, padding.PKCS1v15(), SHA256())
        else:
            public.verify(signature, signed)
    except InvalidSignature:
        raise NotVerified("a signature that is wrong") from None


def check_key(key: bytes, algorithm: int) -> None:
    """Raises NotVerified for a key that we do not take."""
    _loaded(key, algorithm)


def _loaded(
    key: bytes, algorithm: int
) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey:
    try:
        public = load_der_public_key(key)
    except (ValueError, UnsupportedAlgorithm):
        raise NotVerified("a key that cannot be read") from None
    if isinstance(public, ec.EllipticCurvePublicKey):
        if algorithm == Algorithm.ES256 and isinstance(public.curve, ec.SECP256R1):
            return public
    elif isinstance(public, rsa.RSAPublicKey):
        if algorithm == Algorithm.RS256 and public.key_size >= _SHORTEST_RSA:
            return public
    elif isinstance(public, ed25519.Ed25519PublicKey) and algorithm == Algorithm.EDDSA:
        return public
    raise NotVerified("a key of another kind")


def _new_id(attested: bytes) -> bytes:
    """The id that stands between the authenticator's model and the key."""
    length = int.from_bytes(attested[16:18], "big")
    found = attested[18 : 18 + length]
    if not found or len(found) < length:
        raise NotVerified("a new key without an id")
    return found
