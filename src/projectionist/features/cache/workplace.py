"""What the work on the cache has around it on this node."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.cache.eyes import Eyes
from projectionist.features.cache.neighbours import Servers
from projectionist.features.cache.settling import Desk
from projectionist.features.cache.traffic.disks import Capacity, Mover, Places, Planner
from projectionist.features.cache.traffic.excluding import Exclusions
from projectionist.features.cache.traffic.lanes import Lanes
from projectionist.features.cache.traffic.pacing import Pace
from projectionist.kit.clock import Clock
from projectionist.kit.data_folder import OwnFolder

TOPIC = "cache"

Publish = Callable[[Session, str, Mapping[str, Any]], None]
"""Tells every process, once the session's transaction is committed: topic and details."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """One node: `node` is its name for people. `mover` is Unraid's, where there is one, and `exclusions` its list.

    `hard_links` says whether files with several names are moved too, and `retention` how long a file stays on the fast
    disk after it was wanted or played last. `own` is the folder that nothing may be served from or copied to.
    """

    database: Database
    places: Places
    capacity: Capacity
    planner: Planner
    servers: Servers
    publish: Publish
    node: str
    clock: Clock
    desk: Desk
    eyes: Eyes
    lanes: Lanes
    pace: Pace = field(default_factory=Pace)
    mover: Mover | None = None
    exclusions: Exclusions | None = None
    retention: timedelta = timedelta(hours=12)
    hard_links: bool = False
    own: OwnFolder | None = None
    sleep: Callable[[float], None] = field(default=time.sleep)
