"""What a plan has to know of disks, folders and caps, whoever tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol


class Tier(Protocol):
    """A fast tier."""

    @property
    def id(self) -> int:
        """Its number."""

    @property
    def name(self) -> str:
        """What people call it."""


class Room(Protocol):
    """What a tier may hold of ours, in bytes, by the tightest of its rules, and what it holds."""

    @property
    def tier(self) -> Tier:
        """Of which."""

    @property
    def limit(self) -> int:
        """What may be there."""

    @property
    def ours(self) -> int:
        """What is there."""


class Place(Protocol):
    """A folder of a library whose files may be cached."""

    @property
    def library_id(self) -> int:
        """Whose files they are."""

    @property
    def slow_root(self) -> Path:
        """Where the originals are."""

    @property
    def view_root(self) -> Path:
        """Where players see them."""

    @property
    def tiers(self) -> Sequence[Tier]:
        """The tiers that serve it, the first to be filled first."""


class Cap(Protocol):
    """What something may take at most, None where it may take all, or that it takes nothing."""

    @property
    def most(self) -> int | None:
        """In bytes."""

    @property
    def excluded(self) -> bool:
        """Whether nothing of it is copied."""


class Limits(Protocol):
    """The caps of items, libraries and accounts, by their ids; `item_most` is that of any one item."""

    @property
    def item_most(self) -> int | None:
        """In bytes."""

    @property
    def items(self) -> Mapping[int, Cap]:
        """Of single items."""

    @property
    def libraries(self) -> Mapping[int, Cap]:
        """Of libraries."""

    @property
    def accounts(self) -> Mapping[int, Cap]:
        """Of people."""


class Map:
    """Where paths belong: by the longest root that they lie below, compared name by name."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._by_root: dict[tuple[int | None, Path], Place] = {}
        self._found: dict[tuple[int | None, Path], tuple[Place, Path] | None] = {}
        """The place of a folder, and where that has it, once it was asked for."""
        for place in places:
            for root in (place.slow_root, place.view_root):
                self._by_root.setdefault((place.library_id, root), place)
                self._by_root.setdefault((None, root), place)

    def find(self, path: Path, library_id: int | None = None) -> tuple[Place, Path] | None:
        """The place of a path, of a library or of any, and where its original is; None where none covers it."""
        key = (library_id, path.parent)
        if key not in self._found:
            self._found[key] = self._of_folder(*key)
        found = self._found[key]
        return None if found is None else (found[0], found[1] / path.name)

    def _of_folder(self, library_id: int | None, folder: Path) -> tuple[Place, Path] | None:
        for root in (folder, *folder.parents):
            place = self._by_root.get((library_id, root))
            if place is not None:
                return place, place.slow_root / folder.relative_to(root)
        return None
