"""What the cache needs to know from its neighbours; given by the composition root."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LocalPath, ServerPath


class Servers(Protocol):
    """The media servers, as this node reaches them."""

    def server_ids(self) -> Sequence[int]:
        """Every server."""

    def connect(self, server_id: int) -> MediaServer:
        """The server itself, to be closed after use. Raises NotFound, ServiceError."""

    def name(self, server_id: int) -> str:
        """What people call the server. Raises NotFound."""

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        """Where this node has a file of a server's, without a look at the disk."""

    def server_paths(self, server_id: int, path: Path) -> Sequence[ServerPath]:
        """By which names a server may know a file of this node."""
