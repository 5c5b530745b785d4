"""What the forms of operations send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request
from litestar.response import Redirect

from projectionist.errors import InputWrong
from projectionist.jobs.ports import Schedule
from projectionist.web.config import ShellSettings
from projectionist.web.forms import text
from projectionist.web.problems import local_path


def number(form: Mapping[str, Any], name: str, label: str) -> int:
    """A whole number. Raises InputWrong."""
    given = text(form, name).strip()
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise InputWrong(f"{label} is a whole number; {given[:20] or 'nothing'} is none.", name)
    return int(given)


def schedule_of(form: Mapping[str, Any], kinds: Mapping[str, str]) -> Schedule:
    """The schedule that a form describes. Raises InputWrong."""
    kind = text(form, "kind")
    if kind not in kinds:
        raise InputWrong("Choose which job the schedule asks for.", "kind")
    given = text(form, "arguments").strip() or "{}"
    try:
        arguments = msgspec.json.decode(given, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        raise InputWrong(
            'What the job is told is a JSON object, such as {"server_id": 1}.', "arguments"
        ) from None
    zone = text(form, "time_zone").strip() or "UTC"
    paused = bool(text(form, "paused"))
    return Schedule(text(form, "name"), kind, arguments, text(form, "when"), zone, paused)


def back(request: Request[Any, Any, Any], form: Mapping[str, Any], otherwise: str) -> Redirect:
    """To the page that the form came from, with its filters, or to another of ours."""
    settings: ShellSettings = request.app.state.shell.settings
    wanted = text(form, "back") or request.headers.get("referer", "")
    path = local_path(wanted, settings) if wanted else otherwise
    return Redirect(settings.url(path), status_code=303)
