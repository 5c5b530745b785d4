"""What the API of the cache's daily work takes and gives; sizes are in bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.cache.acting import Tally
from projectionist.features.cache.pins import Effect, Pin
from projectionist.features.cache.planning.planner import FileWhy, ItemWhy
from projectionist.features.cache.reading.films import Film
from projectionist.features.cache.reading.history import Past
from projectionist.features.cache.reading.standing import Silent, Standing, TierNow
from projectionist.features.cache.showing import CopyLine, KeptLine, PlanShown, RefusedLine, ReturnLine
from projectionist.features.cache.wanting.wants import Term
from projectionist.jobs.ports import Job, Ordered

KindName = Literal["cache_in", "move_back", "repair", "take_over", "take_back", "let_go"]
ResultName = Literal["moved", "failed", "unchanged"]
RuleName = Literal["quota", "usage", "min_free", "drive"]
VersionName = Literal["highest", "lowest", "4k", "1080p", "720p", "first"]
FileSort = Literal["since", "-since", "title", "-title", "size", "-size", "tier", "-tier"]
MoveSort = Literal["at", "-at", "title", "-title", "size", "-size", "took", "-took"]


class TierDocument(msgspec.Struct, frozen=True):
    """A fast tier: what it holds of ours and may hold, by `rule`, the tightest.

    All but `films` and `held` are null where its drive is not there; `left` may be negative.
    """

    id: int
    name: str
    root: str
    is_there: bool
    films: int
    held: int
    ours: int | None
    limit: int | None
    left: int | None
    rule: str | None
    drive_total: int | None
    drive_free: int | None


class MovingDocument(msgspec.Struct, frozen=True):
    """A job that runs: how far it is, at which rate a second, and an estimate of the seconds left."""

    job_id: str
    title: str
    node: str
    done: float
    total: float | None
    unit: str
    rate_per_s: float | None
    eta_s: float | None
    now: str


class SilentDocument(msgspec.Struct, frozen=True):
    """A source that does not answer; `kept` titles that it named before stay. No `account` means everybody."""

    source: str
    server: str
    account: str
    since: datetime
    reason: str
    kept: int


class CacheDocument(msgspec.Struct, frozen=True):
    """How the cache stands on this node.

    `confirmed` says whether somebody said yes to a plan, so that files are moved by themselves; `waiting` is how many
    moves have not begun, `next_at` when the next plan is made, null where none is. `elsewhere` are other nodes that
    have fast tiers.
    """

    confirmed: bool
    waiting: int
    next_at: datetime | None
    tiers: list[TierDocument]
    moving: list[MovingDocument]
    silent: list[SilentDocument]
    elsewhere: list[str]


class TermDocument(msgspec.Struct, frozen=True):
    """One part of a score."""

    name: str
    points: float
    why: str


class PlanDocument(msgspec.Struct, frozen=True):
    """A plan in numbers, made anew for each request; `seconds` is an estimate by the rate of the last copies.

    `seconds` and `rate` are null where nothing was copied yet.
    """

    at: datetime
    copies: int
    bytes_in: int
    returns: int
    bytes_back: int
    kept: int
    refused: int
    seconds: float | None
    rate: float | None
    silent: list[SilentDocument]


class CopyDocument(msgspec.Struct, frozen=True):
    """A copy that is planned; `seconds` is an estimate."""

    path: str
    title: str
    item_id: int
    tier: str
    size: int
    score: float
    terms: list[TermDocument]
    why: str
    seconds: float | None


class ReturnDocument(msgspec.Struct, frozen=True):
    """A return that is planned; `room_for` is the title of the copy that needs its room, or empty."""

    path: str
    title: str
    item_id: int | None
    tier: str
    size: int
    why: str
    room_for: str


class KeptDocument(msgspec.Struct, frozen=True):
    """A film that stays on its tier."""

    path: str
    title: str
    item_id: int | None
    tier: str
    size: int
    score: float
    terms: list[TermDocument]
    why: str


class RefusedDocument(msgspec.Struct, frozen=True):
    """A film that is wanted and not copied."""

    path: str
    title: str
    item_id: int | None
    size: int
    score: float
    terms: list[TermDocument]
    why: str


class FilmDocument(msgspec.Struct, frozen=True):
    """A film on a fast tier; `along` files of `along_size` came with it. No `version` means not pinned."""

    id: int
    path: str
    title: str
    item_id: int | None
    tier: str
    size: int
    since: datetime
    why: str
    version: str
    along: int
    along_size: int


class MoveDocument(msgspec.Struct, frozen=True):
    """A move that ended; `undoes` is the move that it took back, `why_not` why it cannot be undone (empty: it can)."""

    id: int
    at: datetime
    kind: KindName
    path: str
    title: str
    item_id: int | None
    tier: str
    node: str
    outcome: str
    size: int
    took_ms: int
    why: str
    asked_by: str
    undoes: int | None
    can_undo: bool
    was_undone: bool
    why_not: str


class FileWhyDocument(msgspec.Struct, frozen=True):
    """Why a file is on a fast tier, or is not."""

    path: str
    size: int
    is_here: bool
    verdict: str
    score: float
    terms: list[TermDocument]


class ItemWhyDocument(msgspec.Struct, frozen=True):
    """The same for each file of an item that anything speaks for, or that is cached; `silent` are failed sources."""

    item_id: int
    files: list[FileWhyDocument]
    silent: list[SilentDocument]


class PinDocument(msgspec.Struct, frozen=True):
    """An item that is pinned, and in which version."""

    item_id: int
    title: str
    version: VersionName
    asked_by: str
    at: datetime


class PinRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which version to pin where there are several; `dry` says only what it would come to."""

    version: VersionName = "highest"
    dry: bool = False


