"""Disks, folders, caps and wants for tests of the plan, as small as they can be."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import strategies as st

from projectionist.features.cache.planning.plan import CachePlan, Held, PlanRules, plan
from projectionist.features.cache.wanting.wants import WHOLE, FilmFile, Source, Term, Want, Wanted
from projectionist.media.vocabulary import ServerPath

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=30)
LIBRARIES = {1: Path("/slow/films"), 2: Path("/slow/shows")}
PEOPLE = {1: "ada", 2: "ben", 3: "cleo"}
RULES = PlanRules(names=PEOPLE, libraries={1: "Films", 2: "Shows"})


@dataclass(frozen=True)
class ATier:
    id: int
    name: str


@dataclass(frozen=True)
class ARoom:
    tier: ATier
    limit: int
    ours: int


@dataclass(frozen=True)
class APlace:
    library_id: int
    slow_root: Path
    view_root: Path
    tiers: tuple[ATier, ...]


@dataclass(frozen=True)
class ACap:
    most: int | None = None
    excluded: bool = False


@dataclass(frozen=True)
class SomeLimits:
    item_most: int | None = None
    items: Mapping[int, ACap] = field(default_factory=dict)
    libraries: Mapping[int, ACap] = field(default_factory=dict)
    accounts: Mapping[int, ACap] = field(default_factory=dict)


def want(
    number: int,
    size: int = 10,
    score: float = 50,
    *,
    library: int = 1,
    people: Iterable[int] = (1,),
    sources: Iterable[Source] = (Source.ON_DECK,),
    path: Path | None = None,
    pays: bool = True,
) -> Want:
    """A want of film `number`."""
    at = path or LIBRARIES[library] / f"film-{number}.mkv"
    file = FilmFile(number, number, library, 1, f"p{number}", ServerPath(str(at)), at, size, f"Film {number}")
    return Want(
        file,
        score,
        (Term("deck", score, "ada has it on deck"),),
        frozenset(sources),
        frozenset(people),
        score,
        worth=math.inf if score == WHOLE else score,
        pays=pays,
    )


@dataclass(frozen=True)
class House:
    """All that a plan is made of."""

    wants: tuple[Want, ...] = ()
    held: tuple[Held, ...] = ()
    limits_of_tiers: Mapping[int, int] = field(default_factory=lambda: {1: 100})
    others: int = 0
    """Bytes of ours on each tier that are no films."""
    limits: SomeLimits = SomeLimits()
    rules: PlanRules = RULES
    served: tuple[int, ...] | None = None

    def with_held(self, *held: Held) -> House:
        return replace(self, held=(*self.held, *held))

    @property
    def places(self) -> list[APlace]:
        ids = self.limits_of_tiers if self.served is None else self.served
        tiers = tuple(ATier(one, f"tier {one}") for one in ids)
        return [APlace(library, root, root, tiers) for library, root in LIBRARIES.items()]

    @property
    def rooms(self) -> list[ARoom]:
        return [
            ARoom(
                ATier(tier, f"tier {tier}"),
                limit,
                self.others + sum(one.size for one in self.held if one.tier_id == tier),
            )
            for tier, limit in self.limits_of_tiers.items()
        ]

    def plan(self) -> CachePlan:
        return plan(Wanted(self.wants), self.held, self.rooms, self.places, self.limits, self.rules, NOW)

    def after(self, made: CachePlan, *, at: datetime = LONG_AGO) -> House:
        """The house once a plan was carried out; what was copied came `at`."""
        gone = {(one.path, one.tier_id) for one in made.returns}
        stayed = [one for one in self.held if (one.path, one.tier_id) not in gone]
        came = [
            Held(one.want.file.path, one.want.file.size, one.tier_id, at, one.want.file.item_id, False)
            for one in made.copies
        ]
        return replace(self, held=(*stayed, *came))


def held(
    number: int,
    size: int = 10,
    *,
    tier: int = 1,
    library: int = 1,
    at: datetime = LONG_AGO,
    plays: bool = False,
) -> Held:
    """Film `number` on a tier."""
    return Held(LIBRARIES[library] / f"film-{number}.mkv", size, tier, at, number, plays)


@st.composite
def houses(draw: st.DrawFn) -> House:
    """Any house that a cache could have come to, with whatever somebody may want there."""
    count = draw(st.integers(0, 12))
    wants, on_disk = [], []
    tiers = draw(st.dictionaries(st.integers(1, 3), st.integers(0, 120), min_size=1))
    for number in range(count):
        size, library = draw(st.integers(1, 50)), draw(st.sampled_from((1, 2)))
        lasting = draw(st.sampled_from((None, None, None, Source.PIN, Source.PLAYING)))
        score = (
            WHOLE if lasting else draw(st.sampled_from((1.0, 4.5, 5.0, 20.0, 40.0, 45.0, 50.0, 90.0, 99.0)))
        )
        people = draw(st.sets(st.integers(1, 3), max_size=3))
        if draw(st.booleans()):
            sources = (lasting or Source.ON_DECK,)
            wants.append(
                want(
                    number,
                    size,
                    score,
                    library=library,
                    people=people,
                    sources=sources,
                    pays=lasting is Source.PIN or draw(st.booleans()),
                )
            )
        if draw(st.booleans()):
            on_disk.append(
                held(
                    number,
                    size,
                    tier=draw(st.sampled_from((*tiers, 9))),
                    library=library,
                    at=NOW - timedelta(hours=draw(st.sampled_from((1, 11, 13, 500)))),
                    plays=draw(st.integers(0, 5)) == 0,
                )
            )
            if draw(st.integers(0, 5)) == 0:
                on_disk[-1] = replace(on_disk[-1], is_unsure=True)
    caps = st.builds(ACap, st.none() | st.integers(0, 80), st.booleans())
    limits = SomeLimits(
        draw(st.none() | st.integers(5, 60)),
        draw(st.dictionaries(st.integers(0, 12), caps, max_size=2)),
        draw(st.dictionaries(st.integers(1, 2), caps, max_size=2)),
        draw(st.dictionaries(st.integers(1, 3), caps, max_size=2)),
    )
    closed = draw(st.dictionaries(st.sampled_from(tuple(tiers)), st.just("It is too hot."), max_size=1))
    others = draw(st.integers(0, 10))
    return House(tuple(wants), tuple(on_disk), tiers, others, limits, replace(RULES, closed=closed))
