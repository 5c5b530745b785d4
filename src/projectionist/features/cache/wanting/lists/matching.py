"""Which items of the library are on a list: by what the catalogues call them, and never by their titles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from projectionist.db.engine import Database
from projectionist.features.library.service import items_known_as
from projectionist.media.lists import ListedWork
from projectionist.media.vocabulary import ExternalId, ItemKind

Known = Mapping[ExternalId, Sequence[tuple[int, ItemKind]]]


def owned(
    database: Database, servers: Iterable[int], works: Sequence[ListedWork], most: int
) -> tuple[list[tuple[int, int]], int]:
    """Places and items of those that are in the library, and how many entries that makes.

    It ends where `most` are found. An entry that several servers have, or one has twice, counts once.
    """
    ids = {id_ for work in works for id_ in work.ids}
    shelves = [items_known_as(database, server_id, ids) for server_id in servers]
    found: dict[int, int] = {}
    entries = 0
    for place, work in enumerate(works, 1):
        mine = [item_id for known in shelves for item_id in _matched(known, work)]
        for item_id in mine:
            found.setdefault(item_id, place)
        entries += bool(mine)
        if entries == most:
            break
    return [(place, item_id) for item_id, place in found.items()], entries


def _matched(known: Known, work: ListedWork) -> list[int]:
    """The items by the first of its ids that any has; a film and a show may have the same number."""
    for id_ in work.ids:
        items = [item_id for item_id, kind in known.get(id_, ()) if kind is work.kind]
        if items:
            return items
    return []
