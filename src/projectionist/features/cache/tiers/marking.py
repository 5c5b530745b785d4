"""Which folders are tiers: each holds a file that says so, and is mounted for as long as that is seen."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.cache.spots import TIER, is_mounted
from projectionist.kit.files import publish_file

_TEXT = (
    b"This folder is a tier of Projectionist's cache. Where it is not seen, the disk counts as not mounted.\n"
)


def mark_tier(root: Path) -> None:
    """Say that a folder, whose disk is mounted now, is a tier; said already is said well.

    Raises TargetFull and TargetUnwritable.
    """
    if not is_mounted(root):
        publish_file(root / TIER, lambda file: file.writelines([_TEXT]))
