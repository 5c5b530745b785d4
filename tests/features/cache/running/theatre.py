"""The stage with a media server that lists its films: an index, and servers as this node reaches them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.cache.eyes import Eyes
from projectionist.features.cache.models import Layout, PinRow, TierRow
from projectionist.features.cache.planning.plan import CachePlan, PlannedCopy, PlannedReturn, Refused
from projectionist.features.cache.planning.planner import ItemWhy, Thought
from projectionist.features.cache.reading import queries
from projectionist.features.cache.running.carrying import carry_in
from projectionist.features.cache.running.errands import Ended, Errand, ended_of
from projectionist.features.cache.settling import Desk
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.traffic.disks import Place, Tier
from projectionist.features.cache.traffic.lanes import Lanes
from projectionist.features.cache.wanting.wants import Wanted
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library.models import ItemRow, LibraryRow, PartRow
from projectionist.features.servers.models import ServerRow
from projectionist.features.servers.paths import Mapping as PathMapping
from projectionist.features.servers.paths import PathMap
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

    def add_server(self, number: int, mapping: PathMapping | None = None) -> FakeServer:
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


@dataclass
class Drive:
    """A fast tier."""

    id: int
    name: str
    root: Path
    copies: int = 1
    host_root: str = ""


@dataclass
class Hall:
    """A place whose files may be cached."""

    library_id: int
    slow_root: Path
    view_root: Path
    tiers: Sequence[Drive]
    sidecars: Sidecars = Sidecars.SUBTITLES


@dataclass
class Halls:
    """The places of this node, as links."""

    drives: list[Drive]
    held: list[Hall]

    def tiers(self) -> Sequence[Drive]:
        return self.drives

    def all(self) -> Sequence[Hall]:
        return self.held

    def of(self, library_id: int, local: Path) -> Hall | None:
        fits = (hall for hall in self.held if hall.library_id == library_id)
        return next((hall for hall in fits if local.is_relative_to(hall.slow_root)), None)

    def spot(self, place: Place, local: Path, tier: Tier) -> Spot:
        fast = tier.root / local.relative_to(place.slow_root)
        return Spot(Layout.SYMLINK, local, fast, tier.root, place.slow_root, str(fast))


@dataclass
class Space:
    """What a tier takes."""

    tier: Drive
    left: int
    rule: str = "quota"
    ours: int = 0
    limit: int = 10**12
    drive_total: int = 2 * 10**12
    drive_free: int = 10**12
    beside: tuple[str, ...] = ()


@dataclass
class Limits:
    """How much the tiers take, as a test says."""

    drives: list[Drive]
    left: int = 10**12
    refusal: str | None = None
    written: list[int] = field(default_factory=list)

    def rooms(self) -> Sequence[Space]:
        return [Space(drive, self.left) for drive in self.drives]

    def may_write(self, tier: Tier, size: int) -> str | None:
        return self.refusal

    def note_written(self, tier: Tier, size: int) -> None:
        self.written.append(size)


@dataclass
class Plans:
    """Plans what a test says."""

    copies: list[PlannedCopy] = field(default_factory=list)
    returns: list[PlannedReturn] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    whys: dict[int, ItemWhy] = field(default_factory=dict)

    def think(self, now: datetime, pins_too: Sequence[PinRow] = ()) -> Thought:
        return Thought(self.plan(now), Wanted(()), ())

    def why(self, item_id: int, now: datetime) -> ItemWhy:
        if item_id not in self.whys:
            raise NotFound("Nothing speaks for it.")
        return self.whys[item_id]

    def plan(self, now: datetime, *, at_once: bool = False) -> CachePlan:
        return CachePlan(tuple(self.copies), tuple(self.returns), (), tuple(self.refused))


@dataclass
class Hand:
    """A job in hand; `at_check` is called with how much was copied, and may raise."""

    job_id: str = "job"
    attempt: int = 1
    said: list[tuple[float, float | None, str, str]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    at_check: Callable[[float], None] = lambda done: None

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        self.said.append((done, total, unit, now))
        self.check()

    def check(self) -> None:
        self.at_check(self.said[-1][0] if self.said else 0.0)

    def log(self, message: str, level: str = "info") -> None:
        self.lines.append(message)


class Crew(Theatre):
    """A theatre with all that the work on the cache has around it; time passes only while somebody sleeps."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage)
        self.drive = Drive(1, "SSD", stage.fast)
        self.halls = Halls([self.drive], [Hall(1, stage.slow, stage.slow, [self.drive])])
        self.limits = Limits([self.drive])
        self.plans = Plans()
        self.told: list[Mapping[str, Any]] = []
        self.at_sleep: Callable[[], None] = lambda: None
        with self.database.write() as session:
            session.add(TierRow(id=1, name="SSD", node="here", root=str(stage.fast)))
        self.place = Workplace(
            database=self.database,
            places=self.halls,
            capacity=self.limits,
            planner=self.plans,
            servers=self.servers,
            publish=lambda session, topic, data: self.told.append(data),
            node="here",
            clock=stage.clock,
            desk=self.desk,
            eyes=self.eyes,
            lanes=Lanes(self.database, stage.home, "here"),
            sleep=self._sleep,
        )

    def _sleep(self, seconds: float) -> None:
        self.stage.clock.pass_by(seconds=seconds)
        self.at_sleep()

    def errand(self, path: Path, **more: Any) -> Errand:
        """To bring a film in."""
        about: dict[str, Any] = {
            "title": path.stem,
            "library_id": 1,
            "tier_id": 1,
            "size": path.stat().st_size,
            "why": "Ada watches it next.",
            "asked_by": "test",
        }
        return Errand(str(path), **{**about, **more})

    def carry(self, path: Path, **more: Any) -> Mapping[str, Any]:
        """Bring a film in, now."""
        return carry_in(self.place, Hand(), self.errand(path, **more), lambda: False)

    def moves(self) -> list[Ended]:
        """What was moved, the first first."""
        with self.database.read() as session:
            rows, _ = queries.moves(session, sort="at", size=100)
            return [ended_of(row) for row in rows]
