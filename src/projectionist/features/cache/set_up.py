"""What is set up on this node: fast tiers, the folders they serve with what is mounted there, and caps; for pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from projectionist.errors import InputWrong, NotFound
from projectionist.features.cache.models import Layout
from projectionist.features.cache.reading import standing
from projectionist.features.cache.reading.standing import TierNow
from projectionist.features.cache.sizes import typed_size
from projectionist.features.cache.tiers import queries
from projectionist.features.cache.tiers.mounts import Mount, mount_of, mounts_here
from projectionist.features.cache.tiers.places import FastTier, Place, base_of
from projectionist.features.cache.tiers.proving import folder_of
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier, SetUp, Setup
from projectionist.features.cache.tiers.temperature import temperature_of
from projectionist.features.cache.tiers.wrongs import Wrongs
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library.service import LibraryFacts, item_title, libraries, viewers
from projectionist.media.vocabulary import LibraryKind

_WATCHED = (LibraryKind.MOVIES, LibraryKind.SHOWS, LibraryKind.VIDEOS)


@dataclass(frozen=True, slots=True)
class TierSet:
    """A fast tier. `degrees` is None where its drive does not tell; `mounted` says in words what is there."""

    tier: FastTier
    now: TierNow
    typed: NewTier
    degrees: float | None
    written: int
    mounted: str


@dataclass(frozen=True, slots=True)
class View:
    """One way to the files of a place: whose, and by which path; empty where nobody knows it."""

    whose: str
    path: str


@dataclass(frozen=True, slots=True)
class PlaceSet:
    """A folder that is served. `mounted` says in words what is at its slow root, `warns` that links may be replaced."""

    place: Place
    library: LibraryFacts | None
    views: tuple[View, ...]
    mounted: str
    warns: bool


@dataclass(frozen=True, slots=True)
class Offer:
    """A folder of a library that is not served yet, and could be."""

    library: LibraryFacts
    folder: Path


@dataclass(frozen=True, slots=True)
class CapSet:
    """A cap as it was typed; `name` is what people call what it is for."""

    scope: str
    key: str
    name: str
    most: str
    excluded: bool


def save_tier(
    place: Workplace, wanted: NewTier, tier_id: int | None = None, wrong: Sequence[InputWrong] = ()
) -> SetUp:
    """Add a fast tier, or change one, once its folder has been tried.

    All that is wrong is told at once, with what was found `wrong` before.
    Raises InputWrong, NotFound, Conflict, TargetFull, DatabaseUnusable.
    """
    wrongs = Wrongs(wrong)
    with wrongs.gathered():
        _prove_outside(place, folder_of(wanted.root, "root"))
    return _setup(place).save_tier(wanted, tier_id, wrongs.found)


def _prove_outside(place: Workplace, root: Path) -> None:
    """Raises InputWrong where a tier would lie in a folder that a server reads."""
    for library in libraries(place.database):
        around = next((one for one in _folders_of(place, library) if root.is_relative_to(one)), None)
        if around is not None:
            raise InputWrong(
                f"{root} lies in {around}, a folder of the library {library.title}, whose server would list every copy "
                "as a second version. Choose a folder outside of it.",
                "root",
            )


def remove_tier(place: Workplace, tier_id: int) -> None:
    """Use a tier no more. Raises NotFound, and Conflict while files of ours are on it."""
    _setup(place).remove_tier(tier_id)


def save_place(place: Workplace, wanted: NewPlace, place_id: int | None = None) -> SetUp:
    """Have a folder of a library served, or change how, once that has been proved on the disks.

    Raises InputWrong, NotFound, Conflict, TargetFull, DatabaseUnusable.
    """
    roots = [folder_of(wanted.slow_root, "slow_root")]
    roots += [Path(one) for one in (wanted.slow_root.strip(), wanted.view_root.strip()) if one]
    for library in libraries(place.database):
        folders = _folders_of(place, library) if library.id == wanted.library_id else ()
        if folders and not any(_meet(root, one) for root in roots for one in folders):
            known = ", ".join(str(one) for one in folders)
            raise InputWrong(
                f"Nothing of {library.title} is known to lie there, but in {known}. Name a folder of these, or correct "
                "the path mapping of its server.",
                "slow_root",
            )
    return _setup(place).save_place(wanted, place_id)


def remove_place(place: Workplace, place_id: int) -> None:
    """Serve a folder no more. Raises NotFound, and Conflict while files of it are on a fast tier."""
    _setup(place).remove_place(place_id)


def save_cap(place: Workplace, scope: str, key: str, most: str, *, excluded: bool) -> None:
    """Say what a library, a person or an item takes at most; nothing said takes the cap away.

    Raises InputWrong, also where a cap would be for nothing that is known.
    """
    if (most.strip() or excluded) and not _is_known(place, scope, key):
        raise InputWrong("There is no such library, person or item, so nothing was limited.", "scope")
    _setup(place).save_cap(scope, key, most, excluded=excluded)


def tiers_named(place: Workplace) -> Sequence[FastTier]:
    """The fast tiers, the first to be filled first; no drive is asked. Raises DatabaseUnusable."""
    return _setup(place).tiers()


def tiers_set(
    place: Workplace, temperature: Callable[[Path], float | None] = temperature_of
) -> Sequence[TierSet]:
    """The fast tiers, the first to be filled first. Raises DatabaseUnusable."""
    now = {one.id: one for one in standing.tiers_now(place)}
    mounts, today = mounts_here(), place.clock.now().date()
    tiers = tiers_named(place)
    with place.database.read() as session:
        written = {tier.id: queries.written(session, tier.id, today) for tier in tiers}
    return [
        TierSet(
            tier,
            now[tier.id],
            _typed(tier),
            temperature(tier.root) if now[tier.id].room is not None else None,
            written[tier.id],
            _in_words(tier.root, mounts),
        )
        for tier in tiers
        if tier.id in now
    ]


def tier_set(place: Workplace, tier_id: int) -> TierSet:
    """One of them. Raises NotFound."""
    for one in tiers_set(place):
        if one.tier.id == tier_id:
            return one
    raise NotFound("There is no such fast tier on this machine.")


def places_set(place: Workplace) -> Sequence[PlaceSet]:
    """The folders that are served; no slow disk is looked at. Raises DatabaseUnusable."""
    known = {one.id: one for one in libraries(place.database)}
    mounts = mounts_here()
    return [_place_set(place, one, known, mounts) for one in _setup(place).places()]


def offers(place: Workplace) -> Sequence[Offer]:
    """The folders of libraries that nothing serves yet; no disk is looked at. Raises DatabaseUnusable."""
    served = [
        (one.library_id, root) for one in _setup(place).places() for root in (one.slow_root, one.view_root)
    ]
    return [
        Offer(library, folder)
        for library in libraries(place.database)
        if library.enabled and library.kind in _WATCHED and library.missing_since is None
        for folder in dict.fromkeys(_folders_of(place, library))
        if not any(library.id == of and _meet(folder, root) for of, root in served)
    ]


def place_set(place: Workplace, place_id: int) -> PlaceSet:
    """One of them. Raises NotFound."""
    for one in places_set(place):
        if one.place.id == place_id:
            return one
    raise NotFound("There is no such folder in the cache.")


def caps_set(place: Workplace) -> Sequence[CapSet]:
    """Every cap, that of any one item first. Raises DatabaseUnusable."""
    titles = {str(one.id): one.title for one in libraries(place.database)}
    people = {str(one.id): one.name for one in viewers(place.database)}
    names: Mapping[str, Mapping[str, str]] = {"library": titles, "account": people}
    with place.database.read() as session:
        rows = [(row.scope, row.key, row.most, row.excluded) for row in queries.caps(session)]
    found = [
        CapSet(scope, key, names.get(scope, {}).get(key, ""), most, excluded)
        for scope, key, most, excluded in rows
    ]
    return sorted(found, key=lambda one: (one.scope != "item" or one.key != "", one.scope, one.name, one.key))


def place_typed(place: Place) -> NewPlace:
    """A place as somebody would type it."""
    return NewPlace(
        library_id=place.library_id,
        slow_root=str(place.slow_root),
        tier_ids=tuple(tier.id for tier in place.tiers),
        layout=place.layout,
        view_root="" if place.view_root == place.slow_root else str(place.view_root),
        host_root=place.host_root,
        sidecars=place.sidecars,
        arr_owned=place.arr_owned,
    )


def _setup(place: Workplace) -> Setup:
    return Setup(place.database, place.node, own=place.own)


def _folders_of(place: Workplace, library: LibraryFacts) -> Sequence[Path]:
    """Where this node has the folders of a library, as far as it knows."""
    known = (place.servers.known_path(library.server_id, one) for one in library.locations)
    return [Path(one) for one in known if one is not None]


def _meet(one: Path, other: Path) -> bool:
    return one.is_relative_to(other) or other.is_relative_to(one)


def _is_known(place: Workplace, scope: str, key: str) -> bool:
    """Whether there is what a cap is for; a scope or key that is none is refused where the cap is saved."""
    if not (key.isascii() and key.isdigit()):
        return True
    if scope == "library":
        return int(key) in {one.id for one in libraries(place.database)}
    if scope == "account":
        return int(key) in {one.id for one in viewers(place.database)}
    try:
        item_title(place.database, int(key))
    except NotFound:
        return False
    return True


def _typed(tier: FastTier) -> NewTier:
    rules = tier.rules
    return NewTier(
        name=tier.name,
        root=str(tier.root),
        host_root=tier.host_root,
        position=tier.position,
        quota=rules.quota.typed() if rules.quota else "",
        usage=rules.usage.typed() if rules.usage else "",
        min_free=rules.min_free.typed() if rules.min_free else "",
        drive_size=typed_size(rules.drive_size) if rules.drive_size else "",
        daily_writes=typed_size(tier.daily_writes) if tier.daily_writes else "",
        too_hot_c=tier.too_hot_c or 0,
        copies=tier.copies,
    )


def _place_set(
    place: Workplace, one: Place, known: Mapping[int, LibraryFacts], mounts: Sequence[Mount]
) -> PlaceSet:
    library = known.get(one.library_id)
    said = place.servers.server_paths(library.server_id, one.view_root) if library is not None else ()
    fast = [base_of(one.layout, one.slow_root, one.view_root, tier.root) for tier in one.tiers]
    views = (
        *(View("server", str(path)) for path in said or ("",)),
        View("local", str(one.view_root)),
        View("slow", str(one.slow_root)),
        *(View("fast", str(path)) for path in fast),
        View("host", one.host_root or str(one.view_root)),
    )
    warns = one.arr_owned and one.layout is Layout.SYMLINK
    return PlaceSet(one, library, views, _in_words(one.slow_root, mounts), warns)


def _in_words(path: Path, mounts: Sequence[Mount]) -> str:
    mount = mount_of(path, mounts)
    return "" if mount is None else mount.in_words()
