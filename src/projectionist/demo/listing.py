"""Plex's query language, as far as its clients use it: `type=4`, `updatedAt>=5`, `title=word`, `sort=addedAt:desc`."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

from projectionist.demo.catalogue import Catalogue, Entry, Kind
from projectionist.demo.fields import tag_id
from projectionist.demo.people import Marks

Value = int | float | str | None

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "": operator.eq,
    "!": operator.ne,
    ">": operator.ge,
    "<": operator.le,
    ">>": operator.gt,
    "<<": operator.lt,
}
"""By what stands between the field's name and the equals sign: `addedAt>>=5` is after 5, `addedAt>=5` at or after."""

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800, "y": 31_536_000}


def choose(
    entries: Iterable[Entry], query: Sequence[tuple[str, str]], catalogue: Catalogue, marks: Marks
) -> list[Entry]:
    """The entries that fit every condition in the query, in the order it asks for."""
    found = list(entries)
    for name, wanted in query:
        whose, field, comparison = _split(name)
        read = _FIELDS.get(field)
        if read is not None:
            subjects = ((entry, _subject(entry, whose, catalogue)) for entry in found)
            found = [entry for entry, of in subjects if _fits(read(of, catalogue, marks), comparison, wanted)]
    return _sorted(found, dict(query).get("sort", ""), catalogue, marks)


def kind_of(text: str | None) -> Kind | None:
    """The kind that `type=` names; None without one. Raises ValueError for an unknown one."""
    return Kind(int(text)) if text else None


def _split(name: str) -> tuple[str, str, str]:
    """`show.title!` is about the show, its field `title`, and the comparison `!`."""
    whole = name.rstrip("!<>=")
    whose, _, field = whole.rpartition(".")
    return whose, field, name[len(whole) :]


def _subject(entry: Entry, whose: str, catalogue: Catalogue) -> Entry:
    """The entry itself, or what is above it and of the kind that is named."""
    return next((above for above in catalogue.ancestors(entry) if above.kind.word == whose), entry)


def _fits(value: Value | tuple[str, ...], comparison: str, wanted: str) -> bool:
    if isinstance(value, tuple):
        inside = any(each.casefold() in wanted.casefold().split(",") for each in value)
        return inside is not comparison.startswith("!")
    if isinstance(value, str):
        return _text_fits(value.casefold(), comparison, wanted.casefold())
    try:
        return value is not None and COMPARISONS[comparison](value, _moment(wanted))
    except (ValueError, KeyError):
        return False


def _moment(wanted: str) -> float:
    """A number, or as `-30d` the time that long ago."""
    if wanted.startswith("-") and wanted[-1:] in _SECONDS:
        return time.time() + int(wanted[:-1]) * _SECONDS[wanted[-1]]
    return float(wanted)


def _text_fits(value: str, comparison: str, wanted: str) -> bool:
    match comparison:
        case "=":
            return value == wanted
        case "!=":
            return value != wanted
        case "!":
            return wanted not in value
        case "<":
            return value.startswith(wanted)
        case ">":
            return value.endswith(wanted)
        case _:
            return any(each in value for each in wanted.split(","))


def _sorted(entries: list[Entry], wanted: str, catalogue: Catalogue, marks: Marks) -> list[Entry]:
    """By `year:desc,movie.titleSort`, the first being the most important."""
    for part in reversed(wanted.split(",")):
        name, _, direction = part.partition(":")
        whose, field, _ = _split(name)
        read = _FIELDS.get(field)
        if field == "titleSort":
            entries.sort(key=catalogue.order, reverse=direction.startswith("desc"))
        elif read is not None:
            ranked = [
                (_rank(read(_subject(entry, whose, catalogue), catalogue, marks)), entry) for entry in entries
            ]
            ranked.sort(key=itemgetter(0), reverse=direction.startswith("desc"))
            entries = [entry for _, entry in ranked]
    return entries


def _rank(value: Value | tuple[str, ...]) -> tuple[bool, float, str]:
    number = float(value) if isinstance(value, int | float) else 0.0
    return (value is not None, number, str(value).casefold() if isinstance(value, str) else "")


def _files(entry: Entry, _catalogue: Catalogue, _marks: Marks) -> str:
    return "\n".join(str(part.path) for part in entry.parts())


_FIELDS: dict[str, Callable[[Entry, Catalogue, Marks], Value | tuple[str, ...]]] = {
    "addedAt": lambda entry, catalogue, marks: entry.added_at,
    "updatedAt": lambda entry, catalogue, marks: entry.updated_at,
    "lastViewedAt": lambda entry, catalogue, marks: marks.viewed_at.get(entry.key),
    "viewCount": lambda entry, catalogue, marks: marks.counts.get(entry.key, 0),
    "unwatched": lambda entry, catalogue, marks: int(not marks.counts.get(entry.key)),
    "inProgress": lambda entry, catalogue, marks: int(entry.key in marks.offsets),
    "title": lambda entry, catalogue, marks: entry.title,
    "year": lambda entry, catalogue, marks: entry.year,
    "rating": lambda entry, catalogue, marks: entry.rating,
    "duration": lambda entry, catalogue, marks: entry.duration_ms,
    "originallyAvailableAt": lambda entry, catalogue, marks: entry.released,
    "index": lambda entry, catalogue, marks: entry.index,
    "id": lambda entry, catalogue, marks: entry.key,
    "studio": lambda entry, catalogue, marks: entry.studio,
    "genre": lambda entry, catalogue, marks: (*entry.genres, *(str(tag_id(genre)) for genre in entry.genres)),
    "guid": lambda entry, catalogue, marks: (entry.guid, *entry.external_ids),
    "file": _files,
}
