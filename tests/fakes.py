"""A media server in memory, which holds what a test puts in and fails when it is told to."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from projectionist.errors import ProjectionistError, RangeRefused, ServerLacks
from projectionist.media.server import MediaServer
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

LATEST = 0.02
"""Seconds until `events` notices that it is to stop."""


@dataclass
class FakeServer:
    """A MediaServer whose contents are plain lists. `kind` and everything else may be changed at any time.

    `failures` are raised by the calls of their names (`"*"`: by all), until taken out. `before` is called with
    the name of a call before it answers: to be slow, to count, to change things between two pages. `asked` is
    every call that came, `refreshed` every path that was to be looked at again. `sees` is where the fake finds the
    files of folders that are mounted elsewhere for it, by their paths on the server.
    """

    kind: ServerKind = ServerKind.PLEX
    about: ServerInfo = field(default_factory=lambda: ServerInfo("fake-server", "Fake", "1.0"))
    shelves: list[ListedLibrary] = field(default_factory=list)
    held: list[ListedItem] = field(default_factory=list)
    hashes: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, Image] = field(default_factory=dict)
    sees: dict[ServerPath, Path] = field(default_factory=dict)
    decks: dict[str | None, list[OnDeck]] = field(default_factory=dict)
    watchlists: dict[str | None, list[ListedItem]] = field(default_factory=dict)
    watched: list[Watched] = field(default_factory=list)
    people: list[Account] = field(default_factory=list)
    playing: list[PlaybackSession] = field(default_factory=list)
    failures: dict[str, ProjectionistError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    refreshed: list[tuple[str, str]] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._happened: deque[PlaybackEvent | LibraryEvent] = deque()
        self._news = threading.Condition()

    def before(self, call: str) -> None:
        """Nothing; a test puts its own function here."""

    def happen(self, event: PlaybackEvent | LibraryEvent) -> None:
        """Tell whoever listens to `events`."""
        with self._news:
            self._happened.append(event)
            self._news.notify_all()

    def info(self) -> ServerInfo:
        """Who answers."""
        self._begin("info")
        return self.about

    def libraries(self) -> Sequence[ListedLibrary]:
        """The shelves."""
        self._begin("libraries")
        return tuple(self.shelves)

    def items(
        self,
        library: ListedLibrary,
        kind: ItemKind,
        *,
        changed_since: datetime | None = None,
        offset: int = 0,
        size: int = 500,
    ) -> Page[ListedItem]:
        """A page of what is held, in the order in which it was put in."""
        self._begin("items")
        if all(shelf.key != library.key for shelf in self.shelves):
            raise ServerLacks(f"The fake server has no library {library.key}.")
        found = [
            item
            for item in self.held
            if item.library_key == library.key
            and item.kind is kind
            and (changed_since is None or (item.updated_at is not None and item.updated_at >= changed_since))
        ]
        return Page(tuple(found[offset : offset + size]), offset, len(found))

    def item(self, key: str) -> ListedItem:
        """One item."""
        self._begin("item")
        for item in self.held:
            if item.key == key:
                return item
        raise ServerLacks(f"The fake server has no item {key}.")

    def part_hashes(self, item_keys: Sequence[str]) -> Mapping[str, str]:
        """The hashes that were put in, of the parts of these items."""
        self._begin("part_hashes")
        wanted = {
            part.key
            for item in self.held
            if item.key in item_keys
            for version in item.versions
            for part in version.parts
        }
        return {key: value for key, value in self.hashes.items() if key in wanted}

    def part_bytes(self, part_key: str, start: int, length: int) -> bytes:
        """A range of the file at the part's path, in the tree that the fake sees."""
        self._begin("part_bytes")
        path = self._file(part_key)
        if path is None or not path.is_file():
            raise ServerLacks(f"The fake server has no file for part {part_key}.")
        content = path.read_bytes()
        if start >= len(content):
            raise RangeRefused(f"The file of part {part_key} ends before {start}.")
        return content[start : start + length]

    def image(self, key: str, *, width: int, height: int) -> Image:
        """A picture as it was put in."""
        self._begin("image")
        if key not in self.pictures:
            raise ServerLacks(f"The fake server has no picture {key}.")
        return self.pictures[key]

    def on_deck(self, account_key: str | None = None) -> Sequence[OnDeck]:
        """What was put in for this account."""
        self._begin("on_deck")
        return tuple(self.decks.get(account_key, ()))

    def watchlist(self, account_key: str | None = None) -> Sequence[ListedItem]:
        """What was put in for this account."""
        self._begin("watchlist")
        return tuple(self.watchlists.get(account_key, ()))

    def history(self, *, since: datetime | None = None, offset: int = 0, size: int = 500) -> Page[Watched]:
        """What was watched, newest first."""
        self._begin("history")
        found = sorted(
            (line for line in self.watched if since is None or line.at >= since),
            key=lambda line: line.at,
            reverse=True,
        )
        return Page(tuple(found[offset : offset + size]), offset, len(found))

    def accounts(self) -> Sequence[Account]:
        """The people."""
        self._begin("accounts")
        return tuple(self.people)

    def sessions(self) -> Sequence[PlaybackSession]:
        """What is playing."""
        self._begin("sessions")
        return tuple(self.playing)

    def events(self, stop: threading.Event) -> Iterator[PlaybackEvent | LibraryEvent]:
        """What `happen` is told, until `stop` is set; a failure of `events` that is set meanwhile ends it."""
        self._begin("events")
        while not stop.is_set():
            with self._news:
                if not self._happened:
                    self._news.wait(LATEST)
                event = self._happened.popleft() if self._happened else None
            self._fail("events")
            if event is not None:
                yield event

    def refresh_path(self, library: ListedLibrary, path: ServerPath) -> None:
        """Remember what was asked."""
        self._begin("refresh_path")
        self.refreshed.append((library.key, path))

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def _file(self, part_key: str) -> Path | None:
        parts = (part for item in self.held for version in item.versions for part in version.parts)
        found = next((part.path for part in parts if part.key == part_key), None)
        if found is None:
            return None
        for above in (Path(found), *Path(found).parents):
            if (elsewhere := self.sees.get(ServerPath(str(above)))) is not None:
                return elsewhere / Path(found).relative_to(above)
        return Path(found)

    def _begin(self, call: str) -> None:
        self.asked.append(call)
        self.before(call)
        self._fail(call)

    def _fail(self, call: str) -> None:
        failure = self.failures.get(call) or self.failures.get("*")
        if failure is not None:
            raise failure


def as_media_server(fake: FakeServer) -> MediaServer:
    """The fake where a MediaServer is wanted; the type checker proves that it is one."""
    return fake
