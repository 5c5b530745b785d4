"""The page of the audit log."""

from __future__ import annotations

from typing import Annotated

from litestar import get
from litestar.params import QueryParameter
from litestar.response import Template

from projectionist.db.engine import Database
from projectionist.features.audit_log import service
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset
from projectionist.web.ports import Permission

PAGE = 50
ADMINISTRATORS = needs(Permission.MANAGE_USERS)
Text = Annotated[str, QueryParameter(max_length=200)]


@get("/audit-log", sync_to_thread=True, include_in_schema=False, **ADMINISTRATORS)
def audit_log_page(
    database: Injected[Database], act: Text = "", q: Text = "", offset: Offset = 0
) -> Template:
    """Who did what, filtered, a part at a time."""
    context = {
        "found": service.entries(database, act, q, offset=offset, size=PAGE),
        "acts": service.acts_done(database),
        "act": act,
        "q": q,
        "size": PAGE,
    }
    return Template("audit_log/list.html", context=context)


@get("/audit-log/verification", sync_to_thread=True, include_in_schema=False, **ADMINISTRATORS)
def verification(database: Injected[Database]) -> Template:
    """Whether the log is as it was written."""
    return Template("audit_log/verified.html", context={"verified": service.verify(database)})


HANDLERS = (audit_log_page, verification)
