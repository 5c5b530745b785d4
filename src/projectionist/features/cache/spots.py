"""Where a file, its fast copy and its original stand, as the disk tells: no name is trusted, inodes are compared."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

import xxhash

from projectionist.features.cache.models import Layout, SpotColumns

ASIDE = re.compile(r"\.projectionist-([0-9a-f]{16})\.aside")
RESTING = re.compile(r"\.projectionist-([0-9a-f]{16})-([0-9a-f]{16})\.rest")
TEMPORARY = re.compile(r"\.projectionist-([0-9a-f]{16})\.(copy|link)")
"""Hidden, of one length, and with no ending that a media server takes for a film."""

TIER = ".projectionist-tier"
"""A file at the root of every tier: where it is not to be seen, the tier is not mounted."""
_MOST_OF_A_MARKER = 64 << 10


class Standing(Enum):
    """What is at a path and beside it."""

    HOME = auto()
    """A file, and no original aside: nothing is swapped."""
    SETTLING = auto()
    """A file, and beside it a second name of it or our own link: a swap was cut short, or begun to be undone."""
    AWAY = auto()
    """The path leads to the fast disk, and the original is aside."""
    REPLACED = auto()
    """Something that is not ours is at the path, and an original aside."""
    GONE = auto()
    """Nothing is at the path, and an original is aside."""
    BARE = auto()
    """The path leads to the fast disk, and no original is aside: the fast copy may be the only one."""
    NOTHING = auto()
    """Neither a path nor an original."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One path below `slow_root` and its places: `fast` below `fast_root`, and the text of a link that leads there."""

    layout: Layout
    path: Path
    fast: Path
    fast_root: Path
    slow_root: Path
    link: str

    @property
    def aside(self) -> Path:
        """Where the original is while the path leads to the fast disk."""
        return self.path.parent / f".projectionist-{name_mark(self.path.name)}.aside"


@dataclass(frozen=True, slots=True)
class Content:
    """What tells one content from another: size, modification time, and the digest where it is known.

    `original` is how the original was marked when it was last known to hold this: see `mark_of`.
    """

    size: int
    mtime_ns: int
    digest: str = ""
    fast_ctime_ns: int = 0
    original: str = ""

    def fits(self, found: os.stat_result) -> bool:
        """Whether a file looks like this one."""
        return stat.S_ISREG(found.st_mode) and (self.size, self.mtime_ns) == (
            found.st_size,
            found.st_mtime_ns,
        )

    def is_untouched(self, found: os.stat_result) -> bool:
        """Whether a file is the original, and nobody wrote to it since it was known to hold this: times may be set
        back, but the kernel keeps the time of the last change itself.
        """
        return self.fits(found) and self.original == mark_of(found)


def mark_of(found: os.stat_result) -> str:
    """What a file cannot be written to without changing it: its inode and change time."""
    return f"{found.st_ino}:{found.st_ctime_ns}"


def spot_of(row: SpotColumns) -> Spot:
    """The places that a row tells of."""
    return Spot(
        Layout(row.layout), Path(row.path), Path(row.fast), Path(row.fast_root), Path(row.slow_root), row.link
    )


def content_of(row: SpotColumns) -> Content:
    """The content that a row tells of."""
    return Content(row.size, row.mtime_ns, row.digest, row.fast_ctime_ns, row.original)


def name_mark(name: str) -> str:
    """What stands for a file's name in the hidden names made for it."""
    return xxhash.xxh3_64_hexdigest(os.fsencode(name))


def is_mounted(root: Path) -> bool:
    """Whether the disk of a tier is there, and is the one that was marked there.

    A mount point without its disk is not, nor one with the disk of another tier, nor a disk that answers with errors.
    """
    try:
        marker = os.open(root / TIER, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    with os.fdopen(marker, "rb") as file:
        try:
            return stat.S_ISREG(os.fstat(marker).st_mode) and root_mark(root) in file.read(_MOST_OF_A_MARKER)
        except OSError:
            return False


def root_mark(root: Path) -> bytes:
    """What the marker of a tier holds of each place where its disk was marked, on one machine or on several."""
    return xxhash.xxh3_128_hexdigest(os.fsencode(root)).encode()


def mount_of(path: Path, root: Path) -> Path | None:
    """Where the file system of `path` is mounted below `root`; None where it is that of the root. Raises OSError."""
    for folder in path.parents:
        if folder == root or not folder.is_relative_to(root):
            return None
        if is_another_system(folder):
            return folder
    return None


def is_another_system(folder: Path) -> bool:
    """Whether another file system begins at a folder; not where it is not there. Raises OSError."""
    try:
        return folder.stat().st_dev != folder.parent.stat().st_dev
    except (FileNotFoundError, NotADirectoryError):
        return False


def temporary(folder: Path, token: str, kind: str) -> Path:
    """The temporary name of a move: `kind` is `copy` or `link`."""
    return folder / f".projectionist-{token}.{kind}"


def resting_name(of: Path, name: str, token: str) -> Path:
    """The name under which a file rests, beside where it was."""
    return of.parent / f".projectionist-{name_mark(name)}-{token}.rest"


def status(path: Path) -> os.stat_result | None:
    """What is at a path, links not followed; None where there is nothing. Raises OSError where nobody can tell."""
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_our_link(spot: Spot, path: Path) -> bool:
    """Whether a link at `path` says what ours says."""
    found = status(path)
    return found is not None and stat.S_ISLNK(found.st_mode) and path.readlink() == Path(spot.link)


def look(spot: Spot) -> Standing:
    """How a spot stands. Raises OSError where the disk does not tell."""
    here, aside = status(spot.path), status(spot.aside)
    away = spot.layout is Layout.SYMLINK and here is not None and is_our_link(spot, spot.path)
    if aside is not None and stat.S_ISLNK(aside.st_mode):
        return Standing.SETTLING if here is not None else Standing.NOTHING
    if aside is None:
        bare = away or (spot.layout is Layout.UNION and here is None and _lies_on_fast(spot))
        return Standing.BARE if bare else Standing.HOME if here is not None else Standing.NOTHING
    if away:
        return Standing.AWAY
    if here is None:
        serves = spot.layout is Layout.UNION and _lies_on_fast(spot)
        return Standing.AWAY if serves else Standing.GONE
    return Standing.SETTLING if os.path.samestat(here, aside) else Standing.REPLACED


def _lies_on_fast(spot: Spot) -> bool:
    """Whether the fast copy is there, or may be there again once its disk is."""
    return not is_mounted(spot.fast_root) or status(spot.fast) is not None
