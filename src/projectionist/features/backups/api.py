"""The API of backups. They stay where they are: nobody gets one over the web, or puts one back."""

from __future__ import annotations

from litestar import get, post

from projectionist.features.backups import service
from projectionist.features.backups.documents import BackupDocument, BackupOrderedDocument, backup_document
from projectionist.features.backups.ordering import order_backup
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, part_out
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/api/v1/backups", tags=["Backups"], operation_id="list_backups", sync_to_thread=True, **MANAGE)
def list_backups(
    settings: Injected[Settings], offset: Offset = 0, limit: Limit = 50
) -> PageOut[BackupDocument]:
    """The backups in the folder of backups, the newest first."""
    return part_out(service.backups(service.folder_of(settings)), backup_document, offset, limit)


@post(
    "/api/v1/backups",
    tags=["Backups"],
    operation_id="make_backup",
    status_code=202,
    sync_to_thread=True,
    **MANAGE,
)
def make_backup(jobs: Injected[Jobs], principal: Injected[Principal]) -> BackupOrderedDocument:
    """Make a backup now, and prove it."""
    ordered = order_backup(jobs, principal.name)
    return BackupOrderedDocument(ordered.job_id, ordered.created)


HANDLERS = (list_backups, make_backup)
