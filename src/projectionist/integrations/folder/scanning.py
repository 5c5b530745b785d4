"""What lies in a folder: films, tracks and pictures, with their sizes and times; all of it, or an error."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from projectionist.errors import ServerFailed, ServerUnreachable
from projectionist.kit.confining import Recorded, crossing, nothing_recorded, real_path, within
from projectionist.media.names import (
    AUDIO_SUFFIXES,
    FILM_SUFFIXES,
    IMAGE_SUFFIXES,
    SYSTEM_FOLDERS,
    is_extra,
)

_GONE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
"""It vanished in the meantime, or is a link that leads nowhere."""
_OF_OTHERS = (".trickplay", ".thumbnails")
_KNOWN = FILM_SUFFIXES | AUDIO_SUFFIXES | IMAGE_SUFFIXES
_LOOKS = 2
"""A link may have been made, or taken back, between the question what is recorded and the look at it."""


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file: `place` is relative to the root, `changed_ns` the later of its times of change, in ns since 1970."""

    place: PurePosixPath
    size: int
    changed_ns: int


@dataclass(slots=True)
class Found:
    """Everything below a folder, in the order of names. `pictures` are the places of the picture files.

    `left_out` are the places of links that lead out of the root and are not recorded, whatever is behind them.
    """

    films: list[FoundFile] = field(default_factory=list)
    tracks: list[FoundFile] = field(default_factory=list)
    pictures: set[PurePosixPath] = field(default_factory=set)
    left_out: list[PurePosixPath] = field(default_factory=list)


def check_root(root: Path) -> None:
    """Raises ServerUnreachable where the root is gone, unreadable or without anything in it: its disk is not there."""
    try:
        with os.scandir(root) as entries:
            if next(entries, None) is not None:
                return
    except OSError as error:
        raise ServerUnreachable(
            f"The folder {root} cannot be read ({error.strerror}); check that its disk is mounted. Nothing was changed."
        ) from error
    raise ServerUnreachable(
        f"The folder {root} is empty; if a disk belongs there, mount it, else put a film in. Nothing was changed."
    )


def scan(root: Path, below: PurePosixPath, recorded: Recorded = nothing_recorded) -> Found:
    """Everything below `root / below`. Links are followed as long as they stay within the root, never in a circle.

    A link to a copy that the cache made is that file, where it is `recorded`: the film has only been brought nearer.
    What is recorded is asked once at the end, and not at all where no link leads out of the root.

    Hidden files, extras, samples and what systems keep for themselves are left out, and names that are no text.
    Raises ServerUnreachable for the folder itself, ServerFailed for one below it that cannot be read or vanishes in
    the meantime, and for a recorded link whose copy is not there: a disk that goes away would otherwise look like one
    with fewer films. Raises DatabaseUnusable where nobody can tell what is recorded.
    """
    check_root(root)
    check_root(root / below)
    inside = Path(os.path.realpath(root))
    if not is_inside(root / below, inside):
        raise ServerFailed(
            f"{root / below} is a link that leads out of {root}, so it was not read and nothing was changed; add the "
            "folder that it leads to as a server of its own."
        )
    found = Found()
    seen = list(_walk(root, below, inside, found.left_out))
    led = _led_out(root, [place for place, status in seen if status is None], inside, recorded)
    for place, looked in seen:
        status = looked or led.get(place)
        name = place.suffix.lower()
        if status is None:
            found.left_out += [] if place in led else [place]
        elif name in IMAGE_SUFFIXES:
            found.pictures.add(place)
        elif not is_extra(PurePosixPath(*place.parts[len(below.parts) :])):
            file = FoundFile(place, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns))
            (found.films if name in FILM_SUFFIXES else found.tracks).append(file)
    check_root(root / below)
    return found


def is_inside(path: Path, inside: Path) -> bool:
    """Whether a path leads to somewhere in a folder once all links in it are followed."""
    return within(real_path(path), (inside,))


def _walk(
    root: Path, below: PurePosixPath, inside: Path, left_out: list[PurePosixPath]
) -> Iterator[tuple[PurePosixPath, os.stat_result | None]]:
    """Every file of a kind that is known, with None for a link that leads out of the root; folders that are such links
    come to `left_out`.
    """
    met: set[tuple[int, int]] = set()
    folders = [below]
    while folders:
        place = folders.pop()
        try:
            status = os.stat(root / place)
            if (status.st_dev, status.st_ino) in met:
                continue
            met.add((status.st_dev, status.st_ino))
            with os.scandir(root / place) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
            deeper = []
            for entry in entries:
                if not _is_looked_at(entry):
                    continue
                if entry.is_symlink() and not is_inside(Path(entry.path), inside):
                    if _is_known(entry.name):
                        yield place / entry.name, None
                    elif entry.is_dir():
                        left_out.append(place / entry.name)
                    continue
                looked = _status(entry)
                if looked is not None and stat.S_ISDIR(looked.st_mode):
                    deeper.append(place / entry.name)
                elif looked is not None and stat.S_ISREG(looked.st_mode) and _is_known(entry.name):
                    yield place / entry.name, looked
            folders += reversed(deeper)
        except OSError as error:
            if error.errno in _GONE:
                check_root(root / below)
                raise ServerFailed(
                    f"{root / place} vanished while {root} was read, so it is not known what is there and nothing was "
                    "changed; it is read again later: check its disk if this goes on."
                ) from error
            raise _unreadable(root / place, error) from error


def _is_looked_at(entry: os.DirEntry[str]) -> bool:
    """Whether an entry may be one of ours, by its name."""
    name = entry.name.lower()
    if name.startswith(".") or name in SYSTEM_FOLDERS or name.endswith(_OF_OTHERS):
        return False
    return (_is_known(name) or entry.is_dir() or entry.is_symlink()) and _is_text(entry.name)


def _is_known(name: str) -> bool:
    return PurePosixPath(name.lower()).suffix in _KNOWN


def _status(entry: os.DirEntry[str]) -> os.stat_result | None:
    try:
        return entry.stat()
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise


def _led_out(
    root: Path, links: list[PurePosixPath], inside: Path, recorded: Recorded
) -> dict[PurePosixPath, os.stat_result | None]:
    """What is behind those of these links that are recorded; None where meanwhile nothing of ours is there."""
    told: dict[PurePosixPath, os.stat_result | None] = {}
    for _ in range(_LOOKS if links else 0):
        left = [place for place in links if place not in told]
        try:
            allowed = crossing([root / place for place in left], (inside,), recorded)
            for place in left:
                if root / place in allowed:
                    told[place] = _copy(root / place)
                elif is_inside(root / place, inside):  # the cache moved the file back
                    told[place] = _file(root / place)
        except OSError as error:
            raise _unreadable(root, error) from error
    return told


def _copy(link: Path) -> os.stat_result | None:
    """What a recorded link leads to. Raises ServerFailed, OSError."""
    try:
        found = link.stat()
    except OSError as error:
        if error.errno not in _GONE:
            raise
        raise ServerFailed(
            f"{link} is a link that the cache recorded, and its copy {os.path.realpath(link)} is not there, so nothing "
            "was changed; mount the fast disk, or have the cache audited and mended."
        ) from error
    return found if stat.S_ISREG(found.st_mode) else None


def _file(path: Path) -> os.stat_result | None:
    try:
        found = path.stat()
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise
    return found if stat.S_ISREG(found.st_mode) else None


def _unreadable(path: Path, error: OSError) -> ServerFailed:
    return ServerFailed(
        f"{path} cannot be read ({error.strerror}), so it is not known what is there and nothing "
        "was changed; let it be read, or take it out of the library."
    )


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
