"""What the API of webhooks takes and gives. Secrets are given once, to who made them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.webhooks.models import WebhookDeliveryRow
from projectionist.features.webhooks.service import Sender, Shown, path_of
from projectionist.media.telling import SenderKind


class WebhookSenderDocument(msgspec.Struct, frozen=True):
    """A program that may tell us something. `path` is where it sends to, without what is secret of it.

    `former_until` is set while the secret before is taken besides; `refused_count` counts who came with another.
    """

    id: int
    name: str
    kind: SenderKind
    path: str
    secret_in_address: bool
    created_at: datetime
    created_by: str
    renewed_at: datetime | None
    former_until: datetime | None
    heard_at: datetime | None
    last_event: str
    heard_count: int
    refused_at: datetime | None
    refused_count: int


class WebhookSecretDocument(msgspec.Struct, frozen=True):
    """A sender with its new secret, told this once. `address_path` is where it sends to, secret where it must be."""

    sender: WebhookSenderDocument
    secret: str
    address_path: str

    def __repr__(self) -> str:
        return f"WebhookSecretDocument({self.sender!r})"


class WebhookSenderOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sender as somebody wants it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    kind: SenderKind


class WebhookSecretOrder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whether the secret before is to be taken for another day."""

    keeps_former: bool = False


class WebhookDeliveryDocument(msgspec.Struct, frozen=True):
    """Something that a sender told: by its own word, and what came of it."""

    id: int
    at: datetime
    address: str
    event: str
    outcome: Literal["looked", "test", "unknown", "ignored", "wrong"]
    note: str


def sender_document(one: Sender) -> WebhookSenderDocument:
    """A sender for the API."""
    return WebhookSenderDocument(
        id=one.id,
        name=one.name,
        kind=one.kind,
        path=path_of(one),
        secret_in_address=one.is_by_address,
        created_at=one.created_at,
        created_by=one.created_by,
        renewed_at=one.renewed_at,
        former_until=one.former_until,
        heard_at=one.heard_at,
        last_event=one.last_event,
        heard_count=one.heard_count,
        refused_at=one.refused_at,
        refused_count=one.refused_count,
    )


def secret_document(shown: Shown) -> WebhookSecretDocument:
    """A new secret for the API."""
    return WebhookSecretDocument(sender_document(shown.sender), shown.secret, shown.path)


def delivery_document(row: WebhookDeliveryRow) -> WebhookDeliveryDocument:
    """A delivery for the API."""
    return msgspec.convert(row, WebhookDeliveryDocument, from_attributes=True)
