"""What an answer can tell the page it goes to, besides its body."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from litestar import Response

R = TypeVar("R", bound=Response[Any])


def toast(response: R, text: str, *, bad: bool = False) -> R:
    """Have the page show a word in its corner; only answers to htmx carry it. Returns the response."""
    told = {"toast": {"text": text, "kind": "bad" if bad else ""}}
    response.headers["hx-trigger"] = json.dumps(told, ensure_ascii=True)
    return response
