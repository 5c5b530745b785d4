"""The media servers' own eyes: whether they read what we put in a file's place, and who plays it.

A server may run in a container, or on another machine, with other mounts than ours: what is in order here may be
missing there. So it reads the ends of a file itself, and they are compared with those of the file that is meant.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from projectionist.db.engine import Database
from projectionist.errors import NotFound, RangeRefused, ServerLacks, SwapRefused
from projectionist.features.cache import queries
from projectionist.features.cache.neighbours import Servers
from projectionist.features.library.service import PartFacts, libraries, parts_at, parts_of, server_key
from projectionist.kit.clock import Clock
from projectionist.media.names import FILM_SUFFIXES
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import PlaybackSession, ServerPath

END = 64 * 1024
"""How much of each end of a file is compared."""


class Region(Protocol):
    """A folder whose files may be cached, and where players see it."""

    @property
    def library_id(self) -> int:
        """Whose files they are."""

    @property
    def slow_root(self) -> Path:
        """Where the originals are."""

    @property
    def view_root(self) -> Path:
        """Where players see them."""


class Regions(Protocol):
    """The places of this node."""

    def all(self) -> Sequence[Region]:
        """Every place."""


@dataclass(frozen=True, slots=True)
class Blind:
    """A server that does not see what it should, and what was found, in words."""

    server: str
    at: str
    found: str


class Eyes:
    """Witness and Watching for a swap, over all servers that hold a file."""

    def __init__(self, database: Database, servers: Servers, places: Regions, clock: Clock) -> None:
        self._database = database
        self._servers = servers
        self._places = places
        self._clock = clock
        self._blind: dict[Path, Blind] = {}

    def sees(self, path: Path, like: Path) -> bool:
        """Whether every server that lists `path` reads there the first and last 64 KB of the local file `like`.

        What no server lists and is no film is nobody's to see. Raises ServiceError where one cannot be asked.
        """
        self._blind.pop(path, None)
        parts = self._parts(path)
        if not parts and path.suffix.lower() in FILM_SUFFIXES:
            raise ServerLacks(
                f"No server lists {path} any more, so nobody can say whether it is seen; sync its library first."
            )
        for part in parts:
            found = self._compare(part, like)
            if found is not None:
                self._blind[path] = found
                return False
        return True

    def why_unseen(self, path: Path, fast_root: Path) -> str:
        """In words, why `sees` was not true for a path the last time, and which mount is missing."""
        blind = self._blind.get(path)
        if blind is None:
            return f"A server did not see {path} on the fast disk; everything is as it was."
        return (
            f"{blind.server} {blind.found} at {blind.at} while that led to the fast disk; everything is as it was. "
            f"Mount {fast_root} there too, under this very path (in a container: as a volume), then try again."
        )

    def probe(self, path: Path, tier_id: int) -> None:
        """Let each server that has not read through this tier before read the original, where it is now.

        Raises SwapRefused where one reads something else there, and ServiceError where one cannot be asked.
        """
        with self._database.read() as session:
            seen = queries.seen_by(session, tier_id)
        for part in self._parts(path):
            blind = None if part.server_id in seen else self._compare(part, path)
            if blind is not None:
                raise SwapRefused(
                    f"{blind.server} {blind.found} at {blind.at}, and {path} is not that file; it stays where it is: "
                    "correct the path mapping of that server."
                )

    def remember(self, path: Path, tier_id: int) -> None:
        """The servers that list a path have read it through this tier."""
        ids = {part.server_id for part in self._parts(path)}
        with self._database.write() as session:
            for server_id in sorted(ids):
                queries.put_seen(session, server_id, tier_id, self._clock.now())

    def forget(self, path: Path, tier_id: int) -> None:
        """A server that lists a path did not see it through this tier: the next time begins with a probe."""
        with self._database.write() as session:
            queries.drop_seen(session, {part.server_id for part in self._parts(path)}, tier_id)

    def leaves_free(self, path: Path) -> bool:
        """Whether nobody plays the version at `path` now, by every server that lists it.

        A film that no server lists counts as played while anything is, for nobody can tell. Raises ServiceError
        where a server cannot be asked.
        """
        by_server: dict[int, list[PartFacts]] = {}
        for part in self._parts(path):
            by_server.setdefault(part.server_id, []).append(part)
        if not by_server:
            return path.suffix.lower() not in FILM_SUFFIXES or not self._anything_is_played(path)
        return not any(
            _is_played(part, session)
            for server_id, parts in by_server.items()
            for session in self._sessions(server_id)
            for part in parts
        )

    def played_files(self) -> set[Path]:
        """The originals of what is played now on any server. Raises ServiceError where one cannot be asked.

        Where a server does not say which version, all of the item are; what the index does not know is left out.
        """
        found = set()
        for server_id in self._servers.server_ids():
            sessions = self._sessions(server_id)
            keys = {session.item_key for session in sessions}
            for part in parts_of(self._database, server_id, keys) if keys else ():
                path = self._servers.known_path(server_id, part.path)
                if path is not None and any(_is_played(part, session) for session in sessions):
                    found.add(self._original(path))
        return found

    def files_of(self, item_id: int) -> Collection[Path]:
        """Where this node has the files that its server lists for an item now. Raises ServiceError."""
        known = server_key(self._database, item_id)
        if known is None:
            return ()
        server_id, key = known
        with self._server(server_id) as server:
            try:
                parts = [] if server is None else _files(server, key)
            except ServerLacks:
                return ()
        found = [self._servers.known_path(server_id, part) for part in parts]
        return [self._original(path) for path in found if path is not None]

    def paths_of(self, item_id: int) -> set[Path]:
        """Where this node has an item's files, as players see them and as originals. Raises NotFound."""
        known = server_key(self._database, item_id)
        if known is None:
            raise NotFound("There is no such item; it may have been removed from its library.")
        return self.files_by_key(*known)

    def files_by_key(self, server_id: int, key: str) -> set[Path]:
        """The same by the server's own key; none where the index does not know it."""
        parts = parts_of(self._database, server_id, {key})
        seen = {self._servers.known_path(server_id, part.path) for part in parts}
        views = {Path(path) for path in seen if path is not None}
        return views | {self._original(path) for path in views}

    def _original(self, view: Path) -> Path:
        """Where the original of what players see at `view` is."""
        places = [place for place in self._places.all() if view.is_relative_to(place.view_root)]
        best = max(places, key=lambda place: len(place.view_root.parts), default=None)
        return view if best is None else best.slow_root / view.relative_to(best.view_root)

    def _parts(self, path: Path) -> list[PartFacts]:
        views = {
            place.view_root / path.relative_to(place.slow_root)
            for place in self._places.all()
            if path.is_relative_to(place.slow_root)
        } or {path}
        found: dict[int, PartFacts] = {}
        for server_id in self._servers.server_ids():
            names = {name for view in views for name in self._servers.server_paths(server_id, view)}
            found |= {part.id: part for part in parts_at(self._database, server_id, names)}
        return list(found.values())

    def _compare(self, part: PartFacts, like: Path) -> Blind | None:
        """None where the server reads the same ends; else what it found. Raises ServiceError."""
        size = like.stat().st_size
        with self._server(part.server_id) as server:
            if server is None:
                return None  # it was taken out, and reads nothing any more
            ends = ((0, END), (max(0, size - END), END + 1))  # one byte more: it must end there
            try:
                for start, length in ends:
                    if server.part_bytes(part.part_key, start, length) != _range(like, start, length):
                        return self._is_blind(part, "reads another file")
            except RangeRefused:
                return self._is_blind(part, "reads a shorter file")
            except ServerLacks:
                return self._is_blind(part, "finds no file")
        return None

    def _is_blind(self, part: PartFacts, found: str) -> Blind:
        return Blind(self._servers.name(part.server_id), part.path, found)

    def _sessions(self, server_id: int) -> Sequence[PlaybackSession]:
        with self._server(server_id) as server:
            return () if server is None else server.sessions()

    def _anything_is_played(self, path: Path) -> bool:
        owners = {one.id: one.server_id for one in libraries(self._database)}
        near = {
            owners[place.library_id]
            for place in self._places.all()
            if path.is_relative_to(place.slow_root) and place.library_id in owners
        }
        return any(self._sessions(server_id) for server_id in sorted(near))

    @contextmanager
    def _server(self, server_id: int) -> Iterator[MediaServer | None]:
        """A connection to a server; None where it was taken out in the meantime."""
        try:
            server = self._servers.connect(server_id)
        except NotFound:
            yield None
            return
        with closing(server):
            yield server


@dataclass(frozen=True, slots=True)
class Admitting:
    """Watching for a copy that is made because a film is played: that film may be led to its copy meanwhile.

    Nothing is taken from who plays it: what is open stays open, and whoever opens it again reads the same bytes.
    """

    watching: Eyes
    path: Path

    def leaves_free(self, path: Path) -> bool:
        """Whether nobody plays the version at `path`, or it is the film itself. Raises ServiceError."""
        return self.watching.leaves_free(path) or path == self.path


def _is_played(part: PartFacts, session: PlaybackSession) -> bool:
    """Whether a session plays a part; where the server does not say which version, every one of the item is."""
    if session.part_key is None:
        return session.item_key == part.item_key
    return session.part_key == part.part_key


def _files(server: MediaServer, key: str) -> list[ServerPath]:
    return [part.path for version in server.item(key).versions for part in version.parts]


def _range(path: Path, start: int, length: int) -> bytes:
    with path.open("rb") as file:
        return os.pread(file.fileno(), length, start)
