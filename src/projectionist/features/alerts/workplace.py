"""What it takes to tell of alerts here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.jobs.ports import Jobs
from projectionist.kit.secrets import Vault
from projectionist.media.messages import ConnectMessenger

TOPIC = "alerts"
"""The live topic: an alert began or ended, or somebody announced something."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The database, who carries messages, and what their addresses are sealed with."""

    database: Database
    jobs: Jobs
    vault: Vault
    connect: ConnectMessenger
    now: Callable[[], datetime]
    publish: Callable[[str], None]
