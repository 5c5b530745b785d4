"""Browsers that somebody is notified in: taken in, changed, tried, and let go of."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.alerts import pushed, queries, service
from projectionist.features.alerts.delivering import ANNOUNCEMENTS
from projectionist.features.alerts.models import BROWSER, MessengerRow, PushDeviceRow
from projectionist.features.alerts.pushed import Kept
from projectionist.features.alerts.rules import BY_ID
from projectionist.features.alerts.workplace import Workplace
from projectionist.features.audit_log.service import Act, record
from projectionist.media.pushing import PushSubscription

MOST = 20
"""So many browsers one person is notified in."""
_LONGEST_NAME = 60
_LONGEST_ORIGIN = 300
_MARK = 16


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that somebody is notified in.

    `mark` is the beginning of the SHA-256 of its endpoint in hexadecimal: by it a page knows whether it is this one.
    Quiet hours are minutes of a day in the owner's zone.
    """

    id: int
    name: str
    host: str
    mark: str
    is_on: bool
    quiet_from: int
    quiet_to: int
    is_woken: bool
    left_out: tuple[str, ...]
    created_at: datetime
    reached_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeviceWish:
    """A device as somebody wants it. Quiet hours are minutes of a day; `is_woken` lets what is bad through."""

    name: str
    is_on: bool = True
    quiet_from: int = 0
    quiet_to: int = 0
    is_woken: bool = True
    left_out: Collection[str] = ()


def devices(place: Workplace, user_id: int) -> list[Device]:
    """Somebody's devices, by name. Raises DatabaseUnusable."""
    with place.database.read() as session:
        return [_device(*both) for both in queries.devices(session, user_id)]


def take_in(place: Workplace, user_id: int, subscription: PushSubscription, name: str, origin: str) -> Device:
    """Notify somebody in a browser, which may have been somebody else's until now: it tells one person only.

    `origin` is where the browser knows this house. Raises InputWrong, Conflict.
    """
    _check(place, subscription)
    kept = Kept(subscription.endpoint, subscription.p256dh, subscription.auth, origin[:_LONGEST_ORIGIN])
    mark = pushed.hash_of(subscription.endpoint)
    try:
        with place.database.durable() as session:
            known = queries.device_by(session, mark)
            if known is not None and known[0].user_id != user_id:
                pushed.take_out(place, session, known[0], "Somebody else is notified in this browser now.")
                known = None
            if known is None:
                _add(place, session, user_id, kept, _named(name))
            else:
                known[0].address = pushed.sealed(place, kept)
    except IntegrityError:
        raise Conflict("This browser was taken in twice at once; load the page anew.") from None
    with place.database.read() as session:
        found = queries.device_by(session, mark)
    if found is None:
        raise _gone()
    return _device(*found)


def take_over(place: Workplace, former: str, subscription: PushSubscription) -> None:
    """A browser has another subscription than before, which it says by the former endpoint, that nobody else knows.

    Raises NotFound, InputWrong.
    """
    with place.database.read() as session:  # anybody may ask, and most of what they offer is not worth a look
        if queries.device_by(session, pushed.hash_of(former)) is None:
            raise _gone()
    _check(place, subscription)
    mark = pushed.hash_of(subscription.endpoint)
    with place.database.durable() as session:
        found = queries.device_by(session, pushed.hash_of(former))
        if found is None:
            raise _gone()
        row, device = found
        other = queries.device_by(session, mark)
        if other is not None and other[0].id != row.id:
            pushed.take_out(place, session, other[0], "This browser is known by another subscription now.")
        origin = pushed.opened(place, row).origin
        kept = Kept(subscription.endpoint, subscription.p256dh, subscription.auth, origin)
        row.address, row.host = pushed.sealed(place, kept), _host_of(subscription.endpoint)
        device.endpoint_hash = mark
        after = {"address": "replaced"}
        record(session, Act.MESSENGER_CHANGED, row.name, at=place.now(), before={}, after=after)


def let_go(place: Workplace, endpoint: str) -> None:
    """A browser ends its notifications, as at signing out; nothing where it has none."""
    with place.database.durable() as session:
        found = queries.device_by(session, pushed.hash_of(endpoint))
        if found is not None:
            pushed.take_out(place, session, found[0], "Notifications were switched off in that browser.")


