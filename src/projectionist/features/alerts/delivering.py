"""Sending what there is to tell: a row and a job for each messenger, so that nothing is lost where one is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from projectionist.errors import ProjectionistError
from projectionist.features.alerts import queries
from projectionist.features.alerts.models import DeliveryRow, MessengerRow
from projectionist.features.alerts.quiet import QuietHours
from projectionist.features.alerts.workplace import Workplace
from projectionist.jobs.ports import Arguments, JobKind, JobRun, Order, Priority, QueueSpec
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind

DELIVER = "alerts.deliver"
QUEUE = QueueSpec("alerts", "Messages", 4, rest_s=5.0)
KEPT = timedelta(days=90)
"""How long it is known what was sent."""

_NEWS = timedelta(days=1)
_ATTEMPTS = 6
_ERROR = 1000
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Told:
    """A message about a rule, an announcement, or a trial; `rule` is empty for what no rule is about."""

    message: Message
    rule: str = ""


def write_down(session: Session, told: Told, now: datetime) -> list[tuple[int, datetime]]:
    """A delivery for every messenger that wants to hear it: its number, and when it is due."""
    zones = queries.time_zones(session)
    found = []
    for row in queries.messengers(session):
        if row.is_on and told.rule not in row.left_out:
            due = due_at(row, zones.get(row.user_id, ""), told.message.level, now)
            made = delivery_row(row, told.message, now, due)
            session.add(made)
            session.flush()
            found.append((made.id, due))
    return found


def order_all(place: Workplace, written: Sequence[tuple[int, datetime]]) -> None:
    """Have deliveries sent, each when it is due; one that was ordered already is the same."""
    place.jobs.order_many([_order(delivery_id, due) for delivery_id, due in written])


def order_left(place: Workplace) -> None:
    """Order what was written down by a process that ended before it could order it; old news is given up.

    Raises DatabaseUnusable.
    """
    with place.database.write() as session:
        queries.give_up_before(session, place.now() - _NEWS, place.now())
        rows = [queries.delivery(session, number) for number in queries.waiting(session, _AT_ONCE)]
    order_all(place, [(row.id, row.due_at) for row in rows if row is not None])


def due_at(row: MessengerRow, zone: str, level: Level, now: datetime) -> datetime:
    """When somebody may be told: after their quiet hours, unless what is bad may wake them."""
    if level is Level.BAD and row.is_woken:
        return now
    return QuietHours(row.quiet_from, row.quiet_to, zone).end_after(now) or now


def delivery_row(row: MessengerRow, message: Message, now: datetime, due: datetime) -> DeliveryRow:
    """A delivery that waits."""
    return DeliveryRow(
        at=now,
        messenger_id=row.id,
        messenger=row.name,
        title=message.title[:200],
        text=message.text[:2000],
        level=message.level.value,
        state="waiting",
        due_at=due,
        ended_at=None,
        error="",
    )


def send(place: Workplace, row: MessengerRow, message: Message) -> None:
    """Send a message now. Raises ServiceError, InputWrong, SecretUnreadable; no message of them holds the address."""
    address = MessengerAddress(MessengerKind(row.kind), place.vault.open(row.address))
    with closing(place.connect(address)) as messenger:
        messenger.send(message)


def kinds(place: Workplace) -> Sequence[JobKind]:
    """The kind of job, for the job engine."""

    def run(job: JobRun, arguments: Arguments) -> Mapping[str, Any]:
        return deliver(place, int(arguments["delivery_id"]), is_last=job.attempt >= _ATTEMPTS)

    return (
        JobKind(
            DELIVER,
            QUEUE.name,
            lambda _: "Send a message",
            run,
            attempts=_ATTEMPTS,
            backoff=timedelta(seconds=30),
            label="Send a message",
        ),
    )


def deliver(place: Workplace, delivery_id: int, *, is_last: bool) -> Mapping[str, Any]:
    """Send what was written down, once; what is over stays so. Raises what kept it from being sent."""
    with place.database.read() as session:
        row = queries.delivery(session, delivery_id)
        to = None if row is None or row.messenger_id is None else queries.messenger(session, row.messenger_id)
    if row is None or to is None or row.state != "waiting":
        return {"outcome": "nothing to send"}
    if not to.is_on:
        end(place, delivery_id, "failed", "The messenger was switched off before it was sent.")
        return {"outcome": "switched off"}
    try:
        send(place, to, Message(row.title, row.text, Level(row.level)))
    except ProjectionistError as error:
        over = is_last or not error.retryable
        end(place, delivery_id, "failed" if over else "waiting", error.message)
        raise
    end(place, delivery_id, "sent", "")
    return {"outcome": "sent"}


def end(place: Workplace, delivery_id: int, state: str, error: str) -> None:
    """Keep what came of a delivery."""
    with place.database.write() as session:
        row = queries.delivery(session, delivery_id)
        if row is not None:
            row.state, row.error = state, error[:_ERROR]
            row.ended_at = None if state == "waiting" else place.now()


def _order(delivery_id: int, due: datetime) -> Order:
    return Order(
        DELIVER, {"delivery_id": delivery_id}, str(delivery_id), Priority.NOW, due, asked_by="alerts"
    )
