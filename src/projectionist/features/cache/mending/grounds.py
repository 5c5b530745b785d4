"""Where an audit looks: each place of a library together with a fast tier that holds copies of its files."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.cache.models import Layout
from projectionist.features.cache.planning import ground
from projectionist.features.cache.settling import Desk
from projectionist.features.cache.spots import Spot
from projectionist.kit.clock import Clock, SystemClock


class Tier(ground.Tier, Protocol):
    """A fast tier, as the places tell of it."""

    @property
    def root(self) -> Path:
        """Its folder."""

    @property
    def host_root(self) -> str:
        """Where the host sees that folder; empty where that is the same."""


class Place(ground.Place, Protocol):
    """A folder of a library on a slow disk."""

    @property
    def layout(self) -> Layout:
        """How its paths lead to fast copies."""

    @property
    def tiers(self) -> Sequence[Tier]:
        """The fast tiers its files may go to."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A place on one of its tiers: `base` is the folder below `fast_root` that mirrors `slow_root`.

    `link_base` is what links to copies say in the place of `base`, `host_base` where the host sees it.
    """

    layout: Layout
    slow_root: Path
    view_root: Path
    fast_root: Path
    base: Path
    link_base: str
    host_base: str
    tier: str
    """What people call the tier."""

    def spot(self, path: Path) -> Spot:
        """The spot of a path below `slow_root`."""
        below = path.relative_to(self.slow_root)
        link = os.path.join(self.link_base, below)  # noqa: PTH118 - the text of a link, which is kept as it is
        return Spot(self.layout, path, self.base / below, self.fast_root, self.slow_root, link)

    def mirrored(self, fast: Path) -> Path:
        """The path below `slow_root` that a file below `base` would be a copy of."""
        return self.slow_root / fast.relative_to(self.base)

    def host_path(self, fast: Path) -> str:
        """Where the host sees a file below `base`."""
        return str(Path(self.host_base) / fast.relative_to(self.base))

    def led_to(self, folder: str, text: str) -> str | None:
        """The file below `base` that a link in `folder` leads to by what it says; None where it leads elsewhere."""
        said = os.path.normpath(os.path.join(folder, text))  # noqa: PTH118 - a million links, and no file is asked
        for view in (str(self.base), self.link_base, self.host_base):
            if said.startswith(f"{view}/"):
                return f"{self.base}{said[len(view) :]}"
        return None


class Spots(Protocol):
    """What tells of places and of the spots in them."""

    def all(self) -> Sequence[Place]:
        """Every place of this node."""

    def spot(self, place: Any, local: Path, tier: Any) -> Spot:
        """The spot of a file of a place on a tier."""


@dataclass(frozen=True, slots=True)
class Care:
    """What an audit, a scrub and a repair work with; `publish` writes the list for the host's mover anew.

    `tell` tells whoever looks on, once a session's transaction is committed; `asked_by` is who wanted it.
    """

    database: Database
    desk: Desk
    places: Spots
    node: str
    clock: Clock = field(default_factory=SystemClock)
    publish: Callable[[], None] | None = None
    tell: Callable[[Session, str, Mapping[str, Any]], None] | None = None
    asked_by: str = ""


def grounds_of(places: Spots) -> list[Ground]:
    """Every place of this node with every one of its tiers."""
    return [_ground(places, place, tier) for place in places.all() for tier in place.tiers]


def _ground(places: Spots, place: Place, tier: Tier) -> Ground:
    spot = places.spot(place, place.slow_root / "x", tier)
    base = spot.fast.parent
    host = Path(tier.host_root or tier.root) / base.relative_to(tier.root)
    return Ground(
        place.layout,
        place.slow_root,
        place.view_root,
        spot.fast_root,
        base,
        os.path.dirname(spot.link),  # noqa: PTH120 - the text of a link
        str(host),
        tier.name,
    )
