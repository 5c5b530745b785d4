"""Bringing the index up to a server.

Between complete readings only what changed is asked for. A complete reading is due when the counts differ, when
it was asked for, and once a day. Items are removed after a complete reading only: one in which the server kept
to its own count and listed nothing twice. Where such a reading lacks more than half of a library, or all of it,
nothing is removed until a complete reading an hour later, or more, lacks the same number: a server that has
lost sight of a disk lists an emptied library with a straight face.

What was seen is remembered by the run itself and not written to the items, so that a sync that finds nothing
new writes nothing; a run that is killed leaves no trace but the pages it finished, and the next begins anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import NotFound, ServiceError
from projectionist.features.library.models import LibraryRow
from projectionist.features.library.reading import Reading, changed_pages, totals_of
from projectionist.features.library.searching.postings import index_pending
from projectionist.features.library.storing import queries
from projectionist.features.library.storing.pages import Shelf, Written, write_page
from projectionist.features.library.watching import take_accounts, take_history, take_on_deck
from projectionist.jobs.ports import JobRun
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import ItemKind, LibraryKind, ListedItem, ListedLibrary, ServerPath

_log = logging.getLogger(__name__)

COMPLETE_EVERY = timedelta(hours=24)
OVERLAP = timedelta(minutes=10)
"""How far before the newest change the next look begins: a server may stamp an item before it lists it."""

TRUSTED_SIZE = 20
DOUBT = timedelta(hours=1)
_REMOVED_AT_ONCE = 500


class Events(Protocol):
    """Tells every process that something happened, as part of the transaction that makes it true."""

    def publish(self, topic: str, data: Mapping[str, Any] = ..., *, session: Session | None = ...) -> None:
        """Publish an event."""


@dataclass(slots=True)
class Synced:
    """What a sync did to one library. `unproven` says why nothing was removed though something is absent."""

    library_id: int
    title: str
    seen: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    complete: bool = False
    unproven: str = ""

    def as_result(self) -> dict[str, Any]:
        """For the job's page."""
        return asdict(self)


OnSynced = Callable[[Synced], None]


@dataclass(frozen=True, slots=True)
class Read:
    """A library that was read: `absent` are the ids of what it does not list any more, and may be removed.

    They wait until every library was read, since an item may have moved to one that comes later.
    """

    row: LibraryRow
    done: Synced
    newest: datetime | None
    absent: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Sync:
    """One run over one server's libraries."""

    database: Database
    server: MediaServer
    server_id: int
    run: JobRun
    events: Events
    now: datetime

    def libraries(self, listed: Sequence[ListedLibrary]) -> list[LibraryRow]:
        """Take in which libraries there are; the rows of those listed."""
        rows = [library_row(library, self.server_id, place) for place, library in enumerate(listed)]
        with self.database.write() as session:
            queries.put_libraries(session, self.server_id, rows, self.now)
            kept = queries.libraries_of(session, self.server_id)
        return [row for row in kept if row.missing_since is None]

    def read(self, row: LibraryRow, listed: ListedLibrary, owner_id: int | None, *, full: bool) -> Read:
        """Take in what a library holds; nothing is removed yet. Raises ServiceError, JobCancelled."""
        done = Synced(row.id, listed.title)
        shelf = Shelf(self.server_id, row.id, owner_id)
        newest = row.changed_to
        totals = totals_of(self.server, listed)
        if not full and row.changed_to is not None and self._complete_lately(row):
            pages = changed_pages(self.server, listed, row.changed_to - OVERLAP)
            newest = self._write(shelf, pages, done, newest, total=None)
            if self._counts(row.id) == {kind: count for kind, count in totals.items() if count}:
                return Read(row, done, newest)
            self.run.log(f"The counts of {listed.title} differ from the server's: reading all of it.")
        reading = Reading(self.server, listed, totals)
        with self.database.read() as session:
            newest_id = queries.newest_item(session, row.id)
        newest = self._write(shelf, reading.pages(), done, newest, total=reading.expected)
        done.complete = reading.is_complete
        done.seen = len(reading.seen)
        return Read(row, done, newest, self._absent(row, reading, newest_id, done))

    def settle(self, read: Read) -> None:
        """Remove what is absent, unless it has turned up elsewhere, and remember the sync. Raises JobCancelled."""
        for start in range(0, len(read.absent), _REMOVED_AT_ONCE):
            self.run.check()
            ids = read.absent[start : start + _REMOVED_AT_ONCE]
            with self.database.write() as session:
                read.done.removed += queries.remove_items(session, read.row.id, ids)
        self._finish(read.row, read.done, read.newest)

    def _complete_lately(self, row: LibraryRow) -> bool:
        """Neither too long ago nor, by a clock that was set back, in the future."""
        return row.complete_at is not None and timedelta(0) <= self.now - row.complete_at < COMPLETE_EVERY

    def _counts(self, library_id: int) -> dict[ItemKind, int]:
        with self.database.read() as session:
            counted = queries.counts_by_kind(session, library_id)
        return {ItemKind(kind): count for kind, count in counted.items() if count}

    def _write(
        self,
        shelf: Shelf,
        pages: Iterable[tuple[ListedItem, ...]],
        done: Synced,
        newest: datetime | None,
        total: int | None,
    ) -> datetime | None:
        def announce(session: Session, written: Written) -> None:
            count = done.seen + written.added + written.changed
            self.events.publish("library", {"library_id": shelf.library_id, "count": count}, session=session)

        self.run.progress(0, total, unit="items", now=done.title)
        for items in pages:
            self.run.check()
            written = write_page(self.database, shelf, items, announce)
            done.seen += len(items)
            done.added += written.added
            done.changed += written.changed
            stamps = [item.updated_at for item in items if item.updated_at is not None]
            newest = max([*stamps, newest] if newest else stamps, default=None)
            self.run.progress(done.seen, total, unit="items", now=done.title)
        return newest

    def _absent(self, row: LibraryRow, reading: Reading, newest_id: int, done: Synced) -> Sequence[int]:
        """What may be removed; where that is in doubt, nothing, and `done` says why."""
        absent = self._unseen(row.id, reading, newest_id)
        if absent and not reading.is_complete:
            done.unproven = f"{len(absent)} items are kept although they were not listed: {reading.flaw}."
        elif absent and _is_too_much(len(absent), len(reading.seen)) and not self._was_doubted(row, absent):
            done.unproven = (
                f"{len(absent)} of {len(absent) + len(reading.seen)} items are kept although they are no longer "
                "listed: so many at once are removed only when a complete sync, an hour later or more, finds the "
                "same."
            )
            same = row.doubted == len(absent)
            self._doubt(row.id, len(absent), row.doubted_at if same else self.now)
        else:
            self._doubt(row.id, 0, None)
            return absent
        self.run.log(f"{done.title}: {done.unproven}", "warning")
        return ()

    def _was_doubted(self, row: LibraryRow, absent: Sequence[int]) -> bool:
        return (
            row.doubted == len(absent) and row.doubted_at is not None and self.now - row.doubted_at >= DOUBT
        )

    def _doubt(self, library_id: int, doubted: int, since: datetime | None) -> None:
        with self.database.write() as session:
            queries.update_library(session, library_id, doubted=doubted, doubted_at=since)

    def _unseen(self, library_id: int, reading: Reading, newest_id: int) -> list[int]:
        """Of what was there when the reading began: what came while it ran may not have been listed yet."""
        absent: list[int] = []
        after = 0
        while True:
            with self.database.read() as session:
                keys = queries.keys_of(session, library_id, after, newest_id, 5000)
            if not keys:
                return absent
            absent += [id_ for id_, key in keys if key not in reading.seen]
            after = keys[-1][0]

    def _finish(self, row: LibraryRow, done: Synced, newest: datetime | None) -> None:
        count = sum(self._counts(row.id).values())
        values: dict[str, Any] = {"item_count": count, "synced_at": self.now, "last_error": ""}
        if done.complete:
            values["complete_at"] = self.now
        if newest is not None and (done.complete or row.complete_at is not None):
            values["changed_to"] = min(newest, self.now)
        with self.database.write() as session:
            queries.update_library(session, row.id, **values)
            told = {"library_id": row.id, "count": count, "synced": True}
            self.events.publish("library", told, session=session)


