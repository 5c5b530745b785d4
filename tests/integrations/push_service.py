"""A push service on this machine, and a browser that reads what is pushed: both told apart from what they judge."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import ssl
import struct
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import trustme
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from projectionist.media.pushing import PushSubscription

SECRET = "canary-of-the-subscription-7d1a"


@dataclass(frozen=True)
class Pushed:
    """One message as it came to the push service; the names of headers are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class PushService:
    """Speaks HTTPS, keeps what it is sent, and answers with the next of `answers`, the last one for ever."""

    def __init__(self, *answers: tuple[int, dict[str, str]]) -> None:
        self.answers = list(answers) or [(201, {})]
        self.taken: list[Pushed] = []
        authority = trustme.CA()
        self.trust = ssl.create_default_context()
        authority.configure_trust(self.trust)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"https://localhost:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                service.taken.append(Pushed(self.path, headers, body))
                answers = service.answers
                status, told = answers.pop(0) if len(answers) > 1 else answers[0]
                self.send_response(status)
                for name, value in {**told, "Content-Length": "0", "Connection": "close"}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *_told: object) -> None:
                """Nothing."""

        return Handler


@dataclass
class Browser:
    """A browser with a subscription at a push service: RFC 8291 by its receiver's side, written out step by step."""

    url: str
    path: str = f"/send/{SECRET}"
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def subscription(self) -> PushSubscription:
        return PushSubscription(self.url + self.path, words(self._point()), words(self.auth))

    @property
    def sent(self) -> dict[str, Any]:
        """As `PushSubscription.toJSON` has it."""
        given = self.subscription
        return {"endpoint": given.endpoint, "keys": {"p256dh": given.p256dh, "auth": given.auth}}

    def reads(self, body: bytes) -> bytes:
        salt, (size, length) = body[:16], struct.unpack(">IB", body[16:21])
        point, content = body[21 : 21 + length], body[21 + length :]
        assert len(body) <= 4096, "push services need take no more"
        assert length == 65
        assert len(content) <= size, "one record"
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        shared = self.key.exchange(ec.ECDH(), theirs)
        info = b"WebPush: info\x00" + self._point() + point + b"\x01"
        secret = hmac.digest(hmac.digest(self.auth, shared, hashlib.sha256), info, hashlib.sha256)
        both = hmac.digest(salt, secret, hashlib.sha256)
        key = hmac.digest(both, b"Content-Encoding: aes128gcm\x00\x01", hashlib.sha256)[:16]
        nonce = hmac.digest(both, b"Content-Encoding: nonce\x00\x01", hashlib.sha256)[:12]
        message, mark, padding = AESGCM(key).decrypt(nonce, content, None).rpartition(b"\x02")
        assert mark, "the last record ends with this"
        assert set(padding) <= {0}
        return message

    def shows(self, pushed: Pushed) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.reads(pushed.body))
        return found

    def _point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def who_sends(pushed: Pushed) -> tuple[str, dict[str, Any]]:
    """The key that signed a message, and what it claims, as a push service finds them out. Raises where it is wrong."""
    scheme, _, rest = pushed.headers["authorization"].partition(" ")
    assert scheme == "vapid"
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    point = bytes_of(given["k"])
    assert (len(point), point[0]) == (65, 4)
    key = ECKey.import_key({"kty": "EC", "crv": "P-256", "x": words(point[1:33]), "y": words(point[33:])})
    token = jwt.decode(given["t"], key, algorithms=["ES256"])
    assert token.header["alg"] == "ES256"
    return given["k"], token.claims


def words(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
