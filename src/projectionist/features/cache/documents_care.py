"""What the API of looking after the cache takes and gives; sizes are in bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from projectionist.features.cache.adopting.rivals import Rival
from projectionist.features.cache.auditing.findings import Finding
from projectionist.features.cache.caring import Resting, Suggestion, is_safe

FindingName = Literal[
    "orphan", "unprotected", "stale", "duplicate", "foreign", "broken", "mismatch", "unseen"
]


class FindingDocument(msgspec.Struct, frozen=True):
    """What an audit or a scrub found: its evidence, and what its repair would do; no `repair` means there is none."""

    id: int | None
    kind: str
    path: str
    evidence: str
    size: int
    repair: str | None
    deed: str
    is_safe: bool


class RestDocument(msgspec.Struct, frozen=True):
    """A file that nothing shows any more, kept until a moment and never restored unasked.

    `is_original` says that it rests beside its path; else it is a fast copy, on the fast disk.
    """

    id: int
    path: str
    resting: str
    reason: str
    size: int
    until: datetime
    is_original: bool


class CareOrderedDocument(msgspec.Struct, frozen=True):
    """The jobs that were asked for."""

    job_ids: list[str]


class AdoptionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The folder of another caching program's settings; `dry` only tells what would become of each file."""

    folder: Annotated[str, msgspec.Meta(min_length=1, max_length=4000)]
    dry: bool = True


class MappedDocument(msgspec.Struct, frozen=True):
    """One folder as the other program knows it."""

    name: str
    server: str
    real: str
    fast: str
    host: str


class RivalDocument(msgspec.Struct, frozen=True):
    """Another caching program: what it maps, its limits as typed, and how many files it says it cached."""

    name: str
    folder: str
    mappings: list[MappedDocument]
    limits: dict[str, str]
    habits: dict[str, str]
    tracked: int


class SuggestedTierDocument(msgspec.Struct, frozen=True):
    """A fast tier that another program used, its rules as typed there; `is_there` where its folder is set up."""

    name: str
    root: str
    host_root: str
    quota: str
    usage: str
    min_free: str
    drive_size: str
    copies: str
    is_there: bool


class RivalsDocument(msgspec.Struct, frozen=True):
    """The programs whose settings lie in a folder, and the fast tiers that could be taken over from them."""

    rivals: list[RivalDocument]
    tiers: list[SuggestedTierDocument]


def finding_document(one: Finding) -> FindingDocument:
    """A finding as the API gives it."""
    return FindingDocument(
        one.id,
        str(one.kind),
        str(one.path),
        one.evidence,
        one.size,
        str(one.repair) or None,
        one.deed,
        is_safe(one),
    )


def rest_document(one: Resting) -> RestDocument:
    """A file at rest as the API gives it."""
    return RestDocument(
        one.id, str(one.path), str(one.resting), one.reason, one.size, one.until, one.is_original
    )


def rival_document(one: Rival) -> RivalDocument:
    """Another program as the API gives it."""
    mappings = [MappedDocument(m.name, m.server, m.real, m.fast, m.host) for m in one.mappings]
    return RivalDocument(
        one.name, str(one.folder), mappings, dict(one.limits), dict(one.habits), len(one.tracked)
    )


def suggestion_document(one: Suggestion) -> SuggestedTierDocument:
    """A suggested tier as the API gives it."""
    tier = one.tier
    return SuggestedTierDocument(
        one.name,
        tier.root,
        tier.host_root,
        tier.quota,
        tier.usage,
        tier.min_free,
        tier.drive_size,
        tier.copies,
        one.is_there,
    )
