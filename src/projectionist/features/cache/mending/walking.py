"""Going through folders once, asking for names and their kinds only: a million files take seconds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from projectionist.kit.files import is_litter

Check = Callable[[], None]
"""Called often; what it raises ends the work."""

_NAMES_BETWEEN_CHECKS = 2000


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder's names: plain files and links, each with its entry; what is neither is left out."""

    path: str
    files: Mapping[str, os.DirEntry[str]]
    links: Mapping[str, os.DirEntry[str]]


def folders(root: Path, check: Check) -> Iterator[Folder]:
    """Every folder below a root, itself too, links not followed; hidden ones and recycle bins are left out.

    Raises OSError where any cannot be read: then nobody knows what lies there.
    """
    waiting = [str(root)]
    while waiting:
        check()
        path = waiting.pop()
        files: dict[str, os.DirEntry[str]] = {}
        links: dict[str, os.DirEntry[str]] = {}
        with os.scandir(path) as entries:
            for number, entry in enumerate(entries):
                if number % _NAMES_BETWEEN_CHECKS == 0:
                    check()
                if entry.is_symlink():
                    links[entry.name] = entry
                elif entry.is_file(follow_symlinks=False):
                    files[entry.name] = entry
                elif entry.is_dir(follow_symlinks=False) and not is_litter(entry.name):
                    waiting.append(entry.path)
        yield Folder(path, files, links)
