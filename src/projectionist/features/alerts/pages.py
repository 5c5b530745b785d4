"""The pages of alerts and announcements."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.errors import InputWrong, ProjectionistError
from projectionist.features.alerts import announcing, service
from projectionist.features.alerts.quiet import clock_of, minute_of
from projectionist.features.alerts.rules import BY_ID, in_words, sentence
from projectionist.features.alerts.service import MessengerWish, Workplace
from projectionist.media.messages import Level, MessengerKind
from projectionist.web.access import needs
from projectionist.web.forms import Form, errors_of, text, texts, to, whole
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SETTINGS)
ANNOUNCE = needs(Permission.MANAGE_USERS)
PAGE = 25


@get("/alerts", sync_to_thread=True, include_in_schema=False, **MANAGE)
def alerts_page(alerts: Injected[Workplace], principal: Injected[Principal], offset: Offset = 0) -> Template:
    """What is wrong now, the rules, who is told, and what was sent."""
    return _page(alerts, principal, offset=offset)


@post("/alerts/rules/{rule:str}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def change_rule(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    rule: FromPath[str],
    data: Form,
) -> Template | Redirect:
    """Change a rule."""
    try:
        service.change_rule(
            alerts,
            rule,
            is_on=bool(text(data, "is_on")),
            threshold=_limit(rule, text(data, "threshold")),
            lasting_s=whole(data, "lasting_min") * 60,
            cool_down_s=whole(data, "cool_down_min") * 60,
        )
    except InputWrong as error:
        return _page(alerts, principal, errors={f"rule {rule}": error.message}, status=error.status)
    return to(request, f"/alerts#rule-{rule}")


@post("/alerts/messengers", sync_to_thread=True, include_in_schema=False, **MANAGE)
def add_messenger(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Be told somewhere."""
    try:
        service.save_messenger(alerts, principal.id, _wish(data))
    except ProjectionistError as error:
        return _page(alerts, principal, errors=errors_of(error), given=_given(data), status=error.status)
    return to(request, "/alerts#messengers")


@post("/alerts/messengers/{messenger_id:int}", sync_to_thread=True, include_in_schema=False, **MANAGE)
def change_messenger(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    messenger_id: FromPath[int],
    data: Form,
) -> Template | Redirect:
    """Change where and of what one is told."""
    try:
        service.save_messenger(alerts, principal.id, _wish(data), messenger_id)
    except ProjectionistError as error:
        trouble = {f"messenger {messenger_id}": error.message}
        return _page(alerts, principal, errors=trouble, status=error.status)
    return to(request, "/alerts#messengers")


@post("/alerts/messengers/{messenger_id:int}/remove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def remove_messenger(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    messenger_id: FromPath[int],
) -> Redirect:
    """Be told there no more."""
    service.remove_messenger(alerts, principal.id, messenger_id)
    return to(request, "/alerts#messengers")


@post(
    "/alerts/messengers/{messenger_id:int}/test",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    **MANAGE,
)
def test_messenger(
    alerts: Injected[Workplace], principal: Injected[Principal], messenger_id: FromPath[int]
) -> Template:
    """Send a trial message now, and tell what came of it."""
    try:
        service.try_messenger(alerts, principal.id, messenger_id)
    except ProjectionistError as error:
        trouble = {f"messenger {messenger_id}": error.message}
        return _page(alerts, principal, errors=trouble, status=error.status)
    return _page(alerts, principal, tried=messenger_id)


