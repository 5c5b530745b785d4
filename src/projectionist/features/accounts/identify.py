"""Telling who a request comes from."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from litestar import Request

from projectionist.db.engine import Database
from projectionist.features.accounts import service
from projectionist.features.accounts.sessions import COOKIE, hash_of
from projectionist.web.ports import Principal

FRESH_S = 2.0
"""How long an answer is believed; a sign-out in another process is noticed after this."""

_MOST = 1000


class SignedInPeople:
    """The house's `Identify`: by the session cookie, with a small cache in front of the database."""

    def __init__(
        self, database: Database, now: service.Now, ticks: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._now = now
        self._ticks = ticks
        self._known: dict[str, tuple[float, Principal | None]] = {}
        self._lock = threading.Lock()

    def __call__(self, request: Request[Any, Any, Any]) -> Principal | None:
        """The signed-in person, or None. Raises DatabaseUnusable."""
        token = request.cookies.get(COOKIE, "")
        if not 20 <= len(token) <= 100:
            return None
        token_hash = hash_of(token)
        tick = self._ticks()
        with self._lock:
            kept = self._known.get(token_hash)
        if kept is not None and tick - kept[0] < FRESH_S:
            return kept[1]
        principal = service.known(self._database, token_hash, now=self._now)
        with self._lock:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[token_hash] = (tick, principal)
        return principal

    def forget(self) -> None:
        """Believe nothing any more: somebody signed out, or changed a password."""
        with self._lock:
            self._known.clear()
