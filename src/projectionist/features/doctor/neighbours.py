"""What the doctor is told of the cache, by whoever puts the house together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class TierFacts:
    """A fast disk of this node; `left` is how much it still takes, None where its drive is not there."""

    name: str
    root: Path
    left: int | None


@dataclass(frozen=True, slots=True)
class CacheFacts:
    """How the cache stands on this node.

    `open_findings` are what its audit found and nobody mended. `audited_at` is the end of the last audit, None where
    there was none, and `audit_error` how that failed.
    """

    tiers: tuple[TierFacts, ...]
    open_findings: int
    audited_at: datetime | None
    audit_error: str
    exclude_file: Path | None
