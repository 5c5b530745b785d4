"""A household with one server, its index, and whatever somebody may want there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import NotFound, ProjectionistError
from projectionist.features.cache.wanting.gathering import Gathered, Wanting
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.sources import Amounts
from projectionist.features.cache.wanting.wants import Source, Want
from projectionist.features.library.household import queries
from projectionist.features.library.sync import Sync, sync_libraries
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import (
    ExternalId,
    ItemKind,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    LocalPath,
    OnDeck,
    Part,
    PlaybackSession,
    PlaybackState,
    ServerPath,
    Version,
    Watched,
)
from tests.fakes import FakeServer
from tests.features.library.shelves import GUEST, NOW, OWNER, Running, add_server, movie, show

SOME = 1 << 30


class Silent:
    """Events that nobody hears of."""

    def publish(
        self, topic: str, data: Mapping[str, Any] = MappingProxyType({}), *, session: Session | None = None
    ) -> None:
        pass


@dataclass
class Home:
    """Ada, who owns the server, and Ben; `tick` is the clock by which servers are asked again."""

    database: Database
    standard: frozenset[Source] = frozenset(Source)
    amounts: Amounts = field(default_factory=Amounts)
    lists: Lists | None = None
    tick: float = 0.0

    def __post_init__(self) -> None:
        self.server = FakeServer(
            shelves=[
                ListedLibrary("1", LibraryKind.MOVIES, "Films", (ServerPath("/media"),)),
                ListedLibrary("2", LibraryKind.SHOWS, "Shows", (ServerPath("/media"),)),
            ],
            people=[OWNER, GUEST],
        )
        self.server_id = add_server(self.database)
        self.is_there = True
        self._wanting: Wanting | None = None

    def hold(self, *items: ListedItem) -> None:
        """Put items into the server, to be synced."""
        self.server.held += items

    def sync(self) -> None:
        """Take over what the server holds, and who watched what."""
        work = Sync(self.database, self.server, self.server_id, Running(), Silent(), NOW)
        list(sync_libraries(work))

    def watch(self, account: str, *keys: str, at: datetime = NOW - timedelta(days=1)) -> None:
        """Somebody watched these to their end, one after the other."""
        self.server.watched += [
            Watched(key, account, at + timedelta(minutes=number)) for number, key in enumerate(keys)
        ]

    def play(self, account: str, key: str, part_key: str | None = None) -> None:
        """Somebody plays an item now."""
        self.server.playing.append(
            PlaybackSession(
                f"s{key}", key, account, "", "player", PlaybackState.PLAYING, 0, 0, part_key=part_key
            )
        )

    def look(self, now: datetime = NOW, *, at_once: bool = False) -> Gathered:
        """What is wanted now."""
        if self._wanting is None:
            self._wanting = Wanting(
                self.database, self, self.amounts, self.standard, self.lists, lambda: self.tick
            )
        return self._wanting.look(now, at_once=at_once)

    def wants(self, now: datetime = NOW) -> dict[str, Want]:
        """What is wanted now, by the names of the files."""
        return {one.file.path.stem: one for one in self.look(now).wanted.wants}

    def named(self, source: Source, now: datetime = NOW) -> list[str]:
        """The files that a source names, in the order of their names."""
        return sorted(name for name, one in self.wants(now).items() if source in one.sources)

    def failing(self, now: datetime = NOW) -> list[tuple[Source, str, datetime, str, int]]:
        """The sources that do not answer: which, whose, since when, why, and how much they named before."""
        failed = self.look(now).wanted.failed
        return [(one.source, one.account, one.since, one.reason, one.kept) for one in failed]

    def account(self, key: str) -> int:
        """The id of an account, by the server's key."""
        with self.database.read() as session:
            return next(row.id for row in queries.accounts(session) if row.key == key)

    def item(self, key: str) -> int:
        """The id of an item, by the server's key."""
        with self.database.read() as session:
            return queries.ids_by_key(session, self.server_id, [key])[key]

    def server_ids(self) -> Sequence[int]:
        return (self.server_id,) if self.is_there else ()

    def connect(self, server_id: int) -> MediaServer:
        if not self.is_there:
            raise NotFound("There is no such server.")
        return self.server

    def name(self, server_id: int) -> str:
        return "Shelves"

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        return LocalPath(Path("/view") / Path(path).relative_to("/media"))

    def server_paths(self, server_id: int, path: Path) -> Sequence[ServerPath]:
        return (ServerPath(str(Path("/media") / path.relative_to("/view"))),)

    def fail(self, call: str, error: ProjectionistError | None) -> None:
        """Let a call fail from now on, or answer again."""
        with suppress(KeyError):
            del self.server.failures[call]
        if error is not None:
            self.server.failures[call] = error


def film(
    key: str, *, size: int = SOME, ids: Sequence[ExternalId] = (), added_days: float = 400
) -> ListedItem:
    """A film with one file."""
    return movie(key, size=size, external_ids=tuple(ids), added_at=NOW - timedelta(days=added_days))


def series(
    key: str, *, seasons: int = 1, episodes: int = 3, ids: Sequence[ExternalId] = (), added_days: float = 400
) -> list[ListedItem]:
    """A show, its seasons and episodes: the key of an episode is `show-season-episode`."""
    made = show(key, f"Show {key}", seasons=seasons, episodes=episodes)
    return [
        replace(
            one,
            external_ids=tuple(ids) if one.kind is ItemKind.SHOW else (),
            added_at=NOW - timedelta(days=added_days),
        )
        for one in made
    ]


def versions(item: ListedItem, *heights: int, optimized: Sequence[int] = ()) -> ListedItem:
    """An item with a version of each of these heights; the keys of their parts are `key@height`."""
    made = tuple(
        Version(
            f"v{height}",
            (
                Part(
                    f"{item.key}@{height}", ServerPath(f"/media/{item.key}@{height}.mkv"), height * 1_000_000
                ),
            ),
            height * 16 // 9,
            height,
            bitrate_kbps=height * 10,
            optimized=height in optimized,
        )
        for height in heights
    )
    return replace(item, versions=made)


def deck(*keys: str) -> list[OnDeck]:
    """What is on deck, the first first."""
    return [OnDeck(key, 0, NOW - timedelta(days=1)) for key in keys]
