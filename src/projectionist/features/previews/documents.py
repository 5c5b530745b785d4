"""What the API of previews takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from projectionist.features.previews.choices import FIELDS, Choices
from projectionist.features.previews.inspecting import Inspection
from projectionist.features.previews.models import Preview
from projectionist.features.previews.queries import Filter
from projectionist.features.previews.showing import Strip
from projectionist.features.previews.upkeep import Coverage, LibraryChoices, Rate, Redo

StateName = Literal[
    "unknown", "missing", "waiting", "queued", "making", "fresh", "stale", "failed", "excluded"
]
PlaceName = Literal["plex", "emby", "jellyfin", "folder"]
ModeName = Literal["auto", "keyframe", "exact"]
SortName = Literal[
    "title",
    "-title",
    "state",
    "-state",
    "made_at",
    "-made_at",
    "bytes",
    "-bytes",
    "frames",
    "-frames",
    "part_id",
    "-part_id",
]


class TargetDocument(msgspec.Struct, frozen=True):
    """One of the places where a preview is; `size` in bytes."""

    place: str
    format: str
    path: str
    size: int


class PreviewDocument(msgspec.Struct, frozen=True):
    """The preview of one part. `reason` says why it is as it is, `seconds` how long the last making took."""

    part_id: int
    library_id: int
    item_id: int
    title: str
    path: str
    state: StateName
    reason: str
    error_code: str
    attempts: int
    retry_at: datetime | None
    checked_at: datetime | None
    made_at: datetime | None
    interval_ms: int
    width: int
    quality: int
    frames: int
    bytes: int
    film_bytes: int
    duration_ms: int
    seconds: float
    targets: list[TargetDocument]


class CoverageDocument(msgspec.Struct, frozen=True):
    """How the previews of a library stand: `fresh` of `wanted`, and how many are in each state."""

    library_id: int
    title: str
    enabled: bool
    parts: int
    wanted: int
    fresh: int
    share: float | None
    bytes: int
    states: dict[str, int]


class ReasonDocument(msgspec.Struct, frozen=True):
    """Why previews are in a state, with one of the sentences, and of how many that is so."""

    code: str
    example: str
    count: int


class RateDocument(msgspec.Struct, frozen=True):
    """What was made since; `speed` is seconds of film per second of work."""

    since: datetime
    made: int
    failed: int
    film_seconds: float
    work_seconds: float
    bytes_read: int
    speed: float | None


class ChoicesDocument(msgspec.Struct, frozen=True):
    """What is wanted. No places means what suits the server."""

    enabled: bool
    places: list[PlaceName]
    interval_ms: int
    width: int
    quality: int
    mode: ModeName
    folder: str
    left_out: str


class OwnChoicesDocument(msgspec.Struct, frozen=True):
    """What one library wants otherwise; null where the default holds."""

    enabled: bool | None
    places: list[PlaceName] | None
    interval_ms: int | None
    width: int | None
    quality: int | None
    mode: ModeName | None
    folder: str | None
    left_out: str | None


class LibraryChoicesDocument(msgspec.Struct, frozen=True):
    """A library's own choices, the default, and what comes of both."""

    own: OwnChoicesDocument
    default: ChoicesDocument
    effective: ChoicesDocument


class ChoicesChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change; what is absent stays, and null leaves a field to the default."""

    enabled: bool | UnsetType | None = UNSET
    places: list[PlaceName] | UnsetType | None = UNSET
    interval_ms: int | UnsetType | None = UNSET
    width: int | UnsetType | None = UNSET
    quality: int | UnsetType | None = UNSET
    mode: ModeName | UnsetType | None = UNSET
    folder: str | UnsetType | None = UNSET
    left_out: str | UnsetType | None = UNSET


class RedoDocument(msgspec.Struct, frozen=True):
    """What a change makes anew: previews, in which libraries, and how many seconds of film that is."""

    previews: int
    film_seconds: float
    libraries: list[str]


Id: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
"""What a database can have kept something by."""


class MakeRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which previews to make now: these parts, or all of a library or in these states.

    `again` makes those anew that are fresh.
    """

    part_ids: list[Id] = []
    library_id: Id | None = None
    states: list[StateName] = []
    text: str = ""
    again: bool = False


