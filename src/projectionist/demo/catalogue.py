"""What a simulated Plex server holds: sections, items, their media and the files of those."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path


class Kind(IntEnum):
    """Kinds of item by the numbers that Plex asks for them with (`type=`)."""

    MOVIE = 1
    SHOW = 2
    SEASON = 3
    EPISODE = 4
    ARTIST = 8
    ALBUM = 9
    TRACK = 10

    @property
    def word(self) -> str:
        """As `type` says it in an answer."""
        return self.name.lower()


LEAVES = frozenset({Kind.MOVIE, Kind.EPISODE, Kind.TRACK})
"""The kinds that have files."""


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream of a file: `kind` is 1 for video and 2 for audio."""

    id: int
    kind: int
    codec: str
    index: int
    bitrate: int
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    profile: str = ""
    bit_depth: int = 0
    channels: int = 0
    sampling_rate: int = 0
    transfer: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A file; `changed_at` is its time of change and stands in its address."""

    id: int
    path: Path
    size: int
    duration_ms: int
    container: str
    changed_at: int
    streams: tuple[Stream, ...] = ()

    @property
    def hash(self) -> str:
        """What Plex names the folder of the file's bundle by: 40 hexadecimal digits."""
        return hashlib.sha1(f"{self.path.name}:{self.size}".encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True, slots=True)
class Media:
    """One version of an item. `resolution` is Plex's word: `4k`, `1080`, `720`, `480`, `sd`."""

    id: int
    parts: tuple[Part, ...]
    resolution: str = ""

    @property
    def duration_ms(self) -> int:
        """How long all parts together are."""
        return sum(part.duration_ms for part in self.parts)

    def stream(self, kind: int) -> Stream | None:
        """The first stream of a kind."""
        return next((stream for stream in self.parts[0].streams if stream.kind == kind), None)


@dataclass(frozen=True, slots=True)
class Entry:
    """An item: a movie, a show, a season, an episode, an artist, an album or a track. Times are epoch seconds."""

    key: int
    kind: Kind
    section: int
    title: str
    added_at: int
    updated_at: int
    parent: int | None = None
    index: int | None = None
    year: int | None = None
    released: str = ""
    summary: str = ""
    tagline: str = ""
    studio: str = ""
    content_rating: str = ""
    rating: float | None = None
    genres: tuple[str, ...] = ()
    directors: tuple[str, ...] = ()
    roles: tuple[tuple[str, str], ...] = ()
    external_ids: tuple[str, ...] = ()
    sort_title: str = ""
    original_title: str = ""
    media: tuple[Media, ...] = ()
    look: int = 0
    """Which of the moods its poster is painted in."""

    @property
    def guid(self) -> str:
        """Plex's own name for the work, the same in every house."""
        digest = hashlib.sha1(
            f"{self.kind}:{self.title}:{self.index}:{self.year}".encode(), usedforsecurity=False
        )
        return f"plex://{self.kind.word}/{digest.hexdigest()[:24]}"

    @property
    def duration_ms(self) -> int:
        """How long the first version is."""
        return self.media[0].duration_ms if self.media else 0

    def parts(self) -> Iterator[Part]:
        """The files of all versions."""
        return (part for media in self.media for part in media.parts)


@dataclass(frozen=True, slots=True)
class Section:
    """A library of the server. `kind` is what it lists: movies, shows or artists."""

    key: int
    kind: Kind
    title: str
    folder: Path
    agent: str
    scanner: str
    created_at: int

    @property
    def uuid(self) -> str:
        """Its identity."""
        digest = hashlib.md5(f"{self.key}:{self.title}".encode(), usedforsecurity=False).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


