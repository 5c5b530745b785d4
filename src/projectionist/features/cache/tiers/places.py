"""The fast tiers of a node, the folders that they serve, and where a file goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache.models import Layout, PlaceRow, TierRow
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.spots import Spot
from projectionist.features.cache.tiers import queries
from projectionist.features.cache.tiers.rules import Rules, amount, size_of


@dataclass(frozen=True, slots=True)
class FastTier:
    """A folder on a fast drive. `host_root` is where the host sees it, `copies` how many are made to it at a time.

    `daily_writes` is in bytes a day, `too_hot_c` the temperature from which nothing is copied; None for never.
    """

    id: int
    name: str
    node: str
    root: Path
    host_root: str
    position: int
    rules: Rules
    daily_writes: int | None
    too_hot_c: int | None
    copies: int


@dataclass(frozen=True, slots=True)
class Place:
    """A folder of a library whose files may be cached; players see it at `view_root`."""

    id: int
    library_id: int
    node: str
    layout: Layout
    slow_root: Path
    view_root: Path
    host_root: str
    sidecars: Sidecars
    arr_owned: bool
    tiers: tuple[FastTier, ...]


class Places:
    """What is set up on one node. Every method that reads raises DatabaseUnusable."""

    def __init__(self, database: Database, node: str) -> None:
        self._database = database
        self._node = node

    def tiers(self) -> Sequence[FastTier]:
        """Every tier, the first to be filled first."""
        with self._database.read() as session:
            return [_tier(row) for row in queries.tiers(session, self._node)]

    def all(self) -> Sequence[Place]:
        """Every place."""
        with self._database.read() as session:
            known = {row.id: _tier(row) for row in queries.tiers(session, self._node)}
            serves = queries.tiers_of_places(session, self._node)
            rows = queries.places(session, self._node)
        return [
            _place(row, tuple(known[tier] for place, tier in serves if place == row.id and tier in known))
            for row in rows
        ]

    def of(self, library_id: int, local: Path) -> Place | None:
        """The place of a library that holds a file, by its path or its original's: the one with the longest root."""
        fits = [
            (len(root.parts), place)
            for place in self.all()
            if place.library_id == library_id
            for root in (place.slow_root, place.view_root)
            if local.is_relative_to(root)
        ]
        return max(fits, key=lambda fit: fit[0], default=(0, None))[1]

    def spot(self, place: Place, local: Path, tier: FastTier) -> Spot:
        """Where a file of a place, by either path, goes on a tier."""
        root = place.slow_root if local.is_relative_to(place.slow_root) else place.view_root
        below = local.relative_to(root)
        fast = base_of(place.layout, place.slow_root, place.view_root, tier.root) / below
        return Spot(place.layout, place.slow_root / below, fast, tier.root, place.slow_root, str(fast))


def base_of(layout: Layout, slow: Path, view: Path, root: Path) -> Path:
    """The folder of a tier that mirrors a slow one: in a union, the one that the union shows at the same path."""
    if layout is not Layout.UNION:
        return root
    pairs = zip(reversed(slow.parts), reversed(view.parts), strict=False)
    tail = tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))[::-1]
    return root if not tail or root.parts[-len(tail) :] == tail else root.joinpath(*tail)


def _tier(row: TierRow) -> FastTier:
    rules = Rules(amount(row.quota), amount(row.usage), amount(row.min_free), size_of(row.drive_size))
    return FastTier(
        id=row.id,
        name=row.name,
        node=row.node,
        root=Path(row.root),
        host_root=row.host_root,
        position=row.position,
        rules=rules,
        daily_writes=size_of(row.daily_writes),
        too_hot_c=row.too_hot_c or None,
        copies=row.copies,
    )


def _place(row: PlaceRow, tiers: tuple[FastTier, ...]) -> Place:
    return Place(
        id=row.id,
        library_id=row.library_id,
        node=row.node,
        layout=Layout(row.layout),
        slow_root=Path(row.slow_root),
        view_root=Path(row.view_root),
        host_root=row.host_root,
        sidecars=Sidecars(row.sidecars),
        arr_owned=row.arr_owned,
        tiers=tiers,
    )
