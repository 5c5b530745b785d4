"""Syncs that come again by themselves."""

from __future__ import annotations

from contextlib import suppress

from projectionist.errors import NotFound
from projectionist.features.library.ordering import SYNC, order_sync
from projectionist.jobs.ports import Jobs, Ordered, Schedule


class ScheduledSyncs:
    """How the libraries of a server are read, now and again and again; its schedules can be edited like all others.

    `when` is how often, as schedules say it, for a server that is new.
    """

    def __init__(self, jobs: Jobs, when: str) -> None:
        self._jobs = jobs
        self._when = when

    def start(self, server_id: int, asked_by: str) -> Ordered:
        """Read them now, and from now on by schedule; a schedule that is there is left as somebody made it."""
        if not self.begun(server_id):
            name = schedule_name(server_id)
            self._jobs.save_schedule(Schedule(name, SYNC, {"server_id": server_id}, self._when, "UTC"))
        return order_sync(self._jobs, server_id, asked_by=asked_by)

    def begun(self, server_id: int) -> bool:
        """Whether they are read by schedule."""
        name = schedule_name(server_id)
        return any(one.name == name for one in self._jobs.schedules())

    def forget(self, server_id: int) -> None:
        """Read them no more."""
        with suppress(NotFound):
            self._jobs.remove_schedule(schedule_name(server_id))


def schedule_name(server_id: int) -> str:
    """What the schedule of a server's sync is called."""
    return f"library-sync-{server_id}"
