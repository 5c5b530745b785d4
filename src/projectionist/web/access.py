"""Who may call a route: each declares it, and one guard keeps to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from projectionist.errors import NotAllowed, SignInNeeded
from projectionist.web.ports import Permission, Principal

KEY: Final = "permission"
OPEN: Final[dict[str, Any]] = {"opt": {KEY: None}}
"""Spread into a handler's decorator, `@get("/sign-in", **OPEN)`: anybody may call it, signed in or not."""


def needs(permission: Permission) -> dict[str, Any]:
    """Spread into a handler's decorator, `@post("/x", **needs(Permission.MANAGE_JOBS))`."""
    return {"opt": {KEY: permission}}


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """A route and who may call it; `permission` None means anybody."""

    method: str
    path: str
    permission: Permission | None


def declared_routes(app: Litestar) -> Iterator[DeclaredRoute]:
    """Every route of the program with its declaration, as the guard reads it."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler):
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield DeclaredRoute(method, route.path, permission_of(handler))


def permission_of(handler: BaseRouteHandler) -> Permission | None:
    """What a route needs: VIEW unless its handler says otherwise, None where it is open."""
    declared = handler.opt.get(KEY, Permission.VIEW)
    return None if declared is None else Permission(declared)


def check_access(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let through who may call this. Raises SignInNeeded, NotAllowed."""
    needed = permission_of(handler)
    if needed is None:
        return
    check_may(connection.scope.get("user"), needed)


def check_may(principal: Principal | None, needed: Permission) -> None:
    """Raises SignInNeeded where nobody is signed in, NotAllowed for who lacks this permission."""
    if principal is None:
        raise SignInNeeded("Nobody is signed in here; sign in and try again.")
    if not principal.may(needed):
        raise NotAllowed(
            f"Your account may not do this: it needs the permission “{needed.value.replace('_', ' ')}”; "
            "ask an administrator for it."
        )
