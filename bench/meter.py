"""Runs one command and writes what the operating system accounted for it, its descendants included, as JSON.

A script of its own, started without site-packages, because the kernel's peak of a process begins with that of the
process it was forked from: this one is small. CPU and peak are those of wait4(2); bytes are those of /proc/PID/io,
read when the command has ended and is not reaped yet, so that nothing is missed and nothing is sampled.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main(report: str, command: list[str]) -> None:
    """Run `command`; then write its accounts to the file `report`."""
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    wall = time.monotonic() - began
    read = _bytes_read(process.pid)
    _, status, usage = os.wait4(process.pid, 0)
    accounts = {
        "exit_code": os.waitstatus_to_exitcode(status),
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "wall_seconds": wall,
        "peak_bytes": usage.ru_maxrss * 1024,
        "bytes_asked": read.get("rchar"),
        "bytes_from_device": read.get("read_bytes"),
    }
    with open(report, "w", encoding="utf-8") as file:  # noqa: PTH123 - pathlib would weigh on the peak
        json.dump(accounts, file)


def _bytes_read(pid: int) -> dict[str, int]:
    """The counters of proc_pid_io(5); nothing where the system has none."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:  # noqa: PTH123
            return {name: int(count) for name, _, count in (line.partition(":") for line in file)}
    except OSError:
        return {}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
