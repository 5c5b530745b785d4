"""Which paths may be used at all: the one place that decides it, for whatever a person or a server names.

A root is a folder that somebody registered: of a library, of a fast tier, of previews. Any other path has to lie in
one, and does so only where all links in it lead to somewhere in the same one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from projectionist.errors import InputWrong

_TOO_WIDE = frozenset({"/", "/run", "/usr", "/var"})
"""What holds the whole system beside all else; a folder in it may be a root."""
_SYSTEM = tuple(
    Path(path)
    for path in (
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/proc",
        "/run",
        "/sbin",
        "/sys",
        "/usr/bin",
        "/usr/include",
        "/usr/lib",
        "/usr/lib32",
        "/usr/lib64",
        "/usr/libx32",
        "/usr/sbin",
        "/usr/share",
        "/var/log",
        "/var/run",
        "/var/spool",
    )
)
_MEDIA = (Path("/dev/shm"), Path("/run/media"))  # nosec B108 - a disk in memory, and where desktops mount disks
_NOT_IN_PATHS = frozenset(chr(code) for code in (*range(32), 127))


def is_plain(text: str) -> bool:
    """Whether a path could be typed: without the null character, line breaks and other controls."""
    return _NOT_IN_PATHS.isdisjoint(text)


def is_system(path: Path) -> bool:
    """Whether a path belongs to the operating system, by its name: it holds no media, and nothing of ours."""
    path = Path("/" + str(path).lstrip("/"))  # two slashes in front mean one on every system that media lie on
    if str(path) in _TOO_WIDE:
        return True
    return any(path.is_relative_to(one) for one in _SYSTEM) and not any(
        path.is_relative_to(one) and path != one for one in _MEDIA
    )


def check_root(path: Path, field: str) -> None:
    """Raise InputWrong where a folder may not become a root, by its name or by where it leads."""
    if not path.is_absolute() or not is_plain(str(path)):
        raise InputWrong(
            "A folder is given by its whole path, such as /mnt/films, without control characters.", field
        )
    real = Path(os.path.realpath(path))
    if is_system(path) or is_system(real):
        where = path if path == real else f"{path}, which leads to {real},"
        raise InputWrong(
            f"{where} belongs to the system of this machine; choose the folder that holds the media.", field
        )


def within(real: Path, roots: Iterable[Path]) -> bool:
    """Whether a path, in which no link is left, lies in one of these folders, or is one; links in theirs are followed.

    A folder that leads into the system holds nothing.
    """
    found = (Path(os.path.realpath(root)) for root in roots)
    return any(real.is_relative_to(root) and not is_system(root) for root in found)
