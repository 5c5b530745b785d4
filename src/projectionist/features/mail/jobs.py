"""The job that sends a mail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from projectionist.features.mail.service import SEND, Mailroom, send
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec

QUEUE = QueueSpec("mail", "Mail", 2, rest_s=3.0)
ATTEMPTS = 9
"""With the time between them doubled from half a minute to ten, that is three quarters of an hour."""


def kinds(room: Mailroom) -> Sequence[JobKind]:
    """The kind of job, for the job engine. What it is told, and what came of it, names nobody."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any] | None:
        send(room, int(arguments["letter"]), job.check)
        return None

    def title(arguments: Arguments) -> str:
        return f"Mail: {arguments['kind']}"

    return (
        JobKind(
            SEND,
            QUEUE.name,
            title,
            run,
            attempts=ATTEMPTS,
            backoff=timedelta(seconds=30),
            accepts=lambda arguments: room.is_set,
            label="Send a mail",
        ),
    )
