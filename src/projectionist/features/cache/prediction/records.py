"""A history: plays and changes of watchlists, in the order of time, by the numbers of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from projectionist.features.cache.prediction.catalogue import Catalogue

LEAST_WATCHED_S = 60.0
"""A play without a plausible length lasted at least this long."""


@dataclass(frozen=True, slots=True)
class Play:
    """Somebody watched: times in seconds since 1970, UTC; `position` in seconds is where the play ended."""

    at: float
    user: str
    item: int
    position: float
    finished: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody put an item on a watchlist, or took it off. `show` is its number where a whole show was meant."""

    at: float
    user: str
    item: int
    show: int
    added: bool


@dataclass(frozen=True, slots=True)
class Past:
    """A household's past: the library, what was played, what was wished for. Both lists are sorted by time.

    `strangers` counts rows whose item the library does not list: nothing can be said about them.
    """

    catalogue: Catalogue
    plays: Sequence[Play]
    wishes: Sequence[Wish]
    strangers: int = 0
