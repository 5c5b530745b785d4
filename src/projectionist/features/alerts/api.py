"""The API of alerts, of who is told of them, and of announcements."""

from __future__ import annotations

from datetime import timedelta

from litestar import delete, get, patch, post, put
from litestar.params import FromPath, JSONBody

from projectionist.errors import NotFound
from projectionist.features.alerts import announcing, service
from projectionist.features.alerts.documents import (
    AlertDocument,
    AnnouncementDocument,
    AnnouncementOrder,
    DeliveryDocument,
    HeartbeatChange,
    HeartbeatDocument,
    MessengerChange,
    MessengerDocument,
    RuleChange,
    alert_document,
    announcement_document,
    delivery_document,
    heartbeat_document,
    messenger_document,
    messenger_wish,
)
from projectionist.features.alerts.service import Workplace
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, page_out, part_out
from projectionist.web.ports import Permission, Principal

MANAGE = needs(Permission.MANAGE_SETTINGS)
ANNOUNCE = needs(Permission.MANAGE_USERS)


@get("/api/v1/alerts", tags=["Alerts"], operation_id="list_alerts", sync_to_thread=True, **MANAGE)
def list_alerts(alerts: Injected[Workplace], offset: Offset = 0, limit: Limit = 50) -> PageOut[AlertDocument]:
    """Every rule, and where there is an alert now."""
    return part_out(service.alerts(alerts), alert_document, offset, limit)


@patch(
    "/api/v1/alerts/{rule:str}",
    tags=["Alerts"],
    operation_id="change_alert_rule",
    sync_to_thread=True,
    **MANAGE,
)
def change_rule(
    alerts: Injected[Workplace], rule: FromPath[str], data: JSONBody[RuleChange]
) -> AlertDocument:
    """Change a rule; it holds from the next sample."""
    changed = service.change_rule(
        alerts,
        rule,
        is_on=data.is_on,
        threshold=data.threshold,
        lasting_s=data.lasting_s,
        cool_down_s=data.cool_down_s,
    )
    return alert_document(changed)


@get("/api/v1/me/messengers", tags=["Alerts"], operation_id="list_messengers", sync_to_thread=True, **MANAGE)
def list_messengers(
    alerts: Injected[Workplace], principal: Injected[Principal], offset: Offset = 0, limit: Limit = 50
) -> PageOut[MessengerDocument]:
    """Where one is told of alerts."""
    return part_out(service.messengers(alerts, principal.id), messenger_document, offset, limit)


@post("/api/v1/me/messengers", tags=["Alerts"], operation_id="add_messenger", sync_to_thread=True, **MANAGE)
def add_messenger(
    alerts: Injected[Workplace], principal: Injected[Principal], data: JSONBody[MessengerChange]
) -> MessengerDocument:
    """Be told of alerts somewhere."""
    return messenger_document(service.save_messenger(alerts, principal.id, messenger_wish(data)))


@put(
    "/api/v1/me/messengers/{messenger_id:int}",
    tags=["Alerts"],
    operation_id="change_messenger",
    sync_to_thread=True,
    **MANAGE,
)
def change_messenger(
    alerts: Injected[Workplace],
    principal: Injected[Principal],
    messenger_id: FromPath[int],
    data: JSONBody[MessengerChange],
) -> MessengerDocument:
    """Change where and of what one is told."""
    row = service.save_messenger(alerts, principal.id, messenger_wish(data), messenger_id)
    return messenger_document(row)


@delete(
    "/api/v1/me/messengers/{messenger_id:int}",
    tags=["Alerts"],
    operation_id="remove_messenger",
    sync_to_thread=True,
    **MANAGE,
)
def remove_messenger(
    alerts: Injected[Workplace], principal: Injected[Principal], messenger_id: FromPath[int]
) -> None:
    """Be told there no more."""
    service.remove_messenger(alerts, principal.id, messenger_id)


@post(
    "/api/v1/me/messengers/{messenger_id:int}/test",
    tags=["Alerts"],
    operation_id="test_messenger",
    status_code=204,
    sync_to_thread=True,
    **MANAGE,
)
def test_messenger(
    alerts: Injected[Workplace], principal: Injected[Principal], messenger_id: FromPath[int]
) -> None:
    """Send a trial message now; the error says what kept it from being taken."""
    service.try_messenger(alerts, principal.id, messenger_id)


@get("/api/v1/me/messages", tags=["Notifications"], operation_id="list_messages", sync_to_thread=True)
def list_messages(
    alerts: Injected[Workplace], principal: Injected[Principal], offset: Offset = 0, limit: Limit = 50
) -> PageOut[DeliveryDocument]:
    """What was sent to one, the newest first."""
    found = service.deliveries(alerts, principal.id, offset=offset, size=limit)
    return page_out(found, delivery_document)


@get("/api/v1/heartbeat", tags=["Alerts"], operation_id="get_heartbeat", sync_to_thread=True, **MANAGE)
def get_heartbeat(alerts: Injected[Workplace]) -> HeartbeatDocument:
    """Where it is told outside that we live."""
    row = announcing.heartbeat(alerts)
    if row is None:
        raise NotFound("There is no heartbeat: nobody outside is told that we live.")
    return heartbeat_document(row)


@put("/api/v1/heartbeat", tags=["Alerts"], operation_id="save_heartbeat", sync_to_thread=True, **MANAGE)
def save_heartbeat(alerts: Injected[Workplace], data: JSONBody[HeartbeatChange]) -> HeartbeatDocument:
    """Tell an address outside again and again that we live; the first time at once."""
    row, _ = announcing.save_heartbeat(alerts, data.address, timedelta(seconds=data.every_s))
    return heartbeat_document(row)


@delete("/api/v1/heartbeat", tags=["Alerts"], operation_id="remove_heartbeat", sync_to_thread=True, **MANAGE)
def remove_heartbeat(alerts: Injected[Workplace]) -> None:
    """Tell nobody any more."""
    announcing.remove_heartbeat(alerts)


@get("/api/v1/announcements", tags=["Alerts"], operation_id="list_announcements", sync_to_thread=True)
def list_announcements(
    alerts: Injected[Workplace], offset: Offset = 0, limit: Limit = 50
) -> PageOut[AnnouncementDocument]:
    """What everybody here is told now."""
    return part_out(announcing.announcements(alerts), announcement_document, offset, limit)


@post("/api/v1/announcements", tags=["Alerts"], operation_id="announce", sync_to_thread=True, **ANNOUNCE)
def announce(
    alerts: Injected[Workplace], principal: Injected[Principal], data: JSONBody[AnnouncementOrder]
) -> AnnouncementDocument:
    """Tell everybody here something."""
    row = announcing.announce(alerts, principal.name, data.text, data.level, data.ends_at)
    return announcement_document(row)


@delete(
    "/api/v1/announcements/{announcement_id:int}",
    tags=["Alerts"],
    operation_id="take_announcement_back",
    sync_to_thread=True,
    **ANNOUNCE,
)
def take_back(alerts: Injected[Workplace], announcement_id: FromPath[int]) -> None:
    """Take an announcement back."""
    announcing.take_back(alerts, announcement_id)


HANDLERS = (
    list_alerts,
    change_rule,
    list_messengers,
    add_messenger,
    change_messenger,
    remove_messenger,
    test_messenger,
    list_messages,
    get_heartbeat,
    save_heartbeat,
    remove_heartbeat,
    list_announcements,
    announce,
    take_back,
)
