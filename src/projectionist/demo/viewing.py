"""The state of the house: who is watching what, how far everybody is, and what was watched when."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from projectionist.demo.announcements import Announcements
from projectionist.demo.catalogue import LEAVES, Catalogue, Entry, Kind, sort_title
from projectionist.demo.people import Marks, Person

WATCHED_SHARE = 0.9
"""From here on Plex takes a film for watched."""
_BEGUN_MS = 5_000
"""Plex keeps no position before a minute; films of half a minute need less."""

_REMEMBERED = 5_000
"""Lines of the history."""


@dataclass(frozen=True, slots=True)
class Player:
    """A device that plays."""

    title: str
    product: str
    platform: str
    address: str
    identifier: str
    is_near: bool = True


TELEVISION = Player("Living room", "Plex for Android (TV)", "Android", "192.0.2.21", "demo-television")
BROWSER = Player("Study", "Plex Web", "Chrome", "192.0.2.22", "demo-browser")
TABLET = Player("Tablet", "Plex for iOS", "iOS", "198.51.100.7", "demo-tablet", is_near=False)


@dataclass(slots=True)
class Playing:
    """A session: somebody is watching an item, version `version` of it, at `position_ms`."""

    key: int
    person: Person
    entry: Entry
    player: Player
    position_ms: int = 0
    state: str = "playing"
    version: int = 0
    transcoding: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """A line of the history."""

    id: int
    account: int
    entry: Entry
    viewed_at: int
    device: int = 1


@dataclass
class HouseState:
    """All that changes while the house is open; safe to use from several threads."""

    catalogue: Catalogue
    people: Sequence[Person]
    announcements: Announcements = field(default_factory=Announcements)
    _views: deque[View] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    _marks: dict[int, Marks] = field(default_factory=dict)
    _playing: dict[int, Playing] = field(default_factory=dict)
    _sessions_so_far: int = 0
    _views_so_far: int = 0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def owner(self) -> Person:
        """Whose server it is."""
        return next(person for person in self.people if person.is_owner)

    def person(self, name: str) -> Person:
        """Somebody by name; raises KeyError."""
        for person in self.people:
            if person.name == name:
                return person
        raise KeyError(name)

    def by_token(self, token: str) -> Person | None:
        """Whose token it is."""
        return next((person for person in self.people if token and person.token == token), None)

    def marks(self, person: Person) -> Marks:
        """What they have watched, live."""
        with self._lock:
            return self._marks.setdefault(person.account, Marks())

    # What is playing

    def sessions(self) -> list[Playing]:
        """What is playing now, by age."""
        with self._lock:
            return list(self._playing.values())

    def play(
        self,
        person: Person,
        key: int,
        player: Player = TELEVISION,
        *,
        position_ms: int = 0,
        version: int = 0,
        transcoding: bool = False,
    ) -> Playing:
        """Begin a session; raises KeyError where there is no such item."""
        entry = self.catalogue.get(key)
        if entry is None:
            raise KeyError(key)
        with self._lock:
            self._sessions_so_far += 1
            session = Playing(self._sessions_so_far, person, entry, player, position_ms)
            session.version, session.transcoding = version, transcoding
            self._playing[session.key] = session
        self._tell_playing(session)
        return session

    def pause(self, session: Playing) -> None:
        """Hold the film, or go on with it."""
        session.state = "playing" if session.state == "paused" else "paused"
        self._tell_playing(session)

    def advance(self, seconds: float) -> list[Playing]:
        """Let time go by for all that plays; films that are over are scrobbled, and their sessions returned."""
        over = []
        for session in self.sessions():
            if session.state != "playing":
                continue
            session.position_ms = min(session.position_ms + round(seconds * 1000), session.entry.duration_ms)
            if session.position_ms >= session.entry.duration_ms:
                over.append(session)
                self.scrobble(session.person, session.entry.key)
                self.stop(session)
            else:
                self.progress(session.person, session.entry.key, session.position_ms)
                self._tell_playing(session)
        return over

    def stop(self, session: Playing) -> None:
        """End a session, keeping the position in a film that is not over."""
        with self._lock:
            self._playing.pop(session.key, None)
        session.state = "stopped"
        self._tell_playing(session)

    # What was watched

    def progress(self, person: Person, key: int, position_ms: int) -> None:
        """Note how far somebody is; late in the film this counts as watched, as with Plex."""
        entry = self.catalogue.get(key)
        if entry is None or position_ms < min(_BEGUN_MS, entry.duration_ms // 4):
            return
        marks = self.marks(person)
        with self._lock:
            marks.viewed_at[key] = _now()
            if position_ms < entry.duration_ms * WATCHED_SHARE:
                marks.offsets[key] = position_ms

    def scrobble(self, person: Person, key: int, *, viewed_at: int | None = None) -> None:
        """Count an item, or all of a show, as watched; it appears in the history."""
        at = _now() if viewed_at is None else viewed_at
        marks = self.marks(person)
        with self._lock:
            for entry in self._leaves(key):
                marks.counts[entry.key] = marks.counts.get(entry.key, 0) + 1
                marks.offsets.pop(entry.key, None)
                marks.viewed_at[entry.key] = at
                self._views_so_far += 1
                self._views.append(View(self._views_so_far, person.account, entry, at))

    def unscrobble(self, person: Person, key: int) -> None:
        """Count an item, or all of a show, as not watched; the history stays."""
        marks = self.marks(person)
        with self._lock:
            for entry in self._leaves(key):
                for known in (marks.counts, marks.offsets, marks.viewed_at):
                    known.pop(entry.key, None)

    def history(self) -> list[View]:
        """What was watched, oldest first, as far as it is remembered."""
        with self._lock:
            return list(self._views)

    def on_deck(self, person: Person) -> list[tuple[Entry, int]]:
        """What somebody watches next with the time it was last touched, newest first: begun films, next episodes."""
        marks = self.marks(person)
        found: dict[int, tuple[Entry, int]] = {}
        with self._lock:
            for key in marks.offsets:
                entry = self.catalogue.get(key)
                if entry is not None and entry.kind is not Kind.TRACK:
                    found[self._whole(entry)] = (entry, marks.viewed_at.get(key, 0))
            for show in (entry for entry in self.catalogue.all() if entry.kind is Kind.SHOW):
                following = self._next_episode(marks, show)
                if following is not None and show.key not in found:
                    found[show.key] = following
        seen = [pair for pair in found.values() if person.may_see(pair[0].section)]
        return sorted(seen, key=lambda pair: (-pair[1], pair[0].key))

    def _next_episode(self, marks: Marks, show: Entry) -> tuple[Entry, int] | None:
        episodes = self.catalogue.leaves(show.key)
        watched = [place for place, episode in enumerate(episodes) if marks.counts.get(episode.key)]
        if not watched or watched[-1] + 1 >= len(episodes):
            return None
        last = max(marks.viewed_at.get(episodes[place].key, 0) for place in watched)
        return episodes[watched[-1] + 1], last

    def _whole(self, entry: Entry) -> int:
        """What takes one place on deck: a show, or a film."""
        above = self.catalogue.ancestors(entry)
        return above[-1].key if above else entry.key

    def _leaves(self, key: int) -> list[Entry]:
        entry = self.catalogue.get(key)
        if entry is None:
            return []
        return [entry] if entry.kind in LEAVES else self.catalogue.leaves(key)

    # What comes and goes

    def add(self, like: int, title: str, path: Path | None = None) -> Entry:
        """A new item that is like another one but for its title, and its file where `path` is given.

        Raises KeyError where there is none like it, and OSError where there is no such file.
        """
        with self.catalogue.held():
            model = self.catalogue.get(like)
            if model is None:
                raise KeyError(like)
            media = self.catalogue.numbered(model.media)
            if path is not None and media:
                found = path.stat()
                part = replace(
                    media[0].parts[0], path=path, size=found.st_size, changed_at=int(found.st_mtime)
                )
                media = (replace(media[0], parts=(part,)),)
            key = self.catalogue.next_key()
            entry = replace(
                model,
                key=key,
                title=title,
                sort_title=sort_title(title),
                added_at=_now(),
                updated_at=_now(),
                media=media,
            )
            self.catalogue.put(entry)
        self.tell_timeline(entry, 0)
        self.tell_timeline(entry, 5)
        return entry

    def rename(self, key: int, title: str) -> Entry:
        """Give an item another title; raises KeyError."""
        entry = self.catalogue.change(key, title=title, sort_title=sort_title(title), updated_at=_now())
        self.tell_timeline(entry, 5)
        return entry

    def remove(self, key: int) -> list[Entry]:
        """Take an item and all below it out of the library, not from the disk; raises KeyError."""
        gone = self.catalogue.remove(key)
        for entry in gone:
            self.tell_timeline(entry, 9)
        return gone

    # What is told

    def tell_timeline(self, entry: Entry, state: int) -> None:
        """Tell of an item: 0 it was made, 5 it is ready, 9 it is gone."""
        told: dict[str, object] = {
            "identifier": "com.plexapp.plugins.library",
            "sectionID": str(entry.section),
            "itemID": str(entry.key),
            "type": int(entry.kind),
            "title": entry.title,
            "state": state,
            "updatedAt": _now(),
        }
        if state == 9:
            told["metadataState"] = "deleted"
        self.announcements.tell("timeline", "TimelineEntry", [told])

    def tell_activity(self, event: str, uuid: str, section: int, progress: int) -> None:
        """Tell of a scan: `event` is `started`, `updated` or `ended`."""
        activity = {
            "uuid": uuid,
            "type": "library.update.section",
            "cancellable": False,
            "userID": 1,
            "title": "Scanning the library",
            "subtitle": self.catalogue.sections[section].title,
            "progress": progress,
            "Context": {"librarySectionID": str(section)},
        }
        told = {"event": event, "uuid": uuid, "Activity": activity}
        self.announcements.tell("activity", "ActivityNotification", [told])

    def _tell_playing(self, session: Playing) -> None:
        told = {
            "sessionKey": str(session.key),
            "clientIdentifier": session.player.identifier,
            "guid": "",
            "ratingKey": str(session.entry.key),
            "url": "",
            "key": f"/library/metadata/{session.entry.key}",
            "viewOffset": session.position_ms,
            "playQueueItemID": 0,
            "playQueueID": 0,
            "state": session.state,
        }
        self.announcements.tell("playing", "PlaySessionStateNotification", [told])


def _now() -> int:
    return int(time.time())
