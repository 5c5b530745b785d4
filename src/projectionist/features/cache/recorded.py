"""Which links lead from a library to a fast disk because we made them or took them over: what the journal knows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache import queries
from projectionist.kit.confining import Crossing


def recorded_links(database: Database, links: Collection[Path]) -> Mapping[Path, Sequence[Crossing]]:
    """What is recorded of links at these paths, of whatever node; nothing for one that is not. Raises DatabaseUnusable.

    A swap that was cut short is recorded too, until the recovery has ended it.
    """
    found: dict[Path, list[Crossing]] = {}
    with database.read() as session:
        for path, says, fast, root in queries.links_at(session, sorted(filter(_is_text, map(str, links)))):
            found.setdefault(Path(path), []).append(Crossing(says, Path(fast), Path(root)))
    return found


def _is_text(path: str) -> bool:
    """Names that are none are never moved, and no database takes them."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in path