def sync_libraries(
    work: Sync, *, library_id: int | None = None, full: bool = False, on_synced: Sequence[OnSynced] = ()
) -> list[Synced]:
    """Bring the index up to one server, or to one of its libraries; what is excluded is left alone.

    A library that cannot be read keeps everything, says why, and lets the others go on; the first such error is
    raised in the end. Raises ServiceError, NotFound, JobCancelled.
    """
    listed = {library.key: library for library in work.server.libraries()}
    rows = [
        row
        for row in work.libraries(list(listed.values()))
        if (row.enabled if library_id is None else row.id == library_id)
    ]
    if library_id is not None and not rows:
        raise NotFound("The server does not list this library any more; what is known of it was kept.")
    owner_id = take_accounts(work.database, work.server, work.server_id, work.run)
    later: list[Read] = []
    results: list[Synced] = []
    failures: list[ServiceError] = []

    def settle(read: Read) -> None:
        work.settle(read)
        for tell in on_synced:
            tell(read.done)

    for row in rows:
        try:
            read = work.read(row, listed[row.key], owner_id, full=full)
        except ServiceError as error:
            failures.append(error)
            with work.database.write() as session:
                queries.update_library(session, row.id, last_error=error.message)
            work.run.log(f"{row.title}: {error.message}", "error")
            continue
        results.append(read.done)
        if read.absent:
            later.append(read)
        else:
            settle(read)
    for read in later:
        settle(read)
    index_pending(work.database, work.run.check)
    _take_watching(work)
    if failures:
        raise failures[0]
    return results


def _take_watching(work: Sync) -> None:
    """History and on deck are extra: where a server does not give them, the sync has still done its work."""
    try:
        take_history(work.database, work.server, work.server_id, work.run)
        take_on_deck(work.database, work.server, work.server_id)
    except ServiceError as error:
        work.run.log(f"What was watched could not be asked: {error.message}", "warning")


def _is_too_much(absent: int, seen: int) -> bool:
    size = absent + seen
    return seen == 0 or (size > TRUSTED_SIZE and absent * 2 > size)


def library_row(library: ListedLibrary, server_id: int, place: int) -> dict[str, Any]:
    """A library as its row begins."""
    return {
        "server_id": server_id,
        "key": library.key,
        "kind": LibraryKind(library.kind).value,
        "title": library.title,
        "locations": [str(ServerPath(location)) for location in library.locations],
        "position": place,
        "enabled": True,
        "item_count": 0,
        "missing_since": None,
        "doubted": 0,
        "last_error": "",
    }


def now() -> datetime:
    """The moment, in UTC."""
    return datetime.now(UTC)
