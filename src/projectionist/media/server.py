"""What every media server can be asked, whatever its vendor calls it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event
from typing import Protocol, TypeAlias

from projectionist.media.vocabulary import (
    Account,
    Image,
    ItemKind,
    LibraryEvent,
    ListedItem,
    ListedLibrary,
    OnDeck,
    Page,
    PlaybackEvent,
    PlaybackSession,
    ServerInfo,
    ServerKind,
    ServerPath,
    Watched,
)


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """How a server is reached: `address` is a URL, or for a folder its path; the token never appears in a repr."""

    kind: ServerKind
    address: str
    token: str = field(default="", repr=False)
    verify_tls: bool = True


class MediaServer(Protocol):
    """A media server. Calls block, time out, and are tried again where that is safe.

    Every call raises ServerUnreachable, TlsFailed, ServerRefused, ServerFailed or ServerAnswerWrong; one that
    names a thing raises ServerLacks where the server has none such. An empty answer is an answer: it never
    stands for a failed one.
    """

    kind: ServerKind

    def info(self) -> ServerInfo:
        """Who answers."""

    def libraries(self) -> Sequence[ListedLibrary]:
        """The libraries, in the server's order."""

    def items(
        self,
        library: ListedLibrary,
        kind: ItemKind,
        *,
        changed_since: datetime | None = None,
        offset: int = 0,
        size: int = 500,
    ) -> Page[ListedItem]:
        """A page of the items of one kind, in a stable order; with `changed_since` those changed at or after it."""

    def item(self, key: str) -> ListedItem:
        """One item."""

    def part_hashes(self, item_keys: Sequence[str]) -> Mapping[str, str]:
        """What the server names its own folder for each part by, by part key; a part it has no hash for is absent."""

    def part_bytes(self, part_key: str, start: int, length: int) -> bytes:
        """`length` bytes of a part's file from `start` on, as the server itself reads them; fewer only at its end.

        Raises RangeRefused where the file, as the server sees it, ends at `start` or before, and ServerLacks also
        where the file of a part that it lists is not there.
        """

    def image(self, key: str, *, width: int, height: int) -> Image:
        """A poster or background, fitted into width x height pixels where the server scales, else as it is."""

    def on_deck(self, account_key: str | None = None) -> Sequence[OnDeck]:
        """What an account (the owner, where None) watches next, in every library."""

    def watchlist(self, account_key: str | None = None) -> Sequence[ListedItem]:
        """What an account has put on its watchlist; items the server does not hold have an empty library key."""

    def history(self, *, since: datetime | None = None, offset: int = 0, size: int = 500) -> Page[Watched]:
        """What was watched by whom, newest first."""

    def accounts(self) -> Sequence[Account]:
        """Who may watch."""

    def sessions(self) -> Sequence[PlaybackSession]:
        """What is played now."""

    def events(self, stop: Event) -> Iterator[PlaybackEvent | LibraryEvent]:
        """What happens, as it happens, until `stop` is set; ends by raising where the connection is lost."""

    def refresh_path(self, library: ListedLibrary, path: ServerPath) -> None:
        """Ask the server to look at one folder again; returns before it has."""

    def close(self) -> None:
        """Give up connections."""


Connect: TypeAlias = Callable[[ServerAddress], MediaServer]
"""How features come to a server without knowing a vendor; given by the composition root."""
