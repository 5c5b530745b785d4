"""What the API of notified browsers takes and gives. Endpoints and keys are never given."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from projectionist.features.alerts.devices import Device, DeviceWish
from projectionist.features.alerts.documents import ClockTime
from projectionist.features.alerts.quiet import clock_of, minute_of
from projectionist.media.pushing import PushSubscription

Endpoint = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Name = Annotated[str, msgspec.Meta(max_length=60)]


class PushKeyDocument(msgspec.Struct, frozen=True):
    """The `applicationServerKey` of this house for `PushManager.subscribe`, in base64url."""

    public_key: str


class SubscriptionKeys(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For whom messages are encrypted, as `PushSubscription.toJSON` has it."""

    p256dh: Key
    auth: Key

    def __repr__(self) -> str:
        return "SubscriptionKeys(…)"


class DeviceOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A browser to be notified, as `PushSubscription.toJSON` has it; without a name it has that of the browser."""

    endpoint: Endpoint
    keys: SubscriptionKeys
    name: Name = ""

    def __repr__(self) -> str:
        return f"DeviceOrder({self.name!r})"


class RenewedSubscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The subscription that a browser has now, and the endpoint of the one before."""

    former: Endpoint
    endpoint: Endpoint
    keys: SubscriptionKeys

    def __repr__(self) -> str:
        return "RenewedSubscription(…)"


class EndedSubscription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The endpoint of a subscription that ends."""

    former: Endpoint

    def __repr__(self) -> str:
        return "EndedSubscription(…)"


class DeviceDocument(msgspec.Struct, frozen=True):
    """A browser that one is notified in; of its endpoint only the host, and in `mark` the beginning of its SHA-256.

    Quiet hours are in one's own zone; twice the same time is none. `is_woken` lets what is bad through. `left_out` are
    the rules that one wants to hear nothing of, and `announcements`. `reached_at` is when a message was taken last.
    """

    id: int
    name: str
    host: str
    mark: str
    is_on: bool
    quiet_from: str
    quiet_to: str
    is_woken: bool
    left_out: list[str]
    created_at: datetime
    reached_at: datetime | None


class DeviceChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notified browser as somebody wants it. Of alerts only those hear who may manage settings."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    is_on: bool = True
    quiet_from: ClockTime = "00:00"
    quiet_to: ClockTime = "00:00"
    is_woken: bool = True
    left_out: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=50)] = []


def device_document(one: Device) -> DeviceDocument:
    """A device for the API."""
    return DeviceDocument(
        id=one.id,
        name=one.name,
        host=one.host,
        mark=one.mark,
        is_on=one.is_on,
        quiet_from=clock_of(one.quiet_from),
        quiet_to=clock_of(one.quiet_to),
        is_woken=one.is_woken,
        left_out=list(one.left_out),
        created_at=one.created_at,
        reached_at=one.reached_at,
    )


def device_wish(change: DeviceChange) -> DeviceWish:
    """A device as the API was asked for it. Raises InputWrong."""
    return DeviceWish(
        change.name,
        change.is_on,
        minute_of(change.quiet_from, "quiet_from"),
        minute_of(change.quiet_to, "quiet_to"),
        change.is_woken,
        tuple(change.left_out),
    )


def subscription_of(order: DeviceOrder | RenewedSubscription) -> PushSubscription:
    """What a browser gave."""
    return PushSubscription(order.endpoint, order.keys.p256dh, order.keys.auth)
