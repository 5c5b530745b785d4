"""Every query on alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from projectionist.db.model import UtcDateTime
from projectionist.features.alerts.models import (
    BROWSER,
    HEARTBEAT_ID,
    PUSH_KEY_ID,
    SENDING,
    TRYING,
    AlertRuleRow,
    AlertStateRow,
    AnnouncementRow,
    DeliveryRow,
    HeartbeatRow,
    MessengerRow,
    PushDeviceRow,
    PushKeyRow,
)


def rules(session: Session) -> Mapping[str, AlertRuleRow]:
    """What was changed, by the rule."""
    return {row.rule: row for row in session.scalars(select(AlertRuleRow))}


def put_rule(session: Session, rule: str, values: Mapping[str, Any]) -> None:
    """Keep what somebody changed of a rule."""
    _put(session, AlertRuleRow, {"rule": rule, **values}, "rule")


def states(session: Session) -> Mapping[str, AlertStateRow]:
    """How rules stand, by the rule; one that never was judged has no row."""
    return {row.rule: row for row in session.scalars(select(AlertStateRow))}


def put_state(session: Session, rule: str, values: Mapping[str, Any]) -> None:
    """Keep how a rule stands."""
    _put(session, AlertStateRow, {"rule": rule, **values}, "rule")


def everybodys(session: Session) -> Sequence[MessengerRow]:
    """Everybody's messengers, browsers among them, by name."""
    return session.scalars(select(MessengerRow).order_by(MessengerRow.name, MessengerRow.id)).all()


def messengers(session: Session, user_id: int) -> Sequence[MessengerRow]:
    """Somebody's messengers that are no browsers, by name."""
    return session.scalars(
        select(MessengerRow)
        .where(MessengerRow.user_id == user_id, MessengerRow.kind != BROWSER)
        .order_by(MessengerRow.name, MessengerRow.id)
    ).all()


def messenger(session: Session, messenger_id: int, user_id: int | None = None) -> MessengerRow | None:
    """One messenger, of somebody where that is said."""
    row = session.get(MessengerRow, messenger_id)
    return None if row is None or (user_id is not None and row.user_id != user_id) else row


def remove_messenger(session: Session, messenger_id: int) -> None:
    """Take a messenger out, and what was sent by it."""
    session.execute(delete(MessengerRow).where(MessengerRow.id == messenger_id))


def founded_at(session: Session) -> datetime | None:
    """When the first of its users came; None before."""
    first = text("SELECT min(created_at) AS at FROM user_account").columns(at=UtcDateTime())
    found: datetime | None = session.execute(first).scalar_one()
    return found


def delivery(session: Session, delivery_id: int) -> DeliveryRow | None:
    """One delivery."""
    return session.get(DeliveryRow, delivery_id)


def waiting(session: Session, most: int) -> Sequence[int]:
    """Deliveries that are neither sent nor given up."""
    return session.scalars(
        select(DeliveryRow.id).where(DeliveryRow.state == "waiting").order_by(DeliveryRow.id).limit(most)
    ).all()


def due(session: Session, now: datetime, most: int) -> Sequence[int]:
    """Deliveries that wait and are due, those that wait longest first."""
    return session.scalars(
        select(DeliveryRow.id)
        .where(DeliveryRow.state == "waiting", DeliveryRow.due_at <= now)
        .order_by(DeliveryRow.due_at, DeliveryRow.id)
        .limit(most)
    ).all()


def take(session: Session, delivery_id: int, state: str) -> bool:
    """Take a delivery that waits into TRYING or SENDING, so that nobody else sends it; False where it does not wait.

    What a job took its next run takes again: no two run at once.
    """
    waits = ("waiting", TRYING) if state == TRYING else ("waiting",)
    taken = session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.id == delivery_id, DeliveryRow.state.in_(waits))
        .values(state=state)
        .returning(DeliveryRow.id)
    )
    return taken.first() is not None


def let_go(session: Session) -> None:
    """What the service took, and did not come to an end with, waits again."""
    session.execute(update(DeliveryRow).where(DeliveryRow.state == SENDING).values(state="waiting"))


def give_up_before(session: Session, moment: datetime, now: datetime) -> None:
    """What was to be told before then is no news any more."""
    session.execute(
        update(DeliveryRow)
        .where(DeliveryRow.state.in_(("waiting", TRYING)), DeliveryRow.due_at < moment)
        .values(
            state="failed", ended_at=now, error="It could not be sent for a day, and is no news any more."
        )
    )


