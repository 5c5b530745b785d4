"""What an item is called where it stands alone."""

from __future__ import annotations

from collections.abc import Mapping

from projectionist.features.library.models import ItemRow
from projectionist.media.vocabulary import ItemKind


def full_title(item: ItemRow, above: Mapping[int, ItemRow]) -> str:
    """A title that says which one: `The Wire · S01E03 · The Buys`, `Heat (1995)`."""
    parent = above.get(item.parent_id or 0)
    grandparent = above.get(item.grandparent_id or 0)
    if item.kind == ItemKind.EPISODE and parent is not None and grandparent is not None:
        return f"{grandparent.title} · S{parent.number or 0:02}E{item.number or 0:02} · {item.title}"
    if item.kind == ItemKind.SEASON and parent is not None:
        return f"{parent.title} · {item.title}"
    if item.kind in (ItemKind.ALBUM, ItemKind.TRACK) and (first := grandparent or parent) is not None:
        return f"{first.title} · {item.title}"
    return f"{item.title} ({item.year})" if item.year else item.title