class AskedDocument(msgspec.Struct, frozen=True):
    """For how many files jobs were asked for."""

    files: int


class CheckDocument(msgspec.Struct, frozen=True):
    """The job that looks through a library; null where it holds no films."""

    job_id: str | None
    created: bool


class StripDocument(msgspec.Struct, frozen=True):
    """The pictures of a preview: put a number from 0 into `url_template`. Interval 0 means that nothing tells it."""

    count: int
    interval_ms: int
    width: int
    height: int
    url_template: str


class InspectionDocument(msgspec.Struct, frozen=True):
    """What a preview of any maker is and holds; no problems means that it is whole."""

    path: str
    kind: str | None
    size: int
    count: int | None
    count_is_guess: bool
    interval_ms: int | None
    steady: bool
    sizes: list[tuple[int, int]]
    record: dict[str, Any] | None
    problems: list[str]


def preview_document(row: Preview) -> PreviewDocument:
    """A preview, for the API and for exports."""
    names = ("part_id", "library_id", "item_id", "title", "state", "reason", "error_code", "attempts")
    moments = ("retry_at", "checked_at", "made_at")
    figures = ("interval_ms", "width", "quality", "frames", "bytes", "duration_ms", "seconds")
    return PreviewDocument(
        **{name: getattr(row, name) for name in (*names, *moments, *figures)},
        path=row.server_path,
        film_bytes=row.film_size,
        targets=[
            TargetDocument(one["place"], one["format"], one["path"], one["size"]) for one in row.targets
        ],
    )


def coverage_document(one: Coverage) -> CoverageDocument:
    """How the previews of a library stand."""
    return CoverageDocument(
        one.library.id,
        one.library.title,
        one.choices.enabled,
        one.parts,
        one.wanted,
        one.fresh,
        one.share,
        one.bytes,
        dict(one.states),
    )


def rate_document(rate: Rate) -> RateDocument:
    """What was made lately."""
    return RateDocument(**asdict(rate), speed=rate.speed)


def choices_document(choices: Choices) -> ChoicesDocument:
    """Choices with nothing left open."""
    return ChoicesDocument(**_plain({name: getattr(choices, name) for name in FIELDS}))


def library_choices_document(found: LibraryChoices) -> LibraryChoicesDocument:
    """What a library wants."""
    return LibraryChoicesDocument(
        OwnChoicesDocument(**_plain(found.own)),
        choices_document(found.default),
        choices_document(found.effective),
    )


def redo_document(redo: Redo) -> RedoDocument:
    """What a change makes anew."""
    return RedoDocument(redo.previews, redo.film_seconds, list(redo.libraries))


def changes_of(change: ChoicesChange) -> dict[str, Any]:
    """The fields that are to be changed."""
    return {name: value for name in FIELDS if (value := getattr(change, name)) is not UNSET}


def filter_of(wanted: MakeRequest) -> Filter:
    """Which previews a request means."""
    return Filter(
        library_id=wanted.library_id,
        states=tuple(wanted.states),
        text=wanted.text,
        part_ids=tuple(wanted.part_ids),
    )


def strip_document(strip: Strip, url_template: str) -> StripDocument:
    """The pictures of a preview."""
    return StripDocument(strip.count, strip.interval_ms, strip.width, strip.height, url_template)


def inspection_document(seen: Inspection) -> InspectionDocument:
    """What a preview is and holds."""
    return InspectionDocument(
        str(seen.path),
        str(seen.kind) if seen.kind else None,
        seen.size,
        seen.count,
        seen.count_is_guess,
        seen.interval_ms,
        seen.steady,
        list(seen.sizes),
        asdict(seen.record) if seen.record else None,
        list(seen.problems),
    )


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: [str(one) for one in value] if isinstance(value, tuple) else value
        for name, value in values.items()
    }
