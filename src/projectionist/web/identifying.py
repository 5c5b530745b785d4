"""Finds out who a request comes from, before anything asks whether they may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from litestar import Request
from litestar.concurrency import sync_to_thread
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from projectionist.kit.acting import Actor, acting
from projectionist.web.ports import Identify
from projectionist.web.words import speak

ANONYMOUS: Final = "anonymous"
"""In a handler's `opt`: nobody is looked up for it. For static files and health, which must not touch a database."""


def identifying(
    identify: Identify,
) -> Callable[[ASGIConnection[Any, Any, Any, Any], BaseRouteHandler], Awaitable[None]]:
    """A guard that puts the signed-in person, or None, where everybody finds it: `request.scope["user"]`."""

    async def find_person(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        person = None
        if isinstance(connection, Request) and not handler.opt.get(ANONYMOUS, False):
            person = await sync_to_thread(identify, connection)
        connection.scope["user"] = person
        if person is not None:
            acting.set(Actor(person.id, person.name, acting.get().address))
            speak(person.language)

    return find_person
