"""The API of the doctor."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath

from projectionist.features.doctor.documents import (
    MendedDocument,
    ReportDocument,
    mended_document,
    report_document,
)
from projectionist.features.doctor.service import Doctor
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/api/v1/doctor", tags=["Doctor"], operation_id="examine", sync_to_thread=True, **MANAGE)
def examine(doctor: Injected[Doctor]) -> ReportDocument:
    """Look whether this installation is ready; every check is made anew, and servers are asked."""
    return report_document(doctor.examine())


@post(
    "/api/v1/doctor/mend/{check_id:str}",
    tags=["Doctor"],
    operation_id="mend",
    sync_to_thread=True,
    status_code=200,
    **MANAGE,
)
def mend(doctor: Injected[Doctor], check_id: FromPath[str]) -> MendedDocument:
    """Mend what a check finds wrong, where the doctor can do that by itself, and look again."""
    return mended_document(doctor.mend(check_id))


HANDLERS = (examine, mend)
