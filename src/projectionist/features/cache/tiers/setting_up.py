"""Say which folders are fast, which are slow, and what may be on them; each is proved before it is saved."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.audit_log.service import Act, record
from projectionist.features.cache.models import Layout, PlaceRow, TierRow
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.tiers import proving, queries, telling
from projectionist.features.cache.tiers.marking import mark_tier
from projectionist.features.cache.tiers.mounts import Mount, mounts_here
from projectionist.features.cache.tiers.places import FastTier, Place, Places, base_of
from projectionist.features.cache.tiers.rules import amount, size_of
from projectionist.features.cache.tiers.wrongs import Wrongs
from projectionist.kit.data_folder import OwnFolder, lies_in

_MOST_COPIES = 16
_HOTTEST = 120
_SHARES = ("quota", "usage", "min_free")
_SIZES = (*_SHARES, "drive_size", "daily_writes")
_RANGES = {
    "copies": (1, _MOST_COPIES, f"Between 1 and {_MOST_COPIES} copies can be made at a time."),
    "too_hot_c": (0, _HOTTEST, f"A drive is too hot somewhere below {_HOTTEST} °C; 0 is for never."),
    "position": (0, 1000, "A tier's place in the order is between 0 and 1000."),
}
_SCOPES = ("item", "library", "account")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
"""The number of a row, spelled in the one way that is compared with others."""


@dataclass(frozen=True, slots=True)
class NewTier:
    """A fast tier as somebody wants it; sizes as they were typed."""

    name: str
    root: str
    host_root: str = ""
    position: int = 0
    quota: str = ""
    usage: str = ""
    min_free: str = ""
    drive_size: str = ""
    daily_writes: str = ""
    too_hot_c: int = 0
    copies: int = 1


@dataclass(frozen=True, slots=True)
class NewPlace:
    """A slow folder of a library as somebody wants it served; `view_root` is empty where it is the slow one."""

    library_id: int
    slow_root: str
    tier_ids: tuple[int, ...]
    layout: Layout = Layout.SYMLINK
    view_root: str = ""
    host_root: str = ""
    sidecars: Sidecars = Sidecars.SUBTITLES
    arr_owned: bool = False


@dataclass(frozen=True, slots=True)
class SetUp:
    """What was saved, and what its owner should know of it, in sentences."""

    id: int
    told: tuple[str, ...]


class Setup:
    """Tiers and places of one node. Every method raises DatabaseUnusable."""

    def __init__(
        self,
        database: Database,
        node: str,
        mounts: Callable[[], Sequence[Mount]] = mounts_here,
        own: OwnFolder | None = None,
    ) -> None:
        self._database = database
        self._node = node
        self._places = Places(database, node)
        self._mounts = mounts
        self._own = own

    def tiers(self) -> Sequence[FastTier]:
        """The fast tiers, the first to be filled first."""
        return self._places.tiers()

    def places(self) -> Sequence[Place]:
        """The folders that are served."""
        return self._places.all()

    def save_tier(
        self, wanted: NewTier, tier_id: int | None = None, wrong: Sequence[InputWrong] = ()
    ) -> SetUp:
        """Add a fast tier, or change one; its folder is marked. Raises InputWrong, NotFound, Conflict, TargetFull.

        All that is wrong is told at once, with what was found `wrong` before.
        """
        mounts, wrongs, root = self._mounts(), Wrongs(wrong), Path()
        others = [tier for tier in self._places.tiers() if tier.id != tier_id]
        with wrongs.gathered():
            root = self._tier_root(wanted.root, others, mounts)
        values = _tier_values(wanted, wrongs)
        with wrongs.gathered(), self._database.read() as session:
            self._claim(session, values["name"], tier_id)
        wrongs.tell()
        with self._database.durable() as session:
            self._claim(session, values["name"], tier_id)
            row = self._tier(session, tier_id, root)
            values["root"] = str(root)
            before = {} if tier_id is None else {field: getattr(row, field) for field in values}
            mark_tier(root)
            for field, value in values.items():
                setattr(row, field, value)
            session.add(row)
            session.flush()
            number = row.id
            record(session, Act.TIER_CHANGED, row.name, before=before, after=values)
        return SetUp(number, telling.of_tier(root, wanted.too_hot_c, others, mounts))

    def save_place(self, wanted: NewPlace, place_id: int | None = None) -> SetUp:
        """Have a library's folder served, or change how. Raises InputWrong, NotFound, Conflict, TargetFull."""
        slow, mounts = proving.folder_of(wanted.slow_root, "slow_root"), self._mounts()
        seen_as = wanted.view_root if wanted.view_root.strip() else wanted.slow_root
        view = proving.folder_of(seen_as, "view_root")
        known = self._places.tiers()
        tiers = [tier for one in dict.fromkeys(wanted.tier_ids) for tier in known if tier.id == one]
        if not tiers or len(tiers) != len(set(wanted.tier_ids)):
            raise InputWrong("Choose at least one fast tier of this machine.", "tier_ids")
        for folder, field in ((slow, "slow_root"), (view, "view_root")):
            self._refuse_own(folder, field, around=True)
            proving.prove_kept(folder, mounts, field)
            proving.prove_apart(folder, [tier.root for tier in known], field)
        proving.prove_writable(slow, "slow_root")
        for tier in tiers:
            proving.prove_layout(wanted.layout, slow, view, base_of(wanted.layout, slow, view, tier.root))
        with self._database.durable() as session:
            before = {} if place_id is None else self._said(session, self._known_place(session, place_id))
            row = self._place(session, place_id, wanted, slow, _spelled(seen_as, view))
            mark_tier(slow)
            session.add(row)
            session.flush()
            queries.serve(session, row.id, [tier.id for tier in tiers])
            session.flush()
            number = row.id
            record(session, Act.PLACE_CHANGED, str(slow), before=before, after=self._said(session, row))
        return SetUp(
            number, telling.of_place(wanted.layout, slow, view, tiers, mounts, arr_owned=wanted.arr_owned)
        )

    def remove_tier(self, tier_id: int) -> None:
        """Use a tier no more; its mark stays, for another machine may go by it. Raises NotFound, and Conflict while
        files of ours are on it.
        """
        with self._database.durable() as session:
            row = self._tier(session, tier_id, None)
            if queries.files_on(session, self._node, row.root):
                raise Conflict(f"Files are on {row.name} still; move them back first, then remove it.")
            session.delete(row)
            record(session, Act.TIER_REMOVED, row.name, before={"root": row.root, "quota": row.quota})

    def remove_place(self, place_id: int) -> None:
        """Serve a folder no more. Raises NotFound, and Conflict while files of it are on a fast tier."""
        with self._database.durable() as session:
            row = self._known_place(session, place_id)
            if queries.files_of(session, self._node, row.slow_root):
                raise Conflict(f"Files of {row.slow_root} are on a fast disk still; move them back first.")
            was = self._said(session, row)
            session.delete(row)
            record(session, Act.PLACE_REMOVED, row.slow_root, before=was)

    def save_cap(self, scope: str, key: str, most: str, *, excluded: bool) -> None:
        """Say what a library, a person or an item takes at most; nothing said, or 0, takes the cap away.

        Raises InputWrong.
        """
        is_any = (scope, key) == ("item", "")
        if scope not in _SCOPES or not (is_any or _NUMBER.fullmatch(key)):
            raise InputWrong("A cap is for a library, a person, an item, or any one item.", "scope")
        if is_any and excluded:
            raise InputWrong(
                "Nothing would be cached any more; exclude a library, a person or an item.", "excluded"
            )
        said = most.strip() if size_of(most, "most") else ""
        with self._database.durable() as session:
            caps = {(one.scope, one.key): (one.most, one.excluded) for one in queries.caps(session)}
            queries.cap(session, scope, key, said, excluded=excluded)
            was = dict(zip(("most", "excluded"), caps.get((scope, key), ("", False)), strict=True))
            after = {"most": said, "excluded": excluded}
            record(session, Act.LIMIT_CHANGED, f"{scope} {key}".strip(), before=was, after=after)

    def _said(self, session: Session, row: PlaceRow) -> dict[str, str | int | bool | list[int]]:
        """What the audit log is told of a place."""
        serve = queries.tiers_of_places(session, self._node)
        return {
            "library_id": row.library_id,
            "slow_root": row.slow_root,
            "view_root": row.view_root,
            "host_root": row.host_root,
            "layout": row.layout,
            "sidecars": row.sidecars,
            "arr_owned": row.arr_owned,
            "tiers": [tier for place, tier in serve if place == row.id],
        }

    def _refuse_own(self, folder: Path, field: str, *, around: bool) -> None:
        if self._own is not None:
            self._own.refuse(folder, field, around=around)

    def _tier_root(self, text: str, others: Sequence[FastTier], mounts: Sequence[Mount]) -> Path:
        """The folder of a tier, tried on its disk. Raises InputWrong, TargetFull."""
        root = proving.folder_of(text, "root")
        self._refuse_own(
            root, "root", around=False
        )  # the one fast disk there is may hold it, beside the copies
        proving.prove_kept(root, mounts, "root")
        for other in others:
            if lies_in(root, other.root) and lies_in(other.root, root):
                raise InputWrong(f"{root} is the tier {other.name} already.", "root")
        slow = [one for place in self._places.all() for one in (place.slow_root, place.view_root)]
        proving.prove_apart(root, [*dict.fromkeys(slow), *(tier.root for tier in others)], "root")
        proving.prove_writable(root, "root")
        return root

    def _claim(self, session: Session, name: str | int, tier_id: int | None) -> None:
        """Raises InputWrong where another tier is called so."""
        if queries.tier_named(session, str(name), but=tier_id):
            raise InputWrong(f"There is a tier called {name} already.", "name")

    def _tier(self, session: Session, tier_id: int | None, root: Path | None) -> TierRow:
        if tier_id is None:
            return TierRow(node=self._node)
        row = session.get(TierRow, tier_id)
        if row is None or row.node != self._node:
            raise NotFound("There is no such fast tier on this machine.")
        moved = root is not None and row.root != str(root)
        if moved and queries.files_on(session, self._node, row.root):
            raise Conflict(f"Files are in {row.root} still; move them back before the tier moves elsewhere.")
        return row

    def _known_place(self, session: Session, place_id: int) -> PlaceRow:
        row = session.get(PlaceRow, place_id)
        if row is None or row.node != self._node:
            raise NotFound("There is no such folder in the cache.")
        return row

    def _place(
        self, session: Session, place_id: int | None, wanted: NewPlace, slow: Path, view: Path
    ) -> PlaceRow:
        row = PlaceRow(node=self._node) if place_id is None else self._known_place(session, place_id)
        if queries.place_at(session, self._node, wanted.library_id, str(slow), but=place_id):
            raise InputWrong(f"{slow} is served for this library already.", "slow_root")
        moved = (row.slow_root, row.view_root, row.layout) != (str(slow), str(view), wanted.layout.value)
        if place_id is not None and moved and queries.files_of(session, self._node, row.slow_root):
            raise Conflict(
                f"Files of {row.slow_root} are on a fast disk still; move them back before it changes."
            )
        if not queries.is_library(session, wanted.library_id):
            raise InputWrong("There is no such library.", "library_id")
        row.library_id, row.slow_root, row.view_root = wanted.library_id, str(slow), str(view)
        row.layout, row.host_root = wanted.layout.value, _host_root(wanted.host_root)
        row.sidecars, row.arr_owned = wanted.sidecars.value, wanted.arr_owned
        return row


