"""What the checks look at: the settings, the data folder, and what of the house could be opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from projectionist.db.engine import Database
from projectionist.features.doctor.neighbours import CacheFacts
from projectionist.features.servers import service as servers
from projectionist.jobs.ports import Jobs, Ordered
from projectionist.kit.data_folder import file_system_of
from projectionist.settings import Settings


class Answered(Protocol):
    """What a request got: its status, its headers by lower-case names, and the beginning of its body."""

    @property
    def status(self) -> int:
        """The status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers."""

    @property
    def body(self) -> str:
        """The beginning of the body."""


class Ask(Protocol):
    """Makes one GET request and follows no redirect."""

    def __call__(self, url: str, headers: Mapping[str, str] | None = None) -> Answered:
        """The answer, whatever its status. Raises ServerUnreachable, TlsFailed."""


@dataclass(frozen=True, slots=True)
class Running:
    """The service that answers at `address`, without a slash at its end."""

    address: str
    ask: Ask


@dataclass(frozen=True, slots=True)
class Opened:
    """The house over a database that is up to date; `kinds` are the names of all kinds of job."""

    settings: Settings
    now: Callable[[], datetime]
    database: Database
    reach: servers.Reach
    jobs: Jobs
    kinds: frozenset[str]
    cache: Callable[[], CacheFacts]
    audit_cache: Callable[[], Ordered]


@dataclass(frozen=True, slots=True)
class Ground:
    """All that checks look at.

    `store` is the database, whatever its revision, and `unstored` why there is none; `closed` says why nothing is
    `opened`, and `stopped` why nothing is `running`.
    """

    settings: Settings
    now: Callable[[], datetime]
    store: Database | None = None
    unstored: str = ""
    opened: Opened | None = None
    closed: str = ""
    running: Running | None = None
    stopped: str = ""
    file_system: Callable[[Path], str] = field(default=file_system_of)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data.expanduser().absolute()
