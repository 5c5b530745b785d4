"""What forms send, and how a page answers one that cannot be taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from litestar import Request
from litestar.params import URLEncodedBody
from litestar.response import Redirect, Template

from projectionist.errors import InputWrong, ProjectionistError, TooManyRequests
from projectionist.features.accounts.cookies import shell_settings

Form: TypeAlias = URLEncodedBody[dict[str, Any]]


def text(form: Mapping[str, Any], name: str) -> str:
    """A field's value, empty where it was not sent."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def texts(form: Mapping[str, Any], name: str) -> list[str]:
    """All values of a field that may stand several times."""
    value = form.get(name, [])
    return [value] if isinstance(value, str) else [one for one in value if isinstance(one, str)]


def to(request: Request[Any, Any, Any], path: str) -> Redirect:
    """On to one of our pages, after a form was taken."""
    return Redirect(shell_settings(request).url(path), status_code=303)


def errors_of(error: ProjectionistError) -> dict[str, str]:
    """The error by its field, for the page to show beside it; under an empty name where it is of none."""
    return {error.field if isinstance(error, InputWrong) else "": error.message}


def refused(template: str, context: dict[str, Any], error: ProjectionistError) -> Template:
    """The page of the form again, with what is wrong beside the field."""
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = str(max(1, round(error.retry_after_s + 0.5)))
    return Template(
        template, context={**context, "errors": errors_of(error)}, status_code=error.status, headers=headers
    )
