"""Whether a preview's film is gone: asked of the folders that hold the films, and left open where in doubt.

A preview tells its film's file name, by its own place the folder, relative to one that was named when it was made,
and by a mark whether that was one of those named now. A film counts as gone only where that folder, or the nearest
one above it that is there, can be read and holds other films: an empty folder may be a disk that is not mounted.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from projectionist.features.previews.finding import Choice, Found, find_films
from projectionist.features.previews.formats import Format
from projectionist.features.previews.outputs import Output
from projectionist.features.previews.record import Record, mark_of
from projectionist.media.names import FILM_SUFFIXES


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
    """A folder in which a preview's film may lie: `below` a media folder that was named."""

    root: Path
    below: Path


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

    def judge(self, preview: Preview, media: Media) -> tuple[Verdict, str]:
        """How a preview stands, with the reason."""
        places = list(self._places(preview))
        if any(_is_in(place, preview, media) for place in places):
            return Verdict.BELONGS, ""
        if _lies_beside(preview, media) or self._is_taken_over(preview, media):
            return Verdict.BELONGS, ""
        for place in places:
            doubt = _doubt(place, media)
            if doubt:
                return Verdict.DOUBTFUL, doubt
        if not (self.beside or self._certain):
            marks = {mark_of(place.root / place.below) for place in places}
            if preview.record.folder not in marks:
                return Verdict.DOUBTFUL, (
                    "it was made from a folder that is none of those named; if they are all there are, say "
                    "--these-are-all"
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
                yield Place(root, Path(*below.parts[1:]))

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
