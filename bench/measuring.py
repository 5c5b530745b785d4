"""Measured runs of commands: taken in turns, given as medians with their spread."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

METER = Path(__file__).with_name("meter.py")


class CommandFailed(Exception):
    """A command under measurement ended otherwise than expected: its numbers would mean nothing."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command and its descendants took.

    `bytes_asked` is what they asked the kernel for, `bytes_from_device` what that made it fetch from a disk (both
    None where the system does not count); `peak_bytes` is the largest resident set of any one of the processes.
    """

    exit_code: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    bytes_asked: int | None
    bytes_from_device: int | None
    output: str


@dataclass(frozen=True, slots=True)
class Spread:
    """Repeated measurements of one thing: the median, and between which values all of them lie."""

    median: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float], *, less: float = 0.0) -> Spread:
        """The spread of `values`, each reduced by `less`."""
        net = [value - less for value in values]
        return cls(median(net), min(net), max(net), len(net))


def measure(command: Sequence[str | Path], *, expect: int = 0) -> Usage:
    """Run `command` and account for it. Raises CommandFailed where its exit code is not `expect`."""
    words = [str(word) for word in command]
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch:
        report = Path(scratch) / "accounts.json"
        meter = [sys.executable, "-I", "-S", str(METER), str(report), *words]
        ran = subprocess.run(meter, capture_output=True, text=True, check=False, env=_environment())
        if ran.returncode:
            raise CommandFailed(f"{' '.join(words)} could not be started: {ran.stderr.strip()[-500:]}")
        accounts = json.loads(report.read_text(encoding="utf-8"))
    if accounts["exit_code"] != expect:
        raise CommandFailed(
            f"{' '.join(words)} ended with {accounts['exit_code']}: {ran.stderr.strip()[-500:]}"
        )
    return Usage(output=ran.stdout, **accounts)


def _environment() -> dict[str, str]:
    """Ours, without what changes how Python runs: compiled modules are kept, as they are for anybody."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def alternate(
    sides: Mapping[str, Callable[[], Usage]], repeats: int, tell: Callable[[str], None] = lambda line: None
) -> dict[str, list[Usage]]:
    """Run every side in turn, `repeats` times round, so that a slow minute of the machine falls on all of them."""
    taken: dict[str, list[Usage]] = {name: [] for name in sides}
    for turn in range(repeats):
        for name, run in sides.items():
            tell(f"{name}, run {turn + 1} of {repeats}")
            taken[name].append(run())
    return taken
