"""What the API of the simulator takes and gives; sizes are in bytes, rates from 0 to 1."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.cache.simulator import Line, Simulated

Policy = Literal["ours", "ondeck", "lru", "score", "clairvoyant"]
Size = Annotated[int, msgspec.Meta(ge=1, le=2**62)]


class RivalSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The settings of PlexCache-D by its own names, for the policies `ondeck` (its eviction mode fifo) and `score`
    (smart); what is not said is as it has it. A retention in days of 0 never ends.
    """

    number_episodes: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    days_to_monitor: Annotated[float, msgspec.Meta(ge=0, le=36500)] | None = None
    watchlist_toggle: bool | None = None
    watchlist_episodes: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    watchlist_retention_days: Annotated[float, msgspec.Meta(ge=0, le=36500)] | None = None
    ondeck_retention_days: Annotated[float, msgspec.Meta(ge=0, le=36500)] | None = None
    cache_retention_hours: Annotated[float, msgspec.Meta(ge=0, le=87600)] | None = None
    cache_eviction_threshold_percent: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    eviction_min_priority: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    interval_hours: Annotated[float, msgspec.Meta(ge=0.01, le=168)] | None = None

    def said(self) -> dict[str, float]:
        """Those that were said."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value is not None}


class SimulationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which sizes of a fast disk, in bytes, and which policies are to be tried on the household's own history."""

    sizes: Annotated[list[Size], msgspec.Meta(min_length=1, max_length=8)]
    policies: Annotated[list[Policy], msgspec.Meta(max_length=5)] = []
    rival_settings: RivalSettings = msgspec.field(default_factory=RivalSettings)


class SimulationOrderedDocument(msgspec.Struct, frozen=True):
    """The job that replays; `created` is false where one was under way already."""

    job_id: str
    created: bool


class LineDocument(msgspec.Struct, frozen=True):
    """What one policy would have come to on a disk of one size; rates are null where nothing was played."""

    size: int
    policy: str
    plays: int
    hits: int
    hit_rate_plays: float | None
    hit_rate_bytes: float | None
    bytes_moved: int
    wakeups: int


class SimulatedDocument(msgspec.Struct, frozen=True):
    """The last replay; `is_short` says that the history is too short for its figures to say much."""

    at: datetime | None
    plays: int
    left_out: int
    strangers: int
    since: datetime | None
    until: datetime | None
    is_short: bool
    lines: list[LineDocument]
    rival_settings: dict[str, float | bool]


def simulated_document(one: Simulated) -> SimulatedDocument:
    """A replay as the API gives it."""
    return SimulatedDocument(
        one.at,
        one.plays,
        one.left_out,
        one.strangers,
        one.since,
        one.until,
        one.is_short,
        [_line(line) for line in one.lines],
        dict(one.rival_settings),
    )


def _line(one: Line) -> LineDocument:
    return LineDocument(
        one.size,
        one.policy,
        one.plays,
        one.hits,
        one.hit_rate,
        one.hit_rate_bytes,
        one.bytes_moved,
        one.wakeups,
    )
