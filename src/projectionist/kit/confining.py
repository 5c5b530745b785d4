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
    path = Path(
        "/" + str(path).lstrip("/")
    )  # two slashes in front mean one on every system that media lie on
    if str(path) in _TOO_WIDE:
        return True
    return any(path.is_relative_to(one) for one in _SYSTEM) and not any(
        path.is_relative_to(one) and path != one for one in _MEDIA
    )


def is_folder(path: Path) -> bool:
    """Whether there is a folder of this name that may be looked at; one that is too long for a name is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def real_path(path: str | os.PathLike[str]) -> Path | None:
    """Where a path leads once all its links are followed; None where that cannot be told.

    Some links of /proc tell nobody where they lead.
    """
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError):
        return None


def check_root(path: Path, field: str) -> None:
    """Raise InputWrong where a folder may not become a root, by its name or by where it leads."""
    if not path.is_absolute() or not is_plain(str(path)):
        raise InputWrong(
            "A folder is given by its whole path, such as /mnt/films, without control characters.", field
        )
    real = path if is_system(path) else real_path(path)
    if real is None:
        raise InputWrong(
            f"Nobody can tell where {path} leads; choose the folder that holds the media.", field
        )
    if is_system(real):
        where = path if path == real else f"{path}, which leads to {real},"
        raise InputWrong(
            f"{where} belongs to the system of this machine; choose the folder that holds the media.", field
        )


def within(real: Path | None, roots: Iterable[Path]) -> bool:
    """Whether a path, as `real_path` has it, lies in one of these folders, or is one; links in theirs are followed.

    A folder that leads into the system holds nothing, and a path of which nothing can be told lies nowhere.
    """
    if real is None:
        return False
    found = (real_path(root) for root in roots)
    return any(root is not None and real.is_relative_to(root) and not is_system(root) for root in found)
