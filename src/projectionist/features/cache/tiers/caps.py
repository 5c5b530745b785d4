"""What an item, a library or a person may take at most, or that they take nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from projectionist.db.engine import Database
from projectionist.features.cache.tiers import queries
from projectionist.features.cache.tiers.rules import size_of


@dataclass(frozen=True, slots=True)
class Cap:
    """`most` is in bytes, None for as much as there is."""

    most: int | None
    excluded: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps by the ids of items, libraries and accounts; `item_most` is that of any one item."""

    item_most: int | None
    items: Mapping[int, Cap]
    libraries: Mapping[int, Cap]
    accounts: Mapping[int, Cap]


def limits(database: Database) -> Limits:
    """Every cap. Raises DatabaseUnusable."""
    with database.read() as session:
        rows = queries.caps(session)
    found: dict[str, dict[int, Cap]] = {"item": {}, "library": {}, "account": {}}
    item_most = None
    for row in rows:
        cap = Cap(size_of(row.most), row.excluded)
        if row.scope == "item" and not row.key:
            item_most = cap.most
        elif row.scope in found and row.key.isdigit():
            found[row.scope][int(row.key)] = cap
    return Limits(item_most, found["item"], found["library"], found["account"])
