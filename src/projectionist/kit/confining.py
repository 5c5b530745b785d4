"""Which paths may be used at all: the one place that decides it, for whatever a person or a server names.

A root is a folder that somebody registered: of a library, of a fast tier, of previews. Any other path has to lie in
one, and does so only where all links in it lead to somewhere in the same one. A link leads from one root to another
only where the journal of swaps says that we made it or took it over, and where it still leads as it did then.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

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
_NO_LINK = (errno.ENOENT, errno.ENOTDIR, errno.EINVAL)
_NOT_IN_PATHS = frozenset(chr(code) for code in (*range(32), 127))


@dataclass(frozen=True, slots=True)
class Crossing:
    """A link that the journal of swaps knows: what it says, and the file below `root` that it leads to."""

    says: str
    target: Path
    root: Path


Recorded: TypeAlias = Callable[[Collection[Path]], Mapping[Path, Sequence[Crossing]]]
"""Tells what the journal of swaps knows of links at these paths. Raises DatabaseUnusable: unknown is not none."""


def nothing_recorded(_links: Collection[Path]) -> Mapping[Path, Sequence[Crossing]]:
    """Where there is no journal: no link leads out of its root."""
    return {}


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


def crosses(link: Path, roots: Iterable[Path], recorded: Recorded) -> bool:
    """Whether a path in one of these folders is a recorded link that may lead out of it; not where nobody can tell.

    Raises DatabaseUnusable.
    """
    try:
        return bool(crossing((link,), roots, recorded))
    except OSError:
        return False


def crossing(links: Collection[Path], roots: Iterable[Path], recorded: Recorded) -> set[Path]:
    """Those of these paths that are recorded links in one of these folders, each leading where it was recorded to.

    They are asked for once, all together, and looked at after that. A link says what it said when it was recorded, and
    nothing at its end or on the way is a link that leads elsewhere. Raises OSError, DatabaseUnusable.
    """
    roots = tuple(roots)
    names = {
        link: tuple(dict.fromkeys((link, folder / link.name)))
        for link in links
        if (folder := real_path(link.parent)) is not None and within(folder, roots)
    }
    known = recorded({name for each in names.values() for name in each}) if names else {}
    return {
        link
        for link, each in names.items()
        if any(_leads(link, one) for name in each for one in known.get(name, ()))
    }


def _leads(link: Path, recorded: Crossing) -> bool:
    """Whether a link is as it was recorded, and its end is the very file. Raises OSError."""
    folder = real_path(recorded.target.parent)
    if folder is None or not within(folder, (recorded.root,)):
        return False
    try:
        says = os.readlink(link)  # noqa: PTH115 - as it is written, and not as a path would spell it
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    return says == recorded.says and real_path(link) == folder / recorded.target.name
