"""What the rival does for one film on a CPU: its two commands, its rules, its packing. A script of its own.

The rival is Media Preview Generator for Plex, Emby and Jellyfin, as of its commit 8c748257. Left out, in its favour:
its MediaInfo parse, its logging and its polling of FFmpeg's messages. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

HDR10 = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv,format=yuv420p,"
)
"""Its tone mapping for HDR10 on a CPU: at the full size of the film."""

SCALE = "scale=w=320:h=240:force_original_aspect_ratio=decrease"
PROBE_TIMEOUT = 120
DUPLICATES = 0.06
"""Where more pictures than this equal the one before, it decodes every frame after all."""


def probe_command(film: str) -> list[str]:
    """Its probe for the distances of keyframes: reads the whole file."""
    entries = ["-show_entries", "packet=pts_time,flags", "-of", "csv=p=0"]
    return ["ffprobe", "-v", "error", "-select_streams", "v:0", *entries, film]


def make_command(film: str, folder: str, interval: float, *, only_keyframes: bool, hdr: bool) -> list[str]:
    """Its one command that makes all pictures of a film: reads the whole file."""
    chain = f"fps=fps={round(1 / interval, 6)}:round=up,{HDR10 if hdr else ''}{SCALE}"
    skip = ["-skip_frame:v", "nokey"] if only_keyframes else []
    output = ["-an", "-sn", "-dn", "-q:v", "4", "-vf", chain, f"{folder}/img-%06d.jpg"]
    return ["ffmpeg", "-loglevel", "info", *skip, "-i", film, *output]


def largest_gap(film: str) -> float | None:
    """The largest distance of keyframes in seconds as its parser sees it; None where it sees fewer than two.

    The last field of a line holds the flags. In MPEG-TS ffprobe 5.1 ends lines with an empty field, and no keyframe
    is found.
    """
    try:
        probed = subprocess.run(
            probe_command(film), capture_output=True, text=True, timeout=PROBE_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    times = []
    for line in probed.stdout.splitlines():
        fields = line.strip().split(",")
        if len(fields) >= 2 and "K" in fields[-1]:
            try:
                times.append(float(fields[0]))
            except ValueError:
                continue
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return max(gaps) if gaps and probed.returncode == 0 else None


def has_duplicates(folder: Path) -> bool:
    """Its check of the fast path's pictures: how many equal the one before."""
    digests = [hashlib.md5(path.read_bytes()).digest() for path in sorted(folder.glob("img-*.jpg"))]
    repeated = sum(one == other for one, other in pairwise(digests))
    return repeated > len(digests) * DUPLICATES


def pack(folder: Path, bif: Path, interval: float) -> int:
    """Its last steps: rename each picture by its second, ask the size of each, copy them into a BIF."""
    for path in folder.glob("img*.jpg"):
        second = int((int(path.stem[4:]) - 1) * interval)
        path.rename(folder / f"{second:010d}.jpg")
    pictures = sorted(folder.glob("*.jpg"))
    offset = 64 + 8 * (len(pictures) + 1)
    with bif.open("wb") as file:
        file.write(bytes((0x89, 0x42, 0x49, 0x46, 0x0D, 0x0A, 0x1A, 0x0A)))
        file.write(struct.pack("<III", 0, len(pictures), int(1000 * interval)) + bytes(44))
        for number, path in enumerate(pictures):
            file.write(struct.pack("<II", number, offset))
            offset += path.stat().st_size
        file.write(struct.pack("<II", 0xFFFFFFFF, offset))
        for path in pictures:
            file.write(path.read_bytes())
    return len(pictures)


def make(film: str, interval: float, path: str, *, hdr: bool) -> dict[str, object]:
    """Make one BIF. `path` is "decides", or "fast" or "fast-unprobed" to force only keyframes to be decoded."""
    gap = None if path == "fast-unprobed" else largest_gap(film)
    only_keyframes = path != "decides" or (gap is not None and gap <= interval)
    folder = Path(tempfile.mkdtemp(prefix="rival-"))
    try:
        _run(make_command(film, str(folder), interval, only_keyframes=only_keyframes, hdr=hdr))
        duplicates = only_keyframes and has_duplicates(folder)
        if duplicates and path == "decides":
            for picture in folder.glob("*.jpg"):
                picture.unlink()
            only_keyframes = False
            _run(make_command(film, str(folder), interval, only_keyframes=False, hdr=hdr))
        count = pack(folder, folder / "index-sd.bif", interval)
    finally:
        shutil.rmtree(folder)
    return {
        "thumbnails": count,
        "largest_gap": gap,
        "only_keyframes": only_keyframes,
        "duplicates": duplicates,
    }


def _run(command: list[str]) -> None:
    with tempfile.TemporaryFile() as messages:
        subprocess.run(command, stderr=messages, check=True)


def main() -> None:
    """Without a film: only start, which is what its runs are reduced by."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("film", nargs="?")
    parser.add_argument("--interval", type=float, default=10)
    parser.add_argument("--path", choices=["decides", "fast", "fast-unprobed"], default="decides")
    parser.add_argument("--hdr", action="store_true")
    wanted = parser.parse_args()
    if wanted.film:
        json.dump(make(wanted.film, wanted.interval, wanted.path, hdr=wanted.hdr), sys.stdout)


if __name__ == "__main__":
    main()
