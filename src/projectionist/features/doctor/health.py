"""Whether each part is well, as it was probed, with the numbers: what monitors ask again and again.

The doctor says what is to be mended; this says what works now. It looks by the doctor's own checks.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.doctor import queries
from projectionist.features.doctor.checks import WORST_FIRST, Finding, Status
from projectionist.features.doctor.ground import Ground, Opened
from projectionist.features.doctor.service import CHECKS, look
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import Server

_FRESH = timedelta(hours=1)
"""An answer that is older says nothing of now: servers are read every quarter of an hour, unless told otherwise."""

_KEPT = timedelta(seconds=5)
_AT_ONCE = 8
_BY_ID = {check.id: check for check in CHECKS}


class Level(StrEnum):
    """How well something is; what was not probed, or not lately, is unknown."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class Kind(StrEnum):
    """What parts there are."""

    DATABASE = "database"
    SERVICE = "service"
    WORKERS = "workers"
    DISK = "disk"
    SERVER = "server"


_LEVELS = {
    Status.PASS: Level.HEALTHY,
    Status.WARN: Level.DEGRADED,
    Status.FAIL: Level.UNHEALTHY,
    Status.UNKNOWN: Level.UNKNOWN,
}
_VITAL = (Kind.DATABASE, Kind.SERVICE, Kind.DISK)
"""Without these nothing works; without the others something does."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part, how well it was when it was probed last, what was seen then, and the numbers.

    `probed_at` is None where it never was. Names of numbers end in their unit.
    """

    kind: Kind
    name: str
    level: Level
    evidence: str
    probed_at: datetime | None
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Health:
    """All parts that were asked for, and what they come to together."""

    at: datetime
    parts: tuple[Part, ...]

    @property
    def level(self) -> Level:
        """Unhealthy where a vital part is, healthy only where every part was found to be."""
        if any(part.level is Level.UNHEALTHY and part.kind in _VITAL for part in self.parts):
            return Level.UNHEALTHY
        well = all(part.level is Level.HEALTHY for part in self.parts)
        return Level.HEALTHY if well and self.parts else Level.DEGRADED

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 degraded, 2 unhealthy."""
        return (Level.HEALTHY, Level.DEGRADED, Level.UNHEALTHY).index(self.level)


def quick(ground: Ground) -> Health:
    """Whether the database answers and the service says that it is ready; nobody else is asked."""
    return Health(ground.now(), (database_part(ground), service_part(ground)))


def standing(ground: Ground) -> Health:
    """The database, workers and disk now, and servers as they answered last."""
    return Health(ground.now(), (*_own_parts(ground), *_server_parts(ground, _remembered)))


def probed(ground: Ground) -> Health:
    """The same, with every server asked now; its answer is remembered."""
    return Health(ground.now(), (*_own_parts(ground), *_server_parts(ground, _asked)))


def comprehensive(ground: Ground) -> Health:
    """All there is, from outside of the service: the service too, and every server asked now."""
    return Health(ground.now(), (service_part(ground), *probed(ground).parts))


class Pulse:
    """The health of this process's house, for who asks often: what was found is kept for some seconds."""

    def __init__(self, ground: Callable[[], Ground]) -> None:
        self._ground = ground
        self._lock = threading.Lock()
        self._last: Health | None = None

    def standing(self) -> Health:
        """What `standing` found, at most a few seconds ago; who asks meanwhile waits for the same."""
        with self._lock:
            ground = self._ground()
            if self._last is None or abs(ground.now() - self._last.at) > _KEPT:
                self._last = standing(ground)
            return self._last

    def probed(self) -> Health:
        """What `probed` finds now."""
        return probed(self._ground())


def database_part(ground: Ground) -> Part:
    """Whether the database answers, and how soon."""
    began = time.perf_counter()
    finding = _worst(ground, "database", "database-connections")
    numbers = {"answer_ms": round((time.perf_counter() - began) * 1000, 1)}
    if ground.store is not None and finding.status is not Status.FAIL:
        numbers |= _database_numbers(ground, ground.store)
    return _part(Kind.DATABASE, ground, finding, numbers)


