"""Alerts as pages and the API use them: how rules stand, who is told of what, what was sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy.exc import IntegrityError

from projectionist.errors import Conflict, InputWrong, NotFound, ProjectionistError, SubscriptionGone
from projectionist.features.alerts import delivering, pushed, queries
from projectionist.features.alerts.delivering import ANNOUNCEMENTS
from projectionist.features.alerts.judging import State
from projectionist.features.alerts.models import BROWSER, DeliveryRow, MessengerRow
from projectionist.features.alerts.pushed import begin_anew, house_key_opens
from projectionist.features.alerts.rules import BY_ID, Rule
from projectionist.features.alerts.watching import rules_now, state_of
from projectionist.features.alerts.workplace import TOPIC, Workplace
from projectionist.features.audit_log.service import Act, record
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind
from projectionist.media.vocabulary import Page

__all__ = [
    "ANNOUNCEMENTS",
    "TOPIC",
    "MessengerWish",
    "Standing",
    "Workplace",
    "alerts",
    "begin_anew",
    "begun",
    "change_rule",
    "deliveries",
    "house_key_opens",
    "messengers",
    "remove_messenger",
    "save_messenger",
    "try_messenger",
]

MOST_MESSENGERS = 20
_LONGEST_S = 7 * 86400
_TRIAL = Message(
    "A trial message",
    "If you can read this, Projectionist can tell you what needs you.",
    Level.INFO,
    pushed.PAGE,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A rule as it holds, whether it is on, and how it stands."""

    rule: Rule
    is_on: bool
    state: State


@dataclass(frozen=True, slots=True)
class MessengerWish:
    """A messenger as somebody wants it; without an address it keeps the one that it has.

    Quiet hours are minutes of a day in the owner's zone; `is_woken` lets what is bad through.
    """

    name: str
    kind: MessengerKind
    address: str = field(default="", repr=False)
    is_on: bool = True
    quiet_from: int = 0
    quiet_to: int = 0
    is_woken: bool = True
    left_out: Collection[str] = ()


def alerts(place: Workplace) -> list[Standing]:
    """Every rule, in their order. Raises DatabaseUnusable."""
    with place.database.read() as session:
        rules, states = rules_now(queries.rules(session)), queries.states(session)
    return [Standing(rule, is_on, state_of(states.get(rule.id))) for rule, is_on in rules]


def begun(place: Workplace) -> list[Standing]:
    """The alerts there are now. Raises DatabaseUnusable."""
    return [one for one in alerts(place) if one.is_on and one.state.alert_since is not None]


def change_rule(
    place: Workplace, rule_id: str, *, is_on: bool, threshold: float, lasting_s: int, cool_down_s: int
) -> Standing:
    """Change a rule. Raises NotFound, InputWrong."""
    rule = BY_ID.get(rule_id)
    if rule is None:
        raise NotFound(f"There is no alert rule {rule_id}.")
    most = 1.0 if rule.unit == "share" else 1e9
    if not 0 <= threshold <= most:
        raise InputWrong("A limit is 0 or more, and a share is at most 100 %.", "threshold")
    for name, seconds in (("lasting_s", lasting_s), ("cool_down_s", cool_down_s)):
        if not 0 <= seconds <= _LONGEST_S:
            raise InputWrong("A time is from none to 7 days.", name)
    values = {
        "is_on": is_on,
        "threshold": threshold,
        "lasting_s": lasting_s,
        "cool_down_s": cool_down_s,
    }
    with place.database.durable() as session:
        (was,) = [one for one in rules_now(queries.rules(session)) if one[0].id == rule_id]
        queries.put_rule(session, rule_id, values)
        record(session, Act.ALERT_RULE_CHANGED, rule_id, at=place.now(), before=_said(*was), after=values)
    return next(one for one in alerts(place) if one.rule.id == rule_id)


def messengers(place: Workplace, user_id: int) -> Sequence[MessengerRow]:
    """Somebody's messengers. Raises DatabaseUnusable."""
    with place.database.read() as session:
        return queries.messengers(session, user_id)


def messengers_kept_of(place: Workplace, user_id: int) -> list[Mapping[str, object]]:
    """Somebody's messengers, browsers among them, without what opens them. Raises DatabaseUnusable."""
    with place.database.read() as session:
        mine = [*queries.messengers(session, user_id), *(row for row, _ in queries.devices(session, user_id))]
        return [{"name": row.name, **said_of(row), "created_at": row.created_at} for row in mine]


def messages_kept_of(place: Workplace, user_id: int) -> list[Mapping[str, object]]:
    """What was sent to somebody, the newest first. Raises DatabaseUnusable."""
    with place.database.read() as session:
        found, _ = queries.deliveries(session, user_id, 0, None)
        return [
            {
                "at": row.at,
                "messenger": row.messenger,
                "title": row.title,
                "text": row.text,
                "state": row.state,
            }
            for row in found
        ]


