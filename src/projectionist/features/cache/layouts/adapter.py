"""What a layout has to be able to do; every method leaves the path resolving at every instant."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from projectionist.features.cache.spots import Content, Spot
from projectionist.kit.swaps import FileCalls


class Adapter(Protocol):
    """The two swaps of a layout. All raise OSError."""

    def occupy(self, calls: FileCalls, spot: Spot, original: Content, spare: Path) -> None:
        """Set the original aside and let the path lead to the fast copy, which is there.

        `spare` is a free name beside the path. Raises SourceChanged, with the path as it was, where another file
        than `original` is found there, and SwapRefused where the file system has no way to do this.
        """

    def restore(self, calls: FileCalls, spot: Spot) -> None:
        """Put what is aside back in its place. Raises SourceChanged where the path is not ours any more."""

    def replace(self, calls: FileCalls, spot: Spot, newer: Path) -> None:
        """Put the file `newer`, which lies beside the path, in its place; the original stays aside.

        Raises SourceChanged where the path is not ours any more; `newer` is left where it is.
        """
