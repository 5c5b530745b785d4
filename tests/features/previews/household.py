"""A small household: media on the disk, an index that knows them, servers that list them, and jobs that wait."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from projectionist.db.engine import Database
from projectionist.errors import JobCancelled, ServiceError
from projectionist.features.library.models import ItemRow, LibraryRow, PartRow
from projectionist.features.previews import queries
from projectionist.features.previews.catalogue import LibraryIndex
from projectionist.features.previews.jobs import check_library, kinds
from projectionist.features.previews.models import Preview
from projectionist.features.previews.workplace import Workplace
from projectionist.features.servers.models import ServerRow
from projectionist.jobs.ports import Jobs, JobState, Order, Ordered
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LibraryKind, LocalPath, ServerKind, ServerPath

PLEX_HASH = "a1b2c3d4e5f60718293a4b5c6d7e8f9001122334"


class Run:
    """A job in hand, whose asker may change their mind."""

    def __init__(self, job_id: str = "job") -> None:
        self.job_id = job_id
        self.attempt = 1
        self.cancelled = threading.Event()
        self.working = threading.Event()
        self.said: list[tuple[float, float | None, str, str]] = []
        self.lines: list[str] = []

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        self.said.append((done, total, unit, now))
        if unit == "s of film" and done > 0:
            self.working.set()
        self.check()

    def check(self) -> None:
        if self.cancelled.is_set():
            raise JobCancelled("It was cancelled.")

    def log(self, message: str, level: str = "info") -> None:
        self.lines.append(f"{level}: {message}")


@dataclass(frozen=True)
class Standing:
    """What is asked of a job here."""

    state: JobState


class Waiting:
    """The jobs asked for, until `run` does them one after another."""

    def __init__(self) -> None:
        self.orders: dict[tuple[str, str | None], Order] = {}
        self.running: set[str] = set()

    def order(self, order: Order) -> Ordered:
        created = (order.kind, order.key) not in self.orders
        self.orders.setdefault((order.kind, order.key), order)
        return Ordered(f"{order.kind}:{order.key}", created)

    def order_many(self, orders: Sequence[Order]) -> Sequence[Ordered]:
        return [self.order(order) for order in orders]

    def get(self, job_id: str) -> Standing:
        return Standing(JobState.RUNNING if job_id in self.running else JobState.QUEUED)


class Hashes:
    """A server of which nothing is asked but hashes; `failing` is raised instead where it is set."""

    def __init__(self) -> None:
        self.hashes: dict[str, str] = {}
        self.failing: ServiceError | None = None
        self.asked: list[tuple[str, ...]] = []

    def part_hashes(self, item_keys: Sequence[str]) -> Mapping[str, str]:
        if self.failing is not None:
            raise self.failing
        self.asked.append(tuple(item_keys))
        return dict(self.hashes)

    def close(self) -> None:
        pass


@dataclass
class Reached:
    """How this node reaches the servers: a prefix of paths and a Plex data folder each, where there is one."""

    mappings: dict[int, tuple[str, Path]] = field(default_factory=dict)
    data: dict[int, Path] = field(default_factory=dict)
    servers: dict[int, Hashes] = field(default_factory=dict)

    def local_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        prefix, here = self.mappings.get(server_id, ("", None))
        if here is None or not path.startswith(prefix):
            return None
        return LocalPath(here / path.removeprefix(prefix).lstrip("/"))

    def plex_data(self, server_id: int) -> Path | None:
        return self.data.get(server_id)

    def connect(self, server_id: int) -> MediaServer:
        return cast(MediaServer, self.servers[server_id])

    def name(self, server_id: int) -> str:
        return f"server {server_id}"


class Household:
    """Everything that the previews have around them."""

    def __init__(self, database: Database, here: Path, small: Path) -> None:
        self.database = database
        self.media = here / "media"
        self.media.mkdir()
        self.small = small
        self.reached = Reached()
        self.jobs = Waiting()
        self.told: list[tuple[str, Mapping[str, Any]]] = []
        self.prefixes: dict[int, str] = {}
        self.moment: datetime | None = None
        self.place = Workplace(
            database=database,
            catalogue=LibraryIndex(database),
            servers=self.reached,
            publish=lambda session, topic, details: self.told.append((topic, details)),
            node="den",
            folder=here / "previews",
            now=lambda: self.moment or datetime.now(UTC),
        )

    def film(self, name: str, *, copy: Path | None = None) -> Path:
        """A film on the disk."""
        path = self.media / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(copy or self.small, path)
        return path

    def server(self, kind: ServerKind, *, prefix: str = "/data", mapped: bool = True) -> int:
        """A server that sees the media below `prefix`."""
        with self.database.write() as session:
            row = ServerRow(
                kind=kind, name=kind, address="x", identity=f"{kind}{prefix}", created_at=datetime.now(UTC)
            )
            session.add(row)
            session.flush()
            server_id = row.id
        if mapped:
            self.reached.mappings[server_id] = (prefix, self.media)
        self.prefixes[server_id] = prefix
        self.reached.servers[server_id] = Hashes()
        return server_id

    def plex(self, *, prefix: str = "/data") -> int:
        """A Plex server whose data folder is known here."""
        server_id = self.server(ServerKind.PLEX, prefix=prefix)
        data = self.media.parent / f"plex{server_id}"
        (data / "Media" / "localhost").mkdir(parents=True)
        self.reached.data[server_id] = data
        return server_id

    def library(self, server_id: int, title: str = "Films", kind: LibraryKind = LibraryKind.MOVIES) -> int:
        """A library without items."""
        with self.database.write() as session:
            row = LibraryRow(
                server_id=server_id, key=title, kind=kind, title=title, locations=[self.prefixes[server_id]]
            )
            session.add(row)
            session.flush()
            return row.id

    def item(self, library_id: int, *paths: str, size: int | None = None) -> list[int]:
        """A film of as many parts as there are paths; their ids."""
        with self.database.write() as session:
            library = session.get_one(LibraryRow, library_id)
            item = ItemRow(
                server_id=library.server_id, library_id=library_id, key=paths[0], kind="movie", title=paths[0]
            )
            session.add(item)
            session.flush()
            rows = [
                PartRow(
                    library_id=library_id,
                    item_id=item.id,
                    version=0,
                    position=position,
                    key=path,
                    path=path,
                    size=self.small.stat().st_size if size is None else size,
                    duration_ms=12_000,
                )
                for position, path in enumerate(paths)
            ]
            session.add_all(rows)
            session.flush()
            return [row.id for row in rows]

    def delete_item(self, part_id: int) -> None:
        """Take the item of a part out of the index, as a sync does."""
        with self.database.write() as session:
            item = session.get_one(ItemRow, session.get_one(PartRow, part_id).item_id)
            session.delete(item)

    def check(self, library_id: int) -> Mapping[str, Any]:
        """Look through a library now."""
        return check_library(self.place, cast(Jobs, self.jobs), Run(), library_id)

    def work(self, run: Run | None = None) -> list[Mapping[str, Any]]:
        """Do the jobs that were asked for; what they tell."""
        by_name = {kind.name: kind for kind in kinds(self.place, cast(Jobs, self.jobs))}
        results = []
        while self.jobs.orders:
            order = self.jobs.orders.pop(next(iter(self.jobs.orders)))
            kind = by_name[order.kind]
            assert kind.accepts(order.arguments)
            results.append(kind.run(run or Run(), order.arguments) or {})
        return results

    def row(self, part_id: int) -> Preview:
        """The preview of a part, as it is stored."""
        with self.database.read() as session:
            return queries.of_parts(session, [part_id])[part_id]
