"""Messages as requests, in the form that each service reads.

Documented at https://github.com/caronc/apprise-api, https://docs.ntfy.sh/publish/#publish-as-json,
https://gotify.net/docs/pushmsg, https://discord.com/developers/docs/resources/webhook#execute-webhook and
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import msgspec

from projectionist import __version__
from projectionist.errors import AddressRefused, InputWrong, ServiceError
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.logs import mask, masked
from projectionist.kit.outbound import OUTBOUND, Outbound
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind

_IN_TIME = TimeOuts(connect=5.0, read=10.0, total=20.0)
_ONCE = Retries(attempts=1)
_LARGEST_ANSWER = 1024 * 1024
_LONGEST = 2000
"""Discord takes no longer text, and nobody reads one."""
_LONGEST_ADDRESS = 2000
_SECRET = 12
"""A shorter path guards nothing, and is part of much that is no secret."""
_APPRISE = {Level.GOOD: "success", Level.INFO: "info", Level.WARN: "warning", Level.BAD: "failure"}
_PRIORITY = {Level.GOOD: 3, Level.INFO: 3, Level.WARN: 4, Level.BAD: 5}


class PostMessenger:
    """Posts messages to an address. Raises InputWrong where it can be none."""

    def __init__(
        self, address: MessengerAddress, *, time_outs: TimeOuts = _IN_TIME, outbound: Outbound = OUTBOUND
    ) -> None:
        base, self._path = parts_of(address.address)
        judge(base, outbound)
        for secret in (self._path, urlsplit(self._path).query):
            if len(secret) >= _SECRET:
                mask(secret)
        self._kind = address.kind
        headers = {"User-Agent": f"Projectionist/{__version__}", "Content-Type": "application/json"}
        self._http = HttpClient(
            base,
            headers,
            name=_NAMES[address.kind],
            time_outs=time_outs,
            retries=_ONCE,
            max_body=_LARGEST_ANSWER,
            outbound=outbound,
        )

    def send(self, message: Message) -> None:
        """Send a message. Raises ServiceError."""
        path, body = self._path, body_of(self._kind, message)
        if self._kind is MessengerKind.NTFY:
            plain, mark, query = path.partition("?")
            folder, _, topic = plain.rpartition("/")
            path, body = f"{folder or '/'}{mark}{query}", {**body, "topic": topic}
        with self._secretly(path):
            self._http.request("POST", path, content=msgspec.json.encode(body))

    def beat(self) -> None:
        """Ask for the address. Raises ServiceError."""
        with self._secretly(self._path):
            self._http.get(self._path)

    def close(self) -> None:
        """Give up connections."""
        self._http.close()

    @contextmanager
    def _secretly(self, asked: str) -> Iterator[None]:
        """The path is a secret, with what follows it, and an error of the client names what was asked for."""
        try:
            yield
        except ServiceError as error:
            said = error.message.replace(self._path, "/…")
            said = masked(said.replace(asked, "/…") if asked != "/" else said)
            raise type(error)(said, answered=error.answered, retry_after_s=error.retry_after_s) from None


_NAMES = {
    MessengerKind.APPRISE_API: "Apprise",
    MessengerKind.NTFY: "ntfy",
    MessengerKind.GOTIFY: "Gotify",
    MessengerKind.DISCORD: "Discord",
    MessengerKind.SLACK: "Slack",
}


def parts_of(address: str) -> tuple[str, str]:
    """An address without what follows its host, and what follows. Raises InputWrong."""
    text = address.strip()
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise _wrong() from None
    plain = text.isascii() and text.isprintable() and " " not in text and len(text) <= _LONGEST_ADDRESS
    if not plain or parts.scheme not in ("http", "https") or not parts.hostname:
        raise _wrong()
    if parts.username or parts.password:
        raise InputWrong(
            "The address holds a name or password before its host; such ones are not taken.", "address"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}", path


def judge(base: str, outbound: Outbound, field: str = "address") -> None:
    """Raise InputWrong, about `field`, where an address in digits leads where nobody may be connected to."""
    parts = urlsplit(base)
    try:
        outbound.check(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    except AddressRefused as error:
        raise InputWrong(error.message, field) from None


def body_of(kind: MessengerKind, message: Message) -> dict[str, Any]:
    """A message in a service's own form."""
    title, text = message.title[:200], message.text[: _LONGEST - 210]
    if kind is MessengerKind.APPRISE_API:
        return {"title": title, "body": text, "type": _APPRISE[message.level], "format": "text"}
    if kind is MessengerKind.DISCORD:
        return {"content": f"**{title}**\n{text}", "allowed_mentions": {"parse": []}}
    if kind is MessengerKind.SLACK:
        return {"text": f"*{_slack(title)}*\n{_slack(text)}"}
    return {"title": title, "message": text, "priority": _PRIORITY[message.level]}


def _slack(text: str) -> str:
    """Nothing in it calls people or links: https://docs.slack.dev/messaging/formatting-message-text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _wrong() -> InputWrong:
    return InputWrong(
        "An address looks like https://ntfy.example.org/my-topic, as the service shows it.", "address"
    )
