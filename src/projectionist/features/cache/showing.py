"""What the pages and the API of the cache show: how it stands, the plan, and why something is where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from projectionist.errors import NotFound
from projectionist.features.cache import service
from projectionist.features.cache.planning.plan import CachePlan, Kept, PlannedCopy, PlannedReturn, Refused
from projectionist.features.cache.planning.planner import ItemWhy
from projectionist.features.cache.reading import films, history, standing
from projectionist.features.cache.reading.films import Film, FilmFilter
from projectionist.features.cache.reading.history import MoveFilter, Pace, Past
from projectionist.features.cache.reading.standing import Standing
from projectionist.features.cache.running.ordering import why_of
from projectionist.features.cache.wanting.wants import Term
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Jobs

_NEWEST = 5
_LAST = 8


@dataclass(frozen=True, slots=True)
class Overview:
    """How the cache stands, the films that came last to each tier (by its name), and the last moves."""

    now: Standing
    newest: Mapping[str, Sequence[Film]]
    last: Sequence[Past]


@dataclass(frozen=True, slots=True)
class CopyLine:
    """A copy that is planned. `seconds` is an estimate, None where nothing was copied that it could rest on."""

    path: Path
    title: str
    item_id: int
    tier: str
    size: int
    score: float
    terms: tuple[Term, ...]
    why: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """A return that is planned; `room_for` is the title of the copy that needs its room, empty where none does."""

    path: Path
    title: str
    tier: str
    size: int
    why: str
    room_for: str


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A film that stays on its tier."""

    path: Path
    title: str
    tier: str
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A film that is wanted and not copied."""

    path: Path
    title: str
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan as it was made at a moment; `pace` is what its estimates rest on."""

    at: datetime
    copies: tuple[CopyLine, ...]
    returns: tuple[ReturnLine, ...]
    kept: tuple[KeptLine, ...]
    refused: tuple[RefusedLine, ...]
    pace: Pace | None

    @property
    def bytes_in(self) -> int:
        """How much is to be copied."""
        return sum(one.size for one in self.copies)

    @property
    def bytes_back(self) -> int:
        """How much is to go back."""
        return sum(one.size for one in self.returns)

    @property
    def seconds(self) -> float | None:
        """How long the copies are going to take, one after another: an estimate."""
        return self.pace.seconds(self.bytes_in) if self.pace is not None else None

    @property
    def moves_nothing(self) -> bool:
        """Whether there is nothing to do."""
        return not self.copies and not self.returns


def overview(place: Workplace, jobs: Jobs) -> Overview:
    """How the cache stands; nothing on a slow disk is looked at."""
    now = standing.standing(place, jobs)
    newest = {
        tier.name: films.films(place, FilmFilter(tier=tier.name), size=_NEWEST).items for tier in now.tiers
    }
    return Overview(now, newest, history.moves(place, MoveFilter(), size=_LAST).items)


def plan(place: Workplace) -> PlanShown:
    """What would be moved now. Raises DatabaseUnusable."""
    at = place.clock.now()
    return plan_shown(service.plan(place), place, at)


def plan_shown(made: CachePlan, place: Workplace, at: datetime) -> PlanShown:
    """A plan in words and names."""
    names = {tier.id: tier.name for tier in place.places.tiers()}
    titles = {one.want.file.path: one.want.file.title for one in made.copies}
    pace = history.pace(place)
    return PlanShown(
        at,
        tuple(_copy(one, names, pace) for one in made.copies),
        tuple(_return(one, names, titles) for one in made.returns),
        tuple(_kept(one, names) for one in made.kept),
        tuple(_refused(one) for one in made.refused),
        pace,
    )


def why(place: Workplace, item_id: int) -> ItemWhy:
    """Why the files of an item are on a fast disk, or are not; of none where nothing is known of it."""
    try:
        return place.planner.why(item_id, place.clock.now())
    except NotFound:
        return ItemWhy(item_id, (), ())


def _copy(one: PlannedCopy, names: Mapping[int, str], pace: Pace | None) -> CopyLine:
    file = one.want.file
    return CopyLine(
        file.path,
        file.title,
        file.item_id,
        names.get(one.tier_id, ""),
        file.size,
        one.want.score,
        tuple(sorted(one.want.terms, key=lambda term: -term.points)),
        why_of(one.want),
        pace.seconds(file.size) if pace is not None else None,
    )


def _return(one: PlannedReturn, names: Mapping[int, str], titles: Mapping[Path, str]) -> ReturnLine:
    room_for = titles.get(one.makes_room_for, "") if one.makes_room_for is not None else ""
    return ReturnLine(one.path, one.path.stem, names.get(one.tier_id, ""), one.size, one.why, room_for)


def _kept(one: Kept, names: Mapping[int, str]) -> KeptLine:
    return KeptLine(one.path, one.path.stem, names.get(one.tier_id, ""), one.size, one.why)


def _refused(one: Refused) -> RefusedLine:
    return RefusedLine(one.path, one.path.stem, one.size, one.why)
