"""The API's description, and a page to read it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.response import Template

PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "What went wrong, as RFC 9457 has it.",
    "required": ["type", "title", "status", "detail", "code", "correlation_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "One sentence: what happened, and what to do."},
        "code": {"type": "string", "description": "The kind of error, for programs."},
        "correlation_id": {"type": "string", "description": "Finds the request in the log."},
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
METHODS = ("get", "post", "put", "patch", "delete")


@lru_cache(maxsize=2)
def openapi_of(app: Litestar) -> dict[str, Any]:
    """The OpenAPI 3.1 document of `/api/…`, with our errors in every operation."""
    document: dict[str, Any] = app.openapi_schema.to_schema()
    settings = app.state.shell.settings
    document["servers"] = [{"url": settings.base_path or "/"}]
    document["security"] = [{"session": []}, {"token": []}]
    document["paths"] = {
        path: item for path, item in sorted(document.get("paths", {}).items()) if path.startswith("/api/")
    }
    document.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for item in document["paths"].values():
        for method in METHODS:
            if operation := item.get(method):
                _with_problems(operation)
                _with_summary(operation)
    return document


def _with_problems(operation: dict[str, Any]) -> None:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    responses = operation.setdefault("responses", {})
    for status in list(responses):
        if status.startswith(("4", "5")):
            responses[status] = {"description": responses[status].get("description", ""), "content": content}
    if "204" in responses:  # a handler that sets a cookie is said to give JSON, though there is none
        responses["204"].pop("content", None)
    responses["default"] = {"description": "It could not be done; the problem says why.", "content": content}


def _with_summary(operation: dict[str, Any]) -> None:
    """The first sentence of what an operation promises names it; the rest stays as its description."""
    told = " ".join((operation.pop("description", None) or "").split())
    first, _, rest = told.partition(". ")
    operation["summary"] = first.removesuffix(".")
    if rest:
        operation["description"] = rest


@get("/api/openapi.json", include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[dict[str, Any]]:
    """The document itself."""
    return Response(openapi_of(request.app), media_type="application/json")


@get("/api/docs", include_in_schema=False)
async def api_page(request: Request[Any, Any, Any]) -> Template:
    """The document for people."""
    return Template("api.html", context={"document": openapi_of(request.app)})


HANDLERS = (openapi_json, api_page)
