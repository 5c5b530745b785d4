"""The job that looks at what a sender told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projectionist.errors import NotFound
from projectionist.features.webhooks.looking import LOOK, look
from projectionist.features.webhooks.workplace import Workplace
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec

QUEUE = QueueSpec("webhooks", "Webhooks", 4, rest_s=3.0)


def kinds(place: Workplace) -> Sequence[JobKind]:
    """The kind of job, for the job engine."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any] | None:
        return look(place, job, arguments)

    def title(arguments: Arguments) -> str:
        server_id = int(arguments["server_id"])
        try:
            name = place.servers.name(server_id)
        except NotFound:
            name = f"server {server_id}"
        folder = arguments.get("folder")
        return f"Look at {folder} on {name}" if folder else f"Look at {name}"

    return (JobKind(LOOK, QUEUE.name, title, run, label="Look at what a webhook told"),)
