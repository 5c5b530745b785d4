"""The machine that was measured on, by name."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import av

from projectionist import __version__


def describe(films: Path) -> dict[str, str]:
    """What a reader must know of machine and software to compare; `films` is where the films lie."""
    return {
        "date": datetime.now(tz=UTC).strftime("%d %B %Y"),
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{_distribution()}, Linux {platform.release()}",
        "file system of the films": _file_system(films),
        "the rival's FFmpeg": _ffmpeg(),
        "ours": f"Projectionist {__version__}, Python {platform.python_version()}, PyAV {av.__version__} "
        f"(FFmpeg {av.ffmpeg_version_info})",
    }


def load() -> float:
    """How many processes wanted a core, on average over the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.processor() or platform.machine()


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def _file_system(path: Path) -> str:
    """The type of the longest mount point that `path` lies below (proc_mounts(5))."""
    mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text(encoding="utf-8").splitlines()]
    above = [(point, kind) for point, kind in mounts if path.resolve().is_relative_to(point)]
    return max(above, key=lambda mount: len(mount[0]))[1] if above else "unknown"


def _ffmpeg() -> str:
    if shutil.which("ffmpeg") is None:
        return "not installed"
    said = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=False).stdout
    return said.partition(" Copyright")[0].removeprefix("ffmpeg version ")
