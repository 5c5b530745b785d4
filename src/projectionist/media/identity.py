"""What every service that says who somebody is can be asked, whatever its vendor calls it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

SIMULATED = "demo"
"""The issuer of the demo house: who signs in there is nobody anywhere else."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Somebody whom a service vouches for: `subject` is theirs there for ever, `name` is what they are called now."""

    issuer: str
    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Pin:
    """What was begun at a service: somebody claims the `code` there, and by the `number` it is asked who did."""

    number: int
    code: str = field(repr=False)
    lasts: timedelta


@dataclass(frozen=True, slots=True)
class Household:
    """Who may use a server, by their subjects: its owner, and all others, each with whether somebody manages them."""

    owner: str
    others: Mapping[str, bool]


class PinProvider(Protocol):
    """A service at which people sign in by claiming a code, asked by us alone: no browser sees a token.

    Every call raises ServerUnreachable, TlsFailed, ServerRefused, ServerFailed or ServerAnswerWrong.
    """

    issuer: str
    """By what the people of this service are told from those of others."""

    def begin(self) -> Pin:
        """A code that nobody has claimed."""

    def link(self, pin: Pin, back: str) -> str:
        """Where somebody claims it, in their browser; from there they come back to the address `back`."""

    def claimed(self, pin: Pin) -> str | None:
        """The token of whoever has claimed it, None until then. Raises ServerLacks where it is over."""

    def person(self, token: str) -> Proven:
        """Whose token this is."""

    def household(self, token: str, machine: str) -> Household:
        """Who may use a server of the one whose token this is. Raises ServerRefused where it is none of theirs."""

    def close(self) -> None:
        """Give up connections."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What was begun at a provider: the browser carries the code back with the `state`, the rest stays here."""

    link: str = field(repr=False)
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vouched:
    """Whom a provider vouches for, and in which of its groups they are."""

    proven: Proven
    groups: frozenset[str]


class CodeProvider(Protocol):
    """A provider that sends people back with a code, which we alone exchange: no browser sees a token.

    Every call raises ServerUnreachable, TlsFailed, ServerRefused, ServerLacks, ServerFailed or ServerAnswerWrong.
    """

    issuer: str
    """By what the people of this provider are told from those of others."""

    def begin(self, back: str) -> Errand:
        """Begin to sign in; from the provider people come back to the address `back`."""

    def redeem(self, errand: Errand, code: str, back: str) -> Vouched:
        """Who came back with this code. Raises ServerAnswerWrong for one that is not proven to be meant for us."""

    def close(self) -> None:
        """Give up connections."""
