"""The machine's own figures, as Linux tells them in /proc; elsewhere they are not known, and no figure stands in.

In a container the processor, memory and disks are the host's, and the network is the container's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
_SECTOR = 512
_OWN = "lo"
_NO_DISKS = ("loop", "ram", "zram", "dm-", "md", "sr", "fd", "nbd")
"""What has no bytes of its own: they are counted again on the disks below."""
_CPU_FIELDS = 8
"""user to steal; what guests use is in them already."""


@dataclass(frozen=True, slots=True)
class HostNow:
    """How much was done since the machine started, in seconds of all processors and in bytes, and how full it is.

    None where it is not known.
    """

    cpu_busy_s: float | None = None
    cpu_total_s: float | None = None
    memory_used: int | None = None
    memory_total: int | None = None
    disk_read: int | None = None
    disk_written: int | None = None
    net_received: int | None = None
    net_sent: int | None = None
    folder_used: int | None = None
    folder_total: int | None = None


def host_now(folder: Path, proc: Path = PROC) -> HostNow:
    """The figures now; `folder` is the one whose disk is looked at."""
    busy, seconds = cpu_of(_read(proc / "stat")) or (None, None)
    used, memory = memory_of(_read(proc / "meminfo")) or (None, None)
    read, written = disks_of(_read(proc / "diskstats")) or (None, None)
    received, sent = network_of(_read(proc / "net/dev")) or (None, None)
    taken, room = _room(folder) or (None, None)
    return HostNow(busy, seconds, used, memory, read, written, received, sent, taken, room)


def cpu_of(stat: str) -> tuple[float, float] | None:
    """Seconds in which a processor was busy, and all seconds, out of /proc/stat."""
    for name, fields in _named(stat):
        if name == "cpu":
            ticks = [float(field) for field in fields[:_CPU_FIELDS] if field.isdecimal()]
            if len(ticks) < 5:
                return None
            idle = ticks[3] + ticks[4]
            per_second = float(os.sysconf("SC_CLK_TCK"))
            return (sum(ticks) - idle) / per_second, sum(ticks) / per_second
    return None


def memory_of(meminfo: str) -> tuple[int, int] | None:
    """Bytes that programs use and cannot be had back, and all, out of /proc/meminfo."""
    found = {name.rstrip(":"): fields for name, fields in _named(meminfo)}
    try:
        total, free = (int(found[name][0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    except (KeyError, IndexError, ValueError):
        return None
    return total - free, total


def disks_of(diskstats: str) -> tuple[int, int] | None:
    """Bytes read and written by all disks, out of /proc/diskstats; what is a part of another is not counted twice."""
    found: dict[str, tuple[int, int]] = {}
    for _, fields in _named(diskstats):
        if len(fields) > 8 and fields[4].isdecimal() and fields[8].isdecimal():
            found[fields[1]] = int(fields[4]), int(fields[8])
    whole = [name for name in found if not name.startswith(_NO_DISKS) and not _is_part(name, found)]
    if not whole:
        return None
    return sum(found[name][0] for name in whole) * _SECTOR, sum(found[name][1] for name in whole) * _SECTOR


def network_of(dev: str) -> tuple[int, int] | None:
    """Bytes received and sent, out of /proc/net/dev; what stays within the machine does not count."""
    received, sent, known = 0, 0, False
    for line in dev.splitlines():
        name, colon, numbers = line.partition(":")
        fields = numbers.split()
        if not colon or name.strip() == _OWN or len(fields) < 9:
            continue
        if fields[0].isdecimal() and fields[8].isdecimal():
            received, sent, known = received + int(fields[0]), sent + int(fields[8]), True
    return (received, sent) if known else None


def _is_part(name: str, known: dict[str, tuple[int, int]]) -> bool:
    """`sda1` of `sda`, `nvme0n1p2` of `nvme0n1`."""
    stem = name.rstrip("0123456789")
    return stem != name and (stem in known or (stem.endswith("p") and stem[:-1] in known))


def _named(text: str) -> Iterator[tuple[str, list[str]]]:
    for line in text.splitlines():
        fields = line.split()
        if fields:
            yield fields[0], fields[1:]


def _read(path: Path) -> str:
    with suppress(OSError):
        return path.read_text(encoding="ascii", errors="replace")
    return ""


def _room(folder: Path) -> tuple[int, int] | None:
    """Used and whole size of a disk, as `df` counts: what only root may take is no room."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    used = (found.f_blocks - found.f_bfree) * found.f_frsize
    return used, used + found.f_bavail * found.f_frsize
