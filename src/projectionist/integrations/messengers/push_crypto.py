"""What makes a push message one that only the browser reads, and a push service knows to be ours.

Encryption by RFC 8291 over RFC 8188 (aes128gcm), and proof of who sends by RFC 8292 (VAPID).
"""

from __future__ import annotations

import base64
import binascii
import os
import struct

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from projectionist.errors import InputWrong
from projectionist.media.pushing import HouseKey, PushSubscription

RECORD = 4096
"""Bytes of the one record that push services have to take (RFC 8030, section 7.2)."""
_SALT = 16
_AUTH = 16
_POINT = 65
_NUMBER = 32
_TAG = 16
_HEAD = _SALT + 4 + 1 + _POINT
LONGEST = RECORD - _HEAD - _TAG - 1
"""Bytes of the longest message: RFC 8291, section 4."""
_STEP = 512
"""Messages are padded to a multiple of so many bytes, that their length tells little of what they say."""
_CURVE = ec.SECP256R1()


def new_key() -> HouseKey:
    """A key of P-256 by chance."""
    made = ec.generate_private_key(_CURVE)
    number = made.private_numbers().private_value.to_bytes(_NUMBER, "big")
    return HouseKey(to_text(_point(made)), to_text(number))


def check(subscription: PushSubscription) -> None:
    """Raise InputWrong where nothing can be encrypted for it."""
    _keys_of(subscription)


def encrypt(message: bytes, subscription: PushSubscription) -> bytes:
    """A message of at most LONGEST bytes as one record that the browser alone can read. Raises InputWrong."""
    padding = b"\0" * min(-(len(message) + 1) % _STEP, LONGEST - len(message))
    return sealed(
        message + b"\x02" + padding, subscription, ec.generate_private_key(_CURVE), os.urandom(_SALT)
    )


def sealed(
    content: bytes, subscription: PushSubscription, own: ec.EllipticCurvePrivateKey, salt: bytes
) -> bytes:
    """What RFC 8291 makes of content with its padding, a key that serves once, and a salt. Raises InputWrong."""
    theirs, auth = _keys_of(subscription)
    point = _point(own)
    info = b"WebPush: info\0" + _point_of(theirs) + point
    secret = _derived(auth, own.exchange(ec.ECDH(), theirs), info, 32)
    key = _derived(salt, secret, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derived(salt, secret, b"Content-Encoding: nonce\0", 12)
    head = salt + struct.pack(">IB", RECORD, len(point)) + point
    return head + AESGCM(key).encrypt(nonce, content, None)


def authorization(key: HouseKey, audience: str, contact: str, expires_at: int) -> str:
    """The header by which a push service knows who sends: a JWT in ES256, RFC 8292, section 3.

    `audience` is the origin of the push service; `expires_at` is in seconds since 1970, at most 24 hours from now.
    """
    claims = {"aud": audience, "exp": expires_at, "sub": contact}
    parts = ({"typ": "JWT", "alg": "ES256"}, claims)
    text = ".".join(to_text(msgspec.json.encode(part)) for part in parts)
    own = ec.derive_private_key(int.from_bytes(from_text(key.private), "big"), _CURVE)
    r, s = decode_dss_signature(own.sign(text.encode(), ec.ECDSA(SHA256())))
    signature = r.to_bytes(_NUMBER, "big") + s.to_bytes(_NUMBER, "big")
    return f"vapid t={text}.{to_text(signature)}, k={key.public}"


def to_text(content: bytes) -> str:
    """Bytes in base64url, as the Push API has it: without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_text(text: str) -> bytes:
    """Bytes out of base64url, with its padding or without. Raises ValueError."""
    bare = text.rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)


def _keys_of(subscription: PushSubscription) -> tuple[ec.EllipticCurvePublicKey, bytes]:
    try:
        point, auth = from_text(subscription.p256dh), from_text(subscription.auth)
        if len(point) != _POINT or len(auth) != _AUTH:
            raise ValueError("other lengths than the standard's")
        return ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point), auth
    except (ValueError, binascii.Error):
        raise InputWrong(
            "The browser's keys are none that messages can be encrypted for; load the page anew and try again.",
            "keys",
        ) from None


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return _point_of(key.public_key())


def _point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derived(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt, info).derive(secret)
