"""What the owner of a disk should know of a tier or a place that was saved, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from projectionist.features.cache.models import Layout
from projectionist.features.cache.tiers.mounts import Mount, mount_of
from projectionist.features.cache.tiers.places import FastTier
from projectionist.features.cache.tiers.temperature import temperature_of


def of_tier(
    root: Path, too_hot_c: int, others: Sequence[FastTier], mounts: Sequence[Mount]
) -> tuple[str, ...]:
    """What is mounted there, and what that means."""
    return tuple(_of_tier(root, too_hot_c, others, mount_of(root, mounts)))


def of_place(
    layout: Layout,
    slow: Path,
    view: Path,
    tiers: Sequence[FastTier],
    mounts: Sequence[Mount],
    *,
    arr_owned: bool,
) -> tuple[str, ...]:
    """What is mounted at the slow folder and where players see it, and what that means."""
    told = [
        f"{path} is {mount.in_words()}."
        for path in dict.fromkeys((slow, view))
        if (mount := mount_of(path, mounts)) is not None
    ]
    told += [
        f"{slow} and {tier.root} are on one file system: nothing is gained by moving files there."
        for tier in tiers
        if _is_one_system(slow, tier.root)
    ]
    union, shown = _is_union(slow, mounts), _is_union(view, mounts)
    if layout is Layout.SYMLINK and union:
        told.append(
            f"{slow} is a union: some of its files may be on a fast branch already. Name the slow branch itself, "
            "and choose the union layout."
        )
    if layout is Layout.UNION and union:
        told.append(f"{slow} is a union itself; name the branch on the slow disk.")
    if layout is Layout.UNION and not shown:
        told.append(f"{view} is no union that is known by name; it behaved like one when it was tried.")
    if arr_owned and layout is Layout.SYMLINK:
        told.append(
            "Sonarr, Radarr and the like may take a link for a missing file, or replace it; with a union "
            "(mergerfs, Unraid) they see a plain file."
        )
    return tuple(told)


def _of_tier(root: Path, too_hot_c: int, others: Sequence[FastTier], mount: Mount | None) -> Iterator[str]:
    if mount is not None:
        yield f"{root} is {mount.in_words()}."
        if mount.is_afar:
            yield "It comes over the network, which is seldom faster than a disk of this machine."
        if mount.is_fleeting:
            yield "It is in memory: what is on it is gone when the machine starts anew."
        if mount.is_union:
            yield "It is a union, whose files may lie on a slow disk; name the folder on the fast disk itself."
    if too_hot_c and temperature_of(root) is None:
        yield f"Nobody tells how warm its drive is, so it is never found to be at {too_hot_c} °C."
    for tier in others:
        if _is_one_system(root, tier.root):
            yield f"It shares its drive with {tier.name}: what is free there counts for both."


def _is_union(path: Path, mounts: Sequence[Mount]) -> bool:
    mount = mount_of(path, mounts)
    return mount is not None and mount.is_union


def _is_one_system(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_dev == other.stat().st_dev
    except OSError:
        return False
