"""What is really mounted where, as Linux tells it in /proc/self/mountinfo (proc_pid_mountinfo(5))."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")

_ESCAPED = re.compile(r"\\([0-7]{3})")
_UNIONS = frozenset({"fuse.mergerfs", "fuse.shfs", "fuse.unionfs"})
_AFAR = frozenset({"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "9p", "fuse.rclone"})
_FLEETING = frozenset({"tmpfs", "ramfs"})
_LAYERED = frozenset({"overlay", "aufs", "fuse.fuse-overlayfs"})


@dataclass(frozen=True, slots=True)
class Mount:
    """A mounted file system: `source` is its device, its server, or the branches of a union."""

    point: Path
    kind: str
    source: str

    @property
    def is_union(self) -> bool:
        """Whether it shows several branches as one."""
        return self.kind in _UNIONS

    @property
    def is_afar(self) -> bool:
        """Whether it comes over the network."""
        return self.kind in _AFAR

    @property
    def is_fleeting(self) -> bool:
        """Whether what is in it is gone when the machine starts anew, or the container is made anew."""
        return self.kind in _FLEETING

    @property
    def is_container(self) -> bool:
        """Whether it is the root of a container, where nothing of the host is mounted."""
        return self.point == Path("/") and self.kind in _LAYERED

    def in_words(self) -> str:
        """What people are told."""
        return f"on the {self.kind} of {self.source}, which is mounted at {self.point}"


def read_mounts(text: str) -> Sequence[Mount]:
    """The mounts of a mountinfo; lines that are none are passed over."""
    found = []
    for line in text.split("\n"):
        before, dash, after = line.partition(" - ")
        fields, told = before.split(" "), after.split(" ")
        if dash and len(fields) >= 6 and len(told) >= 2:
            found.append(Mount(Path(_plain(fields[4])), told[0], _plain(told[1])))
    return found


def mount_of(path: Path, mounts: Sequence[Mount]) -> Mount | None:
    """On which mount a path lies that has no links in it: the last one of those with the longest point."""
    covering = [mount for mount in mounts if path.is_relative_to(mount.point)]
    return max(reversed(covering), key=lambda mount: len(mount.point.parts), default=None)


def mounts_here() -> Sequence[Mount]:
    """The mounts of this process; none where the system does not tell."""
    try:
        return read_mounts(MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape"))
    except OSError:
        return ()


def _plain(text: str) -> str:
    """Space, tab, newline and backslash are written as octal numbers."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
