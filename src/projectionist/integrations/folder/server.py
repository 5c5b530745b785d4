"""A folder as a MediaServer: what lies in it is what it holds, and nobody watches it by itself."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from threading import Event

from msgspec.structs import replace
from watchfiles import watch

from projectionist import __version__
from projectionist.errors import (
    RangeRefused,
    ServerAnswerWrong,
    ServerFailed,
    ServerLacks,
    ServerUnreachable,
)
from projectionist.integrations.folder import naming
from projectionist.integrations.folder.probing import Inside, probe
from projectionist.integrations.folder.scanning import FoundFile, check_root, is_inside, scan
from projectionist.integrations.folder.shelving import Shelf, Shelved, shelve
from projectionist.kit.confining import Recorded, crosses, nothing_recorded
from projectionist.media.names import IMAGE_SUFFIXES
from projectionist.media.vocabulary import (
    Account,
    Image,
    ItemKind,
    LibraryEvent,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    OnDeck,
    Page,
    Part,
    PlaybackEvent,
    PlaybackSession,
    ServerInfo,
    ServerKind,
    ServerPath,
    Version,
    Watched,
)

_NAMES: Mapping[str, LibraryKind] = {
    **dict.fromkeys(("movies", "movie", "films", "film"), LibraryKind.MOVIES),
    **dict.fromkeys(("tv", "tv shows", "shows", "series", "television"), LibraryKind.SHOWS),
    **dict.fromkeys(("music", "audio"), LibraryKind.MUSIC),
    **dict.fromkeys(("videos", "home videos"), LibraryKind.VIDEOS),
}
_WHOLE = "."
"""The key of the library that is the root itself."""
_LOOKED_AT = 200
"""How many names decide what a library holds whose own name does not say it."""
_LARGEST_PICTURE = 20 * 1024 * 1024
_SIGNS = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n", "image/png"), (b"RIFF", "image/webp"))
_LOOKS_EVERY_MS = 500
_log = logging.getLogger(__name__)


class FolderServer:
    """The media below `root`. Raises ServerUnreachable where the root is gone or empty, and never lists it as such.

    A link leads out of it only where it is `recorded`; where nobody can tell, DatabaseUnusable is raised.
    """

    kind = ServerKind.FOLDER

    def __init__(self, root: str, recorded: Recorded = nothing_recorded) -> None:
        self._root = Path(root)
        self._recorded = recorded
        self._shelves: dict[str, Shelf] = {}
        self._told: set[str] = set()

    def info(self) -> ServerInfo:
        """The folder; its identity is where it really lies."""
        check_root(self._root)
        identity = hashlib.sha1(os.path.realpath(self._root).encode(), usedforsecurity=False).hexdigest()
        return ServerInfo(identity, self._root.name or str(self._root), __version__)

    def libraries(self) -> Sequence[ListedLibrary]:
        """Folders right below the root that are named for what they hold; without such the root itself.

        One that is a link out of the root is none.
        """
        check_root(self._root)
        inside = Path(os.path.realpath(self._root))
        try:
            with os.scandir(self._root) as entries:
                names = sorted(
                    entry.name for entry in entries if entry.is_dir() and is_inside(Path(entry.path), inside)
                )
        except OSError as error:
            raise ServerUnreachable(
                f"The folder {self._root} cannot be read ({error.strerror}); check its disk. Nothing was changed."
            ) from error
        kinds = {name: _NAMES[name.lower()] for name in names if name.lower() in _NAMES}
        if kinds and self._root.name.lower() not in _NAMES:
            return tuple(
                ListedLibrary(name, kind, name, (ServerPath(str(self._root / name)),))
                for name, kind in kinds.items()
            )
        title = self._root.name or str(self._root)
        return (ListedLibrary(_WHOLE, self._kind(), title, (ServerPath(str(self._root)),)),)

    def items(
        self,
        library: ListedLibrary,
        kind: ItemKind,
        *,
        changed_since: datetime | None = None,
        offset: int = 0,
        size: int = 500,
    ) -> Page[ListedItem]:
        """A page of the items of one kind, by their keys; the first page reads the folder, the others go on with it."""
        if offset == 0 or library.key not in self._shelves:
            self._shelves[library.key] = self._shelve(library)
        held = self._shelves[library.key].get(kind, [])
        if changed_since is not None:
            held = [each for each in held if (each.item.updated_at or changed_since) >= changed_since]
        return Page(self._probed(held[offset : offset + size]), offset, len(held))

    def item(self, key: str) -> ListedItem:
        """One item."""
        for library in self.libraries():
            for held in self._shelve(library).values():
                for shelved in held:
                    if shelved.item.key == key:
                        return self._probed([shelved])[0]
        raise ServerLacks(f"The folder {self._root} holds no such item any more; it was moved or removed.")

    def part_hashes(self, item_keys: Sequence[str]) -> Mapping[str, str]:
        """None: a folder has no place of its own for previews."""
        return {}

    def part_bytes(self, part_key: str, start: int, length: int) -> bytes:
        """A range of a file; a link in its place may lead within the folder, or to the copy that the cache recorded."""
        place = PurePosixPath(part_key)
        if place.is_absolute() or ".." in place.parts or not place.parts:
            raise ServerLacks(f"The folder {self._root} has no such file.")
        path = self._root / place
        if not self._may_open(path):
            raise ServerLacks(f"The folder {self._root} has no such file.")
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                content = os.pread(file.fileno(), length, start)
        except (FileNotFoundError, NotADirectoryError):
            check_root(self._root)
            raise ServerLacks(f"{path} is not there any more; it was moved or removed.") from None
        except OSError as error:
            raise ServerFailed(f"{path} cannot be read ({error.strerror}); let it be read.") from error
        if start >= size:
            raise RangeRefused(f"{path} has {size} bytes, and none from {start} on.")
        return content

    def image(self, key: str, *, width: int, height: int) -> Image:
        """A picture that lies beside a film, as it is."""
        path = self._root / PurePosixPath(key)
        hidden = any(part.startswith(".") for part in PurePosixPath(key).parts)
        if hidden or path.suffix.lower() not in IMAGE_SUFFIXES or not self._may_open(path):
            raise ServerLacks(f"The folder {self._root} has no such picture.")
        try:
            if path.stat().st_size > _LARGEST_PICTURE:
                raise ServerAnswerWrong(f"{path} is larger than 20 MiB; it is not shown, make it smaller.")
            content = path.read_bytes()
        except FileNotFoundError:
            check_root(self._root)
            raise ServerLacks(f"The folder {self._root} has no such picture.") from None
        except OSError as error:
            raise ServerFailed(f"{path} cannot be read ({error.strerror}); let it be read.") from error
        for sign, kind in _SIGNS:
            if content.startswith(sign):
                return Image(content, kind)
        raise ServerAnswerWrong(f"{path} is no picture that can be shown; replace it by a JPEG, PNG or WebP.")

    def on_deck(self, account_key: str | None = None) -> Sequence[OnDeck]:
        """Nothing: a folder does not know who watches."""
        return ()

    def watchlist(self, account_key: str | None = None) -> Sequence[ListedItem]:
        """Nothing."""
        return ()

    def history(self, *, since: datetime | None = None, offset: int = 0, size: int = 500) -> Page[Watched]:
        """Nothing."""
        return Page((), offset, 0)

    def accounts(self) -> Sequence[Account]:
        """Nobody."""
        return ()

    def sessions(self) -> Sequence[PlaybackSession]:
        """Nothing."""
        return ()

    def events(self, stop: Event) -> Iterator[PlaybackEvent | LibraryEvent]:
        """That something changed in a library, until `stop` is set. Raises ServerUnreachable where the root goes."""
        libraries = self.libraries()
        changes = watch(
            self._root,
            stop_event=stop,
            rust_timeout=_LOOKS_EVERY_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            ignore_permission_denied=True,
        )
        for changed in changes:
            if stop.is_set():
                return
            check_root(self._root)
            for key in sorted({self._library_of(Path(path), libraries) for _, path in changed} - {""}):
                yield LibraryEvent(key, None)

    def refresh_path(self, library: ListedLibrary, path: ServerPath) -> None:
        """Nothing to do: the folder is read anew each time."""
        check_root(self._root)

    def close(self) -> None:
        """Forget what was read."""
        self._shelves.clear()

    def _shelve(self, library: ListedLibrary) -> Shelf:
        below = PurePosixPath(library.key)
        if below.is_absolute() or len(below.parts) > 1:
            raise ServerLacks(f"The folder {self._root} holds no such library.")
        found = scan(self._root, below, self._recorded)
        if found.left_out and library.key not in self._told:
            self._told.add(library.key)
            _log.warning(
                "%d links below %s lead out of %s and are none that the cache recorded, so they were left out, the "
                "first of them %s: bring what they lead to into the folder, or have the cache take it over.",
                *(len(found.left_out), self._root / below, self._root, self._root / found.left_out[0]),
            )
        return shelve(library, below, found)

    def _may_open(self, path: Path) -> bool:
        """Whether a path leads to somewhere in the root, or by a recorded link to a copy of the cache."""
        inside = Path(os.path.realpath(self._root))
        return is_inside(path, inside) or crosses(path, (inside,), self._recorded)

    def _kind(self) -> LibraryKind:
        """What the root holds: by its own name, else by most of what is in it."""
        named = _NAMES.get(self._root.name.lower())
        if named is not None:
            return named
        found = scan(self._root, PurePosixPath(_WHOLE))
        if not found.films:
            return LibraryKind.MUSIC if found.tracks else LibraryKind.MOVIES
        looked_at = found.films[:_LOOKED_AT]
        episodes = sum(naming.looks_like_episode(film.place.stem) for film in looked_at)
        return LibraryKind.SHOWS if episodes * 2 > len(looked_at) else LibraryKind.MOVIES

    def _probed(self, held: Sequence[Shelved]) -> tuple[ListedItem, ...]:
        """The items with what PyAV says of their files."""
        files = [file for each in held for version in each.versions for file in version]
        inside = probe(self._root, files)
        return tuple(self._with_versions(each, inside) for each in held)

    def _with_versions(self, shelved: Shelved, inside: Mapping[FoundFile, Inside]) -> ListedItem:
        if not shelved.versions:
            return shelved.item
        versions = tuple(self._version(files, inside) for files in shelved.versions)
        return replace(shelved.item, versions=versions, duration_ms=versions[0].duration_ms)

    def _version(self, files: Sequence[FoundFile], inside: Mapping[FoundFile, Inside]) -> Version:
        parts = tuple(
            Part(
                key=str(file.place),
                path=ServerPath(str(self._root / file.place)),
                size=file.size,
                duration_ms=inside[file].duration_ms,
                container=file.place.suffix.lower().removeprefix("."),
            )
            for file in files
        )
        first, duration = inside[files[0]], sum(part.duration_ms for part in parts)
        return Version(
            key=parts[0].key,
            parts=parts,
            width=first.width,
            height=first.height,
            video_codec=first.video_codec,
            audio_codec=first.audio_codec,
            bitrate_kbps=sum(part.size for part in parts) * 8 // duration if duration else 0,
            duration_ms=duration,
        )

    def _library_of(self, path: Path, libraries: Sequence[ListedLibrary]) -> str:
        for library in libraries:
            if any(path.is_relative_to(location) for location in library.locations):
                return library.key
        return ""
