"""What the API of tiers, places, caps and sources takes and gives; sizes typed as 500GB, 80% or a bare number of GB."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.cache.models import Layout
from projectionist.features.cache.set_up import CapSet, PlaceSet, TierSet, place_typed
from projectionist.features.cache.sidecars import Sidecars
from projectionist.features.cache.source_choices import SourceShown
from projectionist.features.cache.tiers.setting_up import NewPlace, NewTier, SetUp

Size = Annotated[str, msgspec.Meta(max_length=40)]
Folder = Annotated[str, msgspec.Meta(max_length=4000)]
ItsId = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
ScopeName = Literal["item", "library", "account"]


class TierRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fast tier as it is wanted; rules that are empty mean nothing, the tightest of the others counts."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    root: Folder
    host_root: Folder = ""
    position: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 0
    quota: Size = ""
    usage: Size = ""
    min_free: Size = ""
    drive_size: Size = ""
    daily_writes: Size = ""
    too_hot_c: Annotated[int, msgspec.Meta(ge=0, le=120)] = 0
    copies: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1


class TierSetDocument(msgspec.Struct, frozen=True):
    """A fast tier as it is set up; `degrees_c` is null where its drive does not tell, or is not there."""

    id: int
    name: str
    root: str
    host_root: str
    position: int
    quota: str
    usage: str
    min_free: str
    drive_size: str
    daily_writes: str
    too_hot_c: int
    copies: int
    mounted: str
    is_there: bool
    degrees_c: float | None
    written_today: int


class PlaceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A slow folder of a library that is to be served by fast tiers, in order; without a `view_root` it is that one."""

    library_id: ItsId
    slow_root: Folder
    tier_ids: Annotated[list[ItsId], msgspec.Meta(min_length=1, max_length=100)]
    layout: Literal["symlink", "union"] = "symlink"
    view_root: Folder = ""
    host_root: Folder = ""
    sidecars: Literal["all", "subtitles", "none"] = "subtitles"
    arr_owned: bool = False


class ViewDocument(msgspec.Struct, frozen=True):
    """By which path somebody sees the folder: server, local, slow, fast or host; empty where nobody knows it."""

    whose: str
    path: str


class PlaceDocument(msgspec.Struct, frozen=True):
    """A folder that is served; `warns` where an *arr may replace the links in it."""

    id: int
    library_id: int
    library: str
    layout: str
    slow_root: str
    view_root: str
    host_root: str
    sidecars: str
    arr_owned: bool
    tier_ids: list[int]
    mounted: str
    views: list[ViewDocument]
    warns: bool


class SavedDocument(msgspec.Struct, frozen=True):
    """What was saved, and what its owner should know of it."""

    id: int
    told: list[str]


class CapRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a library, a person or an item (empty key: any one) takes at most; nothing said takes the cap away."""

    scope: ScopeName
    key: Annotated[str, msgspec.Meta(max_length=9, pattern="^[0-9]*$")] = ""
    most: Size = ""
    excluded: bool = False


class CapDocument(msgspec.Struct, frozen=True):
    """A cap as it was typed."""

    scope: str
    key: str
    name: str
    most: str
    excluded: bool


class SourceAnswerDocument(msgspec.Struct, frozen=True):
    """When a source answered last for a server and a person, and since when and why it does not."""

    server: str
    account: str
    answered_at: datetime | None
    failing_since: datetime | None
    reason: str


class SourceDocument(msgspec.Struct, frozen=True):
    """A source of wishes; `everybody` is null where nobody chose, so that `standard` counts."""

    source: str
    standard: bool
    everybody: bool | None
    accounts: dict[str, bool]
    answers: list[SourceAnswerDocument]


class ChoiceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Switch a source on or off; null takes the choice back. Account 0 is everybody without a choice of their own."""

    counts: bool | None
    account_id: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0


def new_tier(data: TierRequest) -> NewTier:
    """What the service wants."""
    return NewTier(**msgspec.structs.asdict(data))


def new_place(data: PlaceRequest) -> NewPlace:
    """What the service wants."""
    return NewPlace(
        library_id=data.library_id,
        slow_root=data.slow_root,
        tier_ids=tuple(data.tier_ids),
        layout=Layout(data.layout),
        view_root=data.view_root,
        host_root=data.host_root,
        sidecars=Sidecars(data.sidecars),
        arr_owned=data.arr_owned,
    )


def tier_document(one: TierSet) -> TierSetDocument:
    """A tier as the API gives it."""
    typed = one.typed
    return TierSetDocument(
        id=one.tier.id,
        name=typed.name,
        root=typed.root,
        host_root=typed.host_root,
        position=typed.position,
        quota=typed.quota,
        usage=typed.usage,
        min_free=typed.min_free,
        drive_size=typed.drive_size,
        daily_writes=typed.daily_writes,
        too_hot_c=typed.too_hot_c,
        copies=typed.copies,
        mounted=one.mounted,
        is_there=one.now.room is not None,
        degrees_c=one.degrees,
        written_today=one.written,
    )


def place_document(one: PlaceSet) -> PlaceDocument:
    """A place as the API gives it."""
    typed = place_typed(one.place)
    return PlaceDocument(
        id=one.place.id,
        library_id=typed.library_id,
        library="" if one.library is None else one.library.title,
        layout=str(typed.layout),
        slow_root=typed.slow_root,
        view_root=str(one.place.view_root),
        host_root=typed.host_root,
        sidecars=str(typed.sidecars),
        arr_owned=typed.arr_owned,
        tier_ids=list(typed.tier_ids),
        mounted=one.mounted,
        views=[ViewDocument(view.whose, view.path) for view in one.views],
        warns=one.warns,
    )


def saved_document(one: SetUp) -> SavedDocument:
    """What was saved."""
    return SavedDocument(one.id, list(one.told))


def cap_document(one: CapSet) -> CapDocument:
    """A cap as the API gives it."""
    return CapDocument(one.scope, one.key, one.name, one.most, one.excluded)


def source_document(one: SourceShown) -> SourceDocument:
    """A source as the API gives it."""
    return SourceDocument(
        source=one.source,
        standard=one.standard,
        everybody=one.everybody,
        accounts={str(key): counts for key, counts in one.accounts.items()},
        answers=[
            SourceAnswerDocument(
                answer.server, answer.account, answer.answered_at, answer.failing_since, answer.reason
            )
            for answer in one.answers
        ],
    )
