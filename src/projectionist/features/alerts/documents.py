"""What the API of alerts takes and gives. Addresses of messengers are never given."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.alerts.models import AnnouncementRow, DeliveryRow, HeartbeatRow, MessengerRow
from projectionist.features.alerts.quiet import clock_of, minute_of
from projectionist.features.alerts.rules import sentence
from projectionist.features.alerts.service import MessengerWish, Standing
from projectionist.media.messages import Level, MessengerKind

ClockTime = Annotated[str, msgspec.Meta(max_length=5)]
Address = Annotated[str, msgspec.Meta(max_length=2000)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=604800)]


class AlertDocument(msgspec.Struct, frozen=True):
    """A rule as it holds and stands. `unit` is `share` (0 to 1), `s`, `h`, or empty for a count.

    `below` says that less than the threshold is wrong. `since` is when the alert began, null where there is none;
    then `value` and `says` tell of it.
    """

    rule: str
    title: str
    unit: str
    below: bool
    level: Level
    is_on: bool
    threshold: float
    lasting_s: int
    cool_down_s: int
    since: datetime | None
    value: float | None
    says: str


class RuleChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule as somebody wants it: told when it is wrong for so long, and then not again for the cool-down."""

    is_on: bool
    threshold: Annotated[float, msgspec.Meta(ge=0, le=1e9)]
    lasting_s: Seconds
    cool_down_s: Seconds


class MessengerDocument(msgspec.Struct, frozen=True):
    """Where one is told; of the address only the host. `left_out` are the rules that one wants to hear nothing of.

    Quiet hours are in one's own zone; twice the same time is none. `is_woken` lets what is bad through.
    """

    id: int
    name: str
    kind: MessengerKind
    host: str
    is_on: bool
    quiet_from: str
    quiet_to: str
    is_woken: bool
    left_out: list[str]


class MessengerChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A messenger as somebody wants it. Without an address it keeps the one that it has."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    kind: MessengerKind
    address: Address = ""
    is_on: bool = True
    quiet_from: ClockTime = "00:00"
    quiet_to: ClockTime = "00:00"
    is_woken: bool = True
    left_out: Annotated[list[Annotated[str, msgspec.Meta(max_length=40)]], msgspec.Meta(max_length=50)] = []

    def __repr__(self) -> str:
        return f"MessengerChange({self.name!r})"


class DeliveryDocument(msgspec.Struct, frozen=True):
    """A message to one of one's messengers: `waiting`, `sent` or `failed`, and why; a `trial`, or being sent."""

    id: int
    at: datetime
    messenger: str
    title: str
    text: str
    level: Level
    state: Literal["waiting", "trial", "trying", "sending", "sent", "failed"]
    due_at: datetime
    ended_at: datetime | None
    error: str


class HeartbeatDocument(msgspec.Struct, frozen=True):
    """Where it is told outside that we live; of the address only the host. `error` is what went wrong last."""

    host: str
    every_s: int
    tried_at: datetime | None
    heard_at: datetime | None
    error: str


class HeartbeatChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where to tell that we live, and how often. Without an address it keeps the one that it has."""

    every_s: Annotated[int, msgspec.Meta(ge=30, le=86400)]
    address: Address = ""

    def __repr__(self) -> str:
        return f"HeartbeatChange({self.every_s!r})"


class AnnouncementDocument(msgspec.Struct, frozen=True):
    """What everybody here is told, until it ends."""

    id: int
    at: datetime
    by: str
    text: str
    level: Level
    ends_at: datetime | None


class AnnouncementOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to tell everybody."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    level: Level = Level.INFO
    ends_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


def alert_document(one: Standing) -> AlertDocument:
    """A rule for the API."""
    rule, state = one.rule, one.state
    is_alert = one.is_on and state.alert_since is not None and state.value is not None
    return AlertDocument(
        rule=rule.id,
        title=rule.title,
        unit=rule.unit,
        below=rule.below,
        level=rule.level,
        is_on=one.is_on,
        threshold=rule.threshold,
        lasting_s=round(rule.lasting.total_seconds()),
        cool_down_s=round(rule.cool_down.total_seconds()),
        since=state.alert_since if is_alert else None,
        value=state.value if is_alert else None,
        says=sentence(rule, state.value) if is_alert and state.value is not None else "",
    )


def messenger_document(row: MessengerRow) -> MessengerDocument:
    """A messenger for the API."""
    return MessengerDocument(
        id=row.id,
        name=row.name,
        kind=MessengerKind(row.kind),
        host=row.host,
        is_on=row.is_on,
        quiet_from=clock_of(row.quiet_from),
        quiet_to=clock_of(row.quiet_to),
        is_woken=row.is_woken,
        left_out=list(row.left_out),
    )


def messenger_wish(change: MessengerChange) -> MessengerWish:
    """A messenger as the API was asked for it. Raises InputWrong."""
    return MessengerWish(
        change.name,
        change.kind,
        change.address,
        change.is_on,
        minute_of(change.quiet_from, "quiet_from"),
        minute_of(change.quiet_to, "quiet_to"),
        change.is_woken,
        tuple(change.left_out),
    )


def delivery_document(row: DeliveryRow) -> DeliveryDocument:
    """A delivery for the API."""
    return msgspec.convert(row, DeliveryDocument, from_attributes=True)


def heartbeat_document(row: HeartbeatRow) -> HeartbeatDocument:
    """The heartbeat for the API."""
    return msgspec.convert(row, HeartbeatDocument, from_attributes=True)


def announcement_document(row: AnnouncementRow) -> AnnouncementDocument:
    """An announcement for the API."""
    return msgspec.convert(row, AnnouncementDocument, from_attributes=True)
