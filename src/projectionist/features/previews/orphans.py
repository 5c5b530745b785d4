"""Whether a preview's film is gone: asked of the folders that hold the films, and left open where in doubt.

A preview tells its film's file name, and by its own place the folder, relative to one that was named when it was
made. A film counts as gone only where that folder, or the nearest one above it that is there, can be read and
holds other films: an empty folder may be a disk that is not mounted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from projectionist.features.previews.finding import FILM_SUFFIXES, Choice, Found, find_films
from projectionist.features.previews.formats import Format
from projectionist.features.previews.outputs import Output
from projectionist.features.previews.record import Record


class Verdict(StrEnum):
    """How a preview of ours stands to its film."""

    BELONGS = "belongs"
    ORPHAN = "orphan"
    DOUBTFUL = "doubtful"
    """Nobody can tell; it is left alone."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview that carries our record, `within` the folder that was searched for previews."""

    output: Output
    record: Record
    within: Path

    @property
    def below(self) -> Path:
        """The folder that it was made into, relative to the one searched: that of its film, mirrored."""
        return self.output.home.relative_to(self.within)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which a preview's film may lie: `below` a media folder that was named.

    `by_name` says that the preview lies in a folder of that media folder's name, as where two of them clash, or
    where it was not the one named when the preview was made, but lies in that one.
    """

    root: Path
    below: Path
    by_name: bool = False

    @property
    def use(self) -> tuple[Path, bool]:
        """The media folder, and how its previews are mirrored."""
        return self.root, self.by_name


class Media:
    """A look at the media folders, in which each folder is listed once."""

    def __init__(self) -> None:
        self._names: dict[Path, dict[str, str] | None] = {}
        self._films: dict[Path, bool] = {}

    def names(self, folder: Path) -> dict[str, str] | None:
        """The names in a folder by what they are compared by; None where it cannot be listed."""
        if folder not in self._names:
            try:
                self._names[folder] = {comparable(one.name): one.name for one in folder.iterdir()}
            except OSError:
                self._names[folder] = None
        return self._names[folder]

    def films(self, folder: Path) -> list[str]:
        """The names of films directly in a folder, whatever they are: a link that leads nowhere counts, too."""
        return [name for name in (self.names(folder) or {}).values() if is_film(name)]

    def holds_film(self, folder: Path) -> bool:
        """Whether any film, extras included, can be seen in a folder or below it."""
        if folder not in self._films:
            try:
                found = find_films([folder], Choice(extras=True))
                self._films[folder] = any(isinstance(one, Found) for one in found)
            except OSError:  # it changes, or goes away, at this very moment
                self._films[folder] = False
        return self._films[folder]

    def nearest(self, place: Place) -> tuple[Path, bool]:
        """The folder of a place, or the nearest one above it that is there; and whether it is that folder itself.

        What is there but cannot be listed, as a link to a disk that is not mounted, is returned as it is.
        """
        folder = place.root
        for part in place.below.parts:
            names = self.names(folder)
            if names is None:
                return folder, False
            if comparable(part) not in names:
                return folder, False
            folder /= names[comparable(part)]
        return folder, True


def comparable(name: str) -> str:
    """A name as file systems that know no case, or write accents in two ways, would compare it."""
    return unicodedata.normalize("NFC", name).casefold()


def is_film(name: str) -> bool:
    """Whether a file is a film, by its name."""
    return Path(name).suffix.lower() in FILM_SUFFIXES


class Judge:
    """Tells which previews are orphans. `beside` the media, or mirrored from `roots` into another folder.

    `certain` says that the previews searched are of no other folders than `roots`.
    """

    def __init__(self, roots: Iterable[Path], *, beside: bool, certain: bool) -> None:
        self.beside = beside
        self._roots = tuple(roots)
        self._certain = certain
        self._proven: set[tuple[Path, bool]] = set()

    def meet(self, preview: Preview, media: Media) -> bool:
        """Whether a preview's film is there; where it is, previews here are known to be of that media folder."""
        there = [place for place in self._places(preview) if _is_in(place, preview, media)]
        self._proven.update(place.use for place in there)
        return bool(there) or _lies_beside(preview, media) or self._is_taken_over(preview, media)

    def judge(self, preview: Preview, media: Media) -> tuple[Verdict, str]:
        """How a preview stands, with the reason, once all have been met."""
        if self.meet(preview, media):
            return Verdict.BELONGS, ""
        places = list(self._places(preview))
        for place in places:
            doubt = _doubt(place, media)
            if doubt:
                return Verdict.DOUBTFUL, doubt
        if not (self.beside or self._certain):
            proven = [place for place in places if place.use in self._proven]
            if not proven:
                return Verdict.DOUBTFUL, (
                    "none of the previews searched is of a film in the folders named; if they were made from no "
                    "others, say --these-are-all"
                )
            if not any(_is_known(place, media) for place in proven):
                return Verdict.DOUBTFUL, (
                    "its folder is in none of the folders named: it is gone, or it lies in one that was not named; if "
                    "they are all, say --these-are-all"
                )
        return Verdict.ORPHAN, f"{preview.record.film} is gone"

    def _places(self, preview: Preview) -> Iterator[Place]:
        below = preview.below
        if self.beside:
            yield Place(preview.within, below)
            return
        for root in self._roots:
            yield Place(root, below)
            if below.parts and comparable(below.parts[0]) == comparable(root.name):
                yield Place(root, Path(*below.parts[1:]), by_name=True)

    def _is_taken_over(self, preview: Preview, media: Media) -> bool:
        """Whether another film has this preview's name, as one renamed to another ending: it is made anew for it."""
        bases = set(_bases(preview))
        return any(
            comparable(base) in bases
            for place in self._places(preview)
            for film in _films_in(place, media)
            for base in (film, Path(film).stem)
        )


def _is_in(place: Place, preview: Preview, media: Media) -> bool:
    folder, whole = media.nearest(place)
    return whole and comparable(preview.record.film) in (media.names(folder) or {})


def _films_in(place: Place, media: Media) -> list[str]:
    folder, whole = media.nearest(place)
    return media.films(folder) if whole else []


def _lies_beside(preview: Preview, media: Media) -> bool:
    """Whatever was named: a preview next to its film is no orphan."""
    return comparable(preview.record.film) in (media.names(preview.output.home) or {})


def _bases(preview: Preview) -> Iterator[str]:
    """What the film's name, with or without its ending, may be by the preview's name; comparable."""
    path = preview.output.path
    stem = comparable((path.parent if preview.output.format is Format.TRICKPLAY else path).stem)
    yield stem
    seconds = f"{preview.record.interval_ms / 1000:g}"
    for more in (f"-{seconds}s", f"-{preview.record.width}-{seconds}"):
        if stem.endswith(more):
            yield stem.removesuffix(more)


def _doubt(place: Place, media: Media) -> str:
    """Why it cannot be told whether a film is in a place; empty where it can."""
    folder, _ = media.nearest(place)
    if media.names(folder) is None:
        return f"{folder} cannot be read: check its permissions, and that its disk is mounted"
    if not media.holds_film(folder):
        return f"{folder} holds no film at all: see that its disk is mounted; if it is, remove the preview by hand"
    return ""


def _is_known(place: Place, media: Media) -> bool:
    """Whether the media folder named shows that it is this one that the preview was made from."""
    folder, _ = media.nearest(place)
    return folder != place.root or (not place.below.parts and bool(media.films(folder)))
