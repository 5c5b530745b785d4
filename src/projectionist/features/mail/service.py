"""Sending mails: a letter is noted in the transaction that wants it, and a job writes and sends it.

A letter says of what kind it is, to whom, and what it is about. The words, and the link in them, are made by the job
right before they are sent: so no link rests in the database, in a job or in a backup, its time begins when it is
sent, and who orders a mail needs no key. A mail that has to be sent again carries a new link, and the one before is
dead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import InputWrong, MailNotSet
from projectionist.features.mail import queries
from projectionist.features.mail.models import LetterRow
from projectionist.jobs.ports import Jobs, Order, Ordered, Priority
from projectionist.kit import mail
from projectionist.kit.mail import Mail, MailServer
from projectionist.kit.secrets import Secret
from projectionist.settings import Settings
from projectionist.settings.choices import Security
from projectionist.settings.mailing import mail_address

Now = Callable[[], datetime]

SEND = "mail.send"
TEST = "test"
KEPT_FOR = timedelta(days=1)
"""After so long nobody waits for a mail any more, and it is dropped."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is to be sent."""

    id: int
    kind: str
    address: str = field(repr=False)
    about: Mapping[str, Any]
    asked_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter says, and to whom it goes: the address that is known, however it was typed."""

    to: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


Writer: TypeAlias = Callable[[Session, Letter, datetime], Content | None]
"""Writes letters of a kind, in the transaction in which it also makes the link; None where nothing is to be said."""


def _none() -> Mapping[str, Writer]:
    return {}


@dataclass(frozen=True, slots=True)
class Mailroom:
    """What mails are sent with; `server` is None where none is set, `writers` are by the kind of letter."""

    database: Database
    jobs: Jobs
    now: Now
    server: MailServer | None
    writers: Mapping[str, Writer] = field(default_factory=_none)

    @property
    def is_set(self) -> bool:
        """Whether mails can be sent."""
        return self.server is not None

    def needed(self) -> MailServer:
        """The mail server. Raises MailNotSet."""
        if self.server is None:
            raise not_set()
        return self.server


@dataclass(frozen=True, slots=True)
class Standing:
    """How mail stands here; `waiting` counts mails that were asked for and are not sent yet."""

    is_set: bool
    host: str
    port: int
    security: str
    sender: str
    user: str
    waiting: int


def server_of(settings: Settings) -> MailServer | None:
    """The mail server of the settings, or None where none is set."""
    if not settings.mail_host:
        return None
    return MailServer(
        host=settings.mail_host,
        sender=settings.mail_from,
        security=Security(settings.mail_security),
        port=settings.mail_port,
        user=settings.mail_user,
        password=Secret(settings.mail_password),
    )


def not_set() -> MailNotSet:
    """What is told where a mail is wanted and no server is set."""
    return MailNotSet(
        "No mail server is set, so that nothing can be sent; set PROJECTIONIST_MAIL_HOST and what belongs to it."
    )


def checked_address(typed: str, name: str = "email") -> str:
    """An e-mail address as it is kept. Raises InputWrong, of the field `name`."""
    try:
        return mail_address(typed.strip())
    except ValueError as error:
        raise InputWrong(f"This must be {error}.", name) from None


def veiled(address: str) -> str:
    """An address for the audit log, which forgets nothing: enough for its owner to know it by."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}…@{domain}" if domain else ""


def note_letter(
    session: Session, kind: str, address: str, about: Mapping[str, Any], *, asked_by: str, now: datetime
) -> int:
    """Note a mail within the transaction that wants it; its number, for `order`."""
    queries.sweep(session, now)
    row = LetterRow(
        kind=kind,
        address=address,
        about=dict(about),
        asked_by=asked_by[:100],
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    session.add(row)
    session.flush()
    return row.id


def order(room: Mailroom, letter_id: int, kind: str, asked_by: str = "") -> Ordered:
    """Have a mail sent that was noted, once that transaction is over; asked twice, it is one."""
    told = {"letter": letter_id, "kind": kind}
    return room.jobs.order(Order(SEND, told, f"letter {letter_id}", Priority.HIGH, asked_by=asked_by))


def order_left(room: Mailroom) -> int:
    """Order what was noted before a process died and ordered nothing, or was not sent in time; how many.

    What nobody waits for any more is dropped.
    """
    moment = room.now()
    with room.database.write() as session:
        queries.sweep(session, moment)
        rows = queries.waiting(session, moment)
    if not room.is_set:
        return 0
    return sum(order(room, row.id, row.kind, row.asked_by).created for row in rows)


def order_test(room: Mailroom, address: str, asked_by: str) -> Ordered:
    """Have a mail sent that says only that mails arrive. Raises InputWrong, MailNotSet."""
    room.needed()
    to = checked_address(address)
    with room.database.write() as session:
        letter = note_letter(session, TEST, to, {}, asked_by=asked_by, now=room.now())
    return order(room, letter, TEST, asked_by)


def send(room: Mailroom, letter_id: int, check: Callable[[], None] = mail.no_check) -> None:
    """Write a letter and send it; nothing happens where it was sent, is over, or has nothing to say any more.

    Killed anywhere, it is sent again: rather twice than never. Raises what `kit.mail.send` does, MailNotSet.
    """
    server = room.needed()
    with room.database.durable() as session:
        content = _written(session, room, letter_id)
    if content is not None:
        mail.send(server, Mail(content.to, content.subject, content.text), room.now(), check)
        with room.database.durable() as session:
            queries.remove(session, letter_id)


def send_test(server: MailServer, address: str, now: datetime) -> None:
    """Send, at once, a mail that says only that mails arrive. Raises InputWrong, and what `kit.mail.send` does."""
    content = _test_words(checked_address(address))
    mail.send(server, Mail(content.to, content.subject, content.text), now)


def standing(room: Mailroom) -> Standing:
    """How mail stands. Raises DatabaseUnusable."""
    with room.database.read() as session:
        waiting = queries.count_waiting(session, room.now())
    server = room.server
    if server is None:
        return Standing(False, "", 0, "", "", "", waiting)
    host, port = server.address
    return Standing(True, host, port, server.security.value, server.sender, server.user, waiting)


def _written(session: Session, room: Mailroom, letter_id: int) -> Content | None:
    row = queries.letter(session, letter_id)
    if row is None:
        return None
    letter, moment = (
        Letter(row.id, row.kind, row.address, row.about, row.asked_by, row.created_at),
        room.now(),
    )
    content = None
    if row.expires_at > moment:
        content = (
            _test_words(row.address) if row.kind == TEST else room.writers[row.kind](session, letter, moment)
        )
    if content is None:
        queries.remove(session, letter_id)
    return content


def _test_words(to: str) -> Content:
    text = "This mail was sent by Projectionist to see whether mails arrive. It did: nothing more is to be done.\n"
    return Content(to, "A test by Projectionist", text)