@post("/alerts/heartbeat", sync_to_thread=True, include_in_schema=False, **MANAGE)
def save_heartbeat(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Tell outside that we live."""
    try:
        every = timedelta(seconds=whole(data, "every_s"))
        announcing.save_heartbeat(alerts, text(data, "heartbeat-address"), every)
    except ProjectionistError as error:
        return _page(alerts, principal, errors={"heartbeat": error.message}, status=error.status)
    return to(request, "/alerts#heartbeat")


@post("/alerts/heartbeat/remove", sync_to_thread=True, include_in_schema=False, **MANAGE)
def remove_heartbeat(request: Request[Any, Any, Any], alerts: Injected[Workplace]) -> Redirect:
    """Tell nobody any more."""
    announcing.remove_heartbeat(alerts)
    return to(request, "/alerts#heartbeat")


@get("/announcements", sync_to_thread=True, include_in_schema=False, **ANNOUNCE)
def announcements_page(alerts: Injected[Workplace]) -> Template:
    """What everybody is told now, and a form to tell more."""
    return _announcements(alerts)


@post("/announcements", sync_to_thread=True, include_in_schema=False, **ANNOUNCE)
def announce(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    data: Form,
) -> Template | Redirect:
    """Tell everybody."""
    level = Level.WARN if text(data, "level") == "warn" else Level.INFO
    hours = whole(data, "hours")
    ends_at = alerts.now() + timedelta(hours=hours) if 0 < hours <= 24 * 365 else None
    try:
        announcing.announce(alerts, principal.name, text(data, "text"), level, ends_at)
    except ProjectionistError as error:
        return _announcements(alerts, errors_of(error), text(data, "text"), status=error.status)
    return to(request, "/announcements")


@post("/announcements/{announcement_id:int}/remove", sync_to_thread=True, include_in_schema=False, **ANNOUNCE)
def take_back(
    request: Request[Any, Any, Any], alerts: Injected[Workplace], announcement_id: FromPath[int]
) -> Redirect:
    """Take an announcement back."""
    announcing.take_back(alerts, announcement_id)
    return to(request, "/announcements")


def _page(
    place: Workplace,
    principal: Principal,
    *,
    offset: int = 0,
    errors: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    tried: int = 0,
    status: int = 200,
) -> Template:
    standing = service.alerts(place)
    context = {
        "standing": standing,
        "begun": [one for one in standing if one.is_on and one.state.alert_since is not None],
        "messengers": service.messengers(place, principal.id),
        "sent": service.deliveries(place, principal.id, offset=offset, size=PAGE),
        "offset": offset,
        "size": PAGE,
        "heartbeat": announcing.heartbeat(place),
        "kinds": list(MessengerKind),
        "errors": errors or {},
        "given": given or {},
        "tried": tried,
        "clock_of": clock_of,
        "in_words": in_words,
        "sentence": sentence,
    }
    return Template("alerts/show.html", context=context, status_code=status)


def _announcements(
    place: Workplace, errors: Mapping[str, str] | None = None, given: str = "", *, status: int = 200
) -> Template:
    context = {"found": announcing.announcements(place), "errors": errors or {}, "given": given}
    return Template("alerts/announcements.html", context=context, status_code=status)


def _wish(form: Mapping[str, Any]) -> MessengerWish:
    kind = text(form, "kind")
    if kind not in list(MessengerKind):
        raise InputWrong("Choose in whose form messages are posted.", "kind")
    heard = set(texts(form, "heard"))
    return MessengerWish(
        text(form, "name"),
        MessengerKind(kind),
        text(form, "address"),
        bool(text(form, "is_on")),
        minute_of(text(form, "quiet_from") or "00:00", "quiet_from"),
        minute_of(text(form, "quiet_to") or "00:00", "quiet_to"),
        bool(text(form, "is_woken")),
        tuple(one for one in (*BY_ID, service.ANNOUNCEMENTS) if one not in heard),
    )


def _given(form: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, for the form to show it again; never the address, which is a secret."""
    return {name: text(form, name) for name in ("name", "kind", "quiet_from", "quiet_to")}


def _limit(rule_id: str, typed: str) -> float:
    """A limit as it was typed, shares in per cent. Raises InputWrong."""
    try:
        number = float(typed.strip().replace(",", "."))
    except ValueError:
        raise InputWrong("A limit is a number.", "threshold") from None
    known = BY_ID.get(rule_id)
    return number / 100 if known is not None and known.unit == "share" else number


HANDLERS = (
    alerts_page,
    change_rule,
    add_messenger,
    change_messenger,
    remove_messenger,
    test_messenger,
    save_heartbeat,
    remove_heartbeat,
    announcements_page,
    announce,
    take_back,
)
