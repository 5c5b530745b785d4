"""What it takes to be told things here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.jobs.ports import Jobs
from projectionist.media.server import MediaServer
from projectionist.media.telling import ReadTold
from projectionist.media.vocabulary import LocalPath, ServerPath

TOPIC = "webhooks"
"""The live topic: a sender told something, or senders changed."""

LOOKS_S = (2.0, 5.0, 15.0, 30.0, 60.0)
"""How long is waited before each look for a file that a server was asked to find."""


class Servers(Protocol):
    """The media servers, as this node reaches them."""

    def connect(self, server_id: int) -> MediaServer:
        """The server itself, to be closed after use. Raises NotFound, ServiceError."""

    def name(self, server_id: int) -> str:
        """What people call the server. Raises NotFound."""

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        """Where this node has a file of a server's, without a look at the disk; None where it cannot be here."""

    def server_paths(self, server_id: int, path: Path) -> list[ServerPath]:
        """By which names a server may know a file of this node."""


@dataclass(frozen=True, slots=True)
class Workplace:
    """The parts that receiving and looking need.

    `read` reads what a sender sends; `publish` tells pages, in a transaction; `found` hears that a server lists what
    it was asked to look for.
    """

    database: Database
    jobs: Jobs
    servers: Servers
    read: ReadTold
    now: Callable[[], datetime]
    publish: Callable[[Session], None]
    found: Callable[[], None] = lambda: None
    looks_s: tuple[float, ...] = LOOKS_S
    rest: Callable[[float], None] = time.sleep
