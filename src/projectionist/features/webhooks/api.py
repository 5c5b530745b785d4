"""The API of webhooks: who may tell us something."""

from __future__ import annotations

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from projectionist.features.webhooks import service
from projectionist.features.webhooks.documents import (
    WebhookDeliveryDocument,
    WebhookSecretDocument,
    WebhookSecretOrder,
    WebhookSenderDocument,
    WebhookSenderOrder,
    delivery_document,
    secret_document,
    sender_document,
)
from projectionist.features.webhooks.workplace import Workplace
from projectionist.web.access import needs
from projectionist.web.injection import Injected
from projectionist.web.paging import Limit, Offset, PageOut, page_out, part_out
from projectionist.web.ports import Permission

MANAGE = needs(Permission.MANAGE_SETTINGS)
SENDERS = "/api/v1/webhook-senders"
SENDER = f"{SENDERS}/{{sender_id:int}}"


@get(SENDERS, tags=["Webhooks"], operation_id="list_webhook_senders", sync_to_thread=True, **MANAGE)
def list_senders(
    webhooks: Injected[Workplace], offset: Offset = 0, limit: Limit = 50
) -> PageOut[WebhookSenderDocument]:
    """Every program that may tell that something changed."""
    found = service.senders(webhooks.database, now=webhooks.now)
    return part_out(found, sender_document, offset, limit)


@post(SENDERS, tags=["Webhooks"], operation_id="add_webhook_sender", sync_to_thread=True, **MANAGE)
def add_sender(webhooks: Injected[Workplace], data: JSONBody[WebhookSenderOrder]) -> WebhookSecretDocument:
    """Let a program tell that something changed; its secret is told this once."""
    made = service.add_sender(webhooks.database, data.name, data.kind, webhooks.publish, now=webhooks.now)
    return secret_document(made)


@post(
    f"{SENDER}/secret",
    tags=["Webhooks"],
    operation_id="renew_webhook_secret",
    sync_to_thread=True,
    **MANAGE,
)
def renew_secret(
    webhooks: Injected[Workplace], sender_id: FromPath[int], data: JSONBody[WebhookSecretOrder]
) -> WebhookSecretDocument:
    """Give a sender a new secret; the one before ends at once, or a day later where that is asked for."""
    renewed = service.renew_secret(
        webhooks.database, sender_id, webhooks.publish, keeps_former=data.keeps_former, now=webhooks.now
    )
    return secret_document(renewed)


@get(SENDER, tags=["Webhooks"], operation_id="get_webhook_sender", sync_to_thread=True, **MANAGE)
def get_sender(webhooks: Injected[Workplace], sender_id: FromPath[int]) -> WebhookSenderDocument:
    """One sender."""
    return sender_document(service.get_sender(webhooks.database, sender_id, now=webhooks.now))


@get(
    f"{SENDER}/deliveries",
    tags=["Webhooks"],
    operation_id="list_webhook_deliveries",
    sync_to_thread=True,
    **MANAGE,
)
def list_deliveries(
    webhooks: Injected[Workplace], sender_id: FromPath[int], offset: Offset = 0, limit: Limit = 50
) -> PageOut[WebhookDeliveryDocument]:
    """What a sender told last, the newest first; the last fifty are kept."""
    found = service.deliveries(webhooks.database, sender_id, offset=offset, size=limit)
    return page_out(found, delivery_document)


@delete(SENDER, tags=["Webhooks"], operation_id="remove_webhook_sender", sync_to_thread=True, **MANAGE)
def remove_sender(webhooks: Injected[Workplace], sender_id: FromPath[int]) -> None:
    """Take a sender out; from now on it is refused."""
    service.remove_sender(webhooks.database, sender_id, webhooks.publish, now=webhooks.now)


HANDLERS = (list_senders, add_sender, renew_secret, get_sender, list_deliveries, remove_sender)