def change(
    place: Workplace, user_id: int, device_id: int, wish: DeviceWish, *, may_hear_alerts: bool
) -> Device:
    """Change what somebody is told in a browser, and when not. Raises NotFound, InputWrong."""
    name = " ".join(wish.name.split())
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise InputWrong(f"A device needs a name of up to {_LONGEST_NAME} characters.", "name")
    if unknown := sorted(set(wish.left_out) - {*BY_ID, ANNOUNCEMENTS}):
        raise InputWrong(f"There is no alert rule {unknown[0]}.", "left_out")
    try:
        with place.database.durable() as session:
            row, device = _mine(session, user_id, device_id)
            before = _said(row)
            row.name, row.is_on, row.is_woken = name, wish.is_on, wish.is_woken
            row.quiet_from, row.quiet_to = wish.quiet_from, wish.quiet_to
            kept = set() if may_hear_alerts else set(row.left_out) & set(BY_ID)
            chosen = set(wish.left_out) if may_hear_alerts else set(wish.left_out) & {ANNOUNCEMENTS}
            row.left_out = sorted(kept | chosen)
            session.flush()
            changed = _device(row, device)
            record(session, Act.MESSENGER_CHANGED, name, at=place.now(), before=before, after=_said(row))
    except IntegrityError:
        raise InputWrong("You have a device or messenger of this name; choose another.", "name") from None
    return changed


def remove(place: Workplace, user_id: int, device_id: int) -> None:
    """Notify somebody in a browser no more; what was sent there stays in the list. Raises NotFound."""
    with place.database.durable() as session:
        row, _ = _mine(session, user_id, device_id)
        pushed.take_out(place, session, row, "The device was removed before it was sent.")


def try_out(place: Workplace, user_id: int, device_id: int) -> None:
    """Send a trial message now. Raises NotFound, and ServiceError where it was not taken."""
    with place.database.read() as session:
        row, _ = _mine(session, user_id, device_id)
    service.send_trial(place, row)


def _check(place: Workplace, subscription: PushSubscription) -> None:
    """Raise InputWrong where no message can be sent there."""
    with closing(place.pushing.connect(subscription, pushed.house_key(place), "")):
        pass


def _add(place: Workplace, session: Session, user_id: int, kept: Kept, name: str) -> None:
    names = queries.names(session, user_id)
    if len(queries.devices(session, user_id)) >= MOST:
        raise Conflict(f"You are notified in {MOST} browsers, which is the most; remove one first.")
    row = MessengerRow(
        user_id=user_id,
        name=_free(name, names),
        kind=BROWSER,
        address=pushed.sealed(place, kept),
        host=_host_of(kept.endpoint),
        is_on=True,
        quiet_from=0,
        quiet_to=0,
        is_woken=True,
        left_out=[],
        created_at=place.now(),
    )
    session.add(row)
    session.flush()
    session.add(PushDeviceRow(messenger_id=row.id, endpoint_hash=pushed.hash_of(kept.endpoint)))
    session.flush()
    record(session, Act.MESSENGER_CHANGED, row.name, at=place.now(), before={}, after=_said(row))


def _named(name: str) -> str:
    return " ".join(name.split())[:_LONGEST_NAME].strip() or "A browser"


def _free(name: str, taken: Collection[str]) -> str:
    """A name that is not taken, numbered where it must be."""
    number, found = 2, name
    while found in taken:
        end = f" ({number})"
        number, found = number + 1, name[: _LONGEST_NAME - len(end)] + end
    return found


def _host_of(endpoint: str) -> str:
    return endpoint.partition("://")[2].partition("/")[0][:300]


def _mine(session: Session, user_id: int, device_id: int) -> tuple[MessengerRow, PushDeviceRow]:
    row = queries.messenger(session, device_id, user_id)
    device = queries.device(session, device_id)
    if row is None or device is None:
        raise _gone()
    return row, device


def _device(row: MessengerRow, device: PushDeviceRow) -> Device:
    return Device(
        id=row.id,
        name=row.name,
        host=row.host,
        mark=device.endpoint_hash[:_MARK],
        is_on=row.is_on,
        quiet_from=row.quiet_from,
        quiet_to=row.quiet_to,
        is_woken=row.is_woken,
        left_out=tuple(row.left_out),
        created_at=row.created_at,
        reached_at=device.reached_at,
    )


def _said(row: MessengerRow) -> dict[str, object]:
    return {"name": row.name, **service.said_of(row)}


def _gone() -> NotFound:
    return NotFound("This device is not notified any more; nothing was changed.")
