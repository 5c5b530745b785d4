"""Projectionist against floors and limits of its own: device bytes, decoding alone, memory, starting, two workers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.commands import Projectionist
from bench.contests import Ring
from bench.measuring import CommandFailed, Spread, Usage, alternate
from bench.page_cache import drop, fill, resident_bytes, shows_device_reads
from bench.rows import Goal, Row, at_most
from bench.wanted import wanted_bytes

_MB = 1e6
_DEVICE = at_most(1.2)
_STARTS = 5


def device_bytes(ring: Ring, title: str, film: Path, interval: float) -> Row:
    """What the disk delivers for a film that is not in the page cache, over the bytes of the wanted keyframes."""
    needed = wanted_bytes(film, interval) / _MB
    floor = Spread.of([needed])
    if not shows_device_reads(film):
        note = "reads of dropped pages do not show as device reads on this file system"
        return Row(title, "MB", floor, None, None, _DEVICE, note=note)
    _, starts = ring.starts()
    start = Spread.of([usage.bytes_from_device or 0 for usage in starts]).median
    read = []
    for turn in range(ring.repeats):
        ring.tell(f"{title}, run {turn + 1} of {ring.repeats}")
        drop(film)
        if left := resident_bytes(film):
            note = f"{left:,} bytes stay in the page cache however often they are dropped"
            return Row(title, "MB", floor, None, None, _DEVICE, note=note)
        usage = ring.projectionist.make([film], interval)
        read.append(((usage.bytes_from_device or 0) - start) / _MB)
    ours = Spread.of(read)
    return Row(title, "MB", floor, ours, ours.median / needed, _DEVICE)


def pipeline(ring: Ring, title: str, film: Path, interval: float, goal: Goal) -> Row:
    """The CPU of the whole pipeline over that of decoding the same keyframes, in one warm process."""
    fill(film)
    ring.tell(title)
    command = [sys.executable, "-m", "bench.pipeline", str(film), f"{interval:g}", str(ring.repeats)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent.parent
    )
    if ran.returncode:
        raise CommandFailed(f"{' '.join(command)} failed: {ran.stderr.strip()[-500:]}")
    taken = json.loads(ran.stdout)
    decode, whole = Spread.of(taken["decode"]), Spread.of(taken["whole"])
    return Row(title, "CPU s", decode, whole, whole.median / decode.median, goal)


def peak(title: str, runs: list[Usage], goal: Goal) -> Row:
    """The largest resident set of any process of these runs; the worst of them counts."""
    ours = Spread.of([usage.peak_bytes / _MB for usage in runs])
    return Row(title, "MB", None, ours, ours.high, goal, result_unit="MB")


def start(title: str, run: Callable[[], Usage], goal: Goal | None, note: str = "") -> Row:
    """The CPU of a command from its start to its end."""
    ours = Spread.of([run().cpu_seconds for _ in range(_STARTS)])
    return Row(title, "CPU s", None, ours, ours.median, goal, result_unit="CPU s", note=note)


@dataclass(frozen=True, slots=True)
class Crowd:
    """Several films: one under many names, each in the page cache."""

    folder: Path
    count: int

    @classmethod
    def of(cls, film: Path, scratch: Path, count: int) -> Crowd:
        """Hard links to `film` in a folder of their own."""
        folder = scratch / "crowd"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for number in range(count):
            os.link(film, folder / f"film {number}{film.suffix}")
        fill(film)
        return cls(folder, count)

    def remove(self) -> None:
        """Take the links away again."""
        shutil.rmtree(self.folder)


def throughput(ring: Ring, title: str, crowd: Crowd, interval: float) -> Row:
    """Films a minute with one worker and with two, start and end included."""
    made: Projectionist = ring.projectionist
    sides = {
        f"{workers} workers": lambda workers=workers: made.make([crowd.folder], interval, workers)
        for workers in (1, 2)
    }
    taken = alternate(sides, ring.repeats, lambda line: ring.tell(f"{title}: {line}"))
    one, two = (
        Spread.of([crowd.count / usage.wall_seconds * 60 for usage in runs]) for runs in taken.values()
    )
    return Row(title, "films/min", one, two, two.median / one.median, note="wall time")
