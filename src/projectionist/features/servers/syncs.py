"""Reading the libraries of a server now, and by a schedule that people may change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from projectionist.jobs.ports import Jobs, Order, Ordered, Schedule


class ScheduledSyncs:
    """The house's `Syncs`: `order_of` makes the order for a server, `when` is how often a new one is read."""

    def __init__(self, jobs: Jobs, order_of: Callable[[int], Order], when: str) -> None:
        self._jobs = jobs
        self._order_of = order_of
        self._when = when

    def start(self, server_id: int, asked_by: str) -> Ordered:
        """Read it now, and by schedule; a schedule that is there stays as people made it."""
        order = self._order_of(server_id)
        if not self._schedules_of(order):
            self._jobs.save_schedule(
                Schedule(f"Sync server {server_id}", order.kind, dict(order.arguments), self._when, "UTC")
            )
        return self._jobs.order(replace(order, asked_by=asked_by))

    def forget(self, server_id: int) -> None:
        """Take every schedule out that reads this server."""
        for name in self._schedules_of(self._order_of(server_id)):
            self._jobs.remove_schedule(name)

    def _schedules_of(self, order: Order) -> list[str]:
        return [
            one.name
            for one in self._jobs.schedules()
            if one.kind == order.kind and one.arguments.get("server_id") == order.arguments["server_id"]
        ]
