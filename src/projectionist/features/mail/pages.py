"""The page of mail: how it is sent, and a test."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.mail import service
from projectionist.features.mail.service import Mailroom
from projectionist.web.access import needs
from projectionist.web.forms import Form, errors_of, text, to
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/mail", sync_to_thread=True, include_in_schema=False, **MANAGE)
def mail_page(mailroom: Injected[Mailroom]) -> Template:
    """How mails are sent, and a form that sends one."""
    return Template(
        "mail/show.html", context={"found": service.standing(mailroom), "errors": {}, "email": ""}
    )


@post("/mail/test", sync_to_thread=True, include_in_schema=False, **MANAGE)
def test_mail(
    request: Request[Any, Any, Any],
    mailroom: Injected[Mailroom],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Send a mail that says only that mails arrive; its job is shown."""
    address = text(data, "email")
    try:
        ordered = service.order_test(mailroom, address, principal.name)
    except ProjectionistError as error:
        context = {
            "found": service.standing(mailroom),
            "errors": errors_of(error),
            "email": address,
        }
        return Template("mail/show.html", context=context, status_code=error.status)
    return to(request, f"/jobs/{ordered.job_id}")


HANDLERS = (mail_page, test_mail)
