"""The page of one's own notifications: the browsers that one is notified in, what of, and what was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Redirect, Template

from projectionist.errors import ProjectionistError
from projectionist.features.alerts import devices, pushed, service
from projectionist.features.alerts.delivering import ANNOUNCEMENTS
from projectionist.features.alerts.devices import DeviceWish
from projectionist.features.alerts.quiet import clock_of, minute_of
from projectionist.features.alerts.rules import BY_ID
from projectionist.features.alerts.workplace import Workplace
from projectionist.web.forms import Form, text, texts, to
from projectionist.web.injection import Injected
from projectionist.web.paging import Offset
from projectionist.web.ports import Permission, Principal

SHOWN = 25


@get(pushed.PAGE, sync_to_thread=True, include_in_schema=False)
def notifications_page(
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    offset: Offset = 0,
) -> Template:
    """Where one is notified, of what, and what was sent."""
    return _page(alerts, principal, offset=offset)


@post(f"{pushed.PAGE}/{{device_id:int}}", sync_to_thread=True, include_in_schema=False)
def change_device(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    device_id: FromPath[int],
    data: Form,
) -> Template | Redirect:
    """Change what one is told in a browser, and when not."""
    may = principal.may(Permission.MANAGE_SETTINGS)
    try:
        devices.change(alerts, principal.id, device_id, _wish(data, may), may_hear_alerts=may)
    except ProjectionistError as error:
        return _page(alerts, principal, errors={device_id: error.message}, status=error.status)
    return to(request, f"{pushed.PAGE}#device-{device_id}")


@post(f"{pushed.PAGE}/{{device_id:int}}/remove", sync_to_thread=True, include_in_schema=False)
def remove_device(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    device_id: FromPath[int],
) -> Redirect:
    """Be notified in a browser no more."""
    devices.remove(alerts, principal.id, device_id)
    return to(request, pushed.PAGE)


@post(f"{pushed.PAGE}/{{device_id:int}}/test", sync_to_thread=True, include_in_schema=False, status_code=200)
def test_device(
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    device_id: FromPath[int],
) -> Template:
    """Send a trial message now, and tell what came of it."""
    try:
        devices.try_out(alerts, principal.id, device_id)
    except ProjectionistError as error:
        return _page(alerts, principal, errors={device_id: error.message}, status=error.status)
    return _page(alerts, principal, tried=device_id)


def _page(
    place: Workplace,
    principal: Principal,
    *,
    offset: int = 0,
    errors: Mapping[int, str] | None = None,
    tried: int = 0,
    status: int = 200,
) -> Template:
    found = devices.devices(place, principal.id)
    known = {one.id for one in found}
    may = principal.may(Permission.MANAGE_SETTINGS)
    context = {
        "devices": found,
        "sent": service.deliveries(place, principal.id, offset=offset, size=SHOWN),
        "offset": offset,
        "size": SHOWN,
        "errors": errors or {},
        "trouble": [said for number, said in (errors or {}).items() if number not in known],
        "tried": tried,
        "rules": list(BY_ID.values()) if may else [],
        "messengers": service.messengers(place, principal.id) if may else [],
        "https_address": place.contact if place.contact.startswith("https://") else "",
        "clock_of": clock_of,
    }
    return Template("alerts/notifications.html", context=context, status_code=status)


def _wish(form: Mapping[str, Any], may_hear_alerts: bool) -> DeviceWish:
    heard = set(texts(form, "heard"))
    choices = (*BY_ID, ANNOUNCEMENTS) if may_hear_alerts else (ANNOUNCEMENTS,)
    return DeviceWish(
        text(form, "name"),
        bool(text(form, "is_on")),
        minute_of(text(form, "quiet_from") or "00:00", "quiet_from"),
        minute_of(text(form, "quiet_to") or "00:00", "quiet_to"),
        bool(text(form, "is_woken")),
        tuple(one for one in choices if one not in heard),
    )


HANDLERS = (notifications_page, change_device, remove_device, test_device)
