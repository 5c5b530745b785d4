"""The stage with a media server that lists its films: an index, and servers as this node reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.cache.eyes import Eyes
from projectionist.features.cache.settling import Desk
from projectionist.features.library.models import ItemRow, LibraryRow, PartRow
from projectionist.features.servers.models import ServerRow
from projectionist.features.servers.paths import Mapping, PathMap
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import (
    ItemKind,
    ListedItem,
    LocalPath,
    Part,
    PlaybackSession,
    PlaybackState,
    ServerPath,
    Version,
)
from tests.fakes import FakeServer, as_media_server
from tests.features.cache.stage import GRACE_S, Moving, Stage


@dataclass(frozen=True)
class Area:
    """A place, as far as the eyes need to know it."""

    library_id: int
    slow_root: Path
    view_root: Path


@dataclass
class Areas:
    held: list[Area] = field(default_factory=list)

    def all(self) -> Sequence[Area]:
        return self.held


class ServersOf:
    """Fake servers by id; each may have path mappings."""

    def __init__(self) -> None:
        self.fakes: dict[int, FakeServer] = {}
        self.maps: dict[int, PathMap] = {}

    def server_ids(self) -> Sequence[int]:
        return sorted(self.fakes)

    def connect(self, server_id: int) -> MediaServer:
        if server_id not in self.fakes:
            raise NotFound("There is no such server.")
        return as_media_server(self.fakes[server_id])

    def name(self, server_id: int) -> str:
        return f"Server {server_id}"

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        return self.maps.get(server_id, PathMap(())).local(path, lambda _path: True)

    def server_paths(self, server_id: int, path: Path) -> Sequence[ServerPath]:
        return self.maps.get(server_id, PathMap(())).servers(path)


class Theatre:
    """A stage whose films one server (1) lists, until more are added."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.database: Database = stage.database
        self.servers = ServersOf()
        self.areas = Areas([Area(1, stage.slow, stage.slow)])
        self.eyes = Eyes(stage.database, self.servers, self.areas, Moving())
        self.desk = Desk(
            stage.journal, self.eyes, self.eyes, stage.desk.calls, grace_s=GRACE_S, listing=self.eyes
        )
        self.add_server(1)

    def add_server(self, number: int, mapping: Mapping | None = None) -> FakeServer:
        """A server with one library of the same number; its paths are ours unless there is a mapping."""
        moment = self.stage.clock.now()
        with self.database.write() as session:
            session.add(
                ServerRow(
                    id=number,
                    kind="plex",
                    name=f"Server {number}",
                    address=f"http://127.0.0.1:{number}",
                    identity=f"server-{number}",
                    created_at=moment,
                )
            )
            session.flush()
            session.add(
                LibraryRow(
                    id=number,
                    server_id=number,
                    key="1",
                    kind="movies",
                    title="Films",
                    locations=["/"],
                    position=0,
                )
            )
        self.servers.fakes[number] = FakeServer()
        if mapping is not None:
            self.servers.maps[number] = PathMap((mapping,))
        return self.servers.fakes[number]

    def listed(
        self, path: Path, *, server: int = 1, key: str = "", size: int = -1, beside: Sequence[Path] = ()
    ) -> int:
        """Let a server list the file at `path`, with further versions `beside` it; returns the item's id."""
        key = key or path.stem
        files = (path, *beside)
        with self.database.write() as session:
            row = ItemRow(
                server_id=server, library_id=server, key=key, kind="movie", title=path.stem, added_at=None
            )
            session.add(row)
            session.flush()
            for number, file in enumerate(files):
                session.add(
                    PartRow(
                        library_id=server,
                        item_id=row.id,
                        version=number,
                        position=0,
                        key=f"{key}-{number}",
                        path=self.server_path(server, file),
                        size=file.stat().st_size if size < 0 else size,
                    )
                )
            item_id = row.id
        versions = tuple(
            Version(f"{key}-{number}", (Part(f"{key}-{number}", self.server_path(server, file), 1),))
            for number, file in enumerate(files)
        )
        item = replace(ListedItem(key, ItemKind.MOVIE, "1", path.stem), versions=versions)
        self.servers.fakes[server].held.append(item)
        return item_id

    def server_path(self, server: int, path: Path) -> ServerPath:
        """What a server calls a file of ours."""
        return self.servers.server_paths(server, path)[-1]

    def play(self, path: Path, *, server: int = 1, version: int = 0, says_which: bool = True) -> None:
        """Somebody begins to watch."""
        key = path.stem
        part = f"{key}-{version}" if says_which else None
        playing = PlaybackState.PLAYING
        session = PlaybackSession(f"s-{key}", key, "1", "Ada", "TV", playing, 0, 100, part_key=part)
        self.servers.fakes[server].playing.append(session)
