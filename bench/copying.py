"""A cache-in that is proved, beside `cp` and `sync`: how fast it is, what hashing costs, what memory it takes.

`python -m bench.copying MODE SOURCE TARGET` makes one such copy, in a process of its own, and prints as JSON what it
took. MODE is `proved`, or `hashed`: without reading back.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import xxhash

from bench.measuring import CommandFailed, Spread, Usage, measure
from bench.page_cache import drop
from bench.rows import Goal, Row, Table, at_least, at_most
from projectionist.features.cache.copying import copy_proved
from projectionist.features.cache.proving import CHUNK
from projectionist.features.cache.swapping import unheard
from projectionist.kit.swaps import FileCalls

_MB = 1e6
_MEMORY = Path("/dev/shm")
_SPARE = 256 << 20
_HASHED = 2 << 30
_PACE = 500 * _MB


@dataclass(frozen=True, slots=True)
class Disks:
    """A folder on the disk that is measured on, and one on another; None where this machine has none."""

    disk: Path
    other: Path | None
    other_is: str


def measure_copying(scratch: Path, repeats: int, *, quick: bool, say: Callable[[str], object]) -> list[Table]:
    """The table of copies; `scratch` is a folder on the disk to be measured. Raises CommandFailed."""
    size = (64 if quick else 1024) << 20
    table = Table("A proved copy against cp and sync", "cp and sync")
    with _disks(scratch, size) as disks:
        source = _film(disks.disk / "source", size)
        try:
            table.rows += _contest("on one disk", source, disks.disk, at_least(0.6), repeats, say)
            table.rows += _between(disks, source, size, repeats, say)
        finally:
            source.unlink()
    table.rows.append(_hashing())
    return [table]


def _between(
    disks: Disks, source: Path, size: int, repeats: int, say: Callable[[str], object]
) -> Iterator[Row]:
    if disks.other is None:
        yield Row("between two disks", "MB/s", None, None, None, at_least(0.8), note=disks.other_is)
        return
    goal, note = at_least(0.8), f"the other disk is {disks.other_is}"
    yield from _contest("from the disk to another", source, disks.other, goal, repeats, say, note)
    other = _film(disks.other / "source", size)
    yield from _contest("from another to the disk", other, disks.disk, goal, repeats, say, note)


def _contest(
    name: str,
    source: Path,
    folder: Path,
    goal: Goal,
    repeats: int,
    say: Callable[[str], object],
    note: str = "",
) -> Iterator[Row]:
    """Run all three in turn; before each the source is dropped from the page cache."""
    target, size = folder / "target", source.stat().st_size
    theirs: list[float] = []
    ours: dict[str, list[float]] = {"proved": [], "hashed": []}
    runs: list[Usage] = []
    for turn in range(repeats):
        say(f"A copy {name}, run {turn + 1} of {repeats}")
        theirs.append(_cp(source, target))
        for mode, speeds in ours.items():
            _rest(source)
            command = [sys.executable, "-m", "bench.copying", mode, str(source), str(target)]
            runs.append(measure(command))
            speeds.append(size / json.loads(runs[-1].output)["wall"] / _MB)
            target.unlink()
    its = Spread.of([size / seconds / _MB for seconds in theirs])
    proved, hashed = (Spread.of(speeds) for speeds in ours.values())
    yield Row(f"{name}, read back", "MB/s", its, proved, proved.median / its.median, goal, note=note)
    hash_goal = at_least(0.95)
    yield Row(
        f"{name}, hashed in flight only",
        "MB/s",
        its,
        hashed,
        hashed.median / its.median,
        hash_goal,
        note=note,
    )
    peak = Spread.of([usage.peak_bytes / _MB for usage in runs])
    whole = "the whole process, with Python and what it loads"
    yield Row(f"{name}, peak", "MB", None, peak, peak.high, None, result_unit="MB", note=whole)


def _cp(source: Path, target: Path) -> float:
    """Seconds of cp(1), then sync(1) of that file."""
    _rest(source)
    began = time.perf_counter()
    for command in (["cp", str(source), str(target)], ["sync", str(target)]):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            raise CommandFailed(f"{' '.join(command)} ended with {ran.returncode}: {ran.stderr.strip()}")
    took = time.perf_counter() - began
    target.unlink()
    return took


def _rest(source: Path) -> None:
    """Nothing is left to be written, nothing of the source is in the page cache."""
    os.sync()
    drop(source)
    time.sleep(0.5)


def _film(path: Path, size: int) -> Path:
    """Bytes that no file system packs."""
    with path.open("wb") as file:
        for _ in range(size // CHUNK):
            file.write(os.urandom(CHUNK))
        file.flush()
        os.fsync(file.fileno())
    return path


def _hashing() -> Row:
    """What hashing takes of a core while 500 MB a second are copied and as many read back."""
    chunk = memoryview(bytearray(os.urandom(CHUNK)))
    speeds = []
    for _ in range(3):
        hashed, began = xxhash.xxh3_128(), time.process_time()
        for _ in range(_HASHED // CHUNK):
            hashed.update(chunk)
        speeds.append(_HASHED / (time.process_time() - began))
    shares = Spread.of([100 * 2 * _PACE / speed for speed in speeds])
    name = "hashing at 500 MB/s, while copying and reading back"
    return Row(name, "%", None, shares, shares.median, at_most(15, "%"), result_unit="% of a core")


@contextlib.contextmanager
def _disks(scratch: Path, size: int) -> Iterator[Disks]:
    """The disk of `scratch`, and another: ext4 on a loop device in memory, or else memory itself."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < 2 * size + 4 * _SPARE:
        yield Disks(scratch, None, "this machine has no second disk, nor room in memory for one")
        return
    with tempfile.TemporaryDirectory(prefix="bench-", dir=_MEMORY) as memory:
        view = Path(memory) / "disk"
        view.mkdir()
        mounted = _mount(Path(memory) / "image", view, 2 * size + _SPARE)
        try:
            yield Disks(scratch, view, "ext4 on a loop device in memory" if mounted else "a tmpfs")
        finally:
            if mounted:
                subprocess.run(["umount", str(view)], check=True)


def _mount(image: Path, view: Path, size: int) -> bool:
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        return False
    with image.open("wb") as file:
        file.truncate(size)
    commands = (["mkfs.ext4", "-q", "-F", str(image)], ["mount", "-o", "loop", str(image), str(view)])
    return all(
        subprocess.run(command, capture_output=True, check=False).returncode == 0 for command in commands
    )


def _main(mode: str, source: Path, target: Path) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    copy_proved(FileCalls(), source, target, unheard, read_back=mode == "proved")
    took = {"wall": time.perf_counter() - began, "cpu": time.process_time() - cpu}
    print(json.dumps(took))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
