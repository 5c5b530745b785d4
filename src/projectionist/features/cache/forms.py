"""What the forms of the cache send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.response import Redirect

from projectionist.errors import InputWrong
from projectionist.web.config import ShellSettings
from projectionist.web.forms import text, texts
from projectionist.web.problems import local_path

MOST_AT_ONCE = 1000


def ids_in(form: Mapping[str, Any]) -> tuple[int, ...]:
    """The ticked rows. Raises InputWrong."""
    given = texts(form, "ids")
    if not given:
        raise InputWrong("Tick at least one file first.", "ids")
    if len(given) > MOST_AT_ONCE:
        raise InputWrong(f"Tick at most {MOST_AT_ONCE} at once.", "ids")
    if not all(one.isascii() and one.isdigit() and len(one) < 10 for one in given):
        raise InputWrong("A file is named by its number.", "ids")
    return tuple(int(one) for one in given)


def back(request: Request[Any, Any, Any], form: Mapping[str, Any], otherwise: str) -> Redirect:
    """To the page that a form came from, with its filters, or to another of ours."""
    settings: ShellSettings = request.app.state.shell.settings
    wanted = text(form, "back") or request.headers.get("referer", "")
    path = local_path(wanted, settings) if wanted else otherwise
    return Redirect(settings.url(path), status_code=303)
