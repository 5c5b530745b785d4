# ruff: noqa: N815 - the names are those of Plex
"""What plex.tv answers about people, as it puts it; a list that is empty may be left out."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta

from projectionist.integrations.plex.wire import Wire

Number: TypeAlias = Annotated[int, Meta(ge=1, le=2**63 - 1)]
"""Of people and pins."""
Token: TypeAlias = Annotated[str, Meta(max_length=512, pattern=r"^[!-~]*$")]
"""What goes into a header: letters that are seen, and no space."""


class PinTold(Wire, frozen=True):
    """A pin, with the token of whoever has claimed it; the code becomes part of an address."""

    id: Number
    code: Annotated[str, Meta(pattern=r"^[0-9A-Za-z]{4,100}$")]
    expiresIn: Annotated[int, Meta(ge=0, le=86_400)]
    authToken: Token | None = None


class AccountTold(Wire, frozen=True):
    """Who somebody is to themselves; managed users have no name to sign in by, only a title."""

    id: Number
    username: str | None = None
    title: str | None = None


class ResourceTold(Wire, frozen=True):
    """A server that somebody may use, and whether it is theirs."""

    clientIdentifier: str
    owned: bool


class SharedWith(Wire, frozen=True):
    """A server, as it is shared with a friend."""

    machineIdentifier: str


class FriendTold(Wire, frozen=True):
    """Somebody with whom the owner shares; restricted are those whom the owner manages."""

    id: Number
    restricted: bool = False
    Server: tuple[SharedWith, ...] = ()


class FriendsTold(Wire, frozen=True):
    """Everybody with whom the owner shares something."""

    User: tuple[FriendTold, ...] = ()


class FriendsEnvelope(Wire, frozen=True):
    """What that answer is wrapped in."""

    MediaContainer: FriendsTold


class HomeUserTold(Wire, frozen=True):
    """Somebody who lives in the owner's house."""

    id: Number
    restricted: bool = False


class HomeTold(Wire, frozen=True):
    """The house."""

    users: tuple[HomeUserTold, ...] = ()


PIN = msgspec.json.Decoder(PinTold, strict=False)
ACCOUNT = msgspec.json.Decoder(AccountTold, strict=False)
RESOURCES = msgspec.json.Decoder(list[ResourceTold], strict=False)
FRIENDS = msgspec.json.Decoder(FriendsEnvelope, strict=False)
HOME = msgspec.json.Decoder(HomeTold, strict=False)
