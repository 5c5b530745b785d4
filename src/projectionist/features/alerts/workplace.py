"""What it takes to tell of alerts here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.jobs.ports import Jobs
from projectionist.kit.secrets import Vault
from projectionist.media.messages import ConnectMessenger
from projectionist.media.pushing import HouseKey, Pushing

TOPIC = "alerts"
"""The live topic: an alert began or ended, or somebody announced something."""


@dataclass(slots=True)
class Remembered:
    """The key of the house once it was read: browsers are told too that the database is lost."""

    key: HouseKey | None = None


@dataclass(frozen=True, slots=True)
class Workplace:
    """The database, who carries messages, and what their addresses are sealed with.

    `contact` is where push services find who runs this house; empty where nobody has said.
    """

    database: Database
    jobs: Jobs
    vault: Vault
    connect: ConnectMessenger
    now: Callable[[], datetime]
    publish: Callable[[str], None]
    pushing: Pushing
    contact: str = ""
    remembered: Remembered = field(default_factory=Remembered)
