"""Signing in by a proxy in front that has asked who somebody is, and says so in a header of each request.

Only a proxy that is trusted by the settings is believed; from anybody else the headers are nothing. It has to take
the same headers out of what its visitors send.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.errors import NotAllowed
from projectionist.features.accounts.ways import service, vouched
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.accounts.ways.vouched import Door
from projectionist.media.identity import Proven, Vouched
from projectionist.web.ports import Principal

ISSUER = "proxy"
_LONGEST = 255
_MOST = 4_000


@dataclass(frozen=True, slots=True)
class ProxyWay:
    """What it takes to believe a proxy: the names of its headers, the first empty where none is believed."""

    database: Database
    now: Callable[[], datetime]
    header: str
    groups_header: str
    roles: Sequence[str]
    may_register: bool = True

    @property
    def is_open(self) -> bool:
        """Whether anybody can come in by it."""
        return self.header != ""

    def read(self, names: Sequence[str], groups: Sequence[str]) -> Vouched | None:
        """Whom the headers name, None where they name nobody. Raises NotAllowed for what can be no name."""
        if not any(name.strip() for name in names):
            return None
        name = names[0].strip()
        plain = name.isprintable() and len(name) <= _LONGEST
        if len(names) > 1 or not plain or sum(map(len, groups)) > _MOST:
            raise NotAllowed("The proxy in front names nobody who can be; look at its headers.")
        found = {group for one in groups for part in one.split("|") for group in part.split(",")}
        return Vouched(Proven(ISSUER, name, name[:100]), frozenset(group.strip() for group in found))

    def enter(self, person: Vouched) -> Principal:
        """Who somebody is here whom the proxy names. Raises NotAllowed where no group lets them in."""
        door = Door(self.database, Kind.PROXY, self.roles, self.may_register, self.now)
        try:
            return vouched.enter(door, person)
        except NotAllowed as error:
            raise service.refuse(
                self.database, Kind.PROXY, person.proven, error, now=self.now, seldom=True
            ) from None

    def known(self, person: Vouched) -> Principal | None:
        """Who somebody is here by now whom the proxy named before; what it said then changes nothing any more."""
        return service.known(self.database, Kind.PROXY, person.proven)
