"""What a page's form sends, and the answers to it: on to another page, or what is wrong by its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from litestar import Request
from litestar.params import URLEncodedBody
from litestar.response import Redirect

from projectionist.errors import InputWrong, ProjectionistError
from projectionist.web.config import ShellSettings

Form: TypeAlias = URLEncodedBody[dict[str, Any]]


def text(form: Mapping[str, Any], name: str) -> str:
    """A field's value, empty where it was not sent."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def texts(form: Mapping[str, Any], name: str) -> list[str]:
    """All values of a field that may stand several times."""
    value = form.get(name, [])
    return [value] if isinstance(value, str) else [one for one in value if isinstance(one, str)]


def whole(form: Mapping[str, Any], name: str) -> int:
    """A field's whole number, 0 where it holds none of up to nine digits."""
    given = text(form, name).strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 10 else 0


def to(request: Request[Any, Any, Any], path: str) -> Redirect:
    """On to one of our pages, after a form was taken."""
    settings: ShellSettings = request.app.state.shell.settings
    return Redirect(settings.url(path), status_code=303)


def errors_of(error: ProjectionistError) -> dict[str, str]:
    """The error by its field, for the page to show beside it; under an empty name where it is of none."""
    if isinstance(error, InputWrong):
        return {one.field: one.message for one in reversed(error.each)}
    return {"": error.message}
