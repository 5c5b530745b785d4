"""Paths as servers spell them, and where they are here: compared by component, never by letter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from projectionist.kit.confining import is_system
from projectionist.media.vocabulary import LocalPath, ServerPath

_DRIVE = re.compile(r"[A-Za-z]:([\\/]|$)")


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a server calls `server_prefix` is `local_prefix` here."""

    server_prefix: str
    local_prefix: str


@dataclass(frozen=True, slots=True)
class PathMap:
    """All that one node knows about the paths of one server."""

    mappings: tuple[Mapping, ...]

    def local(self, path: ServerPath, exists: Callable[[Path], bool] = Path.exists) -> LocalPath | None:
        """Where this path is here: by the longest mapping that fits, else as it is if there is such a file."""
        best = max(
            (mapping for mapping in self.mappings if is_below(path, mapping.server_prefix)),
            key=lambda mapping: len(components(mapping.server_prefix)),
            default=None,
        )
        if best is not None:
            return translate(path, best)
        parts = components(path)
        if is_windows(path) or ".." in parts or not path.startswith("/"):
            return None
        here = Path(path)
        return LocalPath(here) if "\0" not in path and not is_system(here) and exists(here) else None

    def servers(self, here: Path) -> list[ServerPath]:
        """By which names the server may know a file of this node: those that `local` leads back from."""
        found = (
            [ServerPath(str(here))]
            if not any(is_below(str(here), m.server_prefix) for m in self.mappings)
            else []
        )
        for mapping in self.mappings:
            if here.is_relative_to(mapping.local_prefix):
                rest = here.relative_to(mapping.local_prefix).parts
                path = ServerPath(_joined(mapping.server_prefix, (*components(mapping.server_prefix), *rest)))
                if self.local(path) == here:
                    found.append(path)
        return found


def is_windows(path: str) -> bool:
    """Whether a path was spelled on Windows: with a drive, or as a network share."""
    return _DRIVE.match(path) is not None or path.startswith("\\\\")


def components(path: str) -> tuple[str, ...]:
    """The parts of a path, its root first: ('/', 'films', 'Alien')."""
    if is_windows(path):
        return PureWindowsPath(path).parts
    parts = PurePosixPath(path).parts
    return ("/", *parts[1:]) if parts[:1] == ("//",) else parts


def spelled(path: str) -> str:
    """A path without what changes nothing: doubled and trailing separators."""
    return _joined(path, components(path))


def is_below(path: str, prefix: str) -> bool:
    """Whether a path is this prefix or below it; Windows does not tell capitals from small letters."""
    if is_windows(path) != is_windows(prefix):
        return False
    own, wanted = components(path), components(prefix)
    if is_windows(path):
        own, wanted = tuple(map(str.casefold, own)), tuple(map(str.casefold, wanted))
    return bool(wanted) and own[: len(wanted)] == wanted


def translate(path: str, mapping: Mapping) -> LocalPath | None:
    """A path below the mapping's prefix, as it is here; None for one that climbs out of it."""
    if not is_below(path, mapping.server_prefix):
        return None
    rest = components(path)[len(components(mapping.server_prefix)) :]
    if ".." in rest or any("\0" in part for part in rest):
        return None
    return LocalPath(Path(mapping.local_prefix).joinpath(*rest))


def suggest(
    locations: Iterable[ServerPath], roots: Sequence[Path], exists: Callable[[Path], bool] = Path.is_dir
) -> list[Mapping]:
    """Mappings for locations that are not here under their own name: the same last components below a root.

    The longest common tail wins, so /data/media/films with a /mnt/nas/media/films here gives
    /data/media → /mnt/nas/media, which serves /data/media/shows as well.
    """
    found: list[Mapping] = []
    for location in locations:
        if any(is_below(location, mapping.server_prefix) for mapping in found):
            continue
        if not is_windows(location) and exists(Path(location)):
            continue
        mapping = _match(location, roots, exists)
        if mapping is not None:
            found.append(mapping)
    return found


def visible_roots(places: Sequence[Path], most: int = 200) -> list[Path]:
    """The folders in which media are likely to be mounted, and the folders in them."""
    roots: list[Path] = []
    for place in places:
        if not place.is_dir():
            continue
        roots.append(place)
        try:
            roots.extend(child for child in sorted(place.iterdir()) if child.is_dir())
        except OSError:
            continue  # what may not be looked into suggests nothing
    return list(dict.fromkeys(roots))[:most]


def _match(location: ServerPath, roots: Sequence[Path], exists: Callable[[Path], bool]) -> Mapping | None:
    parts = components(location)
    for start in range(1, len(parts)):
        tail = parts[start:]
        for root in roots:
            if exists(root.joinpath(*tail)):
                return _widened(location, len(tail), root)
    return None


def _widened(location: ServerPath, length: int, root: Path) -> Mapping:
    """A mapping for the folder that holds the match where that can be named, else for the location itself."""
    parts = components(location)
    tail = parts[len(parts) - length :]
    cut = len(parts) - 1 if length > 1 else len(parts)
    local = root.joinpath(*tail[: len(tail) - (len(parts) - cut)])
    return Mapping(_joined(location, parts[:cut]), str(local))


def _joined(like: str, parts: Sequence[str]) -> str:
    return str(PureWindowsPath(*parts) if is_windows(like) else PurePosixPath(*parts))
