"""Files to items: films with versions and parts, shows with seasons and episodes, artists with albums and tracks.

Keys are made of the places of things below the root, so they are the same at every reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import PurePosixPath

from msgspec.structs import replace

from projectionist.integrations.folder import naming
from projectionist.integrations.folder.scanning import Found, FoundFile
from projectionist.media.vocabulary import ItemKind, LibraryKind, ListedItem, ListedLibrary

_POSTERS = ("poster", "folder", "cover", "movie", "show")
_ARTS = ("fanart", "background", "backdrop", "art")
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_LAST_SECOND = 221_845_392_000
_NANOSECONDS = 1_000_000_000


@dataclass(slots=True)
class Shelved:
    """An item with its files: one list for each version. What PyAV knows of them is added page by page."""

    item: ListedItem
    versions: list[list[FoundFile]] = field(default_factory=list)


Shelf = dict[ItemKind, list[Shelved]]


def shelve(library: ListedLibrary, below: PurePosixPath, found: Found) -> Shelf:
    """The items of a library, each kind in the order of keys."""
    fill = _FILL[library.kind]
    made = fill(_Shelving(library, below, found))
    shelf: Shelf = {}
    for shelved in sorted(made, key=lambda each: each.item.key):
        shelf.setdefault(shelved.item.kind, []).append(shelved)
    return shelf


@dataclass(frozen=True, slots=True)
class _Shelving:
    library: ListedLibrary
    below: PurePosixPath
    found: Found

    def within(self, place: PurePosixPath) -> tuple[str, ...]:
        """The folders between the library's own and a file."""
        return place.parts[len(self.below.parts) : -1]

    def item(self, kind: ItemKind, key: str, title: str) -> ListedItem:
        return ListedItem(f"{kind.value}:{key}", kind, self.library.key, title)

    def pictured(
        self, item: ListedItem, folder: PurePosixPath, stem: str = "", *, own: bool = True
    ) -> ListedItem:
        """With the pictures that lie beside it; those of the folder only where the folder is its own."""
        stems = [f"{stem}-{name}" for name in ("poster", "thumb")] + [stem] if stem else []
        arts = [f"{stem}-fanart"] if stem else []
        return replace(
            item,
            poster=self._picture(folder, [*stems, *(_POSTERS if own else ())]),
            art=self._picture(folder, [*arts, *(_ARTS if own else ())]),
        )

    def _picture(self, folder: PurePosixPath, names: Iterable[str]) -> str:
        for name in names:
            for suffix in _SUFFIXES:
                if folder / f"{name}{suffix}" in self.found.pictures:
                    return str(folder / f"{name}{suffix}")
        return ""


def _movies(work: _Shelving) -> Iterable[Shelved]:
    films: dict[tuple[PurePosixPath, str, int | None], list[tuple[int, FoundFile]]] = {}
    for file in work.found.films:
        folders = work.within(file.place)
        name = naming.movie_name(file.place.stem, folders[-1] if folders else "")
        films.setdefault((file.place.parent, name.title, name.year), []).append((name.part, file))
    shared = _shared(folder for folder, _, _ in films)
    for (folder, title, year), parts in films.items():
        named = f"{title} ({year})" if year else title
        item = replace(work.item(ItemKind.MOVIE, str(folder / named), title), year=year)
        own = folder != work.below and folder not in shared
        first = parts[0][1]
        yield Shelved(_dated(work.pictured(item, folder, first.place.stem, own=own), parts), _versions(parts))


def _videos(work: _Shelving) -> Iterable[Shelved]:
    for file in work.found.films:
        item = work.item(ItemKind.VIDEO, str(file.place), file.place.stem)
        item = work.pictured(item, file.place.parent, file.place.stem, own=False)
        yield Shelved(_dated(item, [(0, file)]), [[file]])


@dataclass(frozen=True, slots=True)
class _Episode:
    """Where in a show a file belongs."""

    show_key: str
    show: str
    year: int | None
    season: int
    number: int | None
    title: str
    aired_on: date | None
    show_folder: PurePosixPath | None

    @property
    def season_key(self) -> str:
        return f"{self.show_key}/s{self.season:02d}"

    @property
    def key(self) -> str:
        return f"{self.season_key}/e{self.number:02d}" if self.number is not None else ""


def _shows(work: _Shelving) -> Iterable[Shelved]:
    shows: dict[str, list[tuple[_Episode, FoundFile]]] = {}
    for file in work.found.films:
        episode = _episode(work, file)
        shows.setdefault(episode.show_key, []).append((episode, file))
    for key, episodes in shows.items():
        yield from _show(work, key, episodes)


def _episode(work: _Shelving, file: FoundFile) -> _Episode:
    folders = work.within(file.place)
    told = naming.episode_name(file.place.stem)
    if folders:
        show, year = naming.show_name(folders[0])
        folder: PurePosixPath | None = work.below / folders[0]
        key = str(folder)
    else:
        show, year, folder = told.show or work.library.title, told.year, None
        key = str(work.below / show)
    season = told.season
    for name in reversed(folders[1:]):
        season = naming.season_number(name) if season is None else season
    if season is None:
        season = 1 if told.aired_on is None else told.aired_on.year
    title = told.title or (f"Episode {told.number}" if told.number is not None else file.place.stem)
    return _Episode(key, show, year, season, told.number, title, told.aired_on, folder)