def deliveries(
    session: Session, user_id: int, offset: int, size: int | None
) -> tuple[Sequence[DeliveryRow], int]:
    """What was sent by somebody's messengers, the newest first; all of it where no size is given."""
    mine = DeliveryRow.user_id == user_id
    total = select(func.count()).select_from(DeliveryRow).where(mine)
    found = select(DeliveryRow).where(mine).order_by(DeliveryRow.id.desc()).offset(offset).limit(size)
    return session.scalars(found).all(), session.scalar(total) or 0


def remove_deliveries_before(session: Session, moment: datetime) -> None:
    """Forget what was sent long ago."""
    session.execute(delete(DeliveryRow).where(DeliveryRow.at < moment))


def heartbeat(session: Session) -> HeartbeatRow | None:
    """Where we tell that we live."""
    return session.get(HeartbeatRow, HEARTBEAT_ID)


def put_heartbeat(session: Session, values: Mapping[str, Any]) -> None:
    """Keep where we tell that we live."""
    _put(session, HeartbeatRow, {"id": HEARTBEAT_ID, **values}, "id")


def remove_heartbeat(session: Session) -> None:
    """Tell nobody any more."""
    session.execute(delete(HeartbeatRow))


def announcements(session: Session, now: datetime) -> Sequence[AnnouncementRow]:
    """What everybody is told now, the newest first."""
    return session.scalars(
        select(AnnouncementRow)
        .where(or_(AnnouncementRow.ends_at.is_(None), AnnouncementRow.ends_at > now))
        .order_by(AnnouncementRow.id.desc())
    ).all()


def announcement(session: Session, announcement_id: int) -> AnnouncementRow | None:
    """One announcement."""
    return session.get(AnnouncementRow, announcement_id)


def remove_announcement(session: Session, announcement_id: int) -> None:
    """Take an announcement back."""
    session.execute(delete(AnnouncementRow).where(AnnouncementRow.id == announcement_id))


def devices(session: Session, user_id: int) -> Sequence[tuple[MessengerRow, PushDeviceRow]]:
    """Somebody's browsers, by name."""
    found = session.execute(
        select(MessengerRow, PushDeviceRow)
        .join(PushDeviceRow, PushDeviceRow.messenger_id == MessengerRow.id)
        .where(MessengerRow.user_id == user_id)
        .order_by(MessengerRow.name, MessengerRow.id)
    )
    return [(messenger, device) for messenger, device in found]


def all_devices(session: Session) -> Sequence[MessengerRow]:
    """Every browser that somebody is notified in."""
    return session.scalars(select(MessengerRow).where(MessengerRow.kind == BROWSER)).all()


def device(session: Session, messenger_id: int) -> PushDeviceRow | None:
    """What is known besides of a messenger that is a browser."""
    return session.get(PushDeviceRow, messenger_id)


def device_by(session: Session, endpoint_hash: str) -> tuple[MessengerRow, PushDeviceRow] | None:
    """The browser of a subscription, whoever it belongs to."""
    found = session.execute(
        select(MessengerRow, PushDeviceRow)
        .join(PushDeviceRow, PushDeviceRow.messenger_id == MessengerRow.id)
        .where(PushDeviceRow.endpoint_hash == endpoint_hash)
    ).one_or_none()
    return None if found is None else (found[0], found[1])


def names(session: Session, user_id: int) -> set[str]:
    """What somebody's messengers and browsers are called."""
    return set(session.scalars(select(MessengerRow.name).where(MessengerRow.user_id == user_id)))


def remove_device(session: Session, messenger_id: int, now: datetime, why: str) -> None:
    """Take a browser out; what was sent to it stays known, and what waits is given up."""
    of_it = DeliveryRow.messenger_id == messenger_id
    session.execute(
        update(DeliveryRow)
        .where(of_it, DeliveryRow.state.in_(("waiting", TRYING)))
        .values(state="failed", ended_at=now, error=why)
    )
    session.execute(update(DeliveryRow).where(of_it).values(messenger_id=None))
    session.execute(delete(MessengerRow).where(MessengerRow.id == messenger_id))


def push_key(session: Session) -> PushKeyRow | None:
    """By what push services know this house."""
    return session.get(PushKeyRow, PUSH_KEY_ID)


def keep_push_key(session: Session, values: Mapping[str, Any]) -> None:
    """Keep a key, where none is kept yet."""
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(PushKeyRow).values(id=PUSH_KEY_ID, **values)
    session.execute(fresh.on_conflict_do_nothing(index_elements=["id"]))


def _put(session: Session, row: type[Any], values: Mapping[str, Any], key: str) -> None:
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    fresh = insert(row).values(**values)
    replaced = {name: fresh.excluded[name] for name in values if name != key}
    session.execute(fresh.on_conflict_do_update(index_elements=[key], set_=replaced))
