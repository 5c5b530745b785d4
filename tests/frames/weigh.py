"""Reads films in a process of its own, and prints for each what came of it, in how much time and memory.

`python -m tests.frames.weigh MODE INTERVAL_MS FILM...`; one JSON object per line, `growth` in MB over what the
process took before its first film, `seconds` by the clock.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

from projectionist.errors import FilmError
from projectionist.frames import Mode, ThumbnailReader, Wanted
from projectionist.frames.source import SourceFile


def peak() -> float:
    """The most memory that this process took, in MB.

    Linux counts what the parent took into `ru_maxrss`; the high-water mark of /proc begins anew with the program.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)
    return int(status.read_text().partition("VmHWM:")[2].split()[0]) / (1 << 10)


def weigh(path: Path, wanted: Wanted) -> dict[str, Any]:
    """What comes of one film."""
    began = time.monotonic()
    numbers: list[int] = []
    told: dict[str, Any] = {"error": "", "message": "", "method": "", "damaged": False, "last_ns": 0}
    try:
        with ThumbnailReader(SourceFile(path), wanted) as reader:
            numbers += (thumbnail.number for thumbnail in reader)
        told |= {"method": reader.method, "damaged": reader.damaged, "last_ns": reader.last_ns}
    except FilmError as error:
        told |= {"error": type(error).__name__, "message": error.message}
    in_order = numbers == list(range(len(numbers)))
    return {**told, "count": len(numbers), "in_order": in_order, "seconds": time.monotonic() - began}


def main() -> None:
    """Weigh each film that the command line names."""
    mode, interval_ms, *paths = sys.argv[1:]
    wanted = Wanted(intervals_ms=(int(interval_ms),), mode=Mode(mode))
    before = peak()
    for path in paths:
        result = {"film": path, **weigh(Path(path), wanted)}
        print(json.dumps({**result, "growth": peak() - before}), flush=True)


if __name__ == "__main__":
    main()