def _show(work: _Shelving, key: str, episodes: Sequence[tuple[_Episode, FoundFile]]) -> Iterable[Shelved]:
    first = episodes[0][0]
    show = replace(work.item(ItemKind.SHOW, key, first.show), year=first.year)
    if first.show_folder is not None:
        show = work.pictured(show, first.show_folder)
    yield Shelved(_dated(show, [(0, file) for _, file in episodes]))
    for number in sorted({episode.season for episode, _ in episodes}):
        inside = [(episode, file) for episode, file in episodes if episode.season == number]
        yield from _season(work, show, inside)


def _season(
    work: _Shelving, show: ListedItem, episodes: Sequence[tuple[_Episode, FoundFile]]
) -> Iterable[Shelved]:
    first, file = episodes[0]
    title = f"Season {first.season}" if first.season else "Specials"
    season = work.item(ItemKind.SEASON, first.season_key, title)
    season = replace(season, parent_key=show.key, number=first.season)
    if len(work.within(file.place)) > 1:
        season = work.pictured(season, file.place.parent)
    yield Shelved(_dated(season, [(0, file) for _, file in episodes]))
    numbered: dict[str, list[tuple[_Episode, FoundFile]]] = {}
    for episode, file in episodes:
        numbered.setdefault(episode.key or f"{first.season_key}/{file.place.stem}", []).append(
            (episode, file)
        )
    for key, same in numbered.items():
        episode, file = same[0]
        item = replace(
            work.item(ItemKind.EPISODE, key, episode.title),
            parent_key=season.key,
            grandparent_key=show.key,
            number=episode.number,
            released_on=episode.aired_on,
        )
        item = work.pictured(item, file.place.parent, file.place.stem, own=False)
        yield Shelved(_dated(item, [(0, each) for _, each in same]), [[each] for _, each in same])


def _music(work: _Shelving) -> Iterable[Shelved]:
    """`Artist/Album/01 - Track`; what lies higher belongs to an artist or album named as the folder it is in."""
    artists: dict[str, ListedItem] = {}
    albums: dict[str, ListedItem] = {}
    files: dict[str, list[tuple[int, FoundFile]]] = {}
    tracks: list[Shelved] = []
    for file in work.found.tracks:
        folders = work.within(file.place)
        artist_title = folders[0] if folders else work.library.title
        album_title = folders[1] if len(folders) > 1 else artist_title
        artist_key = str(work.below.joinpath(*folders[:1]))
        album_key = str(work.below.joinpath(*folders[:2])) + ("" if len(folders) > 1 else "/.")
        artist = artists.get(artist_key) or work.pictured(
            work.item(ItemKind.ARTIST, artist_key, artist_title), PurePosixPath(artist_key)
        )
        artists[artist_key] = artist
        if album_key not in albums:
            title, year = naming.show_name(album_title)
            album = replace(work.item(ItemKind.ALBUM, album_key, title), parent_key=artist.key, year=year)
            albums[album_key] = work.pictured(album, PurePosixPath(album_key))
        title, number = naming.track_name(file.place)
        track = replace(
            work.item(ItemKind.TRACK, str(file.place), title),
            parent_key=albums[album_key].key,
            grandparent_key=artist.key,
            number=number,
            poster=albums[album_key].poster,
        )
        tracks.append(Shelved(_dated(track, [(0, file)]), [[file]]))
        files.setdefault(artist_key, []).append((0, file))
        files.setdefault(album_key, []).append((0, file))
    yield from (Shelved(_dated(item, files[key])) for key, item in artists.items())
    yield from (Shelved(_dated(item, files[key])) for key, item in albums.items())
    yield from tracks


def _nothing(_work: _Shelving) -> Iterable[Shelved]:
    return ()


_FILL: dict[LibraryKind, Callable[[_Shelving], Iterable[Shelved]]] = {
    LibraryKind.MOVIES: _movies,
    LibraryKind.SHOWS: _shows,
    LibraryKind.VIDEOS: _videos,
    LibraryKind.MUSIC: _music,
    LibraryKind.PHOTOS: _nothing,
}


def _versions(parts: Sequence[tuple[int, FoundFile]]) -> list[list[FoundFile]]:
    """Whole files are versions each; numbered ones of one suffix are the parts of one."""
    versions = [[file] for number, file in parts if not number]
    in_parts: dict[str, list[tuple[int, FoundFile]]] = {}
    for number, file in parts:
        if number:
            in_parts.setdefault(file.place.suffix.lower(), []).append((number, file))
    for numbered in in_parts.values():
        numbered.sort(key=lambda each: (each[0], str(each[1].place)))
        versions.append([file for _, file in numbered])
    return versions


def _shared(folders: Iterable[PurePosixPath]) -> set[PurePosixPath]:
    """The folders that come more than once."""
    seen: set[PurePosixPath] = set()
    shared: set[PurePosixPath] = set()
    for folder in folders:
        (shared if folder in seen else seen).add(folder)
    return shared


def _dated(item: ListedItem, parts: Sequence[tuple[int, FoundFile]]) -> ListedItem:
    stamps = [file.changed_ns for _, file in parts]
    return replace(item, added_at=_moment(min(stamps)), updated_at=_moment(max(stamps)))


def _moment(nanoseconds: int) -> datetime:
    """A file's stamp, which may be any number, brought between 1970 and the year 9000."""
    return datetime.fromtimestamp(min(max(nanoseconds // _NANOSECONDS, 0), _LAST_SECOND), UTC)
