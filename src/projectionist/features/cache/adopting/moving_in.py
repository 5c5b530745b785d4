"""Moving in from PlexCache-D and Cacherr: what would become of every file first, and then, if wanted, that it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from projectionist.errors import ProjectionistError
from projectionist.features.cache.adopting.backups import is_backup, originals_of
from projectionist.features.cache.adopting.noting import take_over_noted
from projectionist.features.cache.adopting.rivals import Mapped, Rival
from projectionist.features.cache.adopting.taking_over import (
    Taken,
    TakenOver,
    expected,
    left,
    pair_of,
)
from projectionist.features.cache.mending import moves
from projectionist.features.cache.mending.grounds import Care, Ground, grounds_of
from projectionist.features.cache.mending.known import known
from projectionist.features.cache.mending.walking import Check, folders
from projectionist.features.cache.models import Layout
from projectionist.features.cache.spots import is_mounted, status

_USER, _SLOW = "/mnt/user/", "/mnt/user0/"
"""Unraid's shares with the fast pools and without them."""

Progress = Callable[[int, int, str], None]
"""Told how many backups are done, of how many, and which comes next; often. What it raises ends the work."""


@dataclass(frozen=True, slots=True)
class SuggestedTier:
    """A fast tier as another program used it; the limits are as they were typed there."""

    root: str
    host_root: str
    quota: str = ""
    usage: str = ""
    min_free: str = ""
    drive_size: str = ""
    copies: str = ""


@dataclass(frozen=True, slots=True)
class SuggestedPlace:
    """A folder whose files another program cached, and how a path leads to a copy there."""

    name: str
    layout: Layout
    slow_root: str
    view_root: str
    tier_root: str


@dataclass(frozen=True, slots=True)
class Adoptable:
    """What there is to move in with: settings to take over, and what would become of each file."""

    rivals: tuple[Rival, ...]
    tiers: tuple[SuggestedTier, ...]
    places: tuple[SuggestedPlace, ...]
    files: tuple[TakenOver, ...]


def look_over(care: Care, rivals: Sequence[Rival], check: Check) -> Adoptable:
    """See what would become of every file, by names, sizes and times; nothing is read, and nothing changed.

    Raises DatabaseUnusable and what `check` raises.
    """
    files: list[TakenOver] = []
    for root in sorted({one.slow_root for one in grounds_of(care.places)}):
        files += _backups_below(root, check, partial(_foresee, care))
    files += _without_backup(care, rivals, {one.path for one in files if one.path is not None})
    return Adoptable(
        tuple(rivals),
        suggested_tiers(rivals),
        suggested_places(rivals),
        tuple(files),
    )


def suggested_tiers(rivals: Sequence[Rival]) -> tuple[SuggestedTier, ...]:
    """The fast tiers that other programs used, each once."""
    return tuple(dict.fromkeys(_tier(rival, one) for rival in rivals for one in rival.mappings if one.fast))


def suggested_places(rivals: Sequence[Rival]) -> tuple[SuggestedPlace, ...]:
    """The folders whose files other programs cached."""
    return tuple(_place(rival, one) for rival in rivals for one in rival.mappings if one.fast)


def adopt(
    care: Care, adoptable: Adoptable, progress: Progress = lambda _done, _total, _now: None
) -> Iterator[TakenOver]:
    """Take over, one after the other, what lies before `look_over`; each is compared byte for byte before.

    What fails is told with its reason. Raises DatabaseUnusable, and what `progress` raises.
    """
    wanted = [one for one in adoptable.files if one.taken is not Taken.LEFT_ALONE]
    for done, one in enumerate(wanted):
        check = partial(progress, done, len(wanted), one.backup.name)
        check()
        try:
            yield take_over_noted(care, one.backup, check)
        except (OSError, ProjectionistError) as error:
            if not isinstance(error, OSError) and error.code in _NOT_OF_THE_FILE:
                raise
            reason = error.message if isinstance(error, ProjectionistError) else str(error)
            yield replace(one, taken=Taken.FAILED, why=reason)
    yield from _tidied(care)