def _spelled(text: str, resolved: Path) -> Path:
    """A folder as players' paths spell it: links in it stay, since nobody resolves those paths."""
    path = Path(text.strip())
    return resolved if ".." in path.parts else path


def _host_root(text: str) -> str:
    """Where the host sees a folder; empty where that is the same. Raises InputWrong."""
    path = Path(text.strip())
    if not text.strip():
        return ""
    if not path.is_absolute() or ".." in path.parts or not str(path).isprintable():
        raise InputWrong("Give the whole path as the host spells it, such as /mnt/cache/films.", "host_root")
    return str(path)


def _name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > 100 or not name.isprintable():
        raise InputWrong("A tier has a name of at most 100 letters.", "name")
    return name


def _tier_values(wanted: NewTier, wrongs: Wrongs) -> dict[str, str | int]:
    """What is kept of a tier beside its folder; what cannot be is gathered."""
    host = ""
    with wrongs.gathered():
        _name(wanted.name)
    with wrongs.gathered():
        host = _host_root(wanted.host_root)
    for field in _SIZES:
        with wrongs.gathered():
            read = amount if field in _SHARES else size_of
            read(getattr(wanted, field), field)
    for field, (least, most, told) in _RANGES.items():
        with wrongs.gathered():
            if not least <= getattr(wanted, field) <= most:
                raise InputWrong(told, field)
    return {
        "name": wanted.name.strip(),
        "host_root": host,
        **{field: getattr(wanted, field).strip() for field in _SIZES},
        **{field: getattr(wanted, field) for field in _RANGES},
    }
