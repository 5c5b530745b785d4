"""How a page of accounts answers a form that cannot be taken."""

from __future__ import annotations

import math
from typing import Any

from litestar.response import Template

from projectionist.errors import ProjectionistError, TooManyRequests
from projectionist.web.forms import errors_of


def refused(template: str, context: dict[str, Any], error: ProjectionistError) -> Template:
    """The page of the form again, with what is wrong beside the field."""
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after_s)))
    return Template(
        template, context={**context, "errors": errors_of(error)}, status_code=error.status, headers=headers
    )