_NOT_OF_THE_FILE = ("cancelled", "database_unusable")


def _foresee(care: Care, backup: Path) -> TakenOver:
    found = pair_of(care, backup)
    return found if isinstance(found, TakenOver) else expected(found)


def _backups_below(root: Path, check: Check, tell: Callable[[Path], TakenOver]) -> list[TakenOver]:
    if not is_mounted(root):
        return [left(root, None, f"{root} is not mounted.")]
    found: list[TakenOver] = []
    try:
        for folder in folders(root, check):
            found += [tell(Path(folder.path) / name) for name in sorted(folder.files) if is_backup(name)]
    except OSError as error:
        reason = f"Could not look below {root}: {error.filename or root} cannot be read ({error.strerror})."
        return [left(root, None, reason)]
    return found


def _without_backup(care: Care, rivals: Sequence[Rival], backed: set[Path]) -> Iterator[TakenOver]:
    """The files that are said to be cached, and have no original set aside."""
    grounds, cached = grounds_of(care.places), known(care.database, care.node).paths
    for rival in rivals:
        for said in sorted(rival.tracked):
            path = _path_of(rival, said, grounds)
            if path is None:
                yield left(Path(said), None, "No place of the cache has it: set up the place first.")
            elif path not in backed and str(path) not in cached:
                yield left(
                    Path(said), path, "No original of it is set aside: it stays as it is, and is not ours."
                )


def _path_of(rival: Rival, said: str, grounds: Sequence[Ground]) -> Path | None:
    """The path on the slow disk of a file that is said to be cached."""
    for mapped in rival.mappings:
        for view in (mapped.fast, mapped.host, mapped.real, mapped.server):
            if view and said.startswith(f"{view}/"):
                for ground in grounds:
                    if str(ground.view_root) == mapped.real or str(ground.slow_root) in _slow(mapped.real):
                        return ground.slow_root / said[len(view) + 1 :]
    for ground in grounds:
        for view in (str(ground.base), ground.host_base, str(ground.slow_root), str(ground.view_root)):
            if said.startswith(f"{view}/"):
                return ground.slow_root / said[len(view) + 1 :]
    return None


def _slow(real: str) -> tuple[str, ...]:
    """Where the originals of a folder are: on Unraid beside the share that shows the pools too."""
    if f"{real}/".startswith(_USER):
        return (f"{_SLOW}{real[len(_USER) :]}".rstrip("/"), real)
    return (real,)


def _tier(rival: Rival, mapped: Mapped) -> SuggestedTier:
    limits = rival.limits
    return SuggestedTier(
        mapped.fast,
        mapped.host if mapped.host != mapped.fast else "",
        limits.get("quota", ""),
        limits.get("usage", ""),
        limits.get("min_free", ""),
        limits.get("drive_size", ""),
        rival.habits.get("copies", ""),
    )


def _place(rival: Rival, mapped: Mapped) -> SuggestedPlace:
    layout = Layout.SYMLINK if rival.links else Layout.UNION
    slow = mapped.real if rival.links else _slow(mapped.real)[0]
    return SuggestedPlace(mapped.name, layout, slow, mapped.real, mapped.fast)


def _tidied(care: Care) -> Iterator[TakenOver]:
    """Links that a taking over, cut short, left under the name of the backup that it put back; they rest."""
    for ground in grounds_of(care.places):
        if ground.layout is not Layout.SYMLINK or not is_mounted(ground.slow_root):
            continue
        for folder in folders(ground.slow_root, lambda: None):
            for name in folder.links:
                link = Path(folder.path) / name
                path = link.with_name(originals_of(name)[0]) if is_backup(name) else None
                if path is None or not moves.is_plain(path) or status(link) is None:
                    continue
                if ground.led_to(folder.path, str(link.readlink())) is not None:
                    moves.rest_file(care.desk, ground.spot(path), link, ground.slow_root, "left_over")
                    yield TakenOver(link, path, Taken.RESTED, "It was a link left over.")
