"""What the API of health gives, and the command prints."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from projectionist.features.doctor.health import Health, Part

KindName = Literal["database", "service", "workers", "disk", "server"]
LevelName = Literal["healthy", "degraded", "unhealthy", "unknown"]


class PartDocument(msgspec.Struct, frozen=True):
    """A part: what was seen when it was probed last, and the numbers, each named with its unit.

    What was not probed, or not within the last hour, is `unknown`; `probed_at` is null where it never was.
    """

    kind: KindName
    name: str
    status: LevelName
    evidence: str
    probed_at: datetime | None
    numbers: dict[str, float]


class HealthDocument(msgspec.Struct, frozen=True):
    """`unhealthy` where nothing works, `healthy` only where every part was found to be, else `degraded`.

    Together they are never `unknown`: what is not known degrades.
    """

    status: LevelName
    checked_at: datetime
    parts: list[PartDocument]


def health_document(health: Health) -> HealthDocument:
    """Health for the API."""
    return HealthDocument(health.level.value, health.at, [_part(one) for one in health.parts])


def _part(part: Part) -> PartDocument:
    return PartDocument(
        part.kind.value, part.name, part.level.value, part.evidence, part.probed_at, dict(part.numbers)
    )
