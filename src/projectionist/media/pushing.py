"""Messages to browsers: what a browser gives so that it can be reached, and what carries messages there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from projectionist.media.messages import Messenger


@dataclass(frozen=True, slots=True)
class PushSubscription:
    """Where a browser takes messages, and for whom they are encrypted, as its Push API tells it.

    `endpoint` is an address of its maker's push service, and a secret; `p256dh` its public key, 65 bytes, and `auth`
    16 bytes besides, both in base64url. https://www.w3.org/TR/push-api/#pushsubscription-interface
    """

    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HouseKey:
    """By what push services know this house, RFC 8292: a point of P-256, 65 bytes, and its number, 32 bytes, in
    base64url.
    """

    public: str
    private: str = field(repr=False)


class Pushing(Protocol):
    """How features come to browsers."""

    def new_key(self) -> HouseKey:
        """A key by chance."""

    def connect(self, subscription: PushSubscription, key: HouseKey, contact: str) -> Messenger:
        """What carries messages to a browser; nothing is asked of its push service yet. Raises InputWrong.

        `contact` is where the push service finds who runs this house: an address that begins with https:// or mailto:.
        Sending raises SubscriptionGone where the browser takes none any more.
        """
