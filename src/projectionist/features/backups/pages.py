"""The page of backups."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.response import Redirect, Template

from projectionist.features.backups import service
from projectionist.features.backups.ordering import MAKE, order_backup
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings
from projectionist.web.access import needs
from projectionist.web.config import ShellSettings
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset
from projectionist.web.ports import Permission, Principal

PAGE = 50
MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/backups", sync_to_thread=True, include_in_schema=False, **MANAGE)
def backups_page(settings: Injected[Settings], jobs: Injected[Jobs], offset: Offset = 0) -> Template:
    """Which backups there are, whether each is proven, and when the next is made."""
    folder = service.folder_of(settings)
    found = service.backups(folder)
    context = {
        "found": found[offset : offset + PAGE],
        "total": len(found),
        "offset": offset,
        "size": PAGE,
        "folder": folder,
        "keep": settings.backup_keep,
        "is_encrypted": bool(settings.backup_passphrase),
        "schedules": [one for one in jobs.schedules() if one.kind == MAKE],
    }
    return Template("backups/list.html", context=context)


@post("/backups", sync_to_thread=True, include_in_schema=False, **MANAGE)
def make_backup(
    request: Request[Any, Any, Any], jobs: Injected[Jobs], principal: Injected[Principal]
) -> Redirect:
    """Make a backup now; its job is shown."""
    ordered = order_backup(jobs, principal.name)
    shell: ShellSettings = request.app.state.shell.settings
    return Redirect(shell.url(f"/jobs/{ordered.job_id}"), status_code=303)


HANDLERS = (backups_page, make_backup)
