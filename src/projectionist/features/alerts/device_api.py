"""The API of the browsers that one is notified in."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get, post, put
from litestar.params import FromPath, JSONBody

from projectionist.features.accounts.service import browser_called
from projectionist.features.alerts import devices, pushed
from projectionist.features.alerts.device_documents import (
    DeviceChange,
    DeviceDocument,
    DeviceOrder,
    EndedSubscription,
    PushKeyDocument,
    RenewedSubscription,
    device_document,
    device_wish,
    subscription_of,
)
from projectionist.features.alerts.workplace import Workplace
from projectionist.web.access import OPEN
from projectionist.web.csrf import WITHOUT_COOKIES
from projectionist.web.identifying import ANONYMOUS
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, part_out
from projectionist.web.ports import Permission, Principal

DEVICES = "/api/v1/me/devices"
DEVICE = f"{DEVICES}/{{device_id:int}}"
_BY_ENDPOINT: dict[str, Any] = {"opt": {**OPEN["opt"], ANONYMOUS: True, WITHOUT_COOKIES: True}}
"""A service worker has no page to take a token from, and nobody may be signed in; only the browser itself knows its
former endpoint, and nothing but its own subscription can be changed by it."""


@get("/api/v1/push-key", tags=["Notifications"], operation_id="get_push_key", sync_to_thread=True)
def get_push_key(alerts: Injected[Workplace]) -> PushKeyDocument:
    """By what push services know this house; a browser needs it to subscribe."""
    return PushKeyDocument(pushed.house_key(alerts).public)


@get(DEVICES, tags=["Notifications"], operation_id="list_devices", sync_to_thread=True)
def list_devices(
    alerts: Injected[Workplace], principal: Injected[Principal], offset: Offset = 0, limit: Limit = 50
) -> PageOut[DeviceDocument]:
    """The browsers that one is notified in."""
    return part_out(devices.devices(alerts, principal.id), device_document, offset, limit)


@post(DEVICES, tags=["Notifications"], operation_id="add_device", sync_to_thread=True)
def add_device(
    request: Request[Any, Any, Any],
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    data: JSONBody[DeviceOrder],
) -> DeviceDocument:
    """Be notified in a browser; whoever was notified in it before is not any more."""
    name = data.name or browser_called(request.headers.get("user-agent", ""))
    origin = request.headers.get("origin", "")
    return device_document(devices.take_in(alerts, principal.id, subscription_of(data), name, origin))


@put(DEVICE, tags=["Notifications"], operation_id="change_device", sync_to_thread=True)
def change_device(
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    device_id: FromPath[int],
    data: JSONBody[DeviceChange],
) -> DeviceDocument:
    """Change what one is told in a browser, and when not."""
    may = principal.may(Permission.MANAGE_SETTINGS)
    changed = devices.change(alerts, principal.id, device_id, device_wish(data), may_hear_alerts=may)
    return device_document(changed)


@delete(DEVICE, tags=["Notifications"], operation_id="remove_device", sync_to_thread=True)
def remove_device(
    alerts: Injected[Workplace], principal: Injected[Principal], device_id: FromPath[int]
) -> None:
    """Be notified in a browser no more."""
    devices.remove(alerts, principal.id, device_id)


@post(
    f"{DEVICE}/test",
    tags=["Notifications"],
    operation_id="test_device",
    status_code=204,
    sync_to_thread=True,
)
def test_device(
    alerts: Injected[Workplace], principal: Injected[Principal], device_id: FromPath[int]
) -> None:
    """Send a trial message now; the error says what kept it from being taken."""
    devices.try_out(alerts, principal.id, device_id)


@post(
    "/api/v1/push-subscriptions/renew",
    tags=["Notifications"],
    operation_id="renew_push_subscription",
    status_code=204,
    sync_to_thread=True,
    **_BY_ENDPOINT,
)
def renew_subscription(alerts: Injected[Workplace], data: JSONBody[RenewedSubscription]) -> None:
    """A browser tells which subscription took the place of its former one."""
    devices.take_over(alerts, data.former, subscription_of(data))


@post(
    "/api/v1/push-subscriptions/end",
    tags=["Notifications"],
    operation_id="end_push_subscription",
    status_code=204,
    sync_to_thread=True,
)
def end_subscription(alerts: Injected[Workplace], data: JSONBody[EndedSubscription]) -> None:
    """A browser ends its subscription, whoever it was for; nothing is said of whether there was one."""
    devices.let_go(alerts, data.former)


HANDLERS = (
    get_push_key,
    list_devices,
    add_device,
    change_device,
    remove_device,
    test_device,
    renew_subscription,
    end_subscription,
)
