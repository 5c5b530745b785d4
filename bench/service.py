"""The service against floors of its own: starting, memory, idling, pages, event streams, search, browsers."""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Browser

from bench import vitals
from bench.house import STREAMS, House, Service, free_port, running
from bench.load import Answered, Load, apply
from bench.measuring import CommandFailed, Spread
from bench.reading import measure_reading
from bench.rows import Row, Table, at_least, at_most
from projectionist import opening
from projectionist.demo.large import LargeHouse
from projectionist.jobs.ports import Order
from projectionist.settings import load_settings

_MB = 1e6
_LONGEST_SYNC_S = 900.0
_PAGE_SIZE = 500
_JOBS = 50
_WORDS = (
    "harbour",
    "signal",
    "zurich",
    "angstrom",
    "winter",
    "lanten",
    "quiet orch",
    "cafe",
    "northern led",
    "lodz",
)


@dataclass(frozen=True, slots=True)
class Extent:
    """How long and how much is measured."""

    items: int
    seconds: float
    idle_seconds: float
    repeats: int

    @classmethod
    def of(cls, *, quick: bool, repeats: int) -> Extent:
        """A hundred thousand items, or what shows within seconds that the benchmark works."""
        return cls(1_000, 0.5, 2.0, 1) if quick else cls(100_000, 5.0, 20.0, repeats)


@dataclass(slots=True)
class ServiceBench:
    """Measures `program` with what it keeps below `scratch`; `wants` says which parts."""

    program: Path
    scratch: Path
    extent: Extent
    wants: Callable[[str], bool]
    tell: Callable[[str], None]

    def run(self) -> list[Table]:
        """The tables of what is wanted; nothing runs for what is not."""
        tables = [Table("The service against bare Litestar and DBOS", "bare process")]
        if self.wants("service"):
            tables[0].rows += self._frame()
        inside = [
            name for name in ("pages", "reads", "streams", "search", "memory", "vitals") if self.wants(name)
        ]
        if inside:
            with self._full() as (house, service, first_sync):
                tables += self._inside(house, service, first_sync, inside)
        return [table for table in tables if table.rows]

    def _inside(self, house: House, service: Service, sync: Row, wanted: Sequence[str]) -> list[Table]:
        tables = [Table(f"A library of {self.extent.items:,} items", "")]
        if "memory" in wanted:
            tables[0].rows.append(sync)
        if "search" in wanted:
            tables[0].rows.append(self._search(service))
        if "pages" in wanted:
            tables.append(Table("Pages against a bare route", "bare route", self._pages(house, service)))
        if "reads" in wanted:
            tables.append(measure_reading(house, service, self.extent.seconds * 2, self.extent.repeats))
        if "streams" in wanted:
            rows = [self._streams(service)]
            tables.append(Table("Health under event streams", "median, no stream", rows, "p99, streams open"))
        if "vitals" in wanted:
            tables.append(Table("Pages in Chromium", "", self._vitals(service)))
        return tables

    def _frame(self) -> list[Row]:
        house = House(self.program, self.scratch / "empty")
        house.prepare()
        with house.serve():
            self.tell("Setting up an empty house")
        ours, bare = _Standing(), _Standing()
        for turn in range(self.extent.repeats):
            self.tell(f"Starting and idling, run {turn + 1} of {self.extent.repeats}")
            port = free_port()
            command = [sys.executable, "-m", "bench.bare", str(port), str(house.folder)]
            with running(command, port, house.folder / "bare.log") as service:
                bare.add(service, self.extent.idle_seconds)
            with house.serve(sign_in=False) as service:
                ours.add(service, self.extent.idle_seconds)
        start, floor = Spread.of(ours.start), Spread.of(bare.start)
        more = (
            ("memory", "MB", ours.memory, bare.memory, at_most(80, "MB more")),
            ("CPU while idle", "% of a core", ours.idle, bare.idle, at_most(1, "% more")),
        )
        rows = [Row("from start to ready", "s", floor, start, start.median / floor.median, at_most(1.3))]
        for name, unit, mine, theirs, goal in more:
            own, other = Spread.of(mine), Spread.of(theirs)
            rows.append(Row(name, unit, other, own, own.median - other.median, goal, goal.unit))
        return rows

    @contextmanager
    def _full(self) -> Iterator[tuple[House, Service, Row]]:
        """A house with its library synced and jobs that wait, the service running."""
        house = House(self.program, self.scratch / "full")
        with LargeHouse(self.extent.items) as large:
            large.library.prepare(_PAGE_SIZE)
            house.prepare(large.plex_url, large.plex_token)
            self.tell(f"Syncing {self.extent.items:,} items")
            with house.serve() as service:
                _wait_for_sync(service)
                peak = Spread.of([service.peak_bytes() / _MB])
            row = Row("peak of the service", "MB", None, peak, peak.median, at_most(400, "MB"), "MB")
            _order_jobs(house)
            with house.serve() as service:
                yield house, service, row

    def _pages(self, house: House, service: Service) -> list[Row]:
        rows = []
        for name, path in (("Home", "/"), (f"Jobs, {_JOBS} rows", "/jobs?state=queued")):
            self.tell(f"Loading {name}")
            port = free_port()
            command = [sys.executable, "-m", "bench.bare_page", str(port), str(house.data), path]
            mine, bare = [], []
            with running(command, port, house.folder / "page.log", told=service.cookie):
                for _ in range(self.extent.repeats):
                    bare.append(apply(Load(port, (path,), "", self.extent.seconds)).per_second)
                    mine.append(
                        apply(Load(service.port, (path,), service.cookie, self.extent.seconds)).per_second
                    )
            floor, ours = Spread.of(bare), Spread.of(mine)
            rows.append(Row(name, "req/s", floor, ours, ours.median / floor.median, at_least(0.5)))
        return rows

    def _streams(self, service: Service) -> Row:
        self.tell(f"Asking for health beside {STREAMS} event streams")

        def load(streams: int) -> Answered:
            seconds = self.extent.seconds
            return apply(Load(service.port, ("/health/live",), service.cookie, seconds, 1, streams))

        alone = [median(load(0).latencies_ms) for _ in range(self.extent.repeats)]
        answered = [load(STREAMS) for _ in range(self.extent.repeats)]
        if any(one.streams < STREAMS for one in answered):
            raise CommandFailed(
                f"Of {STREAMS} event streams {min(one.streams for one in answered)} stayed open."
            )
        floor, ours = Spread.of(alone), Spread.of([one.p99_ms for one in answered])
        name = f"/health/live, {STREAMS} streams"
        return Row(name, "ms", floor, ours, ours.median / floor.median, at_most(5))

    def _search(self, service: Service) -> Row:
        self.tell("Searching as somebody types")
        service.get(
            "/libraries"
        )  # the page that has the field; the first page of all makes the templates ready
        asked = [word[:length] for word in _WORDS for length in range(2, len(word) + 1)]
        random.Random(7).shuffle(asked)
        taken = []
        for text in asked[: 20 if self.extent.repeats == 1 else None]:
            began = time.perf_counter()
            service.get(f"/search/suggest?q={text.replace(' ', '%20')}")
            taken.append((time.perf_counter() - began) * 1000)
        p95 = quantiles(taken, n=20)[18]
        note = "every prefix of words, some misspelt, from two letters on; a request of its own each"
        return Row(
            "search as you type, p95", "ms", None, Spread.of(taken), p95, at_most(50, "ms"), "ms", note
        )

    def _vitals(self, service: Service) -> list[Row]:
        rows = []
        with vitals.chromium() as browser:
            for path in _paths(service):
                self.tell(f"Visiting {path} in Chromium")
                rows += _felt(path, service, self.extent.repeats, browser)
        return rows


