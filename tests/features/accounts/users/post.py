"""A mailroom for tests: it writes what the house would, and sends it to a real SMTP server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from projectionist.db.engine import Database
from projectionist.errors import ProjectionistError
from projectionist.features.accounts.mailroom import open_mailroom
from projectionist.features.mail.service import SEND, Mailroom, send
from projectionist.jobs.ports import JobState
from projectionist.settings import Settings
from tests.features.accounts.clocks import Clock
from tests.features.operations.fake_jobs import FakeJobs
from tests.postbox import Arrived, Postbox

BASE = "https://films.example.org"


@dataclass
class Post:
    """`deliver` does the jobs that wait, as a worker would, and tells what arrived."""

    room: Mailroom
    jobs: FakeJobs
    postbox: Postbox

    def deliver(self) -> list[Arrived]:
        before = len(self.postbox.arrived)
        for job in list(self.jobs.held.values()):
            if job.kind == SEND and not job.state.is_over:
                try:
                    send(self.room, job.arguments["letter"])
                except ProjectionistError:
                    continue
                self.jobs.held[job.id] = replace(job, state=JobState.DONE)
        return self.postbox.arrived[before:]

    def one(self) -> Arrived:
        (arrived,) = self.deliver()
        return arrived

    def token(self) -> str:
        """That of the link in the one mail that is delivered."""
        return self.one().link.partition("?token=")[2]


def post_of(database: Database, clock: Clock, postbox: Postbox) -> Post:
    settings = Settings(data=Path("/nowhere"), **settings_of(postbox))
    jobs = FakeJobs()
    return Post(open_mailroom(settings, database, jobs, clock.now), jobs, postbox)


def settings_of(postbox: Postbox) -> dict[str, Any]:
    return {
        "mail_host": "127.0.0.1",
        "mail_port": postbox.port,
        "mail_security": "none",
        "mail_from": "Projectionist <films@example.org>",
        "base_url": BASE,
    }


@pytest.fixture
def postbox() -> Iterator[Postbox]:
    with Postbox() as opened:
        yield opened


@pytest.fixture
def post(database: Database, clock: Clock, postbox: Postbox) -> Post:
    return post_of(database, clock, postbox)
