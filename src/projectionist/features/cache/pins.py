"""Pins: items that somebody wants on the fast disk for good, as far as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.cache.models import PinRow
from projectionist.features.cache.planning.planner import Thought
from projectionist.features.cache.sizes import shown_size
from projectionist.features.cache.traffic.disks import Planner
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.versions import Preference
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.library import service as library

_NAMED = 5
"""So many titles are named in a sentence."""


@dataclass(frozen=True, slots=True)
class Pin:
    """An item that is pinned; `title` says which one."""

    item_id: int
    title: str
    version: Preference
    asked_by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What pinning an item comes to: its files and their bytes, and what then would not fit any more.

    `refused` are the files, its own and those of earlier pins, that would find no room, each with the reason;
    `leaves` the titles of what is planned or there now and would not be then.
    """

    item_id: int
    title: str
    files: int
    size: int
    refused: tuple[str, ...]
    leaves: tuple[str, ...]


def pins(database: Database) -> Sequence[Pin]:
    """Every pin, the oldest first. Raises DatabaseUnusable."""
    with database.read() as session:
        rows = queries.pins(session)
    return [
        Pin(
            row.item_id,
            library.item_title(database, row.item_id),
            Preference(row.version),
            row.asked_by,
            row.at,
        )
        for row in rows
    ]


def weigh_pin(
    database: Database, planner: Planner, item_id: int, version: str, asked_by: str, now: datetime
) -> Effect:
    """What pinning an item would come to; nothing is pinned.

    Raises NotFound where there is no such item or nothing to watch in it, and InputWrong for an unknown version.
    """
    title = library.item_title(database, item_id)
    row = PinRow(item_id=item_id, version=_preference(version), asked_by=asked_by, at=now)
    before = planner.think(now)
    after = planner.think(now, [row])
    pinned = [
        one
        for one in after.wanted.wants
        if Source.PIN in one.sources and (item_id == one.file.item_id or item_id in one.above)
    ]
    if not pinned:
        raise NotFound(f"{title} has no file that can be cached; nothing was pinned.")
    its_own = {one.file.path for one in pinned}
    crowded_out = _pinned(after) - {one.path for one in before.plan.refused}
    told = its_own | crowded_out
    refused = [f"{one.path.name}: {one.why}" for one in after.plan.refused if one.path in told]
    return Effect(
        item_id=item_id,
        title=title,
        files=len(pinned),
        size=sum(one.file.size for one in pinned),
        refused=tuple(refused),
        leaves=tuple(sorted(_there(before) - _there(after))),
    )


def pin(
    database: Database, planner: Planner, item_id: int, version: str, asked_by: str, now: datetime
) -> Effect:
    """Pin an item, or pin it otherwise; what it comes to.

    Raises NotFound and InputWrong as `weigh_pin` does, and Conflict where not all of it fits beside what is pinned.
    """
    effect = weigh_pin(database, planner, item_id, version, asked_by, now)
    if effect.refused:
        named = " ".join(effect.refused[:_NAMED])
        more = len(effect.refused) - _NAMED
        rest = f" And {more} more." if more > 0 else ""
        raise Conflict(
            f"{effect.title} takes {shown_size(effect.size)}, and not all of that fits; nothing was pinned. "
            f"{named}{rest}"
        )
    with database.write() as session:
        queries.put_pin(session, item_id, _preference(version), asked_by, now)
    return effect


def unpin(database: Database, item_id: int) -> str:
    """Let an item go; its title. Raises NotFound where it is not pinned."""
    with database.write() as session:
        was = queries.drop_pin(session, item_id)
    if not was:
        raise NotFound(f"Item {item_id} is not pinned; nothing was changed.")
    return library.item_title(database, item_id)


def _preference(version: str) -> Preference:
    try:
        return Preference(version.lower())
    except ValueError:
        known = ", ".join(Preference)
        raise InputWrong(f"A version is one of {known}; {version!r} is none.", "version") from None


def _pinned(thought: Thought) -> set[Path]:
    return {one.file.path for one in thought.wanted.wants if Source.PIN in one.sources}


def _there(thought: Thought) -> set[str]:
    """The titles that are on the fast disks once a plan was carried out."""
    known = {one.file.path: one.file.title for one in thought.wanted.wants}
    paths = [one.want.file.path for one in thought.plan.copies] + [one.path for one in thought.plan.kept]
    return {known.get(path, path.name) for path in paths}
