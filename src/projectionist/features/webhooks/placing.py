"""Which library a told path is of: only one in a folder of a library is used, and only to have it looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from projectionist.features.library.service import LibraryFacts
from projectionist.features.servers.service import components, is_below, is_windows, spelled
from projectionist.features.webhooks.workplace import Servers
from projectionist.kit.confining import is_plain, real_path, within
from projectionist.media.vocabulary import ServerPath

LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Spot:
    """A folder of a library, as its server spells it."""

    server_id: int
    library_id: int
    folder: ServerPath


def spots(servers: Servers, libraries: Sequence[LibraryFacts], folder: str) -> list[Spot]:
    """Where a told folder is: on every server that has it in a library; empty where none may look there.

    It has to be whole and to climb nowhere, and to lie in a folder of the library by its name, as the server spells
    it or as it is here; and where it is here, all links in it have to lead to somewhere in that folder too.
    """
    if not is_told_well(folder):
        return []
    found: dict[int, tuple[int, Spot]] = {}
    for library in libraries:
        for root in library.locations if library.enabled and library.missing_since is None else ():
            there = _as_server_spells(servers, library.server_id, folder, root)
            if there is None or not _stays(servers, library.server_id, there, root):
                continue
            depth = len(components(root))
            if library.server_id not in found or found[library.server_id][0] < depth:
                found[library.server_id] = (depth, Spot(library.server_id, library.id, there))
    return [spot for _, spot in found.values()]


def is_told_well(path: str) -> bool:
    """Whether a path is one that may be looked for: from the root on, without controls, and climbing nowhere."""
    if not 1 <= len(path) <= LONGEST or not is_plain(path) or not _is_text(path):
        return False
    if not path.startswith("/") and not is_windows(path):
        return False
    return ".." not in path.replace("\\", "/").split("/")


def _is_text(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _as_server_spells(servers: Servers, server_id: int, path: str, root: ServerPath) -> ServerPath | None:
    if is_below(path, root):
        return ServerPath(spelled(path))
    here = servers.known_path(server_id, root)
    if here is None or is_windows(path) or not Path(path).is_relative_to(here):
        return None
    return next((one for one in servers.server_paths(server_id, Path(path)) if is_below(one, root)), None)


def _stays(servers: Servers, server_id: int, path: ServerPath, root: ServerPath) -> bool:
    """Whether a path that is here leads to nowhere outside; what is not here is judged by its name alone."""
    here = servers.known_path(server_id, root)
    if here is None:
        return is_windows(root)
    mine = servers.known_path(server_id, path)
    return mine is not None and within(real_path(mine), [here])