class _Standing:
    """How a service stands, several times over."""

    def __init__(self) -> None:
        self.start: list[float] = []
        self.memory: list[float] = []
        self.idle: list[float] = []

    def add(self, service: Service, idle_seconds: float) -> None:
        """Let it settle, and look."""
        self.start.append(service.start_seconds)
        time.sleep(2)
        self.idle.append(service.idle_share(idle_seconds))
        self.memory.append(service.resident_bytes() / _MB)


def _felt(path: str, service: Service, repeats: int, browser: Browser | None) -> list[Row]:
    limits = (("LCP", "s", 2.5), ("INP", "ms", 200.0), ("CLS", "", 0.1))
    if browser is None:
        return [
            Row(f"{path} {name}", unit, None, None, None, at_most(limit, unit), unit, "no Chromium here")
            for name, unit, limit in limits
        ]
    address = f"http://127.0.0.1:{service.port}"
    cookie = "" if path == "/sign-in" else service.cookie
    seen = [vitals.visit(browser, address, path, cookie) for _ in range(repeats)]
    each = ([one.lcp_s for one in seen], [one.inp_ms for one in seen], [one.cls for one in seen])
    return [
        Row(f"{path} {name}", unit, None, Spread.of(values), max(values), at_most(limit, unit), unit)
        for (name, unit, limit), values in zip(limits, each, strict=True)
    ]


def _paths(service: Service) -> list[str]:
    library = service.json("/api/v1/libraries")["items"][0]["id"]
    pages = ["/", "/libraries", f"/libraries/{library}", "/items/1", "/previews", "/jobs", "/servers"]
    return [*pages, "/settings", "/about", "/sign-in"]


def _wait_for_sync(service: Service) -> None:
    """Wait until every job is over, the sync among them. Raises CommandFailed."""
    end = time.monotonic() + _LONGEST_SYNC_S
    while time.monotonic() < end:
        jobs = service.json("/api/v1/jobs")["items"]
        syncs = [job for job in jobs if job["kind"] == "library.sync"]
        if any(job["state"] in ("failed", "cancelled") for job in syncs):
            raise CommandFailed(f"The sync failed: {syncs[0]['error']}")
        if syncs and all(job["state"] in ("done", "failed") for job in jobs):
            return
        time.sleep(0.5)
    raise CommandFailed(f"The sync was not over after {_LONGEST_SYNC_S:.0f} s.")


def _order_jobs(house: House) -> None:
    """Let jobs wait for tomorrow, which stay as they are while pages of them are loaded."""
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    settings = load_settings(os.environ, {"data": house.data, "log_level": "warning"})
    with opening.open_house(settings, exclusive=True) as opened:
        opened.jobs.start(work=False)
        opened.jobs.order_many(
            [
                Order("library.sync", {"server_id": 1}, f"bench-{number}", not_before=tomorrow)
                for number in range(_JOBS)
            ]
        )
        opened.jobs.close()
