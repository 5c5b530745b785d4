"""The page of the doctor."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.doctor.service import Doctor
from projectionist.web.access import needs
from projectionist.web.config import ShellSettings
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/doctor", sync_to_thread=True, include_in_schema=False, **MANAGE)
def doctor_page(doctor: Injected[Doctor]) -> Template:
    """What the last examination came to; the first look makes one."""
    return _page(doctor)


@post("/doctor/examine", sync_to_thread=True, include_in_schema=False, **MANAGE)
def examine(request: Request[Any, Any, Any], doctor: Injected[Doctor]) -> Redirect:
    """Look at everything again."""
    doctor.examine()
    settings: ShellSettings = request.app.state.shell.settings
    return Redirect(settings.url("/doctor"), status_code=303)


@post("/doctor/mend/{check_id:str}", sync_to_thread=True, include_in_schema=False, status_code=200, **MANAGE)
def mend(doctor: Injected[Doctor], check_id: FromPath[str]) -> Template:
    """Mend what a check finds wrong, and tell what was done."""
    try:
        done = doctor.mend(check_id)
    except ProjectionistError as error:
        return _page(doctor, trouble=error.message, status=error.status)
    return _page(doctor, done=done.sentence)


def _page(doctor: Doctor, *, done: str = "", trouble: str = "", status: int = 200) -> Template:
    report = doctor.last or doctor.examine()
    context = {"report": report, "done": done, "trouble": trouble}
    return Template("doctor/show.html", context=context, status_code=status)


HANDLERS = (doctor_page, examine, mend)
