"""What goes to the fast disks and what leaves them: a plan, made of what is known; nothing is looked at or moved.

Who gets the room is decided by `filling.fill`, and by nothing else; the simulator asks the same function.

The rules, in the order in which they bind:

- What is played (or may be, where a server does not say), what is pinned, and what came or was played less than
  `retention` ago stays where it is.
- What is excluded is not copied, nor what is larger than its cap, nor what only somebody asks for who has had theirs.
- No tier holds more than its limit by the tightest of its rules, no library more than its cap.
- Who has not had a fair share of the room comes before who has.
- What is wanted for the prediction's sake alone has to pay for its copy.
- What is worth more, by the chance of a play for each byte, comes before what is worth less; what is there already
  counts `hold` times as much, so that it leaves only for what is worth clearly more.
- What is there and no longer wanted goes back.
- What a disk that is not there now holds is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import numpy as np

from projectionist.features.cache.planning.entitling import Claim, Claims, entitle
from projectionist.features.cache.planning.filling import NOWHERE, Candidates, Hindrance, fill
from projectionist.features.cache.planning.ground import Limits, Map, Place, Room
from projectionist.features.cache.prediction.planning import THRIFT
from projectionist.features.cache.wanting.wants import Source, Want, Wanted

_NOBODY: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PlanRules:
    """How a plan is made.

    `retention` is how long a copy stays at least, `hold` how many times better what comes must be than what leaves
    for it. `names` are those of accounts, `libraries` those of libraries, for people; `closed` says of tiers that take
    nothing new now why that is.
    """

    retention: timedelta = timedelta(hours=12)
    hold: float = THRIFT.hold
    names: Mapping[int, str] = field(default_factory=lambda: _NOBODY)
    libraries: Mapping[int, str] = field(default_factory=lambda: _NOBODY)
    closed: Mapping[int, str] = field(default_factory=lambda: _NOBODY)


@dataclass(frozen=True, slots=True)
class Held:
    """A film that is on a fast disk; `path` is that of its original, `played_at` when somebody watched it last.

    `is_unsure` where nobody can say whether it is played; it counts as if it were.
    """

    path: Path
    size: int
    tier_id: int
    cached_at: datetime
    item_id: int | None
    is_playing: bool
    played_at: datetime | None = None
    is_unsure: bool = False


@dataclass(frozen=True, slots=True)
class PlannedCopy:
    """A file to copy, and the tier that has room for it."""

    want: Want
    tier_id: int


@dataclass(frozen=True, slots=True)
class PlannedReturn:
    """A file to move back, and the copy that needs its room; None where it leaves for its own sake."""

    path: Path
    tier_id: int
    size: int
    why: str
    makes_room_for: Path | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A file that stays on its fast disk, and why."""

    path: Path
    size: int
    tier_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that is wanted and is not copied, and why."""

    path: Path
    size: int
    why: str


@dataclass(frozen=True, slots=True)
class CachePlan:
    """The copies, the most urgent first; the returns, the least wanted first; what stays; what must not come."""

    copies: tuple[PlannedCopy, ...]
    returns: tuple[PlannedReturn, ...]
    kept: tuple[Kept, ...]
    refused: tuple[Refused, ...]


def plan(
    wanted: Wanted,
    held: Sequence[Held],
    rooms: Sequence[Room],
    places: Sequence[Place],
    limits: Limits,
    rules: PlanRules,
    now: datetime,
) -> CachePlan:
    """Plan what to copy and what to move back. The order of what is given does not matter."""
    names = {room.tier.id: room.tier.name for room in rooms}
    here = {one.path: one for one in held if one.tier_id in names}
    away = [Kept(one.path, one.size, one.tier_id, "Its disk is not there.") for one in held]
    away = [one for one in away if one.path not in here]
    budgets = _budgets(rooms, here.values())
    room = sum(max(0, one) for one in budgets.values())
    ground = Map(places)
    worthy = [one for one in wanted.wants if one.pays or _original(one, ground) in here]
    claims = entitle(worthy, ground, limits, room, rules.names).without({one.path for one in away})
    desk = _Desk(here, claims, rules, names, now)
    caps = {id_: cap.most for id_, cap in limits.libraries.items() if cap.most is not None}
    paths, candidates = desk.candidates(ground)
    filled = fill(candidates, budgets, rules.hold, caps, frozenset(rules.closed))
    placed = _Placed(
        {paths[one]: tier for one, tier in filled.tier_of.items()},
        {paths[one]: why for one, why in filled.hindered.items()},
    )
    return desk.told(placed, budgets, away)


def _original(want: Want, ground: Map) -> Path:
    where = ground.find(want.file.path, want.file.library_id)
    return want.file.path if where is None else where[1]


def _budgets(rooms: Sequence[Room], here: Iterable[Held]) -> dict[int, int]:
    """What films may take on each tier: all that is ours, less what travels with them or is on its way."""
    films: dict[int, int] = defaultdict(int)
    for one in here:
        films[one.tier_id] += one.size
    return {room.tier.id: room.limit - max(0, room.ours - films[room.tier.id]) for room in rooms}


@dataclass(frozen=True, slots=True)
class _Placed:
    """Which tier each path is to be on, and why the others are on none."""

    tier_of: Mapping[Path, int]
    hindered: Mapping[Path, Hindrance]


@dataclass(frozen=True, slots=True)
class _Desk:
    """What there is to decide on."""

    here: Mapping[Path, Held]
    claims: Claims
    rules: PlanRules
    tiers: Mapping[int, str]
    now: datetime

    def candidates(self, ground: Map) -> tuple[list[Path], Candidates]:
        """What wants a place: what is there and stays or may stay, and what may come."""
        rows = []
        for path in sorted(self.here.keys() | self.claims.claims.keys()):
            one, claim = self.here.get(path), self.claims.claims.get(path)
            fixed = one is not None and bool(self._lasting(one, claim))
            if claim is None and not fixed:
                continue
            where = ground.find(path) if claim is None else None
            place = claim.place if claim is not None else where[0] if where else None
            size = one.size if one is not None else claim.want.file.size if claim is not None else 0
            rows.append((path, one, claim, fixed, place, size))
        return [row[0] for row in rows], Candidates(
            sizes=[size for *_, size in rows],
            worths=np.array([self._worth(claim) for _, _, claim, _, _, _ in rows], dtype=np.float64),
            at=[NOWHERE if one is None else one.tier_id for _, one, _, _, _, _ in rows],
            tiers=[() if place is None else tuple(tier.id for tier in place.tiers) for *_, place, _ in rows],
            fixed=np.array([fixed for _, _, _, fixed, _, _ in rows], dtype=np.bool_),
            libraries=[NOWHERE if place is None else place.library_id for *_, place, _ in rows],
            has_share=np.array(
                [claim is None or claim.has_share for _, _, claim, _, _, _ in rows], dtype=np.bool_
            ),
        )

    def told(self, filled: _Placed, budgets: Mapping[int, int], away: Sequence[Kept]) -> CachePlan:
        """The plan that follows."""
        coming = [
            path
            for path, tier in filled.tier_of.items()
            if path not in self.here or self.here[path].tier_id != tier
        ]
        copies = [PlannedCopy(self.claims.claims[path].want, filled.tier_of[path]) for path in coming]
        kept = [
            Kept(path, one.size, one.tier_id, self._why_kept(one))
            for path, one in self.here.items()
            if filled.tier_of.get(path) == one.tier_id
        ]
        return CachePlan(
            tuple(sorted(copies, key=_urgency)),
            tuple(self._returns(filled, sorted(coming, key=self._turn), budgets)),
            tuple(sorted([*kept, *away], key=lambda one: one.path)),
            tuple(sorted(self._refused(filled), key=lambda one: one.path)),
        )

    def _returns(
        self, filled: _Placed, coming: Sequence[Path], budgets: Mapping[int, int]
    ) -> list[PlannedReturn]:
        """What leaves, the least wanted first, each for the first copy that lacks its room."""
        leaving = [one for path, one in self.here.items() if filled.tier_of.get(path) != one.tier_id]
        leaving.sort(key=lambda one: (self._worth(self.claims.claims.get(one.path)), one.path))
        for_whom: dict[Path, Path] = {}
        for tier, budget in budgets.items():
            free = budget - sum(one.size for one in self.here.values() if one.tier_id == tier)
            going = [one for one in leaving if one.tier_id == tier]
            while free < 0 and going:  # what leaves for the limit leaves for nobody
                free += going.pop(0).size
            for file in (
                self.claims.claims[path].want.file for path in coming if filled.tier_of[path] == tier
            ):
                while free < file.size and going:
                    first = going.pop(0)
                    free += first.size
                    for_whom[first.path] = file.path
                free -= file.size
        return [
            PlannedReturn(
                one.path, one.tier_id, one.size, self._why_back(one, filled), for_whom.get(one.path)
            )
            for one in leaving
        ]

    def _turn(self, path: Path) -> tuple[bool, float, Path]:
        claim = self.claims.claims[path]
        return not claim.has_share, -self._worth(claim) * (self.rules.hold if path in self.here else 1), path

    @staticmethod
    def _worth(claim: Claim | None) -> float:
        return 0.0 if claim is None else claim.want.worth

    def _lasting(self, one: Held, claim: Claim | None) -> str:
        """Why something stays in any case; empty where it need not."""
        if one.is_playing or (claim is not None and Source.PLAYING in claim.want.sources):
            return "It is played."
        if claim is not None and Source.PIN in claim.want.sources:
            return "It is pinned."
        if one.is_unsure:
            return "Its server does not say whether it is played."
        if self.now - one.cached_at < self.rules.retention:
            return f"It came less than {shown_span(self.rules.retention)} ago."
        if one.played_at is not None and self.now - one.played_at < self.rules.retention:
            return f"It was played less than {shown_span(self.rules.retention)} ago."
        return ""

    def _why_kept(self, one: Held) -> str:
        claim = self.claims.claims.get(one.path)
        return self._lasting(one, claim) or f"It is wanted: {_reason(claim)}."

    def _why_back(self, one: Held, filled: _Placed) -> str:
        barred = self.claims.barred.get(one.path)
        if barred is not None:
            return barred[1]
        claim = self.claims.claims.get(one.path)
        if one.path in filled.tier_of:
            return f"It moves to {self.tiers[filled.tier_of[one.path]]}."
        if claim is None or one.path not in filled.hindered:
            return "Nobody is expected to watch it soon."
        if filled.hindered[one.path] is Hindrance.LIBRARY:
            return self._hindered(claim, Hindrance.LIBRARY)
        if not claim.has_share:
            return f"{self._whose(claim)} fair share of the room is used up."
        return "What is wanted more needs its room."

    def _refused(self, filled: _Placed) -> list[Refused]:
        found = [
            Refused(want.file.path, want.file.size, why)
            for path, (want, why) in self.claims.barred.items()
            if path not in self.here
        ]
        for path, claim in self.claims.claims.items():
            if path in filled.tier_of or path in self.here:
                continue
            why = self._hindered(claim, filled.hindered[path])
            found.append(Refused(claim.want.file.path, claim.want.file.size, why))
        return found

    def _hindered(self, claim: Claim, hindrance: Hindrance) -> str:
        served = [tier.id for tier in claim.place.tiers if tier.id in self.tiers]
        if hindrance is Hindrance.LIBRARY:
            library = self.rules.libraries.get(claim.place.library_id, "its library")
            return f"What {library} may take at most is used up."
        if hindrance is Hindrance.NO_TIER:
            return "No fast disk that is there serves its folder."
        if hindrance is Hindrance.TOO_LARGE:
            return f"It is larger than all that {' or '.join(self.tiers[id_] for id_ in served)} may hold."
        if hindrance is Hindrance.CLOSED:
            return next(self.rules.closed[id_] for id_ in served if id_ in self.rules.closed)
        if not claim.has_share:
            return f"{self._whose(claim)} fair share of the room is used up."
        return "What is wanted more takes the room."

    def _whose(self, claim: Claim) -> str:
        names = sorted(self.rules.names.get(one, f"account {one}") for one in claim.voters)
        return " and ".join(f"{name}'s" for name in names)


def shown_span(span: timedelta) -> str:
    """A length of time for people: `12 hours`, `90 minutes`."""
    minutes = round(span.total_seconds() / 60)
    count, unit = (minutes // 60, "hour") if minutes % 60 == 0 else (minutes, "minute")
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def _urgency(one: PlannedCopy) -> tuple[float, float, Path]:
    return -one.want.soon, -one.want.worth, one.want.file.path


def _reason(claim: Claim | None) -> str:
    terms = () if claim is None else claim.want.terms
    return max(terms, key=lambda term: term.points).why if terms else "by somebody"
