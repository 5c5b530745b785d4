"""Signing in by a provider of OpenID Connect: what a browser begins, and what comes of it when it is back."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed, NotFound
from projectionist.features.accounts.models import HandshakeRow
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.accounts.ways import queries, service, vouched
from projectionist.features.accounts.ways.plex import Arrived, Begun, page_to_keep
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.accounts.ways.vouched import Door
from projectionist.kit.secrets import Vault
from projectionist.media.identity import CodeProvider, Errand
from projectionist.web.ports import Principal

LONGEST = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class OidcWay:
    """What it takes to let people in by a provider; `provider` is None where none is set.

    `name` is what people call it, `roles` are pairs of its groups and our roles: `family=user`.
    """

    database: Database
    vault: Vault
    now: Callable[[], datetime]
    name: str
    roles: Sequence[str]
    provider: Callable[[], CodeProvider] | None = None
    may_register: bool = True

    @property
    def is_open(self) -> bool:
        """Whether anybody can come in by it."""
        return self.provider is not None

    @property
    def door(self) -> Door:
        """Where they come in."""
        return Door(self.database, Kind.OIDC, self.roles, self.may_register, self.now)


@dataclass(frozen=True, slots=True)
class Returned:
    """With what a browser comes back from the provider."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    issuer: str = ""
    trouble: str = ""


def begin(
    way: OidcWay, *, back: str, wanted: str = "/", remember: bool = False, principal: Principal | None = None
) -> Begun:
    """Begin to sign in, or for `principal` to link; the provider leads people on to `back`.

    Raises Conflict where none is set, NotAllowed for a program, ServiceError.
    """
    if principal is not None:
        service.check_own_hand(principal)
    provider = _provider(way)
    try:
        errand = provider.begin(back)
    finally:
        provider.close()
    moment, token = way.now(), new_token()
    sealed = {"state": errand.state, "nonce": errand.nonce, "verifier": errand.verifier, "back": back}
    row = HandshakeRow(
        token_hash=hash_of(token),
        kind=Kind.OIDC.value,
        user_id=None if principal is None else principal.id,
        sealed=way.vault.seal(json.dumps(sealed)),
        remember=remember,
        wanted=page_to_keep(wanted),
        expires_at=moment + LONGEST,
        looked_at=None,
    )
    with way.database.write() as session:
        queries.sweep_handshakes(session, moment)
        session.add(row)
    return Begun(token, errand.link, row.expires_at)


def come_back(way: OidcWay, token: str, returned: Returned, principal: Principal | None) -> Arrived:
    """Who has come back to the browser that shows this token; it works once, whatever comes of it.

    Raises NotFound where nothing was begun there or it is over, NotAllowed for what is no answer to it and for whom
    no group lets in, Conflict, ServiceError.
    """
    row = _taken(way, token)
    sealed = json.loads(way.vault.open(row.sealed))
    if not secrets.compare_digest(returned.state.encode(), str(sealed["state"]).encode()):
        raise NotAllowed("This is no answer to what was begun in this browser; begin it again.")
    provider = _provider(way)
    try:
        if returned.issuer and returned.issuer.rstrip("/") != provider.issuer:
            raise NotAllowed("This answer comes from another provider; nobody was signed in.")
        if returned.trouble or not returned.code:
            raise NotAllowed("The sign-in provider let nobody in; begin it again there.")
        errand = Errand("", sealed["state"], sealed["nonce"], sealed["verifier"])
        found = provider.redeem(errand, returned.code, sealed["back"])
    finally:
        provider.close()
    if row.user_id is not None:
        if principal is None or principal.id != row.user_id:
            raise NotAllowed("Somebody else is signed in here by now; nothing was linked.")
        service.check_own_hand(principal)
        service.link(way.database, row.user_id, Kind.OIDC, found.proven, now=way.now)
        return Arrived(principal, True, False, row.wanted)
    try:
        entered = vouched.enter(way.door, found)
    except NotAllowed as error:
        raise service.refuse(way.database, Kind.OIDC, found.proven, error, now=way.now) from None
    return Arrived(entered, False, row.remember, row.wanted)


def _taken(way: OidcWay, token: str) -> HandshakeRow:
    with way.database.write() as session:
        row = queries.handshake(session, hash_of(token), Kind.OIDC, way.now()) if token else None
        if row is None or not queries.end_handshake(session, row.token_hash):
            raise NotFound("This sign-in is over; begin it again.")
    return row


def _provider(way: OidcWay) -> CodeProvider:
    if way.provider is None:
        raise Conflict("No sign-in provider is set up here.")
    return way.provider()
