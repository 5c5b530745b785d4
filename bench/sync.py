"""How long a sync takes beside python-plexapi reading the same of the same server.

The contest is between our first sync, with the index written and ready for search, and what a tool that keeps an
index by python-plexapi has to do before it has written anything: list every item and read of each what our index
holds, versions, files and ids among it, in pages as python-plexapi asks for them by default. python-plexapi takes
most of that out of an item only when it is asked for, so that listing alone is quick and gives nobody an index; it
is shown beside. The server's own time is taken off both.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measuring import CommandFailed, Spread
from bench.rows import Row, Table, at_least

ROOT = Path(__file__).resolve().parent.parent
FILMS = 20_000
QUICK_FILMS = 2_000


def measure_sync(repeats: int, *, quick: bool = False, say: Callable[[str], object] = print) -> Table:
    """The table of syncs, the sides taken in turns. Raises CommandFailed."""
    count = QUICK_FILMS if quick else FILMS
    mine: list[dict[str, float]] = []
    rival: list[dict[str, float]] = []
    with prepared_server(count) as url:
        for number in range(repeats):
            say(f"sync of {count} films, run {number + 1}")
            rival.append(_run("theirs", url))
            mine.append(_run("ours", url))
    reading = Spread.of([one["reading"] for one in rival])
    table = Table(f"Sync of {count} films", "python-plexapi")
    goal = at_least(5)
    for name, key, wanted in (
        ("first sync, with the writing of the index", "first", goal),
        ("complete sync again", "complete", None),
        ("sync that finds nothing new", "unchanged", None),
    ):
        taken = Spread.of([one[key] for one in mine])
        table.rows.append(Row(name, "s", reading, taken, reading.median / taken.median, wanted))
    listing = Spread.of([one["listing"] for one in rival])
    first = Spread.of([one["first"] for one in mine])
    table.rows.append(
        Row(
            "first sync, beside listing with nothing read",
            "s",
            listing,
            first,
            listing.median / first.median,
            note="python-plexapi takes files, genres and ids out of an item only when they are asked for",
        )
    )
    return table


@contextmanager
def prepared_server(count: int) -> Iterator[str]:
    """The address of a server that has its answers ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sync_server", str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdin is not None
        port = process.stdout.readline().strip()
        if not port:
            raise CommandFailed("The prepared server did not start.")
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.stdin.close()


def _run(side: str, url: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.sync_client", side, url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandFailed(f"The {side} side of the sync failed: {done.stderr.strip()[-400:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found
