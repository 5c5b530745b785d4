"""What lies in a folder: films, tracks and pictures, with their sizes and times; all of it, or an error."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from projectionist.errors import ServerFailed, ServerUnreachable
from projectionist.media.names import (
    AUDIO_SUFFIXES,
    FILM_SUFFIXES,
    IMAGE_SUFFIXES,
    SYSTEM_FOLDERS,
    TIER,
    is_extra,
)

_GONE = (errno.ENOENT, errno.ELOOP, errno.ENOTDIR)
"""It vanished in the meantime, or is a link that leads nowhere."""
_OF_OTHERS = (".trickplay", ".thumbnails")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file: `place` is relative to the root, `changed_ns` the later of its times of change, in ns since 1970."""

    place: PurePosixPath
    size: int
    changed_ns: int


@dataclass(slots=True)
class Found:
    """Everything below a folder, in the order of names. `pictures` are the places of the picture files."""

    films: list[FoundFile] = field(default_factory=list)
    tracks: list[FoundFile] = field(default_factory=list)
    pictures: set[PurePosixPath] = field(default_factory=set)


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


def scan(root: Path, below: PurePosixPath) -> Found:
    """Everything below `root / below`. Links are followed as long as they stay within the root, never in a circle.

    A link to a file in a tier of the cache is that file: the film has only been brought nearer.

    Hidden files, extras, samples and what systems keep for themselves are left out, and names that are no text.
    Raises ServerUnreachable for the folder itself, ServerFailed for one below it that cannot be read or vanishes in
    the meantime: a disk that goes away would otherwise look like one with fewer films.
    """
    check_root(root)
    check_root(root / below)
    inside = os.path.realpath(root)
    found = Found()
    for place, status in _walk(root, below, inside):
        name = place.suffix.lower()
        if name in IMAGE_SUFFIXES:
            found.pictures.add(place)
        elif not is_extra(PurePosixPath(*place.parts[len(below.parts) :])):
            file = FoundFile(place, status.st_size, max(status.st_mtime_ns, status.st_ctime_ns))
            (found.films if name in FILM_SUFFIXES else found.tracks).append(file)
    check_root(root / below)
    return found


def _walk(root: Path, below: PurePosixPath, inside: str) -> Iterator[tuple[PurePosixPath, os.stat_result]]:
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
                looked = _look(entry, inside)
                if looked is None:
                    continue
                if stat.S_ISDIR(looked.st_mode):
                    deeper.append(place / entry.name)
                elif stat.S_ISREG(looked.st_mode):
                    yield place / entry.name, looked
            folders += reversed(deeper)
        except OSError as error:
            if error.errno in _GONE:
                check_root(root / below)
                raise ServerFailed(
                    f"{root / place} vanished while {root} was read, so it is not known what is there and nothing was "
                    "changed; it is read again later: check its disk if this goes on."
                ) from error
            raise ServerFailed(
                f"{root / place} cannot be read ({error.strerror}), so it is not known what is there and nothing "
                "was changed; let it be read, or take it out of the library."
            ) from error


def _look(entry: os.DirEntry[str], inside: str) -> os.stat_result | None:
    """What an entry is; None where it is none of ours."""
    name = entry.name.lower()
    if name.startswith(".") or name in SYSTEM_FOLDERS or name.endswith(_OF_OTHERS):
        return None
    known = PurePosixPath(name).suffix in FILM_SUFFIXES | AUDIO_SUFFIXES | IMAGE_SUFFIXES
    if not (known or entry.is_dir() or entry.is_symlink()) or not _is_text(entry.name):
        return None
    if entry.is_symlink() and not is_ours(os.path.realpath(entry.path), inside):
        return None
    try:
        looked = entry.stat()
    except OSError as error:
        if error.errno in _GONE:
            return None
        raise
    return looked if known or stat.S_ISDIR(looked.st_mode) else None


def is_ours(real: str, inside: str) -> bool:
    """Whether a link stays within the root, or leads into a tier of the cache."""
    if _is_within(real, inside):
        return True
    return any(os.path.lexists(folder / TIER) for folder in Path(real).parents)


def _is_within(path: str, inside: str) -> bool:
    return path == inside or path.startswith(inside.rstrip("/") + "/")


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
