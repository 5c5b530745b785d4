"""Telling who a request comes from."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Protocol

from litestar import Request

from projectionist.db.engine import Database
from projectionist.features.accounts import service, tokens
from projectionist.features.accounts.sessions import COOKIE, IDLE, hash_of, token_in
from projectionist.kit.clock import Clock
from projectionist.media.identity import Vouched
from projectionist.web.bearer import bearer_of
from projectionist.web.edge import FROM_PROXY
from projectionist.web.limits import BACKGROUND
from projectionist.web.ports import Principal

FRESH_S = 2.0
"""How long an answer is believed; a sign-out in another process is noticed after this."""

_MOST = 1000
_BROUGHT_ALONG = ("image", "font", "style", "script", "manifest", "serviceworker", "sharedworker")


_NAMED = "named_by_proxy"
"""In a request's state: what the proxy said of its groups has been acted on."""


class NamingProxy(Protocol):
    """A proxy in front that says in headers who somebody is, as the settings have it."""

    @property
    def is_open(self) -> bool:
        """Whether it is believed."""

    @property
    def header(self) -> str:
        """The header that names somebody."""

    @property
    def groups_header(self) -> str:
        """The header that says in which groups they are; may be empty."""

    def read(self, names: Sequence[str], groups: Sequence[str]) -> Vouched | None:
        """Whom the headers name, None where they name nobody. Raises NotAllowed for what can be no name."""

    def enter(self, person: Vouched) -> Principal:
        """Who somebody is here whom the proxy names. Raises NotAllowed where no group lets them in."""

    def known(self, person: Vouched) -> Principal | None:
        """Who somebody is here by now whom the proxy named before; their groups change nothing."""


class SignedInPeople:
    """The house's `Identify`: by the session cookie or a program's token, with a small cache before the database."""

    def __init__(
        self, database: Database, clock: Clock, idle: timedelta = IDLE, proxy: NamingProxy | None = None
    ) -> None:
        self._database = database
        self._proxy = proxy if proxy is not None and proxy.is_open else None
        self._clock = clock
        self.idle = idle
        self._known: dict[tuple[str, bool], tuple[float, Principal | None]] = {}
        self._forgotten = 0
        self._lock = threading.Lock()

    def __call__(self, request: Request[Any, Any, Any]) -> Principal | None:
        """The signed-in person, or None. Raises DatabaseUnusable, NotAllowed for whom a proxy names in vain."""
        shown = bearer_of(request)
        if self._proxy is not None and shown is None and request.scope["state"].get(FROM_PROXY):
            named = self._named(request, self._proxy)
            if named is not None:
                return named
        token = token_in(request.cookies.get(COOKIE)) if shown is None else shown
        if not token:
            return None
        token_hash, active = hash_of(token), shown is not None or is_active(request)
        key = token_hash if shown is None else f"bearer {token_hash}"
        tick = self._clock.monotonic()
        with self._lock:
            forgotten, kept = self._forgotten, self._known.get((key, True))
            if not active and (kept is None or tick - kept[0] >= FRESH_S):
                kept = self._known.get((key, False))
        if kept is not None and tick - kept[0] < FRESH_S:
            return kept[1]
        if shown is None:
            principal = service.known(
                self._database, token_hash, now=self._clock.now, idle=self.idle, active=active
            )
        else:
            principal = tokens.bearer(self._database, token, now=self._clock.now)
        self._remember((key, active), tick, principal, forgotten)
        return principal

    def _named(self, request: Request[Any, Any, Any], proxy: NamingProxy) -> Principal | None:
        """Whom a trusted proxy names; what it says counts before a cookie."""
        groups = request.headers.getall(proxy.groups_header, []) if proxy.groups_header else []
        person = proxy.read(request.headers.getall(proxy.header, []), groups)
        if person is None:
            return None
        if request.scope["state"].get(_NAMED):
            return proxy.known(person)  # an open stream, asked about anew: its groups are of back then
        request.scope["state"][_NAMED] = True
        key = (f"proxy {person.proven.subject}\0{sorted(person.groups)}", True)
        tick = self._clock.monotonic()
        with self._lock:
            forgotten, kept = self._forgotten, self._known.get(key)
        if kept is not None and tick - kept[0] < FRESH_S:
            return kept[1]
        principal = proxy.enter(person)
        self._remember(key, tick, principal, forgotten)
        return principal

    def _remember(
        self, key: tuple[str, bool], tick: float, principal: Principal | None, forgotten: int
    ) -> None:
        """Keep an answer, unless all was forgotten since it was asked for: it may be of before."""
        with self._lock:
            if forgotten != self._forgotten:
                return
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[key] = (tick, principal)

    def end_former(self, request: Request[Any, Any, Any]) -> None:
        """End what a browser was signed in as before it signed in anew."""
        if former := request.cookies.get(COOKIE):
            service.sign_out(self._database, former, now=self._clock.now)
            self.forget()

    def forget(self) -> None:
        """Believe nothing any more: somebody signed out, or changed a password."""
        with self._lock:
            self._forgotten += 1
            self._known.clear()


def is_active(request: Request[Any, Any, Any]) -> bool:
    """Whether somebody does something: an open stream of events, and parts that load themselves anew, do not.

    Nor do the pictures that such a part brings along, of which the browser says what they are for.
    """
    headers = request.headers
    return (
        request.scope["path"] != "/events"
        and BACKGROUND not in headers
        and headers.get("sec-fetch-dest", "") not in _BROUGHT_ALONG
    )
