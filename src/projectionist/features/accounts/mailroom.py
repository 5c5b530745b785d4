"""The mailroom of the house: who sends mails, and who writes those about accounts."""

from __future__ import annotations

from projectionist.db.engine import Database
from projectionist.features.accounts.setup_link import origin_of
from projectionist.features.accounts.users.letters import writers
from projectionist.features.mail.service import Mailroom, Now, server_of
from projectionist.jobs.ports import Jobs
from projectionist.settings import Settings


def open_mailroom(settings: Settings, database: Database, jobs: Jobs, now: Now) -> Mailroom:
    """The mailroom as the settings have it; links in mails lead to the base URL, whoever asked for them."""
    return Mailroom(database, jobs, now, server_of(settings), writers(origin_of(settings)))
