from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from projectionist.features.metrics.host import (
    HostNow,
    cpu_of,
    disks_of,
    host_now,
    memory_of,
    network_of,
)

STAT = "cpu  500 100 300 4000 100 0 50 50 20 0\ncpu0 1 2 3 4 5 6 7 8 9 10\nintr 5\n"
MEMINFO = "MemTotal:       1000 kB\nMemFree:         100 kB\nMemAvailable:    400 kB\n"
DISKSTATS = """\
   7       0 loop0 1 0 999 0 1 0 999 0 0 0 0
   8       0 sda 1 0 100 0 1 0 10 0 0 0 0
   8       1 sda1 1 0 90 0 1 0 9 0 0 0 0
 259       0 nvme0n1 1 0 1000 0 1 0 200 0 0 0 0
 259       1 nvme0n1p1 1 0 1000 0 1 0 200 0 0 0 0
 253       0 dm-0 1 0 5000 0 1 0 5000 0 0 0 0
"""
NETWORK = """\
Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs
    lo: 9999 1 0 0 0 0 0 0 9999 1 0
  eth0: 100 1 0 0 0 0 0 0 20 1 0
  eth1:1000 1 0 0 0 0 0 0 200 1 0
"""


def test_the_processor_is_busy_where_it_is_neither_idle_nor_waits() -> None:
    ticks = os.sysconf("SC_CLK_TCK")
    assert cpu_of(STAT) == (1000 / ticks, 5100 / ticks)


def test_memory_is_used_that_cannot_be_had_back() -> None:
    assert memory_of(MEMINFO) == (600 * 1024, 1000 * 1024)


def test_bytes_of_disks_are_counted_once_not_again_on_parts_and_layers() -> None:
    assert disks_of(DISKSTATS) == (1100 * 512, 210 * 512)


def test_what_stays_within_the_machine_is_no_network() -> None:
    assert network_of(NETWORK) == (1100, 220)


def test_where_linux_does_not_tell_nothing_is_made_up(tmp_path: Path) -> None:
    assert host_now(tmp_path / "gone", tmp_path / "no-proc") == HostNow()


def test_the_room_of_the_folders_disk_is_told(tmp_path: Path) -> None:
    found = host_now(tmp_path, tmp_path / "no-proc")
    assert found.folder_total is not None
    assert found.folder_used is not None
    assert 0 <= found.folder_used <= found.folder_total


@given(st.text(max_size=300))
def test_no_text_is_too_odd_for_the_readers(text: str) -> None:
    for reader in (cpu_of, memory_of, disks_of, network_of):
        for odd in (
            text,
            f"cpu {text}",
            f"MemTotal: {text}\nMemAvailable: {text}",
            f"eth0: {text}",
            f"8 0 sda {text}",
        ):
            found = reader(odd)
            assert found is None or len(found) == 2