class Catalogue:
    """All sections and items; safe to read and change from several threads."""

    def __init__(self, sections: Mapping[int, Section]) -> None:
        self.sections = dict(sections)
        self._entries: dict[int, Entry] = {}
        self._below: dict[int | None, dict[int, Entry]] = {}
        self._changed: dict[int, int] = {}
        self._lock = threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let nobody else in meanwhile."""
        with self._lock:
            yield

    def get(self, key: int) -> Entry | None:
        """The item of this key."""
        with self._lock:
            return self._entries.get(key)

    def put(self, *entries: Entry) -> None:
        """Add items, or replace those of the same keys."""
        with self._lock:
            for entry in entries:
                old = self._entries.get(entry.key)
                if old is not None:
                    del self._below[old.parent][entry.key]
                self._entries[entry.key] = entry
                self._below.setdefault(entry.parent, {})[entry.key] = entry
                self._count(entry.section)

    def change(self, key: int, **fields: object) -> Entry:
        """Replace fields of an item, as an editor or an agent does; raises KeyError."""
        with self._lock:
            changed = replace(self._entries[key], **fields)  # type: ignore[arg-type]
            self.put(changed)
            return changed

    def remove(self, key: int) -> list[Entry]:
        """Take out an item and everything below it, and return what is gone; raises KeyError."""
        with self._lock:
            gone = [self._entries[key], *self.leaves(key, kinds=Kind)]
            for entry in gone:
                del self._entries[entry.key]
                del self._below[entry.parent][entry.key]
            self._count(gone[0].section)
            return gone

    def all(self) -> list[Entry]:
        """Every item by key."""
        with self._lock:
            return sorted(self._entries.values(), key=lambda entry: entry.key)

    def listed(self, section: int, kind: Kind | None = None) -> list[Entry]:
        """The items of one kind in a section: by title, episodes and tracks by their order."""
        wanted = kind or self.sections[section].kind
        found = [entry for entry in self.all() if entry.section == section and entry.kind is wanted]
        return sorted(found, key=self.order)

    def children(self, key: int) -> list[Entry]:
        """The seasons of a show, the episodes of a season, the albums of an artist, the tracks of an album."""
        with self._lock:
            return sorted(self._below.get(key, {}).values(), key=self.order)

    def leaves(self, key: int, kinds: Iterable[Kind] = LEAVES) -> list[Entry]:
        """Everything below an item that is of one of `kinds`, in order."""
        wanted, found = frozenset(kinds), list[Entry]()
        for child in self.children(key):
            if child.kind in wanted:
                found.append(child)
            found += self.leaves(child.key, wanted)
        return found

    def ancestors(self, entry: Entry) -> list[Entry]:
        """The parent and the grandparent, as far as there are."""
        found: list[Entry] = []
        while entry.parent is not None and (parent := self.get(entry.parent)) is not None:
            found.append(parent)
            entry = parent
        return found

    def order(self, entry: Entry) -> tuple[object, ...]:
        """What a list is sorted by where nobody says otherwise."""
        above = [
            (ancestor.sort_title or ancestor.title, ancestor.index or 0) for ancestor in self.ancestors(entry)
        ]
        numbered = entry.kind in (Kind.SEASON, Kind.EPISODE, Kind.TRACK)
        title = (entry.sort_title or entry.title).casefold()
        return (above[::-1], (entry.index or 0) if numbered else 0, title, entry.key)

    def part(self, part_id: int) -> tuple[Entry, Part] | None:
        """The file of this id, and whose it is."""
        return next(
            ((entry, part) for entry in self.all() for part in entry.parts() if part.id == part_id), None
        )

    def changes(self, section: int) -> int:
        """How often the content of a section has changed."""
        with self._lock:
            return self._changed.get(section, 0)

    def next_key(self) -> int:
        """A key that no item has."""
        with self._lock:
            return max(self._entries, default=0) + 1

    def numbered(self, media: Iterable[Media]) -> tuple[Media, ...]:
        """Copies of versions, with ids for them and their parts that no others have."""
        known = [each for entry in self.all() for each in entry.media]
        free_media = itertools.count(max((each.id for each in known), default=0) + 1)
        free_part = itertools.count(max((part.id for each in known for part in each.parts), default=0) + 1)
        return tuple(
            replace(
                each,
                id=next(free_media),
                parts=tuple(replace(part, id=next(free_part)) for part in each.parts),
            )
            for each in media
        )

    def _count(self, section: int) -> None:
        self._changed[section] = self._changed.get(section, 0) + 1


def sort_title(title: str) -> str:
    """What a title is filed under where that is not the title itself: without its article."""
    return title.removeprefix("The ") if title.startswith("The ") else ""
