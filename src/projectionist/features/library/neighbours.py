"""What the library needs to know from its neighbours; given by the composition root."""

from __future__ import annotations

from typing import Protocol

from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import LocalPath, ServerPath


class Servers(Protocol):
    """The media servers, as this node reaches them."""

    def connect(self, server_id: int) -> MediaServer:
        """The server itself, to be closed after use. Raises NotFound, ServiceError."""

    def name(self, server_id: int) -> str:
        """What people call the server. Raises NotFound."""

    def local_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        """Where this node has a file of a server's; None where no path mapping covers it."""
