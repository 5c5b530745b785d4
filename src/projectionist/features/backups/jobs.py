"""The job that makes a backup, by schedule and by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from projectionist.errors import BackupUnusable
from projectionist.features.backups.ordering import MAKE
from projectionist.features.backups.service import Place, make_backup
from projectionist.jobs.ports import Arguments, JobKind, JobRun, QueueSpec, Schedule

QUEUE = QueueSpec("backups", "Backups", 1, rest_s=3.0)
SCHEDULES = (Schedule("Back up the database", MAKE, {}, "30 3 * * *", "UTC"),)
"""What is followed until somebody changes it."""


def kinds(place: Place) -> Sequence[JobKind]:
    """The kind of job, for the job engine."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        asked_by = str(arguments.get("asked_by", ""))
        made = make_backup(place, "by hand" if asked_by else "schedule", asked_by=asked_by, check=job.check)
        if made.trouble:
            raise BackupUnusable(f"{made.name} was made and could not be restored on trial: {made.trouble}")
        return {"name": made.name, "bytes": made.size, "rows": made.rows}

    return (JobKind(MAKE, QUEUE.name, lambda _: "Back up the database", run, label="Back up the database"),)
