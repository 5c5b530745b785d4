"""What people in the house do by themselves: what they had watched before, and what they watch now."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from projectionist.demo.catalogue import Entry, Kind
from projectionist.demo.viewing import BROWSER, TABLET, TELEVISION, HouseState, Player

_TICK = 1.0
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Act:
    """Somebody watches something; `at` is where in the film they begin, in ms."""

    person: str
    title: str
    player: Player
    at: int = 0
    transcoded: bool = False


ACTS: tuple[tuple[Act, ...], ...] = (
    (
        Act("Marlene", "Splice", TELEVISION),
        Act("Marlene", "Changeover", TELEVISION),
        Act("Marlene", "House Lights", TELEVISION),
        Act("Marlene", "Intermission", TELEVISION),
    ),
    (
        Act("Farouk", "Ember Coast", BROWSER, 10_000),
        Act("Farouk", "Paper Lanterns", BROWSER),
        Act("Farouk", "Reel Change", BROWSER),
    ),
    (
        Act("Lina", "Saturday Matinee", TABLET, transcoded=True),
        Act("Lina", "Northern Weather", TABLET, transcoded=True),
    ),
)
"""What is watched one after the other, over and over, by those who watch at the same time."""


def opening(state: HouseState, now: float | None = None) -> None:
    """What had been watched before the house opened: some films, the start of the show, a few begun."""
    at = int(time.time() if now is None else now)
    key = {entry.title: entry.key for entry in state.catalogue.all()}
    owner, otto = state.owner, state.person("Otto")
    for days, person, title in (
        (9, owner, "Saturday Matinee"),
        (6, otto, "The Quiet Projector"),
        (4, state.person("Farouk"), "Northern Weather"),
        (2, owner, "Reel One"),
        (1, otto, "Reel One"),
        (1, otto, "Splice"),
    ):
        state.scrobble(person, key[title], viewed_at=at - days * _DAY)
    for hours, person, title, position in (
        (5, owner, "The Quiet Projector", 12_000),
        (30, otto, "Ember Coast", 20_000),
    ):
        marks = state.marks(person)
        marks.offsets[key[title]] = position
        marks.viewed_at[key[title]] = at - hours * 3600
    for days, person, title in (
        (3, owner, "Reel Change"),
        (8, owner, "Night Shift"),
        (2, otto, "Café Minuit"),
    ):
        state.marks(person).watchlist[key[title]] = at - days * _DAY


class Script:
    """Plays the acts: `tick` lets time go by for whoever calls, `start` does so by the clock until `close`."""

    def __init__(self, state: HouseState, acts: Sequence[Sequence[Act]] = ACTS) -> None:
        self._state = state
        self._acts = acts
        self._next = [0] * len(acts)
        self._sessions = [0] * len(acts)
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def tick(self, seconds: float) -> None:
        """Let `seconds` go by: films go on, end, and are followed by the next."""
        self._state.advance(seconds)
        running = {session.key for session in self._state.sessions()}
        for line, acts in enumerate(self._acts):
            if self._sessions[line] not in running:
                self._begin(line, acts[self._next[line] % len(acts)])

    def start(self) -> None:
        """Go on by the clock, in a thread."""
        self._thread = threading.Thread(target=self._run, name="demo-script", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; closing twice is harmless."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _begin(self, line: int, act: Act) -> None:
        if self._next[line] and self._next[line] % len(self._acts[line]) == 0:
            self._begin_anew(self._acts[line])
        self._next[line] += 1
        entry = self._find(act.title)
        if entry is not None:
            person = self._state.person(act.person)
            session = self._state.play(
                person, entry.key, act.player, position_ms=act.at, transcoding=act.transcoded
            )
            self._sessions[line] = session.key

    def _begin_anew(self, acts: Sequence[Act]) -> None:
        """Whoever has seen everything has seen nothing, or nobody would have anything on deck in the end."""
        for act in acts:
            entry = self._find(act.title)
            if entry is not None:
                self._state.unscrobble(self._state.person(act.person), entry.key)

    def _find(self, title: str) -> Entry | None:
        kinds = (Kind.MOVIE, Kind.EPISODE)
        return next((e for e in self._state.catalogue.all() if e.title == title and e.kind in kinds), None)

    def _run(self) -> None:
        while not self._stop.wait(_TICK):
            self.tick(_TICK)
