"""How often a person, or an address, may ask for what costs much.

A handler names its limit, `@get("/search", **limited(SEARCH))`; all of the API has `API` by itself. A new limit is one
line below. They are counted in the database, where every process sees them and no restart forgets them. A process
takes several at a time for limits with a `step` and hands them out from memory: what it took is counted already, so
that never more than the limit gets through; what it took and did not hand out is lost to the other processes, less
than one step each, until the time is over.
"""

from __future__ import annotations

import ipaddress
import math
import threading
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from projectionist.db import counting
from projectionist.db.counting import Rate, Taken
from projectionist.db.engine import Database
from projectionist.errors import TooManyRequests
from projectionist.kit.clock import Clock
from projectionist.web.ports import Principal

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
KEY: Final = "limit"
STATE: Final = "limit"
BACKGROUND: Final = "x-background"
"""A page's own scripts send it with what nobody asked for by hand: parts that load themselves anew."""

_MOST_KEPT = 10_000
_SWEEP_S = 600.0


@dataclass(frozen=True, slots=True)
class Limit:
    """How often something may be asked; `strangers` holds for those who are not signed in, by address.

    What makes accounts or signs in is `by_address` for everybody: who is signed in is somebody else after it.
    """

    name: str
    rates: tuple[Rate, ...]
    strangers: tuple[Rate, ...] = ()
    step: int = 1
    by_address: bool = False


SIGN_IN: Final = Limit("sign_in", (Rate(3, MINUTE), Rate(10, HOUR)))
"""Of one account from one browser or address; counted by the accounts themselves, who know which."""
PASSWORD: Final = Limit("password", SIGN_IN.rates)
"""Of one person who changes their password."""
SECOND_STEP: Final = Limit("second_step", SIGN_IN.rates)
"""Of one account whose password was right, from a browser that it knows or from all others together."""
PASSKEY: Final = Limit("passkey", (Rate(30, MINUTE),), by_address=True)
"""Of one address that signs in by passkeys, which nobody guesses: only so that it costs no more than it must."""
REGISTER: Final = Limit("register", (Rate(5, HOUR),), by_address=True)
"""Of one address that makes accounts."""
RESET: Final = Limit("reset", (Rate(3, HOUR),), by_address=True)
"""Of one address that chooses new passwords by links."""
ELSEWHERE: Final = Limit("elsewhere", (Rate(30, MINUTE), Rate(120, HOUR)), by_address=True)
"""Of one address that begins to sign in by another service."""
FORGOTTEN: Final = Limit("forgotten", RESET.rates, by_address=True)
"""Of one address that asks for such links; counted by itself, so that asking leaves room for choosing."""
EMAIL: Final = Limit("email", (Rate(5, HOUR),))
"""Of one person who has mails sent to addresses that are not proven to be theirs."""
WEBHOOK: Final = Limit("webhook", (Rate(120, MINUTE),))
"""Of one sender from one address."""
WEBHOOK_REFUSED: Final = Limit("webhook_refused", (Rate(20, MINUTE), Rate(200, HOUR)))
"""Of one address that shows wrong secrets of senders."""
HOME: Final = Limit("home", (Rate(30, MINUTE),), (Rate(30, MINUTE), Rate(50, HOUR), Rate(200, DAY)))
SEARCH: Final = Limit("search", (Rate(30, MINUTE),))
SUGGEST: Final = Limit("suggest", (Rate(120, MINUTE),), step=10)
"""What is asked while somebody types, several times for one search."""
API: Final = Limit("api", (Rate(100, MINUTE),), step=10)


