"""What is remembered when an audit begins, to look names up in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache.mending import queries
from projectionist.features.cache.spots import Content, Spot, content_of, spot_of


@dataclass(frozen=True, slots=True)
class Copy:
    """A path that is remembered as being on the fast disk."""

    spot: Spot
    content: Content


@dataclass(frozen=True, slots=True)
class Known:
    """The copies by the folder of their path, the fast files that somebody keeps, and what is under way."""

    copies: Mapping[str, tuple[Copy, ...]]
    paths: frozenset[str]
    fast: frozenset[str]
    resting: frozenset[str]
    asides: frozenset[str]
    moving: frozenset[str]
    """Paths and fast files that are being moved right now: nothing is said about them."""
    tokens: frozenset[str]

    def differs_at(self, later: Known, path: str) -> bool:
        """Whether what is remembered of a file has changed meanwhile."""
        if path in self.moving or path in later.moving or any(token in path for token in later.tokens):
            return True
        before = (self.paths, self.fast, self.resting, self.asides)
        return any(
            (path in was) != (path in now)
            for was, now in zip(before, (later.paths, later.fast, later.resting, later.asides), strict=True)
        )


def known(database: Database, node: str) -> Known:
    """What is remembered now; the copies are those of a node. Raises DatabaseUnusable."""
    with database.read() as session:
        rows, moves = queries.copies(session), queries.moving(session)
        resting = queries.resting(session)
        copies = [Copy(spot_of(row), content_of(row)) for row in rows if row.node in (node, "")]
        everywhere = [(row.path, row.fast) for row in rows]
        under_way = [spot_of(row) for row in moves]
        tokens = frozenset(row.token for row in moves)
    by_folder: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies:
        by_folder[str(copy.spot.path.parent)].append(copy)
    return Known(
        {folder: tuple(found) for folder, found in by_folder.items()},
        frozenset(path for path, _ in everywhere),
        frozenset(fast for _, fast in everywhere),
        frozenset(resting),
        frozenset(str(copy.spot.aside) for copy in copies),
        frozenset(str(path) for spot in under_way for path in (spot.path, spot.fast, spot.aside)),
        tokens,
    )


def remembered(database: Database, path: Path) -> Copy | None:
    """What is remembered of the fast copy of a path. Raises DatabaseUnusable."""
    with database.read() as session:
        row = queries.copy_at(session, str(path))
        return None if row is None else Copy(spot_of(row), content_of(row))
