"""How an alert begins and ends: what is wrong for long enough is told once, and so is that it is well again.

A value that is not known begins nothing and ends nothing; where none was known for a while, time counts anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from projectionist.features.alerts.rules import Rule

_GAP = timedelta(minutes=3)
"""Of six samples in a row nothing was known: what was before says nothing of what was meanwhile."""


class Turn(StrEnum):
    """What is to be told."""

    BEGAN = "began"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class State:
    """How a rule stands: since when it is wrong, since when that is an alert, and since when it is well again.

    `is_told` says whether anybody heard of this alert, `told_at` when anybody heard of one of this rule last,
    `known_at` when a value was known last while something was wrong.
    """

    known_at: datetime | None = None
    wrong_since: datetime | None = None
    alert_since: datetime | None = None
    well_since: datetime | None = None
    is_told: bool = False
    told_at: datetime | None = None
    value: float | None = None


def judge(rule: Rule, state: State, value: float | None, now: datetime) -> tuple[State, Turn | None]:
    """How it stands now, and what is to be told of it. A clock that was set back delays nothing."""
    if value is None:
        return state, None
    state = _after_gap(_at_most(replace(state, value=value), now), now)
    return _wrong(rule, state, now) if rule.is_wrong(value) else _well(rule, state, now)


def _wrong(rule: Rule, state: State, now: datetime) -> tuple[State, Turn | None]:
    since = state.wrong_since or now
    state = replace(state, known_at=now, wrong_since=since, well_since=None)
    if state.alert_since is None and now - since >= rule.lasting:
        state = replace(state, alert_since=now)
    rested = state.told_at is None or now - state.told_at >= rule.cool_down
    if state.alert_since is None or state.is_told or not rested:
        return state, None
    return replace(state, is_told=True, told_at=now), Turn.BEGAN


def _well(rule: Rule, state: State, now: datetime) -> tuple[State, Turn | None]:
    if state.alert_since is None:
        return replace(state, known_at=None, wrong_since=None), None
    since = state.well_since or now
    if now - since < rule.recovery:
        return replace(state, known_at=now, well_since=since), None
    ended = State(told_at=state.told_at, value=state.value)
    return ended, Turn.ENDED if state.is_told else None


def _after_gap(state: State, now: datetime) -> State:
    """What was wrong, or well again, before a time of which nothing is known begins anew; an alert stays one."""
    if state.known_at is not None and now - state.known_at <= _GAP:
        return state
    return replace(state, wrong_since=state.wrong_since if state.alert_since else None, well_since=None)


def _at_most(state: State, now: datetime) -> State:
    """A moment that is still to come was written by a clock that was ahead, and counts as now."""

    def past(moment: datetime | None) -> datetime | None:
        return None if moment is None else min(moment, now)

    return replace(
        state,
        known_at=past(state.known_at),
        wrong_since=past(state.wrong_since),
        alert_since=past(state.alert_since),
        well_since=past(state.well_since),
        told_at=past(state.told_at),
    )
