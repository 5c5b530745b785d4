"""What the routes of the cache's API have in common."""

from __future__ import annotations

from typing import Annotated, Any, Final

from litestar.params import PathParameter

from projectionist.web.access import needs
from projectionist.web.ports import Permission

AT: Final = "/api/v1/cache"
Id = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
ROUTE: Final[dict[str, Any]] = {"tags": ["Cache"], "sync_to_thread": True, **needs(Permission.MANAGE_CACHE)}
"""Spread into a handler's decorator."""
