"""How warm a drive is, as Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

_DEVICES = Path("/sys/dev/block")


def temperature_of(root: Path, devices: Path = _DEVICES) -> float | None:
    """The temperature in °C of the drive that a folder lies on; None where nobody tells."""
    try:
        device = os.stat(root).st_dev
        here = (devices / f"{os.major(device)}:{os.minor(device)}").resolve(strict=True)
    except OSError:
        return None
    for folder in (here, *here.parents):
        if folder == devices or folder == folder.parent:
            return None
        for pattern in ("hwmon*/temp1_input", "hwmon/hwmon*/temp1_input", "device/hwmon/hwmon*/temp1_input"):
            for found in sorted(folder.glob(pattern)):
                try:
                    return int(found.read_text()) / 1000
                except (OSError, ValueError):
                    continue
        if folder.name == "block":
            return None
    return None
