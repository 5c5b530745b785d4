"""Putting the parts of alerts together, for whoever puts the house together."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.errors import DatabaseUnusable
from projectionist.features.alerts.beating import Beating
from projectionist.features.alerts.delivering import QUEUE, kinds
from projectionist.features.alerts.feature import web_feature
from projectionist.features.alerts.watching import Watching
from projectionist.features.alerts.workplace import Workplace
from projectionist.jobs.ports import Jobs
from projectionist.kit.secrets import Vault
from projectionist.media.messages import ConnectMessenger
from projectionist.media.pushing import Pushing

__all__ = ["QUEUE", "Beating", "Watching", "Workplace", "kinds", "open_workplace", "watching", "web_feature"]


def open_workplace(
    database: Database,
    jobs: Jobs,
    vault: Vault,
    connect: ConnectMessenger,
    now: Callable[[], datetime],
    events: Events,
    pushing: Pushing,
    contact: str = "",
) -> Workplace:
    """What it takes to tell of alerts; that pages hear of one later than they might is no failure."""

    def publish(topic: str) -> None:
        with suppress(DatabaseUnusable):
            events.publish(topic)

    return Workplace(database, jobs, vault, connect, now, publish, pushing, contact)


def watching(place: Workplace) -> tuple[Watching, Beating]:
    """What judges samples, and what tells outside that we live; that is not started yet."""
    beating = Beating(place)
    return Watching(place, beating), beating
