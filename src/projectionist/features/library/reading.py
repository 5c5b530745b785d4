"""Reading a library from its server, page by page, and telling a complete reading from one that is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import KINDS, ItemKind, ListedItem, ListedLibrary, Page

PAGE = 500


@dataclass(slots=True)
class Reading:
    """One reading of a library from end to end; `flaw` says why it proves nothing about what is absent."""

    server: MediaServer
    library: ListedLibrary
    totals: Mapping[ItemKind, int]
    seen: set[str] = field(default_factory=set)
    flaw: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether everything the server has in this library was seen, once, and it kept to its own count."""
        return not self.flaw

    @property
    def expected(self) -> int:
        """How many items there are, by the server's word."""
        return sum(self.totals.values())

    def pages(self) -> Iterator[tuple[ListedItem, ...]]:
        """Every page, parents before children. Raises ServiceError."""
        for kind in KINDS[self.library.kind]:
            yield from self._pages_of(kind)

    def _pages_of(self, kind: ItemKind) -> Iterator[tuple[ListedItem, ...]]:
        total, read, last = self.totals[kind], 0, ""
        while read < total:
            page = self._next(kind, read, last)
            fresh = {item.key for item in page.items} - self.seen
            self._judge(kind, page, read, total, len(fresh))
            if not fresh:
                return
            self.seen |= fresh
            yield page.items
            read, total, last = read + len(page.items), max(page.total, total), page.items[-1].key
        if not self.flaw and read > self.totals[kind]:
            self.flaw = f"it named {self.totals[kind]} items of kind {kind}, and listed {read}"

    def _next(self, kind: ItemKind, read: int, last: str) -> Page[ListedItem]:
        """The page after `read` items. It is asked for with the one before it again, `last`.

        Where that has become another, items were taken out before it: as many were passed over, though the total
        is the same where as many were added at the end.
        """
        if not read:
            return self.server.items(self.library, kind, offset=0, size=PAGE)
        page = self.server.items(self.library, kind, offset=read - 1, size=PAGE + 1)
        if page.items and page.items[0].key == last:
            return Page(page.items[1:], page.offset + 1, page.total)
        self.flaw = f"its items of kind {kind} changed places while they were read"
        return Page(page.items, page.offset + 1, page.total)

    def _judge(self, kind: ItemKind, page: Page[ListedItem], offset: int, total: int, fresh: int) -> None:
        if page.total != self.totals[kind]:
            self.flaw = (
                f"the number of its items of kind {kind} went from {self.totals[kind]} to {page.total}"
            )
        elif page.offset != offset:
            self.flaw = f"asked for items from {offset}, it answered with items from {page.offset}"
        elif not page.items:
            self.flaw = f"it named {total} items of kind {kind}, and listed {offset}"
        elif fresh < len(page.items):
            self.flaw = f"it listed {len(page.items) - fresh} items of kind {kind} twice"


def totals_of(server: MediaServer, library: ListedLibrary) -> dict[ItemKind, int]:
    """How many items of each kind the server says it has. Raises ServiceError."""
    return {kind: server.items(library, kind, size=1).total for kind in KINDS[library.kind]}


def changed_pages(
    server: MediaServer, library: ListedLibrary, since: datetime
) -> Iterator[tuple[ListedItem, ...]]:
    """What changed at or after that time, parents before children. Raises ServiceError."""
    for kind in KINDS[library.kind]:
        seen: set[str] = set()
        offset = 0
        while True:
            page = server.items(library, kind, changed_since=since, offset=offset, size=PAGE)
            fresh = {item.key for item in page.items} - seen
            if not fresh:
                break
            seen |= fresh
            yield page.items
            offset += len(page.items)
            if offset >= page.total:
                break