def limited(limit: Limit | None, declared: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Spread into a handler's decorator, alone or around `OPEN` or `needs(…)`; None counts nothing here."""
    return {"opt": {**(declared or {}).get("opt", {}), KEY: limit}}


def network_of(address: str) -> str:
    """An address as it is counted: of IPv6 the network that one household has, since it holds 2^64 of them."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))


@dataclass(slots=True)
class _Lease:
    here: int
    since: datetime
    taken: Taken


class Limiter:
    """Counts for one process; `per_minute` replaces what a limit allows in a minute, 0 lifts it altogether."""

    def __init__(self, database: Database, clock: Clock, per_minute: Mapping[str, int] | None = None) -> None:
        self._database = database
        self._clock = clock
        self._per_minute = per_minute or {}
        self._leases: dict[tuple[str, str], _Lease] = {}
        self._lock = threading.Lock()
        self._swept = -math.inf

    def rates_of(self, limit: Limit, *, stranger: bool) -> tuple[Rate, ...]:
        """What holds for one who asks; empty where nothing does."""
        rates = limit.strangers if stranger and limit.strangers else limit.rates
        wanted = self._per_minute.get(limit.name)
        if wanted is None:
            return rates
        if wanted == 0:
            return ()
        return tuple(replace(rate, most=wanted) if rate.span == MINUTE else rate for rate in rates)

    def spend(self, limit: Limit, who: str) -> Taken | None:
        """One of those this process has taken already, or the refusal it was given; None: ask the database."""
        now = self._clock.now()
        with self._lock:
            lease = self._leases.get((limit.name, who))
            if lease is None or not lease.since <= now < lease.taken.good_until:
                return None
            if lease.taken.granted == 0:
                return lease.taken
            if lease.here == 0:
                return None
            lease.here -= 1
            return replace(lease.taken, left=lease.taken.left + lease.here)

    def renew(self, limit: Limit, who: str, rates: tuple[Rate, ...]) -> Taken:
        """One, of several that are taken from the database. Raises DatabaseUnusable."""
        now = self._clock.now()
        self._sweep()
        step = max(1, min(limit.step, *(rate.most // 5 for rate in rates)))
        taken = counting.take(self._database, limit.name, who, rates, now, step)
        here = max(0, taken.granted - 1)
        with self._lock:
            if len(self._leases) >= _MOST_KEPT:
                self._leases.clear()  # what was taken is counted, so that only less gets through
            self._leases[(limit.name, who)] = _Lease(here, now, taken)
        return replace(taken, left=taken.left + here)

    def _sweep(self) -> None:
        tick = self._clock.monotonic()
        with self._lock:
            if tick - self._swept < _SWEEP_S:
                return
            self._swept = tick
        counting.sweep(self._database, self._clock.now())

    def refusal(self, taken: Taken) -> TooManyRequests:
        """What is told to one who asked too often."""
        wait = taken.wait_s(self._clock.now())
        return TooManyRequests(f"Asked too often; try again in {in_words(wait)}.", wait)

    def tell(self, connection: ASGIConnection[Any, Any, Any, Any], taken: Taken) -> None:
        """Have the answer say how the limit stands."""
        connection.scope["state"][STATE] = headers_of(taken, taken.wait_s(self._clock.now()))


def headers_of(taken: Taken, wait_s: float) -> tuple[tuple[str, str], ...]:
    """How a limit stands, as programs read it; the remainder is that of this process and of the database."""
    return (
        ("ratelimit-limit", str(taken.rate.most)),
        ("ratelimit-remaining", str(max(0, taken.left))),
        ("ratelimit-reset", str(math.ceil(wait_s))),
        ("ratelimit-policy", f"{taken.rate.most};w={int(taken.rate.span.total_seconds())}"),
    )


def in_words(wait_s: float) -> str:
    """How long to wait, as one says it; never less than it is."""
    if wait_s < 120:
        return f"{math.ceil(wait_s)} seconds"
    return f"{math.ceil(wait_s / 60)} minutes" if wait_s < 7200 else f"{math.ceil(wait_s / 3600)} hours"


def who_asks(connection: ASGIConnection[Any, Any, Any, Any], limit: Limit) -> tuple[str, bool]:
    """By what one is counted, and whether they are a stranger."""
    principal: Principal | None = connection.scope.get("user")
    if principal is not None and not limit.by_address:
        return f"user:{principal.id}", False
    return (
        f"address:{network_of(connection.client.host if connection.client else 'unknown')}",
        principal is None,
    )


def limit_of(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> Limit | None:
    """The limit of a route: the one it names, or that of the API."""
    if KEY in handler.opt:
        named: Limit | None = handler.opt[KEY]
        return named
    return API if connection.scope["path"].startswith("/api/") else None


def limiting(
    limiter: Limiter,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """A guard, after the one that finds the person. Raises TooManyRequests, DatabaseUnusable."""

    async def count(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        limit = limit_of(connection, handler)
        if limit is None or not isinstance(connection, Request):
            return
        who, stranger = who_asks(connection, limit)
        rates = limiter.rates_of(limit, stranger=stranger)
        if not rates:
            return
        taken = limiter.spend(limit, who)
        if taken is None:
            taken = await sync_to_thread(limiter.renew, limit, who, rates)
        limiter.tell(connection, taken)
        if taken.granted == 0:
            raise limiter.refusal(taken)

    return count
