"""A small provider of OpenID Connect on this machine: it signs, checks what it is sent, and lies when it is told to."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "projectionist", "canary-of-the-client-secret"


@dataclass
class Asked:
    """An authorization request that somebody has said yes to."""

    challenge: str
    redirect_uri: str
    nonce: str


@dataclass
class Provider:
    """`claims` and `document` change what is told last; `secret` is empty for a public client."""

    subject: str = "u-17"
    name: str = "Lotte"
    groups: list[str] | None = None
    only_userinfo: bool = False
    secret: str = SECRET
    methods: list[str] = field(default_factory=lambda: ["client_secret_basic"])
    claims: dict[str, Any] = field(default_factory=dict)
    document: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    sign: Callable[[dict[str, Any], bytes], str] | None = None
    more_keys: list[dict[str, Any]] = field(default_factory=list)
    access_token: str = "an-access-token"
    seen: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keys: dict[str, RSAKey | ECKey] = {
            "RS256": RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig"}),
            "ES256": ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"}),
        }
        self.codes: dict[str, Asked] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def agree(self, link: str) -> dict[str, str]:
        """What a browser brings back that followed the link, with somebody who says yes."""
        parts = urlsplit(link)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{self.url}/authorize"
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = f"code-{len(self.codes)}"
        self.codes[code] = Asked(asked["code_challenge"], asked["redirect_uri"], asked["nonce"])
        return {"state": asked["state"], "code": code, "iss": self.url}

    def token(self, asked: Asked) -> str:
        """A signed token, with the lies of `claims`."""
        now = time.time()
        told = {
            "iss": self.url,
            "sub": self.subject,
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "nonce": asked.nonce,
        }
        if not self.only_userinfo:
            told |= self._person()
        told = {name: value for name, value in (told | self.claims).items() if value is not None}
        payload = json.dumps(told).encode()
        header: dict[str, Any] = {"alg": self.algorithm, "kid": self.keys[self.algorithm].kid}
        if self.sign is not None:
            return self.sign(header, payload)
        signed = jws.serialize_compact(header, payload, self.keys[self.algorithm])
        return signed.decode() if isinstance(signed, bytes) else signed

    def _person(self) -> dict[str, Any]:
        person: dict[str, Any] = {"preferred_username": self.name}
        return person if self.groups is None else {**person, "groups": self.groups}

    def answer(self, method: str, path: str, headers: Any, body: str) -> tuple[int, dict[str, Any]]:
        """What is told to a request."""
        self.seen.append(f"{method} {path} {headers} {body}")
        if path == "/.well-known/openid-configuration":
            return 200, {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token/",
                "jwks_uri": f"{self.url}/keys",
                "userinfo_endpoint": f"{self.url}/userinfo",
                "scopes_supported": ["openid", "profile", "email", "groups"],
                "token_endpoint_auth_methods_supported": self.methods,
                **self.document,
            }
        if path == "/keys":
            return 200, {"keys": [one.as_dict(private=False) for one in self.keys.values()] + self.more_keys}
        if path == "/userinfo":
            allowed = headers["Authorization"] == f"Bearer {self.access_token}"
            return (200, {"sub": self.subject, **self._person(), **self.userinfo}) if allowed else (401, {})
        if path == "/token/" and method == "POST":
            return self._exchange({name: one[0] for name, one in parse_qs(body).items()}, headers)
        return 404, {}

    def _exchange(self, form: dict[str, str], headers: Any) -> tuple[int, dict[str, Any]]:
        asked = self.codes.pop(form.get("code", ""), None)
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        basic = base64.b64encode(f"{CLIENT}:{self.secret}".encode()).decode()
        proves = not self.secret or (
            headers["Authorization"] == f"Basic {basic}"
            if "client_secret_basic" in self.methods
            else form.get("client_secret") == self.secret
        )
        if (
            asked is None
            or not proves
            or form.get("grant_type") != "authorization_code"
            or form.get("client_id") != CLIENT
            or form.get("redirect_uri") != asked.redirect_uri
            or challenge != asked.challenge
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {"id_token": self.token(asked), "access_token": self.access_token, "token_type": "Bearer"}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._tell("GET", "")

            def do_POST(self) -> None:
                self._tell("POST", self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _tell(self, method: str, body: str) -> None:
                if self.path.startswith("/authorize?"):
                    self._lead_back()
                    return
                status, told = provider.answer(method, self.path, self.headers, body)
                content = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _lead_back(self) -> None:
                """Somebody is signed in there already and says yes."""
                told = provider.agree(f"{provider.url}{self.path}")
                where = provider.codes[told["code"]].redirect_uri
                self.send_response(302)
                self.send_header("Location", f"{where}?{back_with(told)}")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return None

        return Handler


def back_with(told: dict[str, str], **change: str) -> str:
    """The query with which a browser comes back."""
    return urlencode({**told, **change})
