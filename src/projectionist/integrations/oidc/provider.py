"""Signing in by OpenID Connect: the code flow with PKCE, state and nonce; what comes back is proven by signature."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from projectionist.integrations.oidc import wire
from projectionist.integrations.oidc.id_token import Expected, decoded, judged, not_proven
from projectionist.kit.http import HttpClient, TimeOuts
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.identity import Errand, Proven, Vouched
from projectionist.settings import Settings

T = TypeVar("T")

SCOPES = ("openid", "profile", "email")
GROUPS_SCOPE = "groups"
"""Asked for where the provider knows it: some refuse what they do not."""
_LARGEST = 1024 * 1024
_TIME_OUTS = TimeOuts(connect=5.0, read=10.0, total=15.0)


@dataclass(frozen=True, slots=True)
class Client:
    """How we are known at the provider; `groups` is the claim that holds the groups."""

    issuer: str
    id: str
    secret: str = field(default="", repr=False)
    groups: str = "groups"


class OidcProvider:
    """A provider. Its keys and addresses are asked for at each sign-in, so that none is ever outdated."""

    def __init__(
        self, client: Client, *, now: Callable[[], float] = time.time, outbound: Outbound = OUTBOUND
    ) -> None:
        self._client = client
        self._now = now
        self._outbound = outbound
        self._clients: dict[str, HttpClient] = {}
        self.issuer = client.issuer.rstrip("/")

    def begin(self, back: str) -> Errand:
        """Begin to sign in; from the provider people come back to the address `back`."""
        found = self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        scopes = (*SCOPES, *(one for one in found.scopes_supported if one == GROUPS_SCOPE))
        asked = {
            "response_type": "code",
            "client_id": self._client.id,
            "redirect_uri": back,
            "scope": " ".join(scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(found.authorization_endpoint).query else "?"
        link = f"{found.authorization_endpoint}{joint}{urlencode(asked, quote_via=quote)}"
        return Errand(link, state, nonce, verifier)

    def redeem(self, errand: Errand, code: str, back: str) -> Vouched:
        """Who came back with this code. Raises ServerAnswerWrong for one that is not proven to be meant for us."""
        found = self._discover()
        tokens = self._exchange(found, errand, code, back)
        keys = self._get(found.jwks_uri, wire.KEYS).keys
        expected = Expected(found.issuer, self._client.id, errand.nonce, tokens.access_token, self._now())
        payload = judged(tokens.id_token, keys, expected)
        person = decoded(payload, wire.PERSON, self.issuer)
        told = decoded(payload, wire.ANYTHING, self.issuer)
        subject = person.sub
        if self._client.groups not in told and found.userinfo_endpoint and tokens.access_token:
            person, told = self._ask_who(found, tokens.access_token, subject)
        name = person.preferred_username or person.name or person.email or ""
        return Vouched(Proven(self.issuer, subject, name[:100]), _groups(told.get(self._client.groups)))

    def close(self) -> None:
        """Give up connections."""
        for one in self._clients.values():
            one.close()

    def _discover(self) -> wire.Discovered:
        found = self._get(f"{self.issuer}/.well-known/openid-configuration", wire.DISCOVERED)
        if found.issuer.rstrip("/") != self.issuer:
            raise not_proven(self.issuer, "names another issuer than the one that is set here")
        for address in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri):
            self._check_address(address)
        if found.userinfo_endpoint:
            self._check_address(found.userinfo_endpoint)
        return found

    def _check_address(self, address: str) -> None:
        """A provider that is reached by https leads nowhere else."""
        parts = urlsplit(address)
        allowed = ("https",) if self.issuer.startswith("https:") else ("http", "https")
        plain = address.isascii() and address.isprintable() and " " not in address
        if not plain or parts.scheme not in allowed or not parts.hostname or parts.username or parts.fragment:
            raise not_proven(self.issuer, "names an address that is not to be trusted")

    def _exchange(self, found: wire.Discovered, errand: Errand, code: str, back: str) -> wire.Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "client_id": self._client.id,
            "code_verifier": errand.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._client.secret and "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            pair = f"{quote(self._client.id, safe='')}:{quote(self._client.secret, safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        elif self._client.secret:
            form["client_secret"] = self._client.secret
        http, path = self._reach(found.token_endpoint)
        answer = http.request("POST", path, headers=headers, content=urlencode(form).encode())
        return http.decoded(answer, wire.TOKENS, "POST of the code")

    def _ask_who(
        self, found: wire.Discovered, token: str, subject: str
    ) -> tuple[wire.Person, dict[str, object]]:
        http, path = self._reach(found.userinfo_endpoint)
        answer = http.get(path, headers={"Authorization": f"Bearer {token}", "Accept": "application/json"})
        person = http.decoded(answer, wire.PERSON, "GET of the person")
        if person.sub != subject:
            raise not_proven(self.issuer, "says of another person who they are")
        return person, http.decoded(answer, wire.ANYTHING, "GET of the person")

    def _get(self, address: str, decoder: msgspec.json.Decoder[T]) -> T:
        http, path = self._reach(address)
        return http.get_json(path, decoder, headers={"Accept": "application/json"})

    def _reach(self, address: str) -> tuple[HttpClient, str]:
        """The client of an address, and the path there as it was given."""
        parts = urlsplit(address)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._clients:
            self._clients[origin] = HttpClient(
                origin,
                name="the sign-in provider",
                time_outs=_TIME_OUTS,
                max_body=_LARGEST,
                outbound=self._outbound,
            )
        return self._clients[origin], parts.path + (f"?{parts.query}" if parts.query else "")


def oidc_sign_in(settings: Settings, outbound: Outbound = OUTBOUND) -> OidcProvider:
    """The provider of the settings; nothing is asked of it yet."""
    return OidcProvider(
        Client(
            settings.oidc_issuer,
            settings.oidc_client_id,
            settings.oidc_client_secret,
            settings.oidc_groups_claim,
        ),
        outbound=outbound,
    )


def _groups(told: object) -> frozenset[str]:
    """Groups come as a list, or one alone as a text."""
    if isinstance(told, str):
        return frozenset({told})
    return frozenset(one for one in told if isinstance(one, str)) if isinstance(told, list) else frozenset()
