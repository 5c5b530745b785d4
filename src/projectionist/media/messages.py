"""Messages that leave the house: the words for them, and what a service that carries them promises."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Level(StrEnum):
    """How much a message matters."""

    GOOD = "good"
    INFO = "info"
    WARN = "warn"
    BAD = "bad"


class MessengerKind(StrEnum):
    """In whose form a message is posted, or the library that knows it: `apprise` takes the addresses of Apprise, and an
    Apprise API passes messages on.
    """

    APPRISE = "apprise"
    APPRISE_API = "apprise_api"
    NTFY = "ntfy"
    GOTIFY = "gotify"
    DISCORD = "discord"
    SLACK = "slack"


@dataclass(frozen=True, slots=True)
class Message:
    """A message: one line, and what there is to say.

    `path` is the page of ours that it leads to, without the base path. `about` names what it tells of, where a later
    message about the same replaces it; empty where none does.
    """

    title: str
    text: str
    level: Level
    path: str = "/"
    about: str = ""


@dataclass(frozen=True, slots=True)
class MessengerAddress:
    """Where messages go; the address is a secret, as whoever knows it can post there too."""

    kind: MessengerKind
    address: str = field(repr=False)


class Messenger(Protocol):
    """Carries messages to one place. Raises ServiceError; no message of an error holds the address."""

    def send(self, message: Message) -> None:
        """Send a message."""

    def beat(self) -> None:
        """Ask for the address, which tells whoever listens there that we live."""

    def close(self) -> None:
        """Give up connections."""


ConnectMessenger = Callable[[MessengerAddress], Messenger]
"""How features come to a messenger. Raises InputWrong where an address can be none."""
