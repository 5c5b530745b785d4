"""How warm a drive is, as Linux tells it: drivetemp for SATA, the controller's own sensor for NVMe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from projectionist.features.cache.tiers.mounts import Mount, mount_of, mounts_here

_SYS = Path("/sys")
_SENSORS = (
    "device/hwmon/hwmon*/temp1_input",  # drivetemp
    "device/hwmon*/temp1_input",  # NVMe
    "device/device/hwmon/hwmon*/temp1_input",  # NVMe, Linux 5.5
    "device/nvme*/hwmon*/temp1_input",  # NVMe with several ways to a drive
)


def temperature_of(
    root: Path, sys: Path = _SYS, mounts: Callable[[], Sequence[Mount]] = mounts_here
) -> float | None:
    """The temperature in °C of the warmest drive that a folder lies on; None where nobody tells."""
    try:
        device = os.stat(root).st_dev
    except OSError:
        return None
    if os.major(device):
        return warmest([sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"])
    mount = mount_of(root, mounts())  # Btrfs, for one, has devices of its own making
    sources = [] if mount is None else mount.source.split(":")
    return warmest(sys / "class" / "block" / Path(one).name for one in sources if one.startswith("/dev/"))


def warmest(blocks: Iterable[Path]) -> float | None:
    """The highest temperature in °C of block devices, by their folders in sysfs; None where none tells."""
    return max((degrees for block in blocks for degrees in _degrees(block)), default=None)


def _degrees(block: Path) -> Iterator[float]:
    """What the drives below a device tell: a volume or an array has several."""
    try:
        here = block.resolve(strict=True)
    except (OSError, RuntimeError):
        return
    for below in sorted((here / "slaves").glob("*")):
        yield from _degrees(below)
    disk = here.parent if (here / "partition").exists() else here
    for found in (one for pattern in _SENSORS for one in sorted(disk.glob(pattern))):
        try:
            yield int(found.read_text()) / 1000
        except (OSError, ValueError):  # a drive that sleeps, or has gone, tells nothing
            continue
