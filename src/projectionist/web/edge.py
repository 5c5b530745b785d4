"""What every request passes before it finds its route, and every answer before it leaves.

Base path, believed proxies, host, correlation id, nonce, security headers, compression: outside of the routes, so
that errors, static files and pages that do not exist have them too.
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from projectionist.kit.acting import Actor, acting
from projectionist.kit.logs import correlation, new_correlation
from projectionist.web import bodies, cors, csrf, limits
from projectionist.web.compression import compressing
from projectionist.web.config import ShellSettings
from projectionist.web.headers import security_headers
from projectionist.web.languages import language_asked_for
from projectionist.web.words import speaking

REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
FROM_PROXY: Final = "from_proxy"
"""In a request's state: whether one of the trusted proxies sent it."""
COOKIELESS: Final = ("/static/", "/health", "/events", "/metrics", "/webhooks/")
"""Answers that carry no CSRF cookie: nothing is sent from them, and some are kept by caches."""


class Edge:
    """The outermost part of the program, around Litestar's own router."""

    def __init__(self, app: ASGIApp, settings: ShellSettings) -> None:
        self._app = app
        self._settings = settings
        self._proxies = tuple(ipaddress.ip_network(proxy, strict=False) for proxy in settings.trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take a request, as ASGI has it."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        identity = _correlation_of(headers)
        nonce = secrets.token_urlsafe(16)
        kept = csrf.token_in(_cookie(headers, csrf.COOKIE))
        token = kept or csrf.new_token()
        client = scope.get("client")
        from_proxy = client is not None and _is_within(client[0], self._proxies)
        believe_proxy(scope, headers, self._proxies)
        strip_base_path(scope, self._settings.base_path)
        incoming = bodies.Incoming(receive, headers.get(b"content-type", ""))
        scope["state"].update(nonce=nonce, csrf=token, correlation_id=identity, incoming=incoming)
        scope["state"][FROM_PROXY] = from_proxy
        finished = self._finishing(scope, headers, send, None if kept else token)
        compressed = compressing(finished, headers.get(b"accept-encoding", ""))
        marker = correlation.set(identity)
        client = scope.get("client")
        actor = acting.set(Actor(address=client[0] if client else ""))
        try:
            if not is_our_host(headers.get(b"host", ""), self._settings):
                await _refuse_host(compressed)
            elif cors.is_preflight(scope, headers, self._settings):
                await cors.answer_preflight(compressed)
            else:  # a body is looked at on its way in; where there is none, only its end is waited for
                comes_in: Receive = receive if scope.get("method") in csrf.SAFE else incoming.receive
                with speaking(language_asked_for(headers.get(b"accept-language", ""))):
                    await self._app(scope, comes_in, compressed)
        finally:
            acting.reset(actor)
            correlation.reset(marker)

    def _finishing(self, scope: Scope, asked: dict[bytes, str], send: Send, new_token: str | None) -> Send:
        state: dict[str, Any] = scope["state"]
        https = came_by_https(scope, asked, self._settings)
        cookie = self._cookie_header(new_token, https=https) if new_token and _sets_cookies(scope) else None
        origin = cors.origin_let_in(scope["path"], asked, self._settings)
        may_differ = bool(self._settings.cors_origins) and scope["path"].startswith("/api/")

        async def finish(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableScopeHeaders.from_message(message)
                for name, value in security_headers(state["nonce"], https=https):
                    headers[name] = value
                headers["x-request-id"] = state["correlation_id"]
                for name, value in state.get(limits.STATE, ()):
                    headers[name] = value
                if "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
                if cookie:
                    headers.add("set-cookie", cookie)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.extend_header_value("vary", "Accept-Language")
                if may_differ:
                    headers.extend_header_value("vary", "Origin")
                if origin:
                    headers["access-control-allow-origin"] = origin
            await send(message)

        return finish

    def _cookie_header(self, token: str, *, https: bool) -> str:
        path = self._settings.base_path or "/"
        secure = "; Secure" if https or self._settings.is_https else ""
        return f"{csrf.COOKIE}={token}; Path={path}; HttpOnly; SameSite=Lax{secure}"


def strip_base_path(scope: Scope, base_path: str) -> None:
    """Take the base path off, where the proxy in front left it on."""
    path = scope["path"]
    if base_path and (path == base_path or path.startswith(f"{base_path}/")):
        scope["path"] = path[len(base_path) :] or "/"


def believe_proxy(
    scope: Scope, headers: dict[bytes, str], proxies: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> None:
    """Take the visitor's address and scheme from a proxy in front, where that is one we trust.

    An address of IPv4 is known by its own form, also where one socket takes both kinds.
    """
    client = scope.get("client")
    if client is None:
        return
    scope["client"] = (_plain(client[0]), client[1])
    if not proxies or not _is_within(client[0], proxies):
        return
    came_by = [part.strip() for part in headers.get(b"x-forwarded-for", "").split(",") if part.strip()]
    for address in reversed(came_by):
        if not _is_address(address):
            break
        scope["client"] = (_plain(address), 0)
        if not _is_within(address, proxies):
            break
    if headers.get(b"x-forwarded-proto", "").lower() in ("http", "https"):
        scope["scheme"] = headers[b"x-forwarded-proto"].lower()


def came_by_https(scope: Scope, headers: dict[bytes, str], settings: ShellSettings) -> bool:
    """Whether a visitor's browser spoke HTTPS: seen, told by a trusted proxy, or known of the name that it asked for.

    A proxy that is not trusted tells nothing that is believed, but the base URL says how its name is served.
    """
    if settings.https or scope["scheme"] == "https":
        return True
    return settings.serves_https(_name_in(headers.get(b"host", "")))


def is_our_host(host: str, settings: ShellSettings) -> bool:
    """Whether a `Host` header names us: a name we know, or an address in digits, with or without a port.

    A page of another site can make its own name lead here (DNS rebinding), but not an address.
    """
    name = _name_in(host)
    if name in settings.hosts or ("*" in settings.hosts and name):
        return True
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _name_in(host: str) -> str:
    """The name in a `Host` header, without its port."""
    name = host.rpartition(":")[0] if re.search(r":\d+$", host) else host
    return name.lower().rstrip(".")


def _correlation_of(headers: dict[bytes, str]) -> str:
    given = headers.get(b"x-request-id", "")
    return given if REQUEST_ID.fullmatch(given) else new_correlation()


def _cookie(headers: dict[bytes, str], name: str) -> str | None:
    for part in headers.get(b"cookie", "").split(";"):
        key, _, value = part.strip().partition("=")
        if key == name:
            return value
    return None


def _sets_cookies(scope: Scope) -> bool:
    return scope.get("method") in csrf.SAFE and not scope["path"].startswith(COOKIELESS)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _plain(text: str) -> str:
    """The IPv4 address that a socket for both kinds writes as `::ffff:192.0.2.1`; anything else as it is."""
    mapped = ipaddress.IPv6Address(text).ipv4_mapped if _is_address(text) and ":" in text else None
    return text if mapped is None else str(mapped)


def _is_within(text: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Whether one of the networks holds an address, in the form that it came in or in its own."""
    if not _is_address(text):
        return False
    forms = {ipaddress.ip_address(text), ipaddress.ip_address(_plain(text))}
    return any(form in network for form in forms for network in networks)


async def _refuse_host(send: Send) -> None:
    body = (
        b"This address is not one that Projectionist answers to. Ask for it by the address it is set up with, "
        b"or add this name to the allowed hosts.\n"
    )
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
