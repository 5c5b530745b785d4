"""The previews of a film: where each belongs, whether it is fresh, and how it is written."""

from __future__ import annotations

import errno
import math
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from projectionist.errors import PreviewInvalid
from projectionist.features.previews.finding import Found
from projectionist.features.previews.formats import Format
from projectionist.features.previews.record import Record
from projectionist.frames import bif, picture_folder, trickplay
from projectionist.media.names import FILM_SUFFIXES


@dataclass(frozen=True, slots=True)
class Output:
    """One preview: of the `series`-th interval asked for, in `format`, at `path` (trickplay: the sheets' folder)."""

    series: int
    format: Format
    path: Path

    @property
    def home(self) -> Path:
        """The folder in which it is prepared, and where a killed run may have left something hidden."""
        return self.path.parents[1] if self.format is Format.TRICKPLAY else self.path.parent


@dataclass(frozen=True, slots=True)
class Layout:
    """Where previews go (`folder`, or beside each film where it is None), and of which kinds and intervals."""

    folder: Path | None
    formats: tuple[Format, ...]
    intervals_ms: tuple[int, ...]
    width: int

    def outputs(self, base: Path) -> tuple[Output, ...]:
        """The previews of the film with this base name, a path without extension."""
        return tuple(
            Output(series, kind, self._path(base, kind, series))
            for series in range(len(self.intervals_ms))
            for kind in self.formats
        )

    def _path(self, base: Path, kind: Format, series: int) -> Path:
        """The first interval's previews are named by the film alone, further ones by their interval too."""
        seconds = f"{self.intervals_ms[series] / 1000:g}"
        stem = base.name if series == 0 else f"{base.name}-{seconds}s"
        if kind is Format.EMBY:
            return base.with_name(f"{base.name}-{self.width}-{seconds}.bif")
        if kind is Format.BIF:
            return base.with_name(f"{stem}.bif")
        if kind is Format.TRICKPLAY:
            return trickplay.sheets_path(base.with_name(f"{stem}.trickplay"), self.width)
        return base.with_name(f"{stem}.thumbnails")

    def bases(self, films: Sequence[Found]) -> dict[Path, Path]:
        """For each film the path, without extension, that its previews are named by.

        The folder named is mirrored; where two films would share a name, the film's extension is added, and
        where they still would (two folders named with one film each), the name of the folder named.
        """
        plain = {film.path: self._home(film) / film.path.stem for film in films}
        shared = _repeated(plain.values())
        siblings = _siblings(
            film.path.parent for film in films if self.folder is None or not film.named_itself
        )
        full = {
            film.path: base.with_name(film.path.name)
            if base in shared or siblings[film.path.parent, film.path.stem] > 1
            else base
            for film in films
            for base in [plain[film.path]]
        }
        shared = _repeated(full.values())
        for film in films:
            if full[film.path] in shared:
                full[film.path] = self._home(film, film.root.name) / film.path.name
        return full

    def _home(self, film: Found, under: str = "") -> Path:
        if self.folder is None:
            return film.path.parent
        return self.folder / under / film.path.parent.relative_to(film.root)


def _repeated(bases: Iterable[Path]) -> set[Path]:
    return {base for base, times in Counter(bases).items() if times > 1}


def _siblings(folders: Iterable[Path]) -> Counter[tuple[Path, str]]:
    """How many films of each stem a folder holds: whichever of them is chosen, its previews keep their name."""
    count: Counter[tuple[Path, str]] = Counter()
    for folder in set(folders):
        try:
            names = [entry for entry in folder.iterdir() if entry.suffix.lower() in FILM_SUFFIXES]
        except OSError:
            continue  # the film itself tells, when it is opened
        count.update((folder, name.stem) for name in names if not name.name.startswith("."))
    return count


def record_in(output: Output) -> Record | None:
    """The record that a preview carries, None where it is another tool's. Raises PreviewInvalid."""
    if output.format in (Format.BIF, Format.EMBY):
        with bif.read_bif(output.path) as opened:
            return Record.from_comment(opened.comment)
    if output.format is Format.TRICKPLAY:
        return Record.from_comment(trickplay.read_trickplay(output.path).comment)
    return Record.from_comment(picture_folder.read_picture_folder(output.path).comment)


def problems(output: Output, *, deep: bool = False) -> list[str]:
    """Everything that is wrong with a preview, a sentence each; `deep` decodes every picture."""
    check = {
        Format.BIF: bif.problems,
        Format.EMBY: bif.problems,
        Format.TRICKPLAY: trickplay.problems,
        Format.JPEG: picture_folder.problems,
    }
    return check[output.format](output.path, deep=deep)


class State(StrEnum):
    """How a preview stands to the film it belongs to."""

    FRESH = "fresh"
    MISSING = "missing"
    STALE = "stale"
    BROKEN = "broken"
    FOREIGN = "foreign"


def state_of(output: Output, wanted: Record, *, deep: bool = False) -> tuple[State, str]:
    """Whether a preview is there, whole and what `wanted` asks for; with the reason in words.

    Fresh is only what carries our record, matches it in everything, and validates.
    """
    if not _is_there(output.path):
        return State.MISSING, "it is not there"
    wrong = problems(output, deep=deep)
    if wrong:
        return State.BROKEN, wrong[0]
    try:
        record = record_in(output)
    except PreviewInvalid as error:
        return State.BROKEN, error.message
    if record is None:
        return State.FOREIGN, "another tool made it"
    if _count(output) != _expected_count(output, record):
        return State.BROKEN, f"it should hold {record.thumbnails} pictures and does not"
    difference = record.difference(wanted)
    return (State.STALE, difference) if difference else (State.FRESH, "")


def _is_there(path: Path) -> bool:
    try:
        os.stat(path)
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)
    return True


def _count(output: Output) -> int:
    if output.format is Format.TRICKPLAY:
        return trickplay.read_trickplay(output.path).sheets
    if output.format is Format.JPEG:
        return len(picture_folder.read_picture_folder(output.path))
    with bif.read_bif(output.path) as opened:
        return opened.count


def _expected_count(output: Output, record: Record) -> int:
    return math.ceil(record.thumbnails / 100) if output.format is Format.TRICKPLAY else record.thumbnails
