"""Sending what there is to tell: a row and a job for each messenger, so that nothing is lost where one is away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from projectionist.errors import JobPostponed, ProjectionistError, ServerFailed, SubscriptionGone
from projectionist.features.accounts import service as accounts
from projectionist.features.alerts import pushed, queries
from projectionist.features.alerts.models import BROWSER, SENDING, TRYING, DeliveryRow, MessengerRow
from projectionist.features.alerts.quiet import QuietHours
from projectionist.features.alerts.rules import BY_ID
from projectionist.features.alerts.workplace import Workplace
from projectionist.jobs.ports import Arguments, JobKind, JobRun, Order, Priority, QueueSpec
from projectionist.media.messages import Level, Message, Messenger, MessengerAddress, MessengerKind
from projectionist.web.ports import Permission, Principal

DELIVER = "alerts.deliver"
QUEUE = QueueSpec("alerts", "Messages", 4, rest_s=5.0)
KEPT = timedelta(days=90)
"""How long it is known what was sent."""

_NEWS = timedelta(days=1)
_TAKEN_FOR = timedelta(seconds=30)
_ATTEMPTS = 6
_ERROR = 1000
_AT_ONCE = 500
_SHORTEST_WAIT, _LONGEST_WAIT = timedelta(seconds=5), timedelta(hours=2)
"""Within these a service is left alone for as long as it asks."""
ANNOUNCEMENTS = "announcements"
"""What a messenger leaves out that wants to hear of rules only."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message about a rule, an announcement, or a trial; `rule` is empty for what no rule is about."""

    message: Message
    rule: str = ""


def write_down(session: Session, told: Told, now: datetime) -> list[tuple[int, datetime]]:
    """A delivery for every messenger that wants to hear it: its number, and when it is due."""
    found = []
    for row, owner in hearing(session):
        if is_for(row, owner, told.rule):
            due = due_at(row, owner.time_zone, told.message.level, now)
            made = delivery_row(row, told.message, now, due, told.rule)
            session.add(made)
            session.flush()
            found.append((made.id, due))
    return found


def hearing(session: Session) -> list[tuple[MessengerRow, Principal]]:
    """Everybody's messengers, and whose each is."""
    people = accounts.principals(session)
    return [(row, people[row.user_id]) for row in queries.everybodys(session) if row.user_id in people]


def is_for(row: MessengerRow, owner: Principal, rule: str) -> bool:
    """Whether a messenger is to be told of a rule, or what is announced: alerts are for who may mend what is wrong."""
    may = rule not in BY_ID or owner.may(Permission.MANAGE_SETTINGS)
    return row.is_on and may and rule not in row.left_out


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


def delivery_row(
    row: MessengerRow, message: Message, now: datetime, due: datetime, rule: str = ""
) -> DeliveryRow:
    """A delivery that waits."""
    return DeliveryRow(
        at=now,
        messenger_id=row.id,
        user_id=row.user_id,
        messenger=row.name,
        rule=rule,
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
    with closing(_messenger(place, row)) as messenger:
        messenger.send(message)


def _messenger(place: Workplace, row: MessengerRow) -> Messenger:
    if row.kind == BROWSER:
        return pushed.messenger(place, row)
    return place.connect(MessengerAddress(MessengerKind(row.kind), place.vault.open(row.address)))


def message_of(row: DeliveryRow) -> Message:
    """What was written down, as it is sent: with the page that it leads to."""
    path = "/alerts" if row.rule in BY_ID else "/" if row.rule == ANNOUNCEMENTS else pushed.PAGE
    about = row.rule if row.rule in BY_ID else ""
    return Message(row.title, row.text, Level(row.level), path, about)


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


def deliver(
    place: Workplace, delivery_id: int, *, is_last: bool, is_taken: bool = False
) -> Mapping[str, Any]:
    """Send what was written down, once; what is over stays so. Raises what kept it from being sent, and JobPostponed
    where a service asks to be left alone for a while, or where it was taken and not by the caller (`is_taken`).
    """
    with place.database.write() as session:
        is_ours = is_taken or queries.take(session, delivery_id, TRYING)
        row = queries.delivery(session, delivery_id)
        to = None if row is None or row.messenger_id is None else queries.messenger(session, row.messenger_id)
        owner = None if to is None else accounts.principals(session).get(to.user_id)
    if row is not None and row.state == SENDING and not is_taken:
        raise JobPostponed("The service itself is sending it, as nobody else did.", _TAKEN_FOR)
    if row is None or not is_ours:
        return {"outcome": "nothing to send"}
    if to is None or owner is None:
        end(place, delivery_id, "failed", "The messenger was gone when it was to be sent.")
        return {"outcome": "nothing to send"}
    if not is_for(to, owner, row.rule):
        end(
            place,
            delivery_id,
            "failed",
            "It was not wanted any more, or not allowed, when it was to be sent.",
        )
        return {"outcome": "switched off"}
    try:
        send(place, to, message_of(row))
    except SubscriptionGone as error:
        end(place, delivery_id, "failed", error.message)
        pushed.removed(place, to.id, error.message)
        return {"outcome": "removed"}
    except ProjectionistError as error:
        wait = _asked_for(error)
        if wait is not None and place.now() + wait < row.due_at + _NEWS:
            end(place, delivery_id, "waiting", error.message)
            raise JobPostponed(error.message, wait) from error
        over = is_last or not error.retryable
        end(place, delivery_id, "failed" if over else "waiting", error.message)
        raise
    sent(place, to, delivery_id)
    return {"outcome": "sent"}


def sent(place: Workplace, to: MessengerRow, delivery_id: int) -> None:
    """Keep that a message was taken."""
    end(place, delivery_id, "sent", "")
    if to.kind == BROWSER:
        pushed.reached(place, to.id)


def _asked_for(error: ProjectionistError) -> timedelta | None:
    """How long a service asks to be left alone, within limits; None where it does not say."""
    if not isinstance(error, ServerFailed) or error.retry_after_s is None:
        return None
    asked = timedelta(seconds=min(error.retry_after_s, _LONGEST_WAIT.total_seconds()))
    return max(asked, _SHORTEST_WAIT)


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
