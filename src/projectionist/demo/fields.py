"""What a section can be filtered and sorted by, as clients ask for it before they search (`includeMeta=1`)."""

from __future__ import annotations

import zlib

from projectionist.demo.catalogue import Kind, Section
from projectionist.demo.elements import Element, Value, element

_KINDS = {
    Kind.MOVIE: (Kind.MOVIE,),
    Kind.SHOW: (Kind.SHOW, Kind.SEASON, Kind.EPISODE),
    Kind.ARTIST: (Kind.ARTIST, Kind.ALBUM, Kind.TRACK),
}
_FIELDS = {
    "title": ("Title", "string"),
    "studio": ("Studio", "string"),
    "year": ("Year", "integer"),
    "rating": ("Critic Rating", "integer"),
    "viewCount": ("Plays", "integer"),
    "genre": ("Genre", "tag"),
    "originallyAvailableAt": ("Release Date", "date"),
    "addedAt": ("Date Added", "date"),
    "updatedAt": ("Date Updated", "date"),
    "lastViewedAt": ("Last Played", "date"),
    "unwatched": ("Unplayed", "boolean"),
    "inProgress": ("In Progress", "boolean"),
}
_FILTERS = {"genre": ("Genre", "string"), "year": ("Year", "integer"), "unwatched": ("Unplayed", "boolean")}
_SORTS = {
    "titleSort": ("Title", "asc"),
    "year": ("Year", "desc"),
    "originallyAvailableAt": ("Release Date", "desc"),
    "rating": ("Critic Rating", "desc"),
    "duration": ("Duration", "desc"),
    "addedAt": ("Date Added", "desc"),
    "updatedAt": ("Date Updated", "desc"),
    "lastViewedAt": ("Last Viewed", "desc"),
    "viewCount": ("Plays", "desc"),
}
_OPERATORS = {
    "tag": {"=": "is", "!=": "is not"},
    "integer": {"=": "is", "!=": "is not", ">>=": "is greater than", "<<=": "is less than"},
    "string": {
        "=": "contains",
        "!=": "does not contain",
        "==": "is",
        "!==": "is not",
        "<=": "begins with",
        ">=": "ends with",
    },
    "boolean": {"=": "is true", "!=": "is false"},
    "date": {"<<=": "is before", ">>=": "is after"},
}


def meta(section: Section) -> Element:
    """The `Meta` of a section."""
    types = [_type(section, kind, active=kind is section.kind) for kind in _KINDS[section.kind]]
    fields = [
        element(
            "FieldType",
            {"type": kind},
            [element("Operator", {"key": key, "title": word}) for key, word in known],
        )
        for kind, known in ((kind, operators.items()) for kind, operators in _OPERATORS.items())
    ]
    return element("Meta", {}, [*types, *fields], single=True)


def tag_id(name: str) -> int:
    """The number of a genre."""
    return zlib.crc32(name.encode()) % 1_000_000


def _type(section: Section, kind: Kind, *, active: bool) -> Element:
    prefix = "" if kind in (Kind.MOVIE, section.kind) else f"{kind.word}."
    place = f"/library/sections/{section.key}"
    attributes: dict[str, Value | None] = {
        "key": f"{place}/all?type={int(kind)}",
        "type": kind.word,
        "title": f"{kind.word.title()}s",
        "active": active,
    }
    filters = [
        element(
            "Filter",
            {
                "filter": prefix + name,
                "filterType": of,
                "key": f"{place}/{name}",
                "title": title,
                "type": "filter",
            },
        )
        for name, (title, of) in _FILTERS.items()
    ]
    sorts = [
        element(
            "Sort",
            {"defaultDirection": direction, "descKey": f"{name}:desc", "key": name, "title": title}
            | ({"default": "asc", "active": True, "activeDirection": "asc"} if name == "titleSort" else {}),
        )
        for name, (title, direction) in _SORTS.items()
    ]
    fields = [
        element("Field", {"key": prefix + name, "title": title, "type": of})
        for name, (title, of) in _FIELDS.items()
    ]
    return element("Type", attributes, [*filters, *sorts, *fields])
