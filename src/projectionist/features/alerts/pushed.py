"""Browsers as messengers: their subscriptions, the key of this house, and how a message gets there."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import HouseKeyUnreadable, SecretUnreadable
from projectionist.features.alerts import queries
from projectionist.features.alerts.models import MessengerRow, PushKeyRow
from projectionist.features.alerts.workplace import Workplace
from projectionist.features.audit_log.service import Act, record
from projectionist.kit.secrets import Vault
from projectionist.media.messages import Messenger
from projectionist.media.pushing import HouseKey, PushSubscription

PAGE = "/account/notifications"
"""Where one chooses what one is told."""
_NOBODY = "https://localhost"
_ANEW = "Notifications began anew with another key; switch them on again in that browser."


def house_key(place: Workplace) -> HouseKey:
    """By what push services know this house: made once, whoever asks first. Raises HouseKeyUnreadable."""
    if place.remembered.key is None:
        place.remembered.key = _kept_key(place)
    return place.remembered.key


def _kept_key(place: Workplace) -> HouseKey:
    with place.database.read() as session:
        row = queries.push_key(session)
    if row is None:
        made = place.pushing.new_key()
        values = {
            "public_key": made.public,
            "private_key": place.vault.seal(made.private),
            "made_at": place.now(),
        }
        with place.database.durable() as session:
            queries.keep_push_key(session, values)
        with place.database.read() as session:
            row = queries.push_key(session)
        assert row is not None, "it was kept just now, by us or by another process"
    key = _opened_key(place.vault, row)
    if key is None:
        raise HouseKeyUnreadable(
            "The key by which push services know this house cannot be read with this installation's key, so no browser "
            "is notified; an administrator puts the former secret.key or PROJECTIONIST_SECRET_KEY back, or begins anew "
            "on the page Doctor."
        )
    return key


def _opened_key(vault: Vault, row: PushKeyRow) -> HouseKey | None:
    try:
        return HouseKey(row.public_key, vault.open(row.private_key))
    except SecretUnreadable:
        return None


def house_key_opens(database: Database, vault: Vault) -> bool | None:
    """Whether the key by which push services know this house can be opened; None where there is none yet."""
    with database.read() as session:
        row = queries.push_key(session)
    return None if row is None else _opened_key(vault, row) is not None


def begin_anew(database: Database, vault: Vault, now: datetime) -> int:
    """Forget the key of this house where it cannot be opened, and the browsers, which know no other: how many.

    Whoever switches notifications on next has another one made. A key that opens stays, with its browsers.
    """
    with database.durable() as session:
        row = queries.push_key(session)
        if row is None or _opened_key(vault, row) is not None:
            return 0
        devices = queries.all_devices(session)
        for device in devices:
            queries.remove_device(session, device.id, now, _ANEW)
        session.delete(row)
        session.flush()
        for device in devices:
            _record_removed(session, device, now, _ANEW)
    return len(devices)


class Kept(msgspec.Struct, frozen=True):
    """A subscription as it is sealed, with where its browser knows this house."""

    endpoint: str
    p256dh: str
    auth: str
    origin: str

    def __repr__(self) -> str:
        return f"Kept(at {self.origin!r})"

    @property
    def subscription(self) -> PushSubscription:
        """What the browser gave."""
        return PushSubscription(self.endpoint, self.p256dh, self.auth)


def hash_of(endpoint: str) -> str:
    """By what a subscription is found again: its address itself is sealed."""
    return hashlib.sha256(endpoint.encode()).hexdigest()


def sealed(place: Workplace, kept: Kept) -> str:
    """A subscription as it is kept."""
    return place.vault.seal(msgspec.json.encode(kept).decode())


def opened(place: Workplace, row: MessengerRow) -> Kept:
    """A browser's subscription. Raises SecretUnreadable."""
    try:
        return msgspec.json.decode(place.vault.open(row.address), type=Kept)
    except msgspec.DecodeError:
        raise SecretUnreadable(
            f"The subscription of {row.name} cannot be read; switch notifications off and on again there."
        ) from None


def messenger(place: Workplace, row: MessengerRow) -> Messenger:
    """What carries messages to a browser. Raises SecretUnreadable, InputWrong."""
    key, kept = house_key(place), opened(place, row)
    contact = next((one for one in (place.contact, kept.origin) if one.startswith("https://")), _NOBODY)
    return place.pushing.connect(kept.subscription, key, contact)


def reached(place: Workplace, messenger_id: int) -> None:
    """A push service took a message for a browser."""
    with place.database.write() as session:
        row = queries.device(session, messenger_id)
        if row is not None:
            row.reached_at = place.now()


def removed(place: Workplace, messenger_id: int, why: str) -> None:
    """Take a browser out that takes no messages any more."""
    with place.database.durable() as session:
        row = queries.messenger(session, messenger_id)
        if row is not None:
            take_out(place, session, row, why)


def take_out(place: Workplace, session: Session, row: MessengerRow, why: str) -> None:
    """Take a browser out, in a transaction, and keep why."""
    now = place.now()
    queries.remove_device(session, row.id, now, why)
    _record_removed(session, row, now, why)


def _record_removed(session: Session, row: MessengerRow, now: datetime, why: str) -> None:
    before = {"kind": row.kind, "host": row.host}
    record(session, Act.MESSENGER_REMOVED, row.name, at=now, before=before, after={"why": why})
