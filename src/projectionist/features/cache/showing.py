"""What the pages and the API of the cache show: how it stands, the plan, and why something is where it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from projectionist.errors import NotFound
from projectionist.features.cache.planning.plan import Kept, PlannedCopy, PlannedReturn, Refused
from projectionist.features.cache.planning.planner import ItemWhy
from projectionist.features.cache.reading import films, history, standing
from projectionist.features.cache.reading.films import Film, FilmFilter
from projectionist.features.cache.reading.history import MoveFilter, Pace, Past
from projectionist.features.cache.reading.plainly import plainly
from projectionist.features.cache.reading.standing import Silent, Standing
from projectionist.features.cache.running.ordering import why_of
from projectionist.features.cache.wanting.wants import FailedSource, Term, Want
from projectionist.features.cache.workplace import Workplace
from projectionist.jobs.ports import Jobs

_NEWEST = 5
_LAST = 5


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
    item_id: int | None
    tier: str
    size: int
    why: str
    room_for: str


@dataclass(frozen=True, slots=True)
class KeptLine:
    """A film that stays on its tier; `score` is 0 where nobody wants it now."""

    path: Path
    title: str
    item_id: int | None
    tier: str
    size: int
    score: float
    terms: tuple[Term, ...]
    why: str


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A film that is wanted and not copied."""

    path: Path
    title: str
    item_id: int | None
    size: int
    score: float
    terms: tuple[Term, ...]
    why: str


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan as it was made at a moment; `pace` is what its estimates rest on.

    `silent` are sources that do not answer now; what they named before is in the plan.
    """

    at: datetime
    copies: tuple[CopyLine, ...]
    returns: tuple[ReturnLine, ...]
    kept: tuple[KeptLine, ...]
    refused: tuple[RefusedLine, ...]
    silent: tuple[Silent, ...]
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
    thought = place.planner.think(at)
    names = _Names(
        {tier.id: tier.name for tier in place.places.tiers()},
        {one.file.path: one for one in thought.wanted.wants},
        {one.path: one.item_id for one in thought.held},
        history.pace(place),
    )
    made = thought.plan
    return PlanShown(
        at,
        tuple(names.copy(one) for one in made.copies),
        tuple(names.back(one) for one in made.returns),
        tuple(names.kept(one) for one in made.kept),
        tuple(names.refused(one) for one in made.refused),
        tuple(_silent(one) for one in thought.wanted.failed),
        names.pace,
    )


def why(place: Workplace, item_id: int) -> ItemWhy:
    """Why the files of an item are on a fast disk, or are not; of none where nothing is known of it."""
    try:
        return place.planner.why(item_id, place.clock.now())
    except NotFound:
        return ItemWhy(item_id, (), ())


def _silent(one: FailedSource) -> Silent:
    return Silent(one.source, one.server, one.account, one.since, plainly(one.reason), one.kept)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a plan's tiers and paths are called, and how fast copies go."""

    tiers: Mapping[int, str]
    wants: Mapping[Path, Want]
    items: Mapping[Path, int | None]
    pace: Pace | None

    def copy(self, one: PlannedCopy) -> CopyLine:
        file = one.want.file
        return CopyLine(
            file.path,
            file.title,
            file.item_id,
            self.tiers.get(one.tier_id, ""),
            file.size,
            one.want.score,
            _sorted(one.want),
            why_of(one.want),
            self.pace.seconds(file.size) if self.pace is not None else None,
        )

    def back(self, one: PlannedReturn) -> ReturnLine:
        room_for = self._title(one.makes_room_for) if one.makes_room_for is not None else ""
        tier = self.tiers.get(one.tier_id, "")
        return ReturnLine(
            one.path, self._title(one.path), self._item(one.path), tier, one.size, one.why, room_for
        )

    def kept(self, one: Kept) -> KeptLine:
        want, tier = self.wants.get(one.path), self.tiers.get(one.tier_id, "")
        return KeptLine(
            one.path,
            self._title(one.path),
            self._item(one.path),
            tier,
            one.size,
            0.0 if want is None else want.score,
            _sorted(want),
            one.why,
        )

    def refused(self, one: Refused) -> RefusedLine:
        want = self.wants.get(one.path)
        return RefusedLine(
            one.path,
            self._title(one.path),
            self._item(one.path),
            one.size,
            0.0 if want is None else want.score,
            _sorted(want),
            one.why,
        )

    def _title(self, path: Path) -> str:
        want = self.wants.get(path)
        return path.stem if want is None else want.file.title

    def _item(self, path: Path) -> int | None:
        want = self.wants.get(path)
        return self.items.get(path) if want is None else want.file.item_id


def _sorted(want: Want | None) -> tuple[Term, ...]:
    return () if want is None else tuple(sorted(want.terms, key=lambda term: -term.points))
