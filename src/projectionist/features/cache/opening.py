"""The work on the cache on this node, put together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache.eyes import Eyes
from projectionist.features.cache.journal import Journal
from projectionist.features.cache.neighbours import Servers
from projectionist.features.cache.planning.plan import PlanRules
from projectionist.features.cache.planning.planner import Planner
from projectionist.features.cache.settling import Desk
from projectionist.features.cache.tiers.capacity import Capacity
from projectionist.features.cache.tiers.caps import limits
from projectionist.features.cache.tiers.mover import UnraidMover, publish_exclusions
from projectionist.features.cache.tiers.places import Places
from projectionist.features.cache.traffic.excluding import Exclusions
from projectionist.features.cache.traffic.lanes import Lanes
from projectionist.features.cache.traffic.pacing import Pace
from projectionist.features.cache.wanting.gathering import Wanting
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.sources import Amounts
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.cache.workplace import Publish, Workplace
from projectionist.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Wishes:
    """How the person who runs Projectionist wants the cache to work; `exclude_file` is the one of Unraid's mover."""

    pace: Pace
    retention: timedelta
    amounts: Amounts
    sources: Collection[Source]
    hard_links: bool = False
    proves_returns: bool = False
    exclude_file: Path | None = None


def open_workplace(
    database: Database,
    servers: Servers,
    publish: Publish,
    clock: Clock,
    *,
    node: str,
    folder: Path,
    wishes: Wishes,
    lists: Lists | None = None,
) -> Workplace:
    """All that the cache works with on a node; `folder` is where its processes keep their claims."""
    places = Places(database, node)
    capacity = Capacity(database, places, node, clock)
    eyes = Eyes(database, servers, places, clock)
    wanting = Wanting(database, servers, wishes.amounts, wishes.sources, lists)
    rules = PlanRules(retention=wishes.retention)
    journal = Journal(database, clock, node)
    exclusions = None
    if wishes.exclude_file is not None:
        exclusions = Exclusions(wishes.exclude_file, journal, places.tiers, publish_exclusions)
    return Workplace(
        database=database,
        places=places,
        capacity=capacity,
        planner=Planner(database, wanting, places, capacity, limits, rules),
        servers=servers,
        publish=publish,
        node=node,
        clock=clock,
        desk=Desk(journal, eyes, eyes, listing=eyes, proves_returns=wishes.proves_returns),
        eyes=eyes,
        lanes=Lanes(database, folder, node),
        pace=wishes.pace,
        mover=UnraidMover() if exclusions else None,
        exclusions=exclusions,
        retention=wishes.retention,
        hard_links=wishes.hard_links,
    )