def save_messenger(
    place: Workplace, user_id: int, wish: MessengerWish, messenger_id: int | None = None
) -> MessengerRow:
    """Add a messenger, or change one's own. Raises NotFound, InputWrong, Conflict."""
    name = " ".join(wish.name.split())
    if not 1 <= len(name) <= 60:
        raise InputWrong("A messenger needs a name of up to 60 characters.", "name")
    if unknown := sorted(set(wish.left_out) - {*BY_ID, ANNOUNCEMENTS}):
        raise InputWrong(f"There is no alert rule {unknown[0]}.", "left_out")
    address = wish.address.strip()
    if address:
        with closing(place.connect(MessengerAddress(wish.kind, address))):
            pass
    try:
        with place.database.durable() as session:
            row = None if messenger_id is None else queries.messenger(session, messenger_id, user_id)
            if messenger_id is not None and (row is None or row.kind == BROWSER):
                raise _gone()
            before = {} if row is None else said_of(row)
            if row is None:
                if not address:
                    raise InputWrong("Give the address that the service shows for messages.", "address")
                if len(queries.messengers(session, user_id)) >= MOST_MESSENGERS:
                    raise Conflict(
                        f"You have {MOST_MESSENGERS} messengers, which is the most; remove one first."
                    )
                row = MessengerRow(user_id=user_id, created_at=place.now())
                session.add(row)
            _fill(place, row, wish, name, address)
            session.flush()
            after = {**said_of(row), **({"address": "replaced"} if address and before else {})}
            record(session, Act.MESSENGER_CHANGED, name, at=place.now(), before=before, after=after)
    except IntegrityError as error:
        raise InputWrong("You have a messenger of this name; choose another.", "name") from error
    return row


def remove_messenger(place: Workplace, user_id: int, messenger_id: int) -> None:
    """Take one of one's own messengers out, and what was sent by it. Raises NotFound."""
    with place.database.durable() as session:
        row = queries.messenger(session, messenger_id, user_id)
        if row is None or row.kind == BROWSER:
            raise _gone()
        was = said_of(row)
        queries.remove_messenger(session, messenger_id)
        record(session, Act.MESSENGER_REMOVED, row.name, at=place.now(), before=was)


def try_messenger(place: Workplace, user_id: int, messenger_id: int) -> None:
    """Send a trial message now. Raises NotFound, and ServiceError where it was not taken."""
    with place.database.read() as session:
        row = queries.messenger(session, messenger_id, user_id)
    if row is None or row.kind == BROWSER:
        raise _gone()
    send_trial(place, row)


def send_trial(place: Workplace, row: MessengerRow) -> None:
    """Send a trial message now, and keep what came of it. Raises ServiceError where it was not taken."""
    now = place.now()
    with place.database.write() as session:
        made = delivering.delivery_row(row, _TRIAL, now, now)
        made.state = "trial"
        session.add(made)
        session.flush()
        delivery_id = made.id
    try:
        delivering.send(place, row, _TRIAL)
    except ProjectionistError as error:
        delivering.end(place, delivery_id, "failed", error.message)
        if isinstance(error, SubscriptionGone):
            pushed.removed(place, row.id, error.message)
        raise
    delivering.sent(place, row, delivery_id)


def deliveries(place: Workplace, user_id: int, *, offset: int = 0, size: int = 50) -> Page[DeliveryRow]:
    """What was sent by somebody's messengers, the newest first. Raises DatabaseUnusable."""
    with place.database.read() as session:
        rows, total = queries.deliveries(session, user_id, offset, size)
    return Page(tuple(rows), offset, total)


def host_of(kind: MessengerKind, address: str) -> str:
    """What may be shown of an address: its host without the path, which is the secret; of Apprise's own addresses only
    how they begin, as what follows may be a secret from the first letter on.
    """
    parts = urlsplit(address)
    return f"{parts.scheme}://" if kind is MessengerKind.APPRISE else (parts.hostname or "")[:300]


def _fill(place: Workplace, row: MessengerRow, wish: MessengerWish, name: str, address: str) -> None:
    row.name, row.kind, row.is_on = name, wish.kind.value, wish.is_on
    row.quiet_from, row.quiet_to, row.is_woken = wish.quiet_from, wish.quiet_to, wish.is_woken
    row.left_out = sorted(set(wish.left_out))
    if address:
        row.address, row.host = place.vault.seal(address), host_of(wish.kind, address)


def _said(rule: Rule, is_on: bool) -> dict[str, object]:
    return {
        "is_on": is_on,
        "threshold": rule.threshold,
        "lasting_s": round(rule.lasting / timedelta(seconds=1)),
        "cool_down_s": round(rule.cool_down / timedelta(seconds=1)),
    }


def said_of(row: MessengerRow) -> dict[str, object]:
    """What the audit log is told of a messenger."""
    return {
        "kind": row.kind,
        "host": row.host,
        "is_on": row.is_on,
        "quiet_from": row.quiet_from,
        "quiet_to": row.quiet_to,
        "is_woken": row.is_woken,
        "left_out": ", ".join(row.left_out),
    }


def _gone() -> NotFound:
    return NotFound("This messenger is not there any more; nothing was changed.")
