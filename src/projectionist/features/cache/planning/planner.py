"""The plan as things stand now: from the index, the servers and what is known of the fast disks.

No file or folder on a slow disk is opened, listed or asked for: sleeping disks sleep on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.cache.models import PinRow
from projectionist.features.cache.planning import queries
from projectionist.features.cache.planning.ground import Cap, Limits, Map, Place, Room, Tier
from projectionist.features.cache.planning.plan import CachePlan, Held, PlanRules, plan
from projectionist.features.cache.wanting.gathering import Gathered, Wanting
from projectionist.features.cache.wanting.wants import FailedSource, Term, Want, Wanted
from projectionist.features.library.service import files_of, libraries
from projectionist.kit.garbage import unsearched


class TierHere(Tier, Protocol):
    """A fast tier of this node."""

    @property
    def root(self) -> Path:
        """Its folder."""


class PlacesHere(Protocol):
    """The folders and tiers of this node."""

    def tiers(self) -> Sequence[TierHere]:
        """Every tier."""

    def all(self) -> Sequence[Place]:
        """Every folder whose files may be cached."""


class Drives(Protocol):
    """What the tiers may still take."""

    def rooms(self) -> Sequence[Room]:
        """Of each tier that is there."""

    def may_write(self, tier: Any, size: int) -> str | None:
        """Why nothing may be copied to a tier now; None where it may."""


@dataclass(frozen=True, slots=True)
class Thought:
    """A plan with what it was made of."""

    plan: CachePlan
    wanted: Wanted
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class FileWhy:
    """Why a file is on a fast disk, or is not: `verdict` is a sentence, `terms` make up the score."""

    path: Path
    size: int
    is_here: bool
    verdict: str
    score: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class ItemWhy:
    """The same for each file of an item, or of a show or a season as far as anything speaks for its episodes."""

    item_id: int
    files: tuple[FileWhy, ...]
    failed: tuple[FailedSource, ...]


@dataclass(frozen=True, slots=True)
class _Caps:
    """Caps with those of shows and seasons laid on their episodes."""

    item_most: int | None
    items: Mapping[int, Cap]
    libraries: Mapping[int, Cap]
    accounts: Mapping[int, Cap]


class Planner:
    """Plans for this node. Every method raises DatabaseUnusable."""

    def __init__(
        self,
        database: Database,
        wanting: Wanting,
        places: PlacesHere,
        drives: Drives,
        limits: Callable[[Database], Limits],
        rules: PlanRules | None = None,
    ) -> None:
        self._database = database
        self._wanting = wanting
        self._places = places
        self._drives = drives
        self._limits = limits
        self._rules = rules or PlanRules()

    def plan(self, now: datetime, *, at_once: bool = False) -> CachePlan:
        """What to copy and what to move back; `at_once` asks the servers for what is played, and nothing else."""
        return self.think(now, at_once=at_once).plan

    def think(self, now: datetime, pins_too: Sequence[PinRow] = (), *, at_once: bool = False) -> Thought:
        """The same with what it was made of, as if these were pinned too."""
        gathered = self._wanting.look(now, pins_too, at_once=at_once)
        with unsearched():
            return self._thought(gathered, now)

    def _thought(self, gathered: Gathered, now: datetime) -> Thought:
        places = self._places.all()
        ground = Map(places)
        wanted = replace(gathered.wanted, wants=tuple(_placed(one, ground) for one in gathered.wanted.wants))
        held = self._held(gathered, ground)
        rules = replace(
            self._rules,
            names=gathered.names,
            libraries={one.id: one.title for one in libraries(self._database)},
            closed=self._closed(),
        )
        limits = _laid(self._limits(self._database), gathered)
        made = plan(wanted, held, self._drives.rooms(), places, limits, rules, now)
        return Thought(made, wanted, tuple(held))

    def why(self, item_id: int, now: datetime) -> ItemWhy:
        """Why the files of an item are on a fast disk, or are not. Raises NotFound."""
        thought = self.think(now)
        ground = Map(self._places.all())
        ids = {item_id} | {one.file.item_id for one in thought.wanted.wants if item_id in one.above}
        known = {
            _original(self._wanting.local(file), file.library_id, ground): file.size
            for files in files_of(self._database, ids).values()
            for file in files
        }
        if not known:
            raise NotFound("There is no such film, episode or show, or nothing speaks for any of its files.")
        files = [_why(path, size, thought) for path, size in sorted(known.items())]
        return ItemWhy(item_id, tuple(files), thought.wanted.failed)

    def _held(self, gathered: Gathered, ground: Map) -> list[Held]:
        tiers = {str(tier.root): tier.id for tier in self._places.tiers()}
        playing = {_original(path, None, ground) for path in gathered.playing}
        with self._database.read() as session:
            rows = queries.films(session, list(tiers))
        found = []
        for path, root, size, at, played_at, item_id in rows:
            where = ground.find(Path(path))
            seen = gathered.played_at.get(item_id) if item_id is not None else None
            last = max((one for one in (played_at, seen) if one is not None), default=None)
            silent = where is None or where[0].library_id in gathered.unsure
            found.append(
                Held(
                    path=Path(path),
                    size=size,
                    tier_id=tiers[root],
                    cached_at=at,
                    item_id=item_id,
                    is_playing=Path(path) in playing,
                    played_at=last,
                    is_unsure=bool(gathered.unsure) and silent,
                )
            )
        return found

    def _closed(self) -> dict[int, str]:
        told = {tier.id: self._drives.may_write(tier, 0) for tier in self._places.tiers()}
        return {tier: why for tier, why in told.items() if why is not None}


def _laid(limits: Limits, gathered: Gathered) -> Limits:
    """What excludes a show or a season excludes its episodes."""
    items = dict(limits.items)
    excluded = {id_: cap for id_, cap in limits.items.items() if cap.excluded}
    for want in gathered.wanted.wants:
        for above in want.above:
            if above in excluded:
                items[want.file.item_id] = excluded[above]
    return _Caps(limits.item_most, items, limits.libraries, limits.accounts)


def _placed(want: Want, ground: Map) -> Want:
    """A want of the original, where players see it elsewhere."""
    path = _original(want.file.path, want.file.library_id, ground)
    return want if path == want.file.path else replace(want, file=replace(want.file, path=path))


def _original(path: Path, library_id: int | None, ground: Map) -> Path:
    where = ground.find(path, library_id)
    return path if where is None else where[1]


def _why(path: Path, size: int, thought: Thought) -> FileWhy:
    want = next((one for one in thought.wanted.wants if one.file.path == path), None)
    made = thought.plan
    verdicts = [
        f"It is to be copied: {one.want.terms[0].why}." for one in made.copies if one.want.file.path == path
    ]
    verdicts += [f"It stays. {one.why}" for one in made.kept if one.path == path]
    verdicts += [f"It is to go back. {one.why}" for one in made.returns if one.path == path]
    verdicts += [f"It is not copied. {one.why}" for one in made.refused if one.path == path]
    silent = "Nobody is expected to watch it soon."
    if want is not None and not want.pays:
        silent = "It is not copied. Too few plays are expected of it for the room it takes."
    return FileWhy(
        path=path,
        size=size,
        is_here=any(one.path == path for one in thought.held),
        verdict=" ".join(verdicts) or silent,
        score=0.0 if want is None else want.score,
        terms=() if want is None else want.terms,
    )
