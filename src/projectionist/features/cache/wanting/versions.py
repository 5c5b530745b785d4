"""Which version of an item is meant where there are several; one that the server made itself never is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from projectionist.features.library.service import FileFacts

UHD, FULL_HD, HD, SD = 2160, 1080, 720, 480


class Preference(StrEnum):
    """Which version is pinned."""

    HIGHEST = "highest"
    LOWEST = "lowest"
    UHD = "4k"
    FULL_HD = "1080p"
    HD = "720p"
    FIRST = "first"


def preferred(files: Sequence[FileFacts], preference: Preference) -> Sequence[FileFacts]:
    """The files of the version that a pin means: where none is of that size, the next smaller, else the smallest.

    The highest is that of the most lines, then of the most bits a second, then of the most bytes.
    """
    versions = _versions(files)
    if not versions or preference is Preference.FIRST:
        return versions[0] if versions else ()
    if preference is Preference.HIGHEST:
        return max(versions, key=_rank)
    if preference is Preference.LOWEST:
        return min(versions, key=_rank)
    most = {Preference.UHD: UHD, Preference.FULL_HD: FULL_HD, Preference.HD: HD}[preference]
    fitting = [version for version in versions if shelf(version[0]) <= most]
    return max(fitting, key=_rank) if fitting else min(versions, key=_rank)


def nearest(files: Sequence[FileFacts], height: int | None) -> Sequence[FileFacts]:
    """The files of the version nearest to a height; of the first where nobody knows one."""
    versions = _versions(files)
    if not versions:
        return ()
    if height is None:
        return versions[0]
    wanted = height
    return min(versions, key=lambda version: abs(version[0].height - wanted))


def offers_choice(files: Sequence[FileFacts]) -> bool:
    """Whether there are versions of different heights."""
    return len({version[0].height for version in _versions(files)}) > 1


def shelf(file: FileFacts) -> int:
    """The size that people call a version by, though a wide film has fewer lines: 2160, 1080, 720 or 480."""
    sizes: Mapping[int, Callable[[FileFacts], bool]] = {
        UHD: lambda one: one.height > 1440 or one.width > 2560,
        FULL_HD: lambda one: one.height > 720 or one.width > 1280,
        HD: lambda one: one.height > 576 or one.width > 1024,
    }
    return next((size for size, holds in sizes.items() if holds(file)), SD)


def _rank(version: Sequence[FileFacts]) -> tuple[int, int, int, int]:
    first = version[0]
    return shelf(first), first.height, first.bitrate_kbps, sum(one.size for one in version)


def _versions(files: Sequence[FileFacts]) -> list[Sequence[FileFacts]]:
    found: dict[int, list[FileFacts]] = {}
    for one in files:
        if not one.optimized:
            found.setdefault(one.version, []).append(one)
    return [found[place] for place in sorted(found)]
