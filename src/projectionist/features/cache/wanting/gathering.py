"""All that is wanted: what the sources name, as files with a score."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.features.cache.models import PinRow
from projectionist.features.cache.neighbours import Servers
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.asking import Asking, Sitting
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices, read_choices
from projectionist.features.cache.wanting.lists.keeping import Lists
from projectionist.features.cache.wanting.predicting import Prediction
from projectionist.features.cache.wanting.scoring import Mention, weigh
from projectionist.features.cache.wanting.shelf import Shelf
from projectionist.features.cache.wanting.sources import Amounts, Scene, mentions, tastes
from projectionist.features.cache.wanting.versions import Preference, nearest, preferred
from projectionist.features.cache.wanting.wants import FailedSource, FilmFile, Source, Want, Wanted
from projectionist.features.library.service import FileFacts, files_of, household, libraries

_NEW = timedelta(days=150)
_PAST = timedelta(days=540)
_MOST_LINES = 4_000
"""So much of the history is thought of; what is older, or more, says little of next week."""
_BELIEVED_S = 300.0
"""A prediction holds for so long: what somebody plays now is to be fetched at once."""
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


@dataclass(slots=True)
class _Pile:
    """The mentions of each file, by its part."""

    files: dict[int, FileFacts] = field(default_factory=dict)
    of_part: dict[int, list[Mention]] = field(default_factory=dict)

    def put(self, mention: Mention, files: Iterable[FileFacts]) -> None:
        for file in files:
            self.files[file.part_id] = file
            self.of_part.setdefault(file.part_id, []).append(mention)


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
        self._ticks = ticks
        self._lock = threading.Lock()
        self._thought: tuple[float, object, Prediction] | None = None
        """A prediction, what it was made of, and until when it is believed."""

    def gather(self, now: datetime) -> Wanted:
        """All that is wanted, best first. Raises DatabaseUnusable; a server that fails is told of in the answer."""
        return self.look(now).wanted

    def look(self, now: datetime, pins_too: Sequence[PinRow] = (), *, at_once: bool = False) -> Gathered:
        """The same with what was learned on the way, as if these were pinned too. Raises DatabaseUnusable."""
        choices = read_choices(self._database, self._standard)
        sittings = self._asking.ask(choices, now, at_once=at_once)
        failed = [*self._asking.failed(), *self._listed_by(choices, now, at_once=at_once)]
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
        prediction = self._prediction(scene)
        likely = prediction.likely()
        ids = {one.item_id for one in told} | {one.item_id for one in likely}
        files = files_of(self._database, ids)
        pile = _Pile()
        for mention in told:
            pile.put(mention, _meant(mention, files.get(mention.item_id, ()), taste))
        for one in likely:
            first = nearest(files.get(one.item_id, ()), None)
            found = prediction.mention(one, sum(file.size for file in first), names) if first else None
            if found is not None:
                pile.put(found, _meant(found, files[one.item_id], taste))
        wants = [
            self._want(pile.files[part], told_of, names, scene.shelf)
            for part, told_of in pile.of_part.items()
        ]
        return sorted(wants, key=lambda want: (-want.score, -want.soon, want.file.part_id))

    def _prediction(self, scene: Scene) -> Prediction:
        """What the history makes likely; thought of anew where it has grown, and every few minutes."""
        known = scene.household
        wished = [(row.account_id, row.item_id) for row in scene.named if row.source == Source.WATCHLIST]
        seen = (list(known.history[:1]), len(known.history), len(known.progress))
        mark = (seen, len(known.watchables), wished, dict(scene.choices.chosen))
        if self._thought is not None and self._ticks() < self._thought[0] and self._thought[1] == mark:
            return self._thought[2]
        made = Prediction(known, scene.named, scene.choices, scene.now)
        self._thought = (self._ticks() + _BELIEVED_S, mark, made)
        return made

    def _want(self, file: FileFacts, told: Sequence[Mention], names: Mapping[int, str], shelf: Shelf) -> Want:
        score, terms = weigh(told, names)
        item = shelf.items.get(file.item_id)
        above = () if item is None else (item.season_id, item.show_id)
        return Want(
            file=FilmFile(
                part_id=file.part_id,
                item_id=file.item_id,
                library_id=file.library_id,
                server_id=file.server_id,
                part_key=file.part_key,
                server_path=file.path,
                path=self.local(file),
                size=file.size,
                title=file.title,
            ),
            score=score,
            terms=terms,
            sources=frozenset(one.source for one in told),
            accounts=frozenset(one.account_id for one in told if one.account_id),
            soon=max(one.soon for one in told),
            above=frozenset(one for one in above if one is not None),
        )

    def local(self, file: FileFacts) -> Path:
        """Where this node has a file, without a look at the disk; as its server has it where nobody knows."""
        return self._servers.known_path(file.server_id, file.path) or Path(file.path)

    def _playing(self, sittings: Sequence[Sitting]) -> frozenset[Path]:
        files = files_of(self._database, {one.item_id for one in sittings})
        return frozenset(
            self.local(file) for one in sittings for file in _played(one.part_key, files.get(one.item_id, ()))
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


def _meant(mention: Mention, files: Sequence[FileFacts], taste: Mapping[int, int]) -> Sequence[FileFacts]:
    """The files of the version that a mention means."""
    if mention.part_key:
        return [one for one in _played(mention.part_key, files) if not one.optimized]
    if mention.preference:
        return preferred(files, Preference(mention.preference))
    return nearest(files, taste.get(mention.account_id))


def _played(part_key: str, files: Sequence[FileFacts]) -> Sequence[FileFacts]:
    """The files of the version with this part; all of them where nobody knows which."""
    versions = {one.version for one in files if one.part_key == part_key}
    return [one for one in files if one.version in versions] if versions else files