class EffectDocument(msgspec.Struct, frozen=True):
    """What a pin comes to: its files and their bytes, those that do not fit, and what then fits no more."""

    item_id: int
    title: str
    files: int
    size: int
    refused: list[str]
    leaves: list[str]


class RunRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`confirm` says yes to the plan: files are moved now and by themselves from then on.

    Without it, before anybody said yes, the jobs only plan.
    """

    confirm: bool = False


class FilesRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which films on the fast tiers, by their ids; at most 1000."""

    ids: list[Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]]


class OrderedDocument(msgspec.Struct, frozen=True):
    """A job that was asked for, and whether it is new or was there already."""

    job_id: str
    created: bool


class RunDocument(msgspec.Struct, frozen=True):
    """The jobs that do it, one for each node that has fast tiers; `dry` where they move nothing."""

    dry: bool
    jobs: list[OrderedDocument]


class StoppedDocument(msgspec.Struct, frozen=True):
    """How many moves that had not begun are not made any more."""

    stopped: int


class NotDoneDocument(msgspec.Struct, frozen=True):
    """A film that could not be done, and why."""

    title: str
    why: str


class TallyDocument(msgspec.Struct, frozen=True):
    """What came of doing one thing to many films."""

    done: int
    failed: list[NotDoneDocument]


def cache_document(now: Standing) -> CacheDocument:
    """How the cache stands."""
    return CacheDocument(
        now.confirmed,
        now.waiting,
        now.next_at,
        [_tier(one) for one in now.tiers],
        [_moving(one) for one in now.moving],
        [silent_document(one) for one in now.silent],
        list(now.elsewhere),
    )


def silent_document(one: Silent) -> SilentDocument:
    """A source that does not answer."""
    return SilentDocument(one.source, one.server, one.account, one.since, one.reason, one.kept)


def plan_document(plan: PlanShown) -> PlanDocument:
    """A plan in numbers."""
    return PlanDocument(
        plan.at,
        len(plan.copies),
        plan.bytes_in,
        len(plan.returns),
        plan.bytes_back,
        len(plan.kept),
        len(plan.refused),
        plan.seconds,
        plan.pace.rate if plan.pace is not None else None,
        [silent_document(one) for one in plan.silent],
    )


