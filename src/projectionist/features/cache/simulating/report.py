"""What came of a simulation, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from projectionist.features.cache.simulating.replay import Outcome, Tally
from projectionist.features.cache.sizes import shown_size


def as_object(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """One object; rates are from 0 to 1 and null where nothing was played."""
    return {"policies": [_policy(outcome) for outcome in outcomes]}


def _policy(outcome: Outcome) -> dict[str, Any]:
    return {
        "policy": outcome.policy,
        "plays": outcome.plays,
        "hits": outcome.hits,
        "hit_rate_plays": _share(outcome.hits, outcome.plays),
        "hit_rate_bytes": _share(outcome.bytes_hit, outcome.bytes_played),
        "bytes_moved": outcome.bytes_moved,
        "bytes_moved_per_hit": _share(outcome.bytes_moved, outcome.hits),
        "wakeups": outcome.wakeups,
        "by_kind": {str(kind): _kind(tally) for kind, tally in outcome.kinds.items()},
    }


def _kind(tally: Tally) -> dict[str, Any]:
    return {"plays": tally.plays, "hits": tally.hits, "hit_rate_plays": _share(tally.hits, tally.plays)}


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole else None


HEADS = ("", "hits", "by bytes", "first", "continued", "again", "copied", "per hit", "wake-ups")


def as_rows(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    """A row of HEADS for each policy."""
    for outcome in outcomes:
        per_hit = _share(outcome.bytes_moved, outcome.hits)
        yield (
            outcome.policy,
            _per_cent(outcome.hits, outcome.plays),
            _per_cent(outcome.bytes_hit, outcome.bytes_played),
            *(_per_cent(tally.hits, tally.plays) for tally in outcome.kinds.values()),
            shown_size(outcome.bytes_moved),
            "–" if per_hit is None else shown_size(per_hit),
            str(outcome.wakeups),
        )


def _per_cent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"
