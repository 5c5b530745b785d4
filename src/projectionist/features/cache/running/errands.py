"""What a job is told of one move, and what is kept of a move that ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from projectionist.features.cache.models import Kind, MoveRow


@dataclass(frozen=True, slots=True)
class Errand:
    """One file to be moved. `plays` says that somebody plays it, or is about to: it goes before all others.

    `path` is where its original is, or where players' paths lead on this node; `undoes` is the move that is taken
    back, `rest_id` the file at rest that is to have a name again then. `library_id`, `tier_id` and `rest_id` are 0
    where they do not matter.
    """

    path: str
    title: str = ""
    item_id: int | None = None
    library_id: int = 0
    tier_id: int = 0
    size: int = 0
    why: str = ""
    asked_by: str = ""
    plays: bool = False
    undoes: int | None = None
    rest_id: int = 0

    def arguments(self) -> dict[str, Any]:
        """As the arguments of a job."""
        return asdict(self)

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Self:
        """From the arguments of a job."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in arguments.items() if name in known})

    @property
    def name(self) -> str:
        """What people call the file."""
        return self.title or Path(self.path).name


@dataclass(frozen=True, slots=True)
class Ended:
    """A move that ended. `took_ms` is how long it took; `outcome` one of Outcome, or a word of `mending.noting`."""

    id: int
    at: datetime
    kind: Kind
    path: str
    title: str
    item_id: int | None
    tier: str
    node: str
    outcome: str
    size: int
    took_ms: int
    why: str
    asked_by: str
    undoes: int | None
    rest_id: int | None


def ended_of(row: MoveRow) -> Ended:
    """A row as others see it."""
    return Ended(
        id=row.id,
        at=row.at,
        kind=Kind(row.kind),
        path=row.path,
        title=row.title,
        item_id=row.item_id,
        tier=row.tier,
        node=row.node,
        outcome=row.outcome,
        size=row.size,
        took_ms=row.took_ms,
        why=row.why,
        asked_by=row.asked_by,
        undoes=row.undoes,
        rest_id=row.rest_id,
    )
