"""Asking for syncs."""

from __future__ import annotations

from typing import Any

from projectionist.jobs.ports import Jobs, Order, Ordered, Priority

SYNC = "library.sync"


def sync_order(
    server_id: int, *, library_id: int | None = None, full: bool = False, asked_by: str = ""
) -> Order:
    """A sync of a server, or of one of its libraries; one at a time for each."""
    arguments: dict[str, Any] = {"server_id": server_id}
    key = f"server-{server_id}"
    if library_id is not None:
        arguments["library_id"] = library_id
        key += f"-library-{library_id}"
    if full:
        arguments["full"] = True
    return Order(SYNC, arguments, key=key, priority=Priority.HIGH, asked_by=asked_by)


def order_sync(
    jobs: Jobs, server_id: int, *, library_id: int | None = None, full: bool = False, asked_by: str = ""
) -> Ordered:
    """Ask for a sync; where the same is asked for already, that one."""
    return jobs.order(sync_order(server_id, library_id=library_id, full=full, asked_by=asked_by))
