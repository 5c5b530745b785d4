"""The Plex data folder of the house, where previews lie in bundles named by the hashes of parts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from projectionist.demo.catalogue import Part


@dataclass(frozen=True)
class Bundles:
    """Finds previews in the data folder; never writes one."""

    data: Path

    def preview(self, part: Part) -> Path:
        """Where the preview of a part is, or would be."""
        return self.bundle(part) / "Contents" / "Indexes" / "index-sd.bif"

    def bundle(self, part: Part) -> Path:
        """The bundle of a part."""
        return self.data / "Media" / "localhost" / part.hash[0] / f"{part.hash[1:]}.bundle"