def service_part(ground: Ground) -> Part:
    """Whether the service on the data folder runs, and says that it is ready."""
    began = time.perf_counter()
    finding = look(ground, _BY_ID["ready"])
    took = round((time.perf_counter() - began) * 1000, 1)
    if ground.running is None:
        runs_not = Level.UNKNOWN if ground.settings.port == 0 else Level.UNHEALTHY
        return Part(Kind.SERVICE, "service", runs_not, ground.stopped, ground.now())
    if finding.status is Status.UNKNOWN:  # it holds the data folder and gives no answer
        finding = Finding(Status.FAIL, finding.evidence)
    return _part(Kind.SERVICE, ground, finding, {"answer_ms": took})


def _own_parts(ground: Ground) -> tuple[Part, ...]:
    return database_part(ground), _workers_part(ground), _disk_part(ground)


def _workers_part(ground: Ground) -> Part:
    finding = _worst(ground, "workers", "lost-workers", "queues")
    numbers: dict[str, float] = {}
    if ground.opened is not None and finding.status is not Status.UNKNOWN:
        nodes, queues = ground.opened.jobs.nodes(), ground.opened.jobs.queues()
        numbers = {
            "at_work_count": sum(one.alive and bool(one.queues) for one in nodes),
            "running_count": sum(one.running for one in queues),
            "queued_count": sum(one.queued for one in queues),
        }
    return _part(Kind.WORKERS, ground, finding, numbers)


def _disk_part(ground: Ground) -> Part:
    finding = _worst(ground, "data-folder", "data-room")
    numbers = {}
    if ground.data.is_dir():
        found = os.statvfs(ground.data)
        numbers = {
            "free_bytes": float(found.f_bavail * found.f_frsize),
            "total_bytes": float(found.f_blocks * found.f_frsize),
        }
    return _part(Kind.DISK, ground, finding, numbers)


def _server_parts(ground: Ground, look_at: Callable[[Opened, Server], Part]) -> Sequence[Part]:
    opened = ground.opened
    if opened is None:
        return (Part(Kind.SERVER, "servers", Level.UNKNOWN, ground.closed, None),)
    try:
        found = servers.all_servers(opened.database)
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="health") as pool:
            return list(pool.map(lambda server: look_at(opened, server), found))
    except ProjectionistError as error:
        return (Part(Kind.SERVER, "servers", Level.UNKNOWN, error.message, None),)


def _remembered(opened: Opened, server: Server) -> Part:
    at = server.checked_at
    if at is None:
        return Part(Kind.SERVER, server.name, Level.UNKNOWN, "It was never asked.", None)
    since = (opened.now() - at).total_seconds()
    numbers = {"since_probe_s": round(since, 1)}
    if abs(since) > _FRESH.total_seconds():
        evidence = f"It was asked last on {at:%Y-%m-%d at %H:%M} UTC."
        return Part(Kind.SERVER, server.name, Level.UNKNOWN, evidence, at, numbers)
    return _answered(server, numbers)


def _asked(opened: Opened, server: Server) -> Part:
    began = time.perf_counter()
    now = servers.check_server(opened.reach, server.id)
    return _answered(now, {"answer_ms": round((time.perf_counter() - began) * 1000, 1)})


def _answered(server: Server, numbers: Mapping[str, float]) -> Part:
    if server.failing_since is not None:
        level, evidence = Level.UNHEALTHY, server.last_error
    else:
        level, evidence = Level.HEALTHY, "It answered."
    return Part(Kind.SERVER, server.name, level, evidence, server.checked_at, numbers)


def _database_numbers(ground: Ground, store: Database) -> dict[str, float]:
    if store.is_sqlite:
        files = [ground.data / f"projectionist.sqlite{end}" for end in ("", "-wal")]
        return {"size_bytes": float(sum(path.stat().st_size for path in files if path.is_file()))}
    with store.read() as session:
        used, most = queries.postgres_connections(session)
        size = queries.postgres_size(session)
    return {
        "size_bytes": float(size),
        "connections_count": float(used),
        "connections_most_count": float(most),
    }


def _worst(ground: Ground, *check_ids: str) -> Finding:
    """What the worst of these checks found."""
    found = [look(ground, _BY_ID[check_id]) for check_id in check_ids]
    return min(found, key=lambda one: WORST_FIRST.index(one.status))


def _part(kind: Kind, ground: Ground, finding: Finding, numbers: Mapping[str, float]) -> Part:
    level = _LEVELS[finding.status]
    probed_at = None if level is Level.UNKNOWN else ground.now()
    return Part(kind, kind.value, level, finding.evidence, probed_at, numbers)
