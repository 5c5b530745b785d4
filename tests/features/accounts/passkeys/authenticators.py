"""An authenticator for tests: makes keys and signs with them, as a phone does; each part of it can be made to lie."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from projectionist.features.accounts.passkeys.service import Answer, NewAnswer
from projectionist.features.accounts.passkeys.webauthn import Algorithm, Site, encoded

HOME = Site("http://127.0.0.1:8480", "127.0.0.1")
PRESENT_AND_VERIFIED = 0x05
WITH_KEY = 0x40

Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


def _es256() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authenticator:
    """Holds one key. `count` is how often it was used; one of 0 that stays 0 belongs to those that do not count."""

    site: Site = HOME
    key: Key = field(default_factory=_es256)
    algorithm: int = Algorithm.ES256
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    count: int = 0
    counts: bool = True
    flags: int = PRESENT_AND_VERIFIED

    def made(self, challenge: str, name: str = "A phone", **lies: Any) -> NewAnswer:
        length = len(self.id).to_bytes(2, "big")
        data = self._data(self.flags | WITH_KEY) + bytes(16) + length + self.id + b"the key in CBOR"
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        told: dict[str, Any] = {
            "name": name,
            "id": encoded(self.id),
            "client_data": encoded(self.client_data("webauthn.create", challenge)),
            "authenticator_data": encoded(data),
            "public_key": encoded(public),
            "algorithm": int(self.algorithm),
        }
        return NewAnswer(**{**told, **lies})

    def used(self, challenge: str, **lies: Any) -> Answer:
        self.count += self.counts
        client_data = lies.pop("client", None) or self.client_data("webauthn.get", challenge)
        data = self._data(self.flags)
        signature = self._signed(data + hashlib.sha256(client_data).digest())
        told = {
            "id": encoded(self.id),
            "client_data": encoded(client_data),
            "authenticator_data": encoded(data),
            "signature": encoded(signature),
        }
        return Answer(**{**told, **lies})

    def client_data(self, purpose: str, challenge: str, **lies: Any) -> bytes:
        told = {"type": purpose, "challenge": challenge, "origin": self.site.origin, "crossOrigin": False}
        return json.dumps({**told, **lies}).encode()

    def _data(self, flags: int) -> bytes:
        return (
            hashlib.sha256(self.site.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")
        )

    def _signed(self, data: bytes) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            return self.key.sign(data, ec.ECDSA(SHA256()))
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(data, padding.PKCS1v15(), SHA256())
        return self.key.sign(data)
