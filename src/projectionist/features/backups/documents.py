"""What the API of backups gives."""

from __future__ import annotations

from datetime import datetime

import msgspec

from projectionist.features.backups.service import Record


class BackupDocument(msgspec.Struct, frozen=True):
    """A backup: how it was made, and whether it was restored on trial and was whole; `trouble` says what was not.

    `reason` is `schedule`, `by hand` or `upgrade`; `size` is in bytes.
    """

    name: str
    made_at: datetime
    reason: str
    asked_by: str
    engine: str
    revision: str
    rows: int
    size: int | None
    is_encrypted: bool
    has_key: bool
    took_s: float
    is_proven: bool
    trouble: str


class BackupOrderedDocument(msgspec.Struct, frozen=True):
    """The job that makes the backup; `created` is false where it was asked for already."""

    job_id: str
    created: bool


def backup_document(record: Record) -> BackupDocument:
    """A backup for the API."""
    return msgspec.convert(record, BackupDocument, from_attributes=True)
