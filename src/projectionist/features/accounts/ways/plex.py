"""Signing in by a Plex account: a pin is claimed at plex.tv, and we alone ask there who did.

The browser that began it shows a cookie, and asks us again and again; each time, though never more often than every
two seconds, plex.tv is asked once. So it ends by itself when the page is left, and after five minutes anyway. The
token of whoever signed in is used to ask who they are, and forgotten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from projectionist.db.engine import Database
from projectionist.errors import Conflict, NotAllowed, NotFound, SecretUnreadable, ServerLacks, ServiceError
from projectionist.features.accounts.models import HandshakeRow
from projectionist.features.accounts.permissions import Role
from projectionist.features.accounts.service import has_administrator
from projectionist.features.accounts.sessions import hash_of, new_token
from projectionist.features.accounts.ways import queries, service
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.servers import service as servers
from projectionist.kit.secrets import Vault
from projectionist.media.identity import SIMULATED, Pin, PinProvider, Proven
from projectionist.media.vocabulary import ServerKind
from projectionist.web.ports import Principal

Provider = Callable[[str], PinProvider]

EVERY = timedelta(seconds=2)
LONGEST = timedelta(minutes=5)
_LONGEST_PAGE = 2_000
_SLACK = timedelta(seconds=0.2)
"""A page that asks every two seconds comes a little early at times."""


class Admission(StrEnum):
    """Whom the Plex sign-in lets in."""

    OFF = "off"
    LINKED = "linked"
    MEMBERS = "members"


class Standing(StrEnum):
    """What somebody is to our Plex server."""

    OWNER = "owner"
    MEMBER = "member"
    MANAGED = "managed"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class PlexWay:
    """What it takes to let people in by Plex. `provider` gives the plex.tv that knows the server at an address."""

    database: Database
    vault: Vault
    now: Callable[[], datetime]
    admission: Admission
    may_register: bool
    provider: Provider

    @property
    def is_open(self) -> bool:
        """Whether anybody can come in by it: it is switched on, and there is a Plex server."""
        return self.admission is not Admission.OFF and bool(_plex_servers(self.database))


@dataclass(frozen=True, slots=True)
class Begun:
    """A pin waits to be claimed at `link`; the `token` goes into the browser's cookie."""

    token: str = field(repr=False)
    link: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a browser has begun and nobody has claimed yet; `trouble` is why plex.tv could not be asked, if so."""

    link: str = field(repr=False)
    is_linking: bool
    expires_at: datetime
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """It is claimed: `principal` is who comes in, or who has linked it; `wanted` is the page to go on to."""

    principal: Principal
    is_linking: bool
    remember: bool
    wanted: str


def begin(
    way: PlexWay, *, back: str, wanted: str = "/", remember: bool = False, principal: Principal | None = None
) -> Begun:
    """Begin to sign in, or for `principal` to link; plex.tv leads people on to `back`.

    Raises Conflict where it is not open, NotAllowed for a program, ServiceError.
    """
    if principal is not None:
        service.check_own_hand(principal)
    provider = _provider(way)
    try:
        pin = provider.begin()
        link = provider.link(pin, back)
    finally:
        provider.close()
    moment, token = way.now(), new_token()
    ends = moment + min(LONGEST, pin.lasts)
    sealed = {"issuer": provider.issuer, "number": pin.number, "code": pin.code, "link": link}
    row = HandshakeRow(
        token_hash=hash_of(token),
        kind=Kind.PLEX.value,
        user_id=None if principal is None else principal.id,
        sealed=way.vault.seal(json.dumps(sealed)),
        remember=remember,
        wanted=page_to_keep(wanted),
        expires_at=ends,
        looked_at=None,
    )
    with way.database.write() as session:
        queries.sweep_handshakes(session, moment)
        session.add(row)
    return Begun(token, link, ends)


def page_to_keep(wanted: str) -> str:
    """The page to go on to; the home page instead of one whose address is longer than any of ours."""
    return wanted if len(wanted) <= _LONGEST_PAGE else "/"


def waiting(way: PlexWay, token: str) -> Waiting | None:
    """What a browser has begun, None where that is over. Raises SecretUnreadable."""
    row = _row(way, token)
    return None if row is None else _told(way, row)


def look(way: PlexWay, token: str, principal: Principal | None) -> Waiting | Arrived:
    """Ask plex.tv whether the pin was claimed, if it is time to; `principal` is who is signed in there now.

    That plex.tv fails is a trouble, no end. Raises NotFound where it is over, NotAllowed for whom it does not let in,
    Conflict where what is to be linked is somebody else's.
    """
    row = _row(way, token)
    if row is None:
        raise _over()
    moment = way.now()
    with way.database.write() as session:
        mine = queries.claim_look(session, row.token_hash, moment, moment - EVERY + _SLACK)
    if not mine:
        return _told(way, row)
    try:
        proven, standing = _asked(way, row)
    except NotFound:
        _end(way, row)
        raise
    except (ServiceError, SecretUnreadable) as error:
        return _told(way, row, error.message)
    if proven is None:
        return _told(way, row)
    if not _end(way, row):
        raise _over()
    return _arrive(way, row, proven, standing, principal)


def _asked(way: PlexWay, row: HandshakeRow) -> tuple[Proven | None, Standing]:
    """Who has claimed the pin, and what they are to our server. Raises ServiceError, SecretUnreadable, NotFound."""
    sealed = json.loads(way.vault.open(row.sealed))
    provider = _provider(way, sealed["issuer"])
    try:
        token = _claimed(provider, Pin(sealed["number"], sealed["code"], LONGEST))
        if token is None:
            return None, Standing.STRANGER
        proven = provider.person(token)
        if row.user_id is not None:  # it is theirs already; what they are to the server changes nothing
            return proven, Standing.STRANGER
        try:
            return proven, _standing(way, provider, proven)
        except (ServiceError, SecretUnreadable):
            if service.known(way.database, Kind.PLEX, proven) is None:
                raise
            return proven, Standing.MEMBER  # that the list cannot be had shuts nobody out who is known here
    finally:
        provider.close()


def _claimed(provider: PinProvider, pin: Pin) -> str | None:
    try:
        return provider.claimed(pin)
    except ServerLacks:
        raise _over() from None


def _standing(way: PlexWay, provider: PinProvider, proven: Proven) -> Standing:
    """The best that somebody is to one of our servers. Raises what kept us from asking, where it could be better."""
    best = Standing.STRANGER
    trouble: ServiceError | SecretUnreadable | None = None
    for server in _plex_servers(way.database):
        try:
            if _issuer_at(way, server.address) != provider.issuer:
                continue
            token = servers.server_address(way.database, way.vault, server.id).token
            house = provider.household(token, server.identity)
        except (ServiceError, SecretUnreadable) as error:
            trouble = error
            continue
        except NotFound:  # the server was removed just now
            continue
        if house.owner == proven.subject:
            return Standing.OWNER
        if proven.subject in house.others and best is not Standing.MEMBER:
            best = Standing.MANAGED if house.others[proven.subject] else Standing.MEMBER
    if best is Standing.STRANGER and trouble is not None:
        raise trouble
    return best


def _arrive(
    way: PlexWay, row: HandshakeRow, proven: Proven, standing: Standing, principal: Principal | None
) -> Arrived:
    if row.user_id is not None:
        if principal is None or principal.id != row.user_id:
            raise NotAllowed("Somebody else is signed in here by now; nothing was linked.")
        service.check_own_hand(principal)
        service.link(way.database, row.user_id, Kind.PLEX, proven, now=way.now)
        return Arrived(principal, True, False, row.wanted)
    try:
        _check_still_shared(way, proven, standing)
        entered = service.enter(
            way.database, Kind.PLEX, proven, lambda: _newcomer(way, standing), now=way.now
        )
    except NotAllowed as error:
        raise service.refuse(way.database, Kind.PLEX, proven, error, now=way.now) from None
    return Arrived(entered, False, row.remember, row.wanted)


def _check_still_shared(way: PlexWay, proven: Proven, standing: Standing) -> None:
    """Raises NotAllowed for whom the server is not shared with any more; administrators are never shut out."""
    if standing is not Standing.STRANGER:
        return
    person = service.known(way.database, Kind.PLEX, proven)
    if person is not None and person.role != Role.ADMINISTRATOR:
        raise _stranger()


def _newcomer(way: PlexWay, standing: Standing) -> Role:
    """What somebody becomes who has no account here. Raises NotAllowed where they get none."""
    if way.admission is not Admission.MEMBERS:
        raise NotAllowed(
            "This Plex account is not linked to anybody here; sign in with your password and link it on your "
            "account's page."
        )
    if not has_administrator(way.database):
        if standing is Standing.OWNER:
            return Role.ADMINISTRATOR
        raise NotAllowed("There is no administrator yet; the owner of the Plex server has to sign in first.")
    if standing is Standing.STRANGER:
        raise _stranger()
    if not way.may_register:
        raise NotAllowed("Nobody makes accounts here by themselves; ask an administrator.")
    return Role.GUEST if standing is Standing.MANAGED else Role.USER


def _stranger() -> NotAllowed:
    return NotAllowed(
        "The Plex server is not shared with this Plex account; ask its owner to share it, then sign in again."
    )


def _provider(way: PlexWay, issuer: str = "") -> PinProvider:
    """The plex.tv of our servers, the real one before that of the demo house; or the one that has this name.

    Raises Conflict where nobody can come in by it, NotFound where that one is not ours any more.
    """
    if way.admission is Admission.OFF:
        raise Conflict("Signing in by Plex is switched off in the settings.")
    found: dict[str, PinProvider] = {}
    for server in _plex_servers(way.database):
        one = way.provider(server.address)
        if found.setdefault(one.issuer, one) is not one:
            one.close()
    wanted = issuer or min(found, key=lambda name: name == SIMULATED, default="")
    for name, one in found.items():
        if name != wanted:
            one.close()
    if wanted in found:
        return found[wanted]
    if issuer:
        raise _over()
    raise Conflict("There is no Plex server here yet, so nobody can sign in by Plex.")


def _issuer_at(way: PlexWay, address: str) -> str:
    provider = way.provider(address)
    try:
        return provider.issuer
    finally:
        provider.close()


def _plex_servers(database: Database) -> Sequence[servers.Server]:
    return [one for one in servers.all_servers(database) if one.kind is ServerKind.PLEX and one.has_token]


def _row(way: PlexWay, token: str) -> HandshakeRow | None:
    if not token:
        return None
    with way.database.read() as session:
        return queries.handshake(session, hash_of(token), Kind.PLEX, way.now())


def _told(way: PlexWay, row: HandshakeRow, trouble: str = "") -> Waiting:
    link = json.loads(way.vault.open(row.sealed))["link"]
    return Waiting(link, row.user_id is not None, row.expires_at, trouble)


def _end(way: PlexWay, row: HandshakeRow) -> bool:
    with way.database.write() as session:
        return queries.end_handshake(session, row.token_hash)


def _over() -> NotFound:
    return NotFound("This sign-in is over; begin it again.")
