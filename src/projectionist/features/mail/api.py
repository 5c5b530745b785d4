"""The API of mail."""

from __future__ import annotations

from litestar import get, post
from litestar.params import JSONBody

from projectionist.features.mail import service
from projectionist.features.mail.documents import MailDocument, MailOrdered, MailTest, mail_document
from projectionist.features.mail.service import Mailroom
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SETTINGS)


@get("/api/v1/mail", tags=["Mail"], operation_id="get_mail", sync_to_thread=True, **MANAGE)
def get_mail(mailroom: Injected[Mailroom]) -> MailDocument:
    """How mails are sent, and how many wait."""
    return mail_document(service.standing(mailroom))


@post(
    "/api/v1/mail/test",
    tags=["Mail"],
    operation_id="test_mail",
    status_code=202,
    sync_to_thread=True,
    **MANAGE,
)
def test_mail(
    mailroom: Injected[Mailroom], principal: Injected[Principal], data: JSONBody[MailTest]
) -> MailOrdered:
    """Send a mail that says only that mails arrive."""
    return MailOrdered(service.order_test(mailroom, data.email, principal.name).job_id)


HANDLERS = (get_mail, test_mail)
