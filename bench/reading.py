"""Reads of the API at a steady rate, beside a bare route that is asked as often in the same run."""

from __future__ import annotations

import sys
from statistics import median

from bench.house import House, Service, free_port, running
from bench.load import Answered, Load, apply
from bench.measuring import Spread
from bench.rows import Row, Table, at_most

_A_SECOND = 50
_CONNECTIONS = 16


def measure_reading(house: House, service: Service, seconds: float, repeats: int) -> Table:
    """Half of the latencies, the slowest hundredth in the worst run, and what was not answered with 200."""
    port = free_port()
    command = [sys.executable, "-m", "bench.bare", str(port), str(house.folder)]
    paths = _paths(service)
    floor, ours = [], []
    with running(command, port, house.folder / "bare.log") as bare:
        for _ in range(repeats):
            floor.append(_read(bare, ("/health/live",), seconds))
            ours.append(_read(service, paths, seconds))
    table = Table(f"Reads of the API, {_A_SECOND} a second", "bare route")
    bare_median, our_median = (
        Spread.of([median(one.latencies_ms) for one in side]) for side in (floor, ours)
    )
    ratio = our_median.median / bare_median.median
    table.rows.append(Row("median", "ms", bare_median, our_median, ratio))
    theirs, mine = (Spread.of([one.p99_ms for one in side]) for side in (floor, ours))
    note = f"{len(paths)} addresses in turn over {_CONNECTIONS} connections; the worst run counts"
    table.rows.append(Row("p99", "ms", theirs, mine, mine.high, at_most(100, "ms"), "ms", note))
    theirs, mine = (
        Spread.of([one.refused / len(one.latencies_ms) * 100 for one in side]) for side in (floor, ours)
    )
    table.rows.append(Row("not answered with 200", "%", theirs, mine, mine.high, at_most(1, "%"), "%"))
    return table


def _read(service: Service, paths: tuple[str, ...], seconds: float) -> Answered:
    return apply(Load(service.port, paths, service.cookie, seconds, _CONNECTIONS, rate=_A_SECOND))


def _paths(service: Service) -> tuple[str, ...]:
    """Addresses that a client of the API reads, over libraries, search, jobs, previews and accounts."""
    library = service.json("/api/v1/libraries")["items"][0]["id"]
    job = service.json("/api/v1/jobs")["items"][0]["id"]
    return (
        "/api/v1/libraries",
        f"/api/v1/libraries/{library}/items",
        "/api/v1/items/1",
        "/api/v1/search?q=harbour",
        "/api/v1/jobs",
        f"/api/v1/jobs/{job}",
        "/api/v1/previews/coverage",
        "/api/v1/servers",
        "/api/v1/me",
    )
