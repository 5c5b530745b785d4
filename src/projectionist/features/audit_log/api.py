"""The API of the audit log."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Stream

from projectionist.db.engine import Database
from projectionist.features.audit_log import service
from projectionist.features.audit_log.documents import (
    EntryDocument,
    VerifiedDocument,
    entry_document,
    entry_row,
)
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, export_json, page_out
from projectionist.web.ports import Permission

ADMINISTRATORS = needs(Permission.MANAGE_USERS)
Text = Annotated[str, QueryParameter(max_length=200)]


@get(
    "/api/v1/audit-log",
    tags=["Audit log"],
    operation_id="list_audit_entries",
    sync_to_thread=True,
    **ADMINISTRATORS,
)
def list_audit_entries(
    database: Injected[Database], act: Text = "", text: Text = "", offset: Offset = 0, limit: Limit = 50
) -> PageOut[EntryDocument]:
    """Who did what, the newest first: of one act, or where person, address or object hold a text."""
    return page_out(service.entries(database, act, text, offset=offset, size=limit), entry_document)


@get(
    "/api/v1/audit-log/verification",
    tags=["Audit log"],
    operation_id="verify_audit_log",
    sync_to_thread=True,
    **ADMINISTRATORS,
)
def verify_audit_log(database: Injected[Database]) -> VerifiedDocument:
    """Read the whole log, and prove that nothing of it was changed."""
    found = service.verify(database)
    return VerifiedDocument(found.entries, found.is_whole, found.trouble)


@get(
    "/api/v1/audit-log.json",
    tags=["Audit log"],
    operation_id="export_audit_log",
    media_type="application/json",
    sync_to_thread=True,
    **ADMINISTRATORS,
)
def export_audit_log(database: Injected[Database]) -> Stream:
    """The whole log in one list, the oldest first."""
    return export_json((entry_row(entry) for entry in service.all_entries(database)), "audit-log.json")


HANDLERS = (list_audit_entries, verify_audit_log, export_audit_log)
