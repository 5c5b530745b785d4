"""The API takes JSON and says so; a form of another site cannot pass for it."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from projectionist.web.csrf import SAFE
from projectionist.web.problems import WrongContentType

CONTENT_TYPE = "content_type"
"""In a handler's `opt`: the content type it takes, where that is not JSON (`multipart/form-data` for uploads)."""


def check_content_type(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let through a body to the API only as what the address takes. Raises WrongContentType."""
    if not isinstance(connection, Request) or connection.method in SAFE:
        return
    headers = connection.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if not connection.scope["path"].startswith("/api/") or not has_body:
        return
    taken = handler.opt.get(CONTENT_TYPE, "application/json")
    given = headers.get("content-type", "").partition(";")[0].strip().lower()
    if given != taken:
        raise WrongContentType(f"This address takes {taken}, not {given or 'a body without a content type'}.")
