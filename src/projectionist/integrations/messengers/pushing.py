"""Messages to browsers by the push services of their makers: RFC 8030, with RFC 8291 and RFC 8292.

A browser says where its push service is, and anybody can say anything: only HTTPS is spoken, to public addresses.
"""

from __future__ import annotations

import base64
import hashlib
import ssl
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from projectionist import __version__
from projectionist.errors import InputWrong, ServerRefused, ServiceError, SubscriptionGone
from projectionist.integrations.messengers import push_crypto
from projectionist.integrations.messengers.posting import judge, parts_of
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.logs import mask, masked
from projectionist.kit.outbound import Outbound
from projectionist.media.messages import Level, Message
from projectionist.media.pushing import HouseKey, PushSubscription

_IN_TIME = TimeOuts(connect=5.0, read=10.0, total=20.0)
_ONCE = Retries(attempts=1)
_LARGEST_ANSWER = 1024 * 1024
_KEPT = timedelta(days=1)
"""So long a push service keeps what it cannot deliver; then it is no news any more."""
_PROVEN = timedelta(hours=12)
"""So long one proof of who sends holds; services take 24 hours, and clocks differ."""
_URGENCY = {Level.GOOD: "normal", Level.INFO: "normal", Level.WARN: "high", Level.BAD: "high"}
"""RFC 8030, section 5.3: what is high is told to a phone that saves power too."""
_TOPIC = 32
"""Characters, RFC 8030, section 5.4."""
_GONE = (404, 410)
_TOO_LONG = 413
_SECRET = 12
"""A shorter path guards nothing, and is part of much that is no secret."""


@dataclass(frozen=True, slots=True)
class WebPush:
    """How features come to browsers. `verify_tls` is another judge of certificates, for tests."""

    outbound: Outbound
    now: Callable[[], datetime]
    verify_tls: bool | ssl.SSLContext = True

    @classmethod
    def to_public(cls, outbound: Outbound, now: Callable[[], datetime]) -> WebPush:
        """One that connects to public addresses only, and to none that `outbound` refuses."""
        return cls(replace(outbound, private=False), now)

    def new_key(self) -> HouseKey:
        """A key by chance."""
        return push_crypto.new_key()

    def connect(self, subscription: PushSubscription, key: HouseKey, contact: str) -> PushMessenger:
        """What carries messages to a browser. Raises InputWrong."""
        return PushMessenger(subscription, key, contact, self)


class PushMessenger:
    """Sends messages to one browser. Raises InputWrong where its subscription can be none."""

    def __init__(self, subscription: PushSubscription, key: HouseKey, contact: str, by: WebPush) -> None:
        base, self._path = _endpoint(subscription.endpoint, by.outbound)
        push_crypto.check(subscription)
        self._subscription, self._key, self._contact, self._now = subscription, key, contact, by.now
        self._audience = base
        self._http = HttpClient(
            base,
            {"User-Agent": f"Projectionist/{__version__}"},
            name="The push service",
            verify_tls=by.verify_tls,
            time_outs=_IN_TIME,
            retries=_ONCE,
            max_body=_LARGEST_ANSWER,
            outbound=by.outbound,
        )

    def send(self, message: Message) -> None:
        """Send a message. Raises SubscriptionGone, ServiceError; of the address they tell the host only."""
        if len(self._path) >= _SECRET:
            mask(self._path)  # only here: anybody may offer a path, and what is hidden once is so for good
        body = push_crypto.encrypt(body_of(message), self._subscription)
        headers = {
            "TTL": str(int(_KEPT.total_seconds())),
            "Urgency": _URGENCY[message.level],
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "Authorization": self._proof(),
        }
        if message.about:
            headers["Topic"] = topic_of(message.about)
        try:
            self._http.request("POST", self._path, headers=headers, content=body)
        except ServiceError as error:
            raise self._said(error) from None

    def beat(self) -> None:
        """No browser expects to be asked for. Raises ServerRefused."""
        raise ServerRefused("A browser expects no heartbeat; give an address that begins with https://.")

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    def _proof(self) -> str:
        expires_at = int((self._now() + _PROVEN).timestamp())
        return push_crypto.authorization(self._key, self._audience, self._contact, expires_at)

    def _said(self, error: ServiceError) -> ServiceError:
        """What an error of the client means of a push service, without the path, which is a secret."""
        who = self._http.who
        if error.answered in _GONE:
            return SubscriptionGone(
                f"{who} says that this browser takes no messages any more ({error.answered}), so it was removed; "
                "switch notifications on again there.",
                answered=error.answered,
            )
        if error.answered == _TOO_LONG:
            return ServerRefused(
                f"{who} says that the message is too long (413); it was not sent.", answered=413
            )
        if 400 <= error.answered < 500 and error.retry_after_s is None and not error.retryable:
            return ServerRefused(
                f"{who} refused the message ({error.answered}); switch notifications off and on again in that "
                "browser, and see that this machine's clock is right.",
                answered=error.answered,
            )
        said = masked(error.message.replace(self._path, "/…"))
        return type(error)(said, answered=error.answered, retry_after_s=error.retry_after_s)


def body_of(message: Message) -> bytes:
    """A message as our service worker reads it: JSON of at most LONGEST bytes, its text shortened where it must be."""
    told = {
        "title": message.title[:200],
        "text": message.text,
        "path": message.path,
        "about": message.about,
        "level": message.level.value,
    }
    room = push_crypto.LONGEST - len(msgspec.json.encode({**told, "text": ""}))
    told["text"] = _shortened(message.text, room)
    return msgspec.json.encode(told)


def topic_of(about: str) -> str:
    """What a message is about, as a topic is spelled: a later one takes the place of one that still waits."""
    return base64.urlsafe_b64encode(hashlib.sha256(about.encode()).digest()).decode()[:_TOPIC]


def _shortened(text: str, room: int) -> str:
    """As much of a text as its JSON has room for, in bytes, with an ellipsis where that is not all."""
    if _length(text) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        half = (low + high + 1) // 2
        low, high = (half, high) if _length(text[:half] + "…") <= room else (low, half - 1)
    return text[:low] + "…"


def _length(text: str) -> int:
    return len(msgspec.json.encode(text)) - 2


def _endpoint(endpoint: str, outbound: Outbound) -> tuple[str, str]:
    """An endpoint's origin, and what follows it. Raises InputWrong."""
    base, path = "", ""
    with suppress(InputWrong):
        base, path = parts_of(endpoint)
    if not base.startswith("https://") or len(path) < 2:
        raise InputWrong(
            "The browser named no address of a push service, which begins with https://; load the page anew and try "
            "again.",
            "endpoint",
        )
    judge(base, outbound, "endpoint")
    return base, path