def copy_document(one: CopyLine) -> CopyDocument:
    """A copy that is planned."""
    return CopyDocument(
        str(one.path),
        one.title,
        one.item_id,
        one.tier,
        one.size,
        one.score,
        _terms(one.terms),
        one.why,
        one.seconds,
    )


def return_document(one: ReturnLine) -> ReturnDocument:
    """A return that is planned."""
    return ReturnDocument(str(one.path), one.title, one.item_id, one.tier, one.size, one.why, one.room_for)


def kept_document(one: KeptLine) -> KeptDocument:
    """A film that stays."""
    return KeptDocument(
        str(one.path), one.title, one.item_id, one.tier, one.size, one.score, _terms(one.terms), one.why
    )


def refused_document(one: RefusedLine) -> RefusedDocument:
    """A film that is not copied."""
    return RefusedDocument(
        str(one.path), one.title, one.item_id, one.size, one.score, _terms(one.terms), one.why
    )


def film_document(film: Film) -> FilmDocument:
    """A film on a fast tier."""
    return FilmDocument(
        film.id,
        str(film.path),
        film.title,
        film.item_id,
        film.tier,
        film.size,
        film.since,
        film.why,
        film.version,
        film.along.files,
        film.along.size,
    )


def move_document(one: Past) -> MoveDocument:
    """A move that ended."""
    move = one.move
    return MoveDocument(
        id=move.id,
        at=move.at,
        kind=move.kind.value,
        path=move.path,
        title=move.title,
        item_id=move.item_id,
        tier=move.tier,
        node=move.node,
        outcome=move.outcome,
        size=move.size,
        took_ms=move.took_ms,
        why=move.why,
        asked_by=move.asked_by,
        undoes=move.undoes,
        can_undo=one.can_undo,
        was_undone=one.was_undone,
        why_not=one.why_not,
    )


def why_document(why: ItemWhy) -> ItemWhyDocument:
    """Why an item is where it is."""
    silent = [
        SilentDocument(one.source, one.server, one.account, one.since, one.reason, one.kept)
        for one in why.failed
    ]
    return ItemWhyDocument(why.item_id, [_file_why(one) for one in why.files], silent)


def pin_document(pin: Pin) -> PinDocument:
    """A pin."""
    return PinDocument(pin.item_id, pin.title, pin.version.value, pin.asked_by, pin.at)


def effect_document(effect: Effect) -> EffectDocument:
    """What a pin comes to."""
    return EffectDocument(
        effect.item_id,
        effect.title,
        effect.files,
        effect.size,
        list(effect.refused),
        list(effect.leaves),
    )


def run_document(ordered: Sequence[Ordered], *, dry: bool) -> RunDocument:
    """The jobs that plan."""
    return RunDocument(dry, ordered_documents(ordered))


def ordered_documents(ordered: Sequence[Ordered]) -> list[OrderedDocument]:
    """Jobs that were asked for."""
    return [OrderedDocument(one.job_id, one.created) for one in ordered]


def tally_document(came: Tally) -> TallyDocument:
    """What came of doing one thing to many films."""
    return TallyDocument(came.done, [NotDoneDocument(title, why) for title, why in came.failed])


def _tier(tier: TierNow) -> TierDocument:
    room = tier.room
    return TierDocument(
        tier.id,
        tier.name,
        str(tier.root),
        room is not None,
        tier.held.files,
        tier.held.size,
        room.ours if room is not None else None,
        room.limit if room is not None else None,
        room.left if room is not None else None,
        room.rule if room is not None else None,
        room.drive_total if room is not None else None,
        room.drive_free if room is not None else None,
    )


def _moving(job: Job) -> MovingDocument:
    return MovingDocument(
        job.id, job.title, job.node, job.done, job.total, job.unit, job.rate_per_s, job.eta_s, job.now
    )


def _file_why(one: FileWhy) -> FileWhyDocument:
    return FileWhyDocument(str(one.path), one.size, one.is_here, one.verdict, one.score, _terms(one.terms))


def _terms(terms: Sequence[Term]) -> list[TermDocument]:
    return [TermDocument(one.name, one.points, one.why) for one in terms]
