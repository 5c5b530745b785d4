"""The id that ties what one request did together: in the log, on error pages, in the jobs it asked for."""

from __future__ import annotations

from contextvars import ContextVar

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
