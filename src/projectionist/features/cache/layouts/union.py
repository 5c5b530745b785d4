"""A union of branches (mergerfs, Unraid's user shares), the fast one before the slow one.

Both branches hold the same relative path for a moment; then the slow one is renamed aside, and the union shows the fast
one. Here a spot's path is the one on the slow branch; nothing ever goes through the union itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from projectionist.errors import SourceChanged
from projectionist.features.cache.spots import Content, Spot, status
from projectionist.kit.swaps import FileCalls


class UnionAdapter:
    """The swaps of two branches."""

    def occupy(self, calls: FileCalls, spot: Spot, original: Content, spare: Path) -> None:
        """Set the original aside; the union shows the fast copy already, or does from now on."""
        if status(spot.fast) is None or not original.fits(os.lstat(spot.path)):
            raise _taken(spot)
        calls.rename_new(spot.path, spot.aside)
        calls.sync_folder(spot.path.parent)
        if not original.fits(os.lstat(spot.aside)):
            calls.rename_new(spot.aside, spot.path)
            calls.sync_folder(spot.path.parent)
            raise _taken(spot)

    def restore(self, calls: FileCalls, spot: Spot) -> None:
        """Give the original its name back; the fast copy is still there, and removed after."""
        self.replace(calls, spot, spot.aside)

    def replace(self, calls: FileCalls, spot: Spot, newer: Path) -> None:
        """Give a newer file on the slow branch the name."""
        try:
            calls.rename_new(newer, spot.path)
        except FileExistsError as error:
            raise _taken(spot) from error
        calls.sync_folder(spot.path.parent)


def _taken(spot: Spot) -> SourceChanged:
    return SourceChanged(
        f"{spot.path} was replaced by something else in the meantime; that is kept in its place: the file is looked "
        "at anew."
    )
