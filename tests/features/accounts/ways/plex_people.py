"""plex.tv in memory: people claim pins, and it fails when it is told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from projectionist.errors import ProjectionistError, ServerLacks, ServerRefused
from projectionist.media.identity import Household, Pin, Proven

OWNER, FRIEND, CHILD, STRANGER = "101", "102", "103", "104"
MACHINE = "fake-server"


@dataclass
class FakePlexTv:
    """A PinProvider. `failures` are raised by the calls of their names; `asked` is every call that came."""

    issuer: str = "https://plex.tv"
    names: dict[str, str] = field(
        default_factory=lambda: {OWNER: "Marlene", FRIEND: "farouk@example.net", CHILD: "Li", STRANGER: "Eve"}
    )
    others: dict[str, bool] = field(default_factory=lambda: {FRIEND: False, CHILD: True})
    lasts: timedelta = timedelta(minutes=30)
    failures: dict[str, ProjectionistError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    tokens: dict[int, str] = field(default_factory=dict)
    pins: int = 0

    def claim(self, subject: str) -> None:
        """Sign in at plex.tv for the pin that was made last."""
        self.tokens[self.pins] = f"plex-token-of-{subject}"

    def begin(self) -> Pin:
        self._called("begin")
        self.pins += 1
        return Pin(self.pins, f"code{self.pins}", self.lasts)

    def link(self, pin: Pin, back: str) -> str:
        return f"https://app.plex.tv/auth#?code={pin.code}&forwardUrl={back}"

    def claimed(self, pin: Pin) -> str | None:
        self._called("claimed")
        if pin.number > self.pins:
            raise ServerLacks("plex.tv has no such pin.")
        return self.tokens.get(pin.number)

    def person(self, token: str) -> Proven:
        self._called("person")
        subject = token.removeprefix("plex-token-of-")
        return Proven(self.issuer, subject, self.names[subject])

    def household(self, token: str, machine: str) -> Household:
        self._called("household")
        if machine != MACHINE:
            raise ServerRefused("plex.tv does not know this server as theirs.")
        return Household(OWNER, self.others)

    def close(self) -> None:
        return None

    def _called(self, name: str) -> None:
        self.asked.append(name)
        if name in self.failures:
            raise self.failures[name]
