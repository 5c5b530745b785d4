"""All that is wanted: what the sources name, as files with a score."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache.models import PinRow
from projectionist.features.cache.neighbours import Servers
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.asking import Asking, Sitting
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices, read_choices
from projectionist.features.cache.wanting.learning import Habits
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.shelf import Shelf
from projectionist.features.cache.wanting.sources import Amounts, Scene, mentions, tastes
from projectionist.features.cache.wanting.wants import FailedSource, Source, Want, Wanted
from projectionist.features.cache.wanting.weighing import Known, played, wants_of
from projectionist.features.library.service import FileFacts, files_of, household, libraries
from projectionist.kit.garbage import unsearched

_NEW = timedelta(days=150)
_PAST = timedelta(days=540)
_MOST_LINES = 20_000
"""So much of the history is thought of: a year and a half of any household but the largest."""
STANDARD = frozenset(
    {Source.PLAYING, Source.ON_DECK, Source.NEXT, Source.WATCHLIST, Source.LIST, Source.PREDICTION}
)


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is wanted, and what else was learned on the way.

    `playing` are the files that are played, `unsure` the libraries of servers that do not say, `played_at` when an
    item was watched last; `names` are those of accounts, by id.
    """

    wanted: Wanted
    playing: frozenset[Path]
    unsure: frozenset[int]
    played_at: Mapping[int, datetime]
    names: Mapping[int, str]


class Wanting:
    """What the household wants, from the index and from the servers themselves."""

    def __init__(
        self,
        database: Database,
        servers: Servers,
        amounts: Amounts | None = None,
        standard: Collection[Source] = STANDARD,
        lists: Lists | None = None,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._servers = servers
        self._amounts = amounts or Amounts()
        self._standard = standard
        self._asking = Asking(database, servers, ticks)
        self._lists = lists
        self._lock = threading.Lock()
        self._habits = Habits()

    def gather(self, now: datetime) -> Wanted:
        """All that is wanted, best first. Raises DatabaseUnusable; a server that fails is told of in the answer."""
        return self.look(now).wanted

    def look(self, now: datetime, pins_too: Sequence[PinRow] = (), *, at_once: bool = False) -> Gathered:
        """The same with what was learned on the way, as if these were pinned too. Raises DatabaseUnusable."""
        choices = read_choices(self._database, self._standard)
        sittings = self._asking.ask(choices, now, at_once=at_once)
        failed = [*self._asking.failed(), *self._listed_by(choices, now, at_once=at_once)]
        with unsearched():
            return self._weighed(choices, sittings, failed, pins_too, now)

    def _weighed(
        self,
        choices: Choices,
        sittings: Sequence[Sitting],
        failed: Sequence[FailedSource],
        pins_too: Sequence[PinRow],
        now: datetime,
    ) -> Gathered:
        """What all that was asked for comes to, with what the index knows."""
        listed = () if self._lists is None else self._lists.named()
        with self._database.read() as session:
            named, pins = queries.named(session), queries.pins(session)
            asked = {row.account_id: row.height for row in queries.tastes(session)}
        new = {one.item_id for one in pins_too}
        pins = [*(one for one in pins if one.item_id not in new), *pins_too]
        known = household(
            self._database,
            new_since=now - max(_NEW, timedelta(days=self._amounts.recent_days)),
            watched_since=now - _PAST,
            most=_MOST_LINES,
            also={
                *(row.item_id for row in named),
                *(one.item_id for one in listed),
                *(pin.item_id for pin in pins),
                *(one.item_id for one in sittings),
            },
        )
        scene = Scene(known, Shelf(known), sittings, named, pins, choices, self._amounts, now, listed)
        names = {one.id: scene.name(one.id) for one in known.viewers}
        with self._lock:
            wants = self._wants(scene, names, tastes(scene, asked))
        return Gathered(
            wanted=Wanted(tuple(wants), (*failed, *self._outdated(scene))),
            playing=self._playing(sittings),
            unsure=self._unsure(failed),
            played_at=scene.shelf.played_at,
            names=names,
        )

    def _listed_by(self, choices: Choices, now: datetime, *, at_once: bool) -> Sequence[FailedSource]:
        """Ask for the lists that are due, and tell which do not answer."""
        if self._lists is None:
            return ()
        if not at_once:
            self._lists.ask_due(choices, now)
        return self._lists.failed(choices)

    def _wants(self, scene: Scene, names: Mapping[int, str], taste: Mapping[int, int]) -> list[Want]:
        told = mentions(scene)
        prediction = self._habits.foresee(scene.household, scene.named, scene.choices, scene.now)
        likely = prediction.likely()
        ids = {one.item_id for one in told} | {one.item_id for one in likely}
        files = files_of(self._database, ids)
        told += [prediction.mention(one, names) for one in likely if one.item_id in files]
        known = Known(files, scene.shelf, names, taste, self.local, self._amounts.spares_played)
        return wants_of(told, prediction, known)

    def local(self, file: FileFacts) -> Path:
        """Where this node has a file, without a look at the disk; as its server has it where nobody knows."""
        return self._servers.known_path(file.server_id, file.path) or Path(file.path)

    def _playing(self, sittings: Sequence[Sitting]) -> frozenset[Path]:
        files = files_of(self._database, {one.item_id for one in sittings})
        return frozenset(
            self.local(file) for one in sittings for file in played(one.part_key, files.get(one.item_id, ()))
        )

    def _outdated(self, scene: Scene) -> list[FailedSource]:
        """The servers whose on deck is as old as the last sync that worked, since the latest did not."""
        if not scene.choices.counts(Source.ON_DECK):
            return []
        servers = {one.id: one.server_id for one in scene.household.viewers}
        found: dict[int, FailedSource] = {}
        for one in libraries(self._database):
            if one.enabled and one.last_error and one.server_id not in found:
                found[one.server_id] = FailedSource(
                    source=Source.ON_DECK,
                    server_id=one.server_id,
                    server=self._asking.server_name(one.server_id),
                    account_id=EVERYBODY,
                    account="",
                    since=one.synced_at or scene.now,
                    reason=f"{one.title} could not be synced: {one.last_error}",
                    kept=sum(servers.get(deck.account_id) == one.server_id for deck in scene.household.decks),
                )
        return list(found.values())

    def _unsure(self, failed: Sequence[FailedSource]) -> frozenset[int]:
        silent = {one.server_id for one in failed if one.source is Source.PLAYING}
        return frozenset(one.id for one in libraries(self._database) if one.server_id in silent)
