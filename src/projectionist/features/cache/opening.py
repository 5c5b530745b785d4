"""The work on the cache on this node, put together."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

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
from projectionist.features.cache.traffic.pacing import Pace, quiet_hours
from projectionist.features.cache.wanting.gathering import Wanting
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.sources import Amounts
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.cache.workplace import Publish, Workplace
from projectionist.kit.clock import Clock
from projectionist.kit.data_folder import OwnFolder
from projectionist.settings import Settings


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

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """As the settings say it. Raises InputWrong where quiet hours are none."""
        return cls(
            pace=Pace(
                settings.cache_rate,
                quiet_hours(settings.cache_quiet_hours),
                settings.cache_pause_while_playing,
            ),
            retention=settings.cache_retention,
            amounts=Amounts(
                settings.cache_next_episodes,
                settings.cache_watchlist_episodes,
                settings.cache_recent_days,
                settings.cache_spare_played,
            ),
            sources=frozenset(Source(one) for one in settings.cache_sources),
            hard_links=settings.cache_hard_links,
            proves_returns=settings.cache_prove_returns,
            exclude_file=settings.cache_exclude_file,
        )


def open_workplace(
    database: Database,
    servers: Servers,
    publish: Publish,
    clock: Clock,
    *,
    node: str,
    own: OwnFolder,
    wishes: Wishes,
    lists: Lists | None = None,
) -> Workplace:
    """All that the cache works with on a node; `own` is where its processes keep their claims."""
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
        lanes=Lanes(database, own.path, node),
        pace=wishes.pace,
        mover=UnraidMover() if exclusions else None,
        exclusions=exclusions,
        retention=wishes.retention,
        hard_links=wishes.hard_links,
        own=own,
    )
