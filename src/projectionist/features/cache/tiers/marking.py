"""Which folders are tiers: each holds a file that says so, and is mounted for as long as that is seen there."""

from __future__ import annotations

from pathlib import Path

from projectionist.features.cache.spots import TIER, is_mounted, root_mark
from projectionist.kit.files import explained, publish_file

_TEXT = (
    b"This folder is a tier of Projectionist's cache. Where it is not seen, the disk counts as not mounted. What "
    b"follows stands for each place where it is mounted:\n"
)


def mark_tier(root: Path) -> None:
    """Say that a folder, whose disk is mounted now, is a tier here; said already is said well.

    Other places, where the same disk is mounted on other machines, stay in what is said. Raises TargetFull and
    TargetUnwritable.
    """
    if is_mounted(root):
        return
    with explained(root / TIER):
        try:
            said = (root / TIER).read_bytes()
        except FileNotFoundError:
            said = _TEXT
    publish_file(root / TIER, lambda file: file.writelines([said, root_mark(root), b"\n"]))
