"""Putting the parts of webhooks together, for whoever puts the house together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.features.webhooks.feature import web_feature
from projectionist.features.webhooks.jobs import QUEUE, kinds
from projectionist.features.webhooks.workplace import TOPIC, Servers, Workplace
from projectionist.jobs.ports import Jobs
from projectionist.media.telling import ReadTold
from projectionist.web.ports import Permission

__all__ = ["QUEUE", "Workplace", "kinds", "open_workplace", "web_feature"]


def open_workplace(
    database: Database,
    jobs: Jobs,
    servers: Servers,
    read: ReadTold,
    now: Callable[[], datetime],
    events: Events,
    found: Callable[[], None],
) -> Workplace:
    """What it takes to be told things; `found` hears that a server lists what it was asked to look for."""

    def publish(session: Session) -> None:
        events.publish(TOPIC, permission=Permission.MANAGE_SETTINGS.value, session=session)

    return Workplace(database, jobs, servers, read, now, publish, found)
