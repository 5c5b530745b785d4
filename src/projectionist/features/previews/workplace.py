"""What the work on previews has around it on this node, and what is wanted of each library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.previews import queries
from projectionist.features.previews.choices import FIELDS, Choices, Place, merged
from projectionist.features.previews.models import DefaultChoice, LibraryChoice
from projectionist.features.previews.neighbours import Catalogue, Servers
from projectionist.frames.slots import Mode

TOPIC = "previews"

Publish = Callable[[Session, str, Mapping[str, Any]], None]
"""Tells every process, once the session's transaction is committed: topic and details."""


MayOpen = Callable[[int, Path, Path], bool]
"""Whether a file that a server names may be opened here, given where its name leads on this node and where it is."""


def _now() -> datetime:
    return datetime.now(UTC)


def _anything(_server_id: int, _local: Path, _real: Path) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Workplace:
    """One node: `node` is its name for people, `folder` where previews go that have no other place.

    `rate` limits how much of a film is read, in bytes per second, per job. `begin_with` is wanted of libraries
    until somebody chooses otherwise. `may_open` confines servers to their folders.
    """

    database: Database
    catalogue: Catalogue
    servers: Servers
    publish: Publish
    node: str
    folder: Path
    rate: int | None = None
    now: Callable[[], datetime] = field(default=_now)
    begin_with: Choices = field(default_factory=Choices)
    may_open: MayOpen = _anything

    def folder_of(self, choices: Choices) -> Path:
        """Where Place.FOLDER is."""
        return Path(choices.folder) if choices.folder else self.folder

    def default_choices(self, session: Session) -> Choices:
        """What is wanted of libraries that say nothing else."""
        row = queries.default_choice(session)
        return self.begin_with if row is None else merged(self.begin_with, _values(row))

    def choices_of(self, session: Session, library_id: int) -> Choices:
        """What is wanted of a library."""
        return merged(self.default_choices(session), overrides_of(session, library_id))


def overrides_of(session: Session, library_id: int) -> dict[str, Any]:
    """What a library wants otherwise than the default; None where it does not."""
    row = queries.library_choice(session, library_id)
    return dict.fromkeys(FIELDS) if row is None else _values(row)


def as_columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Choices as the tables keep them."""
    return {
        name: ",".join(value) if name == "places" and value is not None else value
        for name, value in values.items()
    }


def _values(row: DefaultChoice | LibraryChoice) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in FIELDS}
    if values["places"] is not None:
        values["places"] = tuple(Place(one) for one in values["places"].split(",") if one)
    if values["mode"] is not None:
        values["mode"] = Mode(values["mode"])
    return values
