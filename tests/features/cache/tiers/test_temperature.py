"""Temperatures from trees of sysfs as Linux has them, made anew in a folder."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from projectionist.features.cache.tiers.mounts import Mount
from projectionist.features.cache.tiers.temperature import temperature_of, warmest

SATA = "devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0"
NVME = "devices/pci0000:00/0000:00:1d.0/0000:01:00.0/nvme/nvme0"
SUBSYSTEM = "devices/virtual/nvme-subsystem/nvme-subsys0"


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """/sys with an SSD of two partitions, which tells by drivetemp."""
    home = tmp_path / "sys"
    write(home / SATA / "hwmon/hwmon0/temp1_input", "41000\n")
    for part in ("sda1", "sda2"):
        write(home / SATA / "block/sda" / part / "partition", part[-1])
    link(home / SATA / "block/sda/device", home / SATA)
    return home


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def link(path: Path, to: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(os.path.relpath(to, path.parent))


def nvme(sys: Path, text: str = "68850\n") -> Path:
    write(sys / NVME / "hwmon1/temp1_input", text)
    write(sys / NVME / "nvme0n1/nvme0n1p1/partition", "1")
    link(sys / NVME / "nvme0n1/device", sys / NVME)
    return sys / NVME / "nvme0n1"


def test_a_partition_is_as_warm_as_its_disk(sys: Path) -> None:
    assert warmest([sys / SATA / "block/sda/sda1"]) == warmest([sys / SATA / "block/sda"]) == 41.0


def test_an_nvme_drive_tells_by_its_controller(sys: Path) -> None:
    assert warmest([nvme(sys) / "nvme0n1p1"]) == 68.85


def test_an_nvme_drive_with_several_ways_tells_by_each(sys: Path) -> None:
    nvme(sys)
    (sys / SUBSYSTEM / "nvme0n1").mkdir(parents=True)
    link(sys / SUBSYSTEM / "nvme0", sys / NVME)
    link(sys / SUBSYSTEM / "nvme0n1/device", sys / SUBSYSTEM)
    assert warmest([sys / SUBSYSTEM / "nvme0n1"]) == 68.85


def test_an_array_is_as_warm_as_its_warmest_drive(sys: Path) -> None:
    array, volume = sys / "devices/virtual/block/md0", sys / "devices/virtual/block/dm-0"
    link(array / "slaves/sda2", sys / SATA / "block/sda/sda2")
    link(array / "slaves/nvme0n1p1", nvme(sys) / "nvme0n1p1")
    link(volume / "slaves/md0", array)
    assert warmest([volume]) == 68.85


@pytest.mark.parametrize("text", ["", "much", "\n"])
def test_a_sensor_that_tells_nothing_is_nobody(sys: Path, text: str) -> None:
    assert warmest([nvme(sys, text)]) is None
    assert warmest([sys / NVME / "nvme0n1", sys / SATA / "block/sda"]) == 41.0


def test_a_drive_without_a_sensor_tells_nothing(sys: Path) -> None:
    (sys / "devices/virtio0/block/vda").mkdir(parents=True)
    assert warmest([sys / "devices/virtio0/block/vda"]) is None
    assert warmest([sys / "dev/block/9:9"]) is None


def test_a_folder_is_as_warm_as_the_drive_below_it(sys: Path, tmp_path: Path) -> None:
    device = os.stat(tmp_path).st_dev
    if os.major(device):
        link(sys / f"dev/block/{os.major(device)}:{os.minor(device)}", sys / SATA / "block/sda/sda1")
        assert temperature_of(tmp_path, sys) == 41.0
    assert temperature_of(tmp_path / "nowhere", sys) is None


def test_what_has_a_device_of_its_own_making_is_looked_up_by_its_mount(sys: Path) -> None:
    link(sys / "class/block/sda1", sys / SATA / "block/sda/sda1")
    proc = Path("/proc")  # whose device is none of a drive, as with Btrfs
    assert temperature_of(proc, sys, lambda: [Mount(proc, "btrfs", "/dev/sda1")]) == 41.0
    assert temperature_of(proc, sys, lambda: [Mount(proc, "bcachefs", "/dev/sdz1:/dev/sda1")]) == 41.0
    assert temperature_of(proc, sys, lambda: [Mount(proc, "zfs", "pool/films")]) is None
    assert temperature_of(proc, sys, list) is None
