"""What moves have to know of disks and folders, whoever tells it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from projectionist.features.cache.models import PinRow
from projectionist.features.cache.planning import ground
from projectionist.features.cache.planning.plan import CachePlan
from projectionist.features.cache.planning.planner import ItemWhy, Thought
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.spots import Spot


class Tier(ground.Tier, Protocol):
    """A fast tier of this node."""

    @property
    def root(self) -> Path:
        """Its folder."""

    @property
    def copies(self) -> int:
        """How many copies may be made onto it at a time."""


class Place(ground.Place, Protocol):
    """A folder of a library whose files may be cached."""

    @property
    def sidecars(self) -> Sidecars:
        """What travels along with a film."""

    @property
    def tiers(self) -> Sequence[Tier]:
        """The fast tiers that serve it, in order."""


class Room(ground.Room, Protocol):
    """What a tier still takes, in bytes, and the rule that says so."""

    @property
    def tier(self) -> Tier:
        """Of which."""

    @property
    def left(self) -> int:
        """How much."""

    @property
    def rule(self) -> str:
        """By which rule: `quota`, `usage`, `min_free` or `drive`."""

    @property
    def beside(self) -> Sequence[str]:
        """The names of the other tiers on its drive."""

    @property
    def drive_total(self) -> int:
        """How much its drive holds."""

    @property
    def drive_free(self) -> int:
        """How much of its drive is free."""


class Places(Protocol):
    """The places and tiers of this node."""

    def tiers(self) -> Sequence[Tier]:
        """Every tier."""

    def all(self) -> Sequence[Place]:
        """Every place."""

    def of(self, library_id: int, local: Path) -> Place | None:
        """The place that holds a file, by where players see it or where its original is."""

    def spot(self, place: Any, local: Path, tier: Any) -> Spot:
        """Where such a file goes on a tier."""


class Capacity(Protocol):
    """How much the tiers of this node take."""

    def rooms(self) -> Sequence[Room]:
        """What each tier that is mounted still takes."""

    def may_write(self, tier: Any, size: int) -> str | None:
        """None where so much may be written now; else why not, in words."""

    def note_written(self, tier: Any, size: int) -> None:
        """So much was written."""


class Mover(Protocol):
    """Unraid's mover."""

    def why_running(self) -> str:
        """By what it is known to move files now, in words; empty where it does not."""


class Planner(Protocol):
    """Who says what is to be where."""

    def plan(self, now: datetime, *, at_once: bool = False) -> CachePlan:
        """What is to be moved; nothing on a slow disk is looked at for that.

        `at_once` asks the servers for what is played, and nothing else.
        """

    def think(self, now: datetime, pins_too: Sequence[PinRow] = ()) -> Thought:
        """The same with what it was made of, as if these were pinned too."""

    def why(self, item_id: int, now: datetime) -> ItemWhy:
        """Why the files of an item are on a fast disk, or are not. Raises NotFound."""
