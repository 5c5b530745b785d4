"""The library index, put into the words that the previews use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from projectionist.db.engine import Database
from projectionist.features.library import service as index
from projectionist.features.previews.neighbours import LibraryFacts, PartFacts
from projectionist.features.servers import service as servers
from projectionist.media.vocabulary import ServerPath


class LibraryIndex:
    """Every library that is not left out, through the services of its features."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def libraries(self) -> Sequence[LibraryFacts]:
        """Every library, server by server."""
        found = [one for one in index.libraries(self._database) if one.enabled]
        return [self._facts(one) for one in found]

    def library(self, library_id: int) -> LibraryFacts:
        """One library. Raises NotFound."""
        return self._facts(index.library(self._database, library_id))

    def parts(self, library_id: int, *, after: int = 0, size: int = 500) -> Sequence[PartFacts]:
        """The parts of a library whose ids are above `after`, in the order of their ids; at most `size`."""
        return [
            PartFacts(
                id=part.id,
                library_id=part.library_id,
                item_id=part.item_id,
                server_id=part.server_id,
                item_key=part.item_key,
                part_key=part.part_key,
                title=part.title,
                path=part.path,
                size=part.size,
                duration_ms=part.duration_ms,
                part_hash=part.part_hash,
                has_preview=part.has_preview,
                added_at=part.added_at,
            )
            for part in index.list_parts(self._database, library_id, after=after, size=size)
        ]

    def count_parts(self, library_id: int) -> int:
        """How many parts a library has."""
        return index.count_parts(self._database, library_id)

    def set_hashes(self, hashes: Mapping[int, str]) -> None:
        """Keep what a server names its folders for these parts by, by part id."""
        index.set_part_hashes(self._database, hashes)

    def set_previews(self, previews: Mapping[int, bool]) -> None:
        """Keep whether these parts have a preview, by part id."""
        index.set_part_previews(self._database, previews)

    def locations(self, library_id: int) -> Sequence[ServerPath]:
        """The folders of a library, as its server sees them."""
        return index.library(self._database, library_id).locations

    def _facts(self, one: index.LibraryFacts) -> LibraryFacts:
        kind = servers.get_server(self._database, one.server_id).kind
        return LibraryFacts(one.id, one.server_id, kind, one.kind, one.title)
