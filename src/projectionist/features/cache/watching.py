"""What a swap asks of others before it changes anything."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Protocol


class Watching(Protocol):
    """Who plays what, asked again before every rename and removal."""

    def leaves_free(self, path: Path) -> bool:
        """Whether nobody plays the version at `path` now. Raises ServiceError where a server cannot say."""


class Witness(Protocol):
    """The media server's own eyes."""

    def sees(self, path: Path, like: Path) -> bool:
        """Whether the server reads at `path` the first and last 64 KB of the local file `like`.

        Raises ServiceError where it cannot be asked.
        """


class Listing(Protocol):
    """What the servers list, by their own keys: an item of the index is one key of one server."""

    def files_of(self, item_id: int) -> Collection[Path]:
        """Where this node has the files that a server lists for an item now; none where it lists none.

        Raises ServiceError where it cannot be asked.
        """


class NoListing:
    """Where no server is asked: nothing is known of any item."""

    def files_of(self, item_id: int) -> Collection[Path]:
        """None."""
        return ()
