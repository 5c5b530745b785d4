"""What the API of mail takes and gives."""

from __future__ import annotations

from typing import Annotated

import msgspec

from projectionist.features.mail.service import Standing


class MailDocument(msgspec.Struct, frozen=True):
    """How mails are sent, without the password; `waiting` counts those that were asked for and are not sent yet."""

    is_set: bool
    host: str
    port: int
    security: str
    sender: str
    user: str
    waiting: int


class MailTest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """To whom a mail goes that says only that mails arrive."""

    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]


class MailOrdered(msgspec.Struct, frozen=True):
    """The job that sends it; whether it was sent, or why not, stands there."""

    job_id: str


def mail_document(found: Standing) -> MailDocument:
    """How mail stands, as the API shows it."""
    return msgspec.convert(found, MailDocument, from_attributes=True)
