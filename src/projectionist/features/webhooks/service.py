"""Senders: who may tell us that something changed, each by a secret of its own."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.audit_log.service import Act, record
from projectionist.features.webhooks import queries
from projectionist.features.webhooks.models import WebhookDeliveryRow, WebhookSenderRow
from projectionist.kit.acting import acting
from projectionist.media.telling import ADDRESS_ONLY, SenderKind
from projectionist.media.vocabulary import Page

Now = Callable[[], datetime]
Publish = Callable[[Session], None]

PREFIX = "projectionist_hook_"
"""How every secret begins, so that scanners for lost secrets know one."""
GRACE = timedelta(hours=24)
"""So long the secret before is taken besides the new one, where that was asked for."""
KEPT = 50
"""So many of the last deliveries of a sender are kept."""
MOST = 50


@dataclass(frozen=True, slots=True)
class Sender:
    """A sender without its secret. `former_until` is set while the secret before is taken too."""

    id: int
    name: str
    kind: SenderKind
    created_at: datetime
    created_by: str
    renewed_at: datetime | None
    former_until: datetime | None
    heard_at: datetime | None
    last_event: str
    heard_count: int
    refused_at: datetime | None
    refused_count: int

    @property
    def is_by_address(self) -> bool:
        """Whether its secret is a part of the address, as it can show it nowhere else."""
        return self.kind in ADDRESS_ONLY


@dataclass(frozen=True, slots=True)
class Shown:
    """A sender with its new secret, which is told once and kept nowhere."""

    sender: Sender
    secret: str = field(repr=False)

    @property
    def path(self) -> str:
        """Where it sends to, below our own address; a secret where `is_by_address`."""
        return f"{path_of(self.sender)}/{self.secret}" if self.sender.is_by_address else path_of(self.sender)


def path_of(sender: Sender) -> str:
    """Where a sender sends to, without what is secret."""
    return f"/webhooks/{sender.id}"


def senders(database: Database, *, now: Now) -> list[Sender]:
    """All senders, by name."""
    with database.read() as session:
        return [sender_of(row, now()) for row in queries.senders(session)]


def get_sender(database: Database, sender_id: int, *, now: Now) -> Sender:
    """One sender. Raises NotFound."""
    with database.read() as session:
        return sender_of(_there(queries.sender(session, sender_id)), now())


def sender_named(database: Database, name: str, *, now: Now) -> Sender:
    """One sender, by its name. Raises NotFound."""
    with database.read() as session:
        return sender_of(_there(queries.sender_named(session, " ".join(name.split()))), now())


def deliveries(
    database: Database, sender_id: int, *, offset: int = 0, size: int = KEPT
) -> Page[WebhookDeliveryRow]:
    """What a sender told last, the newest first. Raises NotFound."""
    with database.read() as session:
        _there(queries.sender(session, sender_id))
        rows, total = queries.deliveries(session, sender_id, offset, size)
    return Page(tuple(rows), offset, total)


def add_sender(database: Database, name: str, kind: str, publish: Publish, *, now: Now) -> Shown:
    """Let a program tell us things. Raises InputWrong, Conflict where there are too many."""
    called = " ".join(name.split())
    if not 1 <= len(called) <= 60 or not called.isprintable():
        raise InputWrong("A sender needs a name of up to 60 characters.", "name")
    if kind not in list(SenderKind):
        raise InputWrong("Choose which program sends: " + ", ".join(SenderKind) + ".", "kind")
    moment, secret = now(), new_secret()
    row = WebhookSenderRow(
        name=called,
        kind=kind,
        secret_hash=hash_of(secret),
        former_hash="",
        created_at=moment,
        created_by=acting.get().name[:100],
        last_event="",
        heard_count=0,
        refused_count=0,
    )
    try:
        with database.durable() as session:
            if queries.count_senders(session) >= MOST:
                raise Conflict(f"There are {MOST} senders, which is the most; remove one first.")
            session.add(row)
            session.flush()
            added = sender_of(row, moment)
            publish(session)
            record(session, Act.SENDER_ADDED, called, at=moment, after={"kind": kind})
    except IntegrityError as error:
        raise InputWrong("There is a sender of this name; choose another.", "name") from error
    return Shown(added, secret)


def renew_secret(
    database: Database, sender_id: int, publish: Publish, *, keeps_former: bool, now: Now
) -> Shown:
    """Give a sender a new secret; the one before ends at once, or a day later where that is asked for.

    Raises NotFound.
    """
    moment, secret = now(), new_secret()
    with database.durable() as session:
        row = _there(queries.sender(session, sender_id))
        row.former_hash = row.secret_hash if keeps_former else ""
        row.former_until = moment + GRACE if keeps_former else None
        row.secret_hash, row.renewed_at = hash_of(secret), moment
        renewed = sender_of(row, moment)
        publish(session)
        until = {"former_until": row.former_until.isoformat()} if row.former_until else {}
        record(session, Act.SENDER_RENEWED, row.name, at=moment, after={"replaced": "its secret", **until})
    return Shown(renewed, secret)


def remove_sender(database: Database, sender_id: int, publish: Publish, *, now: Now) -> Sender:
    """Take a sender out, with what it told; from now on it is refused. Raises NotFound."""
    with database.durable() as session:
        row = _there(queries.sender(session, sender_id))
        was = sender_of(row, now())
        queries.remove_sender(session, sender_id)
        publish(session)
        record(session, Act.SENDER_REMOVED, was.name, at=now(), before={"kind": was.kind.value})
    return was


def new_secret() -> str:
    """256 bits that nobody guesses."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """What is kept of a secret: who reads the database cannot send with it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def sender_of(row: WebhookSenderRow, now: datetime) -> Sender:
    """A row as others see it."""
    former = row.former_until
    return Sender(
        id=row.id,
        name=row.name,
        kind=SenderKind(row.kind),
        created_at=row.created_at,
        created_by=row.created_by,
        renewed_at=row.renewed_at,
        former_until=former if former is not None and former > now else None,
        heard_at=row.heard_at,
        last_event=row.last_event,
        heard_count=row.heard_count,
        refused_at=row.refused_at,
        refused_count=row.refused_count,
    )


def _there(row: WebhookSenderRow | None) -> WebhookSenderRow:
    if row is None:
        raise NotFound("There is no such sender here; it may have been removed.")
    return row
