"""Finding the films under what somebody names: files as they are, folders all the way down."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from projectionist.media.names import FILM_SUFFIXES, SYSTEM_FOLDERS, is_extra

_LEADS_NOWHERE = (errno.ENOENT, errno.ELOOP)
"""It vanished in the meantime, or is a link that leads nowhere, or round in a circle."""


@dataclass(frozen=True, slots=True)
class Found:
    """A film, the folder that was named (`root`; the film's own folder where the file was), its bytes."""

    path: Path
    root: Path
    size: int
    named_itself: bool = False


@dataclass(frozen=True, slots=True)
class NotSearched:
    """A place that was named or met and could not be searched, and why: nothing is known about its films."""

    path: Path
    outcome: str
    message: str


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of the films met in folders are taken; globs match the path below the folder, or the name alone."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    extras: bool = False

    def takes(self, below: Path) -> bool:
        """Whether the film at `below`, a path relative to the folder named, is wanted."""
        if self.include and not any(_matches(below, glob) for glob in self.include):
            return False
        if any(_matches(below, glob) for glob in self.exclude):
            return False
        return self.extras or not is_extra(below)


def find_films(paths: Sequence[Path], choice: Choice) -> Iterator[Found | NotSearched]:
    """The films at and below `paths`, each once, folder by folder and the largest of a folder first.

    So a spinning disk reads neighbours together, and the workers do not end on the longest film. Files named
    outright are always taken. Links are followed, never round in a circle.
    """
    seen: set[Path] = set()
    for path in paths:
        root = _absolute(path)
        for found in _below(root, choice):
            if isinstance(found, Found):
                if found.path in seen:
                    continue
                seen.add(found.path)
            yield found


def _absolute(path: Path) -> Path:
    """The path from the root, links kept; where one stands before a `..`, what the system takes that to mean."""
    plain = Path(os.path.abspath(path))
    try:
        return plain if ".." not in path.parts or path.samefile(plain) else path.resolve()
    except OSError:
        return plain


def _below(named: Path, choice: Choice) -> Iterator[Found | NotSearched]:
    try:
        if not named.is_dir():
            yield Found(named, named.parent, named.stat().st_size, named_itself=True)
            return
    except FileNotFoundError:
        yield NotSearched(named, "missing", f"{named} does not exist; check the spelling, or mount its disk.")
        return
    except OSError as error:
        yield NotSearched(
            named, "unreadable", f"{named} cannot be read ({error.strerror}); nothing was made there."
        )
        return
    empty = True
    for found in _walk(named, choice):
        empty = False
        yield found
    if empty:
        yield NotSearched(
            named,
            "no_films",
            f"{named} holds no film to preview; if a disk belongs there, see that it is mounted.",
        )


def _walk(root: Path, choice: Choice) -> Iterator[Found | NotSearched]:
    """Real folders first, in the order of their names; then what links lead to and was not met before."""
    met: set[tuple[int, int]] = set()
    folders, links = [root], list[Path]()
    while folders or links:
        folder = folders.pop() if folders else links.pop(0)
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in met:
                continue
            met.add((status.st_dev, status.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield NotSearched(
                folder,
                "unreadable",
                f"{folder} cannot be read ({error.strerror}); the films in it were left out.",
            )
            continue
        yield from _films_in(entries, root, choice)
        below = [entry for entry in entries if _is_searched(entry)]
        folders += [Path(entry.path) for entry in reversed(below) if not entry.is_symlink()]
        links += [Path(entry.path) for entry in below if entry.is_symlink()]


def _films_in(entries: list[os.DirEntry[str]], root: Path, choice: Choice) -> Iterator[Found | NotSearched]:
    films = []
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or path.suffix.lower() not in FILM_SUFFIXES:
            continue
        if not choice.takes(path.relative_to(root)):
            continue
        try:
            if entry.is_file():
                films.append(Found(path, root, entry.stat().st_size))
        except OSError as error:
            if error.errno not in _LEADS_NOWHERE:
                yield NotSearched(
                    path, "unreadable", f"{path} cannot be read ({error.strerror}); check its disk."
                )
    yield from sorted(films, key=lambda film: -film.size)


def _is_searched(entry: os.DirEntry[str]) -> bool:
    name = entry.name.lower()
    if name.startswith(".") or name in SYSTEM_FOLDERS or name.endswith((".trickplay", ".thumbnails")):
        return False
    try:
        return entry.is_dir()
    except OSError as error:
        return error.errno not in _LEADS_NOWHERE


def _matches(below: Path, glob: str) -> bool:
    return fnmatch(str(below), glob) or fnmatch(below.name, glob)
