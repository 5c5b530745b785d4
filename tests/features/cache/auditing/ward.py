"""A stage with its place and tier, and what looks after them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from projectionist.features.cache.auditing.audit import Audited, audit
from projectionist.features.cache.auditing.findings import Finding, FindingKind
from projectionist.features.cache.auditing.repairing import Mended, repair
from projectionist.features.cache.mending.grounds import Care
from projectionist.features.cache.models import Layout
from projectionist.features.cache.settling import Outcome
from projectionist.features.cache.spots import TIER, Spot
from projectionist.features.cache.swapping import cache_in
from tests.features.cache.stage import Stage

FILM = "Film (2001)/Film (2001).mkv"


@dataclass(frozen=True)
class ATier:
    root: Path
    host_root: str = ""
    name: str = "SSD"
    id: int = 1


@dataclass(frozen=True)
class APlace:
    layout: Layout
    slow_root: Path
    view_root: Path
    tiers: Sequence[ATier]
    library_id: int = 1


@dataclass
class Somewhere:
    """The places of a node, which mirror a slow root below their tiers."""

    known: list[APlace] = field(default_factory=list)

    def all(self) -> Sequence[APlace]:
        return self.known

    def spot(self, place: APlace, local: Path, tier: ATier) -> Spot:
        fast = tier.root / local.relative_to(place.slow_root)
        return Spot(place.layout, local, fast, tier.root, place.slow_root, str(fast))


class Ward:
    """One place on one tier of a stage, in one layout."""

    def __init__(self, stage: Stage, layout: Layout) -> None:
        self.stage, self.layout = stage, layout
        tier = ATier(stage.fast, "/host/fast")
        self.places = Somewhere([APlace(layout, stage.slow, stage.slow, [tier])])

    @property
    def care(self) -> Care:
        stage = self.stage
        return Care(stage.database, stage.desk, self.places, "here", stage.clock)

    def spot(self, path: Path) -> Spot:
        return self.stage.spot(path, self.layout)

    def cached(self, name: str = FILM) -> tuple[Spot, bytes]:
        path = self.stage.film(name)
        content = path.read_bytes()
        assert cache_in(self.stage.desk, self.spot(path)) is Outcome.CACHED
        return self.spot(path), content

    def put(self, file: Path, content: bytes, mtime: int | None = None) -> Path:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        if mtime is not None:
            os.utime(file, ns=(mtime, mtime))
        return file

    def shown(self, path: Path) -> bytes:
        """What players see at a path; fails where it does not resolve."""
        fast = self.spot(path).fast
        return (fast if self.layout is Layout.UNION and fast.exists() else path).read_bytes()

    def everything(self) -> list[bytes]:
        """Each content that lies anywhere on the two tiers, links not followed."""
        files = [
            Path(folder) / name
            for root in (self.stage.slow, self.stage.fast)
            for folder, _, names in os.walk(root)
            for name in names
        ]
        return [file.read_bytes() for file in files if not file.is_symlink() and file.name != TIER]

    def look(self, excludes: Path | None = None) -> Audited:
        return audit(self.care, excludes=excludes)

    def found(self, excludes: Path | None = None) -> list[tuple[FindingKind, Path]]:
        return [(one.kind, one.path) for one in self.look(excludes).findings]

    def only(self) -> Finding:
        (finding,) = self.look().findings
        return finding

    def mend(self, finding: Finding | None = None) -> Mended:
        return repair(self.care, finding or self.only())
