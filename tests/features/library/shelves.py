"""A media server for tests of the library: what it holds can be changed, and it can be made to fail and to lie."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import ServerLacks
from projectionist.features.library.sync import OnSynced, Sync, Synced, sync_libraries
from projectionist.features.servers.models import ServerRow
from projectionist.media.vocabulary import (
    Account,
    Image,
    ItemKind,
    LibraryEvent,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    OnDeck,
    Page,
    Part,
    PlaybackEvent,
    PlaybackSession,
    ServerInfo,
    ServerKind,
    ServerPath,
    Version,
    Watched,
)

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OWNER = Account("1", "Ada", is_owner=True)
GUEST = Account("2", "Ben")


def movie(key: str, title: str = "", *, library: str = "1", size: int = 1000, **values: Any) -> ListedItem:
    """A film with one file."""
    part = Part(f"p{key}", ServerPath(f"/media/{key}.mkv"), size, 60_000, "mkv")
    version = Version(f"v{key}", (part,), 1920, 1080, "h264", "aac", 4000, 60_000)
    defaults: dict[str, Any] = {
        "title": title or f"Film {key}",
        "year": 2000,
        "duration_ms": 60_000,
        "added_at": NOW - timedelta(days=30),
        "updated_at": NOW - timedelta(days=30),
        "versions": (version,),
    }
    return ListedItem(key, ItemKind.MOVIE, library, **{**defaults, **values})


def show(
    key: str, title: str, *, library: str = "2", seasons: int = 1, episodes: int = 2
) -> list[ListedItem]:
    """A show with its seasons and episodes."""
    made = [ListedItem(key, ItemKind.SHOW, library, title, updated_at=NOW - timedelta(days=30))]
    for number in range(1, seasons + 1):
        season = f"{key}-{number}"
        made.append(
            ListedItem(
                season,
                ItemKind.SEASON,
                library,
                f"Season {number}",
                parent_key=key,
                number=number,
                updated_at=NOW - timedelta(days=30),
            )
        )
        made += [
            replace(
                movie(f"{season}-{episode}", f"Part {episode} of {title}", library=library),
                kind=ItemKind.EPISODE,
                parent_key=season,
                grandparent_key=key,
                number=episode,
                year=None,
            )
            for episode in range(1, episodes + 1)
        ]
    return made


@dataclass
class Shelves:
    """A media server. `lie` may change any page before it is handed out; `asked` counts the pages."""

    kind: ServerKind = ServerKind.PLEX
    identity: str = "shelves"
    listed: list[ListedLibrary] = field(
        default_factory=lambda: [
            ListedLibrary("1", LibraryKind.MOVIES, "Films", (ServerPath("/media"),)),
            ListedLibrary("2", LibraryKind.SHOWS, "Shows", (ServerPath("/shows"),)),
        ]
    )
    held: dict[str, ListedItem] = field(default_factory=dict)
    people: tuple[Account, ...] = (OWNER, GUEST)
    watched: list[Watched] = field(default_factory=list)
    deck: list[OnDeck] = field(default_factory=list)
    playing: list[PlaybackSession] = field(default_factory=list)
    images: dict[str, bytes] = field(default_factory=dict)
    lie: Callable[[Page[ListedItem]], Page[ListedItem]] = lambda page: page
    asked: list[tuple[str, ItemKind, bool]] = field(default_factory=list)
    closed: bool = False

    def hold(self, *items: ListedItem) -> None:
        self.held.update({item.key: item for item in items})

    def info(self) -> ServerInfo:
        return ServerInfo(self.identity, "Shelves", "1.0")

    def libraries(self) -> Sequence[ListedLibrary]:
        return self.listed

    def items(
        self,
        library: ListedLibrary,
        kind: ItemKind,
        *,
        changed_since: datetime | None = None,
        offset: int = 0,
        size: int = 500,
    ) -> Page[ListedItem]:
        found = [
            item
            for item in self.held.values()
            if item.library_key == library.key
            and item.kind is kind
            and (changed_since is None or (item.updated_at is not None and item.updated_at >= changed_since))
        ]
        if size > 1:
            self.asked.append((library.key, kind, changed_since is not None))
        return self.lie(Page(tuple(found[offset : offset + size]), offset, len(found)))

    def item(self, key: str) -> ListedItem:
        return self.held[key]

    def part_hashes(self, item_keys: Sequence[str]) -> Mapping[str, str]:
        return {part.key: f"{part.key}hash" for key in item_keys for part in self.held[key].versions[0].parts}

    def part_bytes(self, part_key: str, start: int, length: int) -> bytes:
        raise ServerLacks("The server has no such file.")

    def image(self, key: str, *, width: int, height: int) -> Image:
        if key not in self.images:
            raise ServerLacks("The server has no such image.")
        return Image(self.images[key], "image/jpeg")

    def on_deck(self, account_key: str | None = None) -> Sequence[OnDeck]:
        return self.deck

    def watchlist(self, account_key: str | None = None) -> Sequence[ListedItem]:
        return ()

    def history(self, *, since: datetime | None = None, offset: int = 0, size: int = 500) -> Page[Watched]:
        found = sorted(
            (line for line in self.watched if since is None or line.at >= since),
            key=lambda line: line.at,
            reverse=True,
        )
        return Page(tuple(found[offset : offset + size]), offset, len(found))

    def accounts(self) -> Sequence[Account]:
        return self.people

    def sessions(self) -> Sequence[PlaybackSession]:
        return self.playing

    def events(self, stop: Event) -> Iterator[PlaybackEvent | LibraryEvent]:
        yield from ()

    def refresh_path(self, library: ListedLibrary, path: ServerPath) -> None:
        pass

    def close(self) -> None:
        self.closed = True


@dataclass
class Running:
    """A job that keeps what it was told; `on_check` may raise to cancel it."""

    job_id: str = "job"
    attempt: int = 1
    steps: list[tuple[float, float | None, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    on_check: Callable[[], None] = lambda: None

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        self.steps.append((done, total, now))

    def check(self) -> None:
        self.on_check()

    def log(self, message: str, level: str = "info") -> None:
        self.lines.append(message)


@dataclass
class Wall:
    """An index with one server, and what was published while it was synced."""

    database: Database
    server: Shelves
    server_id: int
    published: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    run: Running = field(default_factory=Running)

    def publish(
        self, topic: str, data: Mapping[str, Any] = MappingProxyType({}), *, session: Session | None = None
    ) -> None:
        self.published.append((topic, dict(data)))

    def sync(
        self, *, at: datetime = NOW, on_synced: Sequence[OnSynced] = (), **options: Any
    ) -> dict[str, Synced]:
        work = Sync(self.database, self.server, self.server_id, self.run, self, at)
        return {done.title: done for done in sync_libraries(work, on_synced=on_synced, **options)}


def add_server(database: Database, name: str = "Shelves") -> int:
    """A server in the table of servers; its id."""
    row = ServerRow(
        kind="plex",
        name=name,
        address="http://127.0.0.1",
        identity=name.lower(),
        created_at=NOW,
        last_ok_at=None,
        checked_at=None,
        failing_since=None,
    )
    with database.write() as session:
        session.add(row)
        session.flush()
        return row.id
