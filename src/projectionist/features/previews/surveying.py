"""Looking through a library: which previews are there, which are to be made, and asking for those.

Pages of parts, each in three steps that never overlap: what the servers say, what the disk says, one short write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from projectionist.errors import ServiceError
from projectionist.features.previews import queries
from projectionist.features.previews.choices import Choices, Place
from projectionist.features.previews.looking import FilmFile, Look, Question, find_film, look
from projectionist.features.previews.models import Preview, PreviewState
from projectionist.features.previews.neighbours import LibraryFacts, PartFacts
from projectionist.features.previews.targets import Obstacle, places_of
from projectionist.features.previews.workplace import TOPIC, Workplace
from projectionist.jobs.ports import JobRun, Jobs, Order, Priority
from projectionist.kit.interruptible import InterruptibleObject
from projectionist.media.vocabulary import LibraryKind, ServerKind

MAKE = "previews.make"

_PAGE = 500
_KEYS_AT_ONCE = 50
_NEW = timedelta(days=7)
"""Films added within this time go before the rest."""

WITH_FILMS = frozenset({LibraryKind.MOVIES, LibraryKind.SHOWS, LibraryKind.VIDEOS})


@dataclass(slots=True)
class Survey:
    """A look through one library; `run` does it and tells what it came to."""

    place: Workplace
    jobs: Jobs
    job: JobRun
    library: LibraryFacts
    choices: Choices = field(default_factory=Choices)
    plex_data: Path | None = None
    refused: ServiceError | None = None
    states: Counter[str] = field(default_factory=Counter)
    ordered: int = 0

    def run(self) -> Mapping[str, Any]:
        """Look at every part, and order what is to be made. Raises JobCancelled."""
        with self.place.database.read() as session:
            self.choices = self.place.choices_of(session, self.library.id)
        if self.library.server_kind is ServerKind.PLEX:
            self.plex_data = self.place.servers.plex_data(self.library.server_id)
        total = self.place.catalogue.count_parts(self.library.id)
        done = 0
        for parts in pages_of(self.place, self.library.id):
            self.job.progress(done, total, unit="files", now=self.library.title)
            self._page(parts)
            done += len(parts)
        with self.place.database.write() as session:
            queries.forget_films(session)
            self.place.publish(session, TOPIC, {"library_id": self.library.id})
        self.job.progress(done, done, unit="files", now=self.library.title)
        if self.refused is not None:
            self.job.log(self.refused.message, "warning")
        return {"looked_at": done, "ordered": self.ordered, **self.states}

    def _page(self, parts: Sequence[PartFacts]) -> None:
        register(self.place, parts)
        with self.place.database.read() as session:
            rows = queries.of_parts(session, [part.id for part in parts])
            films = [row.film_id for row in rows.values() if row.film_id is not None]
            busy = queries.claimed(session, films, self.place.now())
        rows = {key: row for key, row in rows.items() if row.film_id not in busy}
        if Place.PLEX in places_of(self.choices, self.library.server_kind) and self.choices.enabled:
            self._ask_hashes([row for row in rows.values() if not row.part_hash])
        looks: dict[int, Look] = {}
        for part_id, row in rows.items():
            self.job.check()
            looks[part_id] = look(self.place, self._question(row))
        self._store(rows, looks)
        self.states.update(
            str(seen.values.get("state", rows[part_id].state)) for part_id, seen in looks.items()
        )
        self._tell_index(parts, looks)
        self._order(parts, rows, looks)

    def _question(self, row: Preview) -> Question:
        obstacle = None
        if not row.part_hash and self.refused is not None:
            obstacle = Obstacle(self.refused.code, self.refused.message)
        elif row.part_hash:
            obstacle = shared_bundle(self.place, row)
        return Question(row, self.library.server_kind, self.choices, self.plex_data, obstacle)

    def _ask_hashes(self, rows: Sequence[Preview]) -> None:
        if self.refused is None and rows:
            try:
                ask_hashes(self.place, self.library.server_id, rows, self.job)
            except ServiceError as error:
                self.refused = error

    def _store(self, rows: Mapping[int, Preview], looks: Mapping[int, Look]) -> None:
        with self.place.database.write() as session:
            assign_films(session, [(rows[part_id], seen.film) for part_id, seen in looks.items()])
            queries.change_many(
                session, {part_id: _news(rows[part_id], seen) for part_id, seen in looks.items()}
            )
            queries.touch(session, list(looks), self.place.now())
            self.place.publish(session, TOPIC, {"library_id": self.library.id})

    def _tell_index(self, parts: Sequence[PartFacts], looks: Mapping[int, Look]) -> None:
        """What is there by our own look; of what waits, the index keeps what its server says."""
        found = {part.id: said for part in parts if (said := there(looks.get(part.id))) is not None}
        self.place.catalogue.set_previews(
            {
                part.id: found[part.id]
                for part in parts
                if found.get(part.id, part.has_preview) != part.has_preview
            }
        )

    def _order(
        self, parts: Sequence[PartFacts], rows: Mapping[int, Preview], looks: Mapping[int, Look]
    ) -> None:
        newest = self.place.now() - _NEW
        orders: dict[int, Order] = {}
        for part in parts:
            seen = looks.get(part.id)
            film_id = rows[part.id].film_id if seen is not None else None
            if seen is None or not seen.wanted or seen.film is None or film_id is None:
                continue
            new = part.added_at is not None and part.added_at >= newest
            orders[film_id] = order_of(film_id, seen.film.path, Priority.HIGH if new else Priority.NORMAL)
        ask_for(self.place, self.jobs, orders)
        self.ordered += len(orders)


def there(seen: Look | None) -> bool | None:
    """Whether a look found a preview there; None where it could not tell."""
    if seen is None:
        return None
    state = seen.values.get("state", PreviewState.FRESH if seen.targets and not seen.wanted else None)
    return {PreviewState.FRESH: True, PreviewState.STALE: True, PreviewState.MISSING: False}.get(state)


def order_of(
    film_id: int, path: Path | str, priority: Priority, *, again: bool = False, asked_by: str = ""
) -> Order:
    """The job that makes the previews of a file; `again` also makes those that are fresh."""
    arguments: dict[str, Any] = {"film": film_id, "name": str(path).replace("\\", "/").rpartition("/")[2]}
    if again:
        arguments["again"] = True
    return Order(MAKE, arguments, key=str(film_id), priority=priority, asked_by=asked_by)


def ask_for(place: Workplace, jobs: Jobs, orders: Mapping[int, Order]) -> None:
    """Order the jobs of these files, by film id, and note that they wait for them."""
    if not orders:
        return
    jobs.order_many(list(orders.values()))
    with place.database.write() as session:
        queries.queue(session, list(orders))


def pages_of(place: Workplace, library_id: int, after: int = 0) -> Iterator[Sequence[PartFacts]]:
    """The parts of a library, a page at a time."""
    while parts := place.catalogue.parts(library_id, after=after, size=_PAGE):
        yield parts
        after = parts[-1].id


def register_new(place: Workplace, but: int) -> None:
    """Rows for the new parts of all libraries with films but one, so that a file that two of them hold is known."""
    for library in place.catalogue.libraries():
        if library.id == but or library.kind not in WITH_FILMS:
            continue
        with place.database.read() as session:
            after = queries.newest_part(session, library.id)
        for parts in pages_of(place, library.id, after):
            register(place, parts)


def register(place: Workplace, parts: Sequence[PartFacts]) -> None:
    """Rows for parts that have none; what the index now says otherwise is taken over."""
    with place.database.read() as session:
        known = queries.of_parts(session, [part.id for part in parts])
    new = [part for part in parts if part.id not in known]
    found = {part.id: find_film(place, part.server_id, part.path) for part in new}
    changed = {part.id: changes for part in parts if (changes := _changes(known.get(part.id), part))}
    if not new and not changed:
        return
    with place.database.write() as session:
        queries.add_parts(session, [_row(part) for part in new])
        rows = queries.of_parts(session, [part.id for part in new])
        pairs = [(rows[key], one) for key, one in found.items() if isinstance(one, FilmFile) and key in rows]
        assign_films(session, pairs)
        queries.change_many(session, changed)


def assign_films(session: Session, pairs: Sequence[tuple[Preview, FilmFile | None]]) -> None:
    """Tie previews to the files they are of; one that is tied stays so."""
    loose = [(row, film) for row, film in pairs if film is not None and row.film_id is None]
    if not loose:
        return
    keys, same = [film.key for _, film in loose], [film.same_as for _, film in loose]
    known = queries.films(session, keys, same)
    seen = {one.key for one in known} | {one.same_as for one in known}
    fresh = {film.same_as: film for _, film in loose if film.key not in seen and film.same_as not in seen}
    queries.add_films(
        session, [{"key": one.key, "path": str(one.path), "same_as": one.same_as} for one in fresh.values()]
    )
    if fresh:
        known = queries.films(session, keys, same)
    by_key = {one.key: one.id for one in known}
    by_sameness = {one.same_as: one.id for one in reversed(known)}
    for row, film in loose:
        row.film_id = by_key.get(film.key) or by_sameness[film.same_as]
    queries.change_many(session, {row.part_id: {"film_id": row.film_id} for row, _ in loose})


def ask_hashes(place: Workplace, server_id: int, rows: Sequence[Preview], job: JobRun) -> None:
    """Ask a server what it names its folders for these parts by, and keep that. Raises ServiceError, JobCancelled."""
    keys = list(dict.fromkeys(row.item_key for row in rows))
    with closing(InterruptibleObject(place.servers.connect(server_id), job.check)) as server:
        for start in range(0, len(keys), _KEYS_AT_ONCE):
            job.check()
            batch = keys[start : start + _KEYS_AT_ONCE]
            hashes = server.part_hashes(batch)
            got = {row: hashes[row.part_key] for row in rows if hashes.get(row.part_key)}
            place.catalogue.set_hashes({row.part_id: found for row, found in got.items()})
            with place.database.write() as session:
                queries.change_many(
                    session, {row.part_id: {"part_hash": found} for row, found in got.items()}
                )
            for row, found in got.items():
                row.part_hash = found


def shared_bundle(place: Workplace, row: Preview) -> Obstacle | None:
    """Plex names two copies of one film alike, and keeps one preview for both: the first part's."""
    with place.database.read() as session:
        owner = queries.bundle_owner(session, row)
    if owner is None:
        return None
    if owner.film_size == row.film_size:
        return Obstacle(
            "shared_bundle",
            f"Plex shows the preview of {owner.server_path} here: it keeps one for both copies.",
            PreviewState.EXCLUDED,
        )
    return Obstacle(
        "hash_shared",
        f"Plex names this file as it names {owner.server_path}, which is another film; nothing was written: analyse "
        "both again in Plex.",
        PreviewState.FAILED,
    )


def _news(row: Preview, seen: Look) -> dict[str, Any]:
    """What of a look is not in the row yet; what waits for its job goes on waiting."""
    news = {name: value for name, value in seen.values.items() if getattr(row, name) != value}
    news.pop("checked_at", None)
    if seen.wanted and row.state == PreviewState.QUEUED:
        news.pop("state", None)
    return news


def _row(part: PartFacts) -> dict[str, Any]:
    return {
        **{name: getattr(part, name) for name in ("library_id", "item_id", "server_id", "item_key")},
        "part_id": part.id,
        "part_key": part.part_key,
        "title": part.title,
        "server_path": part.path,
        "film_size": part.size,
        "duration_ms": part.duration_ms,
        "part_hash": part.part_hash,
        "state": PreviewState.UNKNOWN,
        **dict.fromkeys(("reason", "error_code", "mark"), ""),
        **dict.fromkeys(("attempts", "interval_ms", "width", "quality", "frames", "bytes", "seconds"), 0),
        "targets": [],
    }


def _changes(row: Preview | None, part: PartFacts) -> dict[str, Any]:
    """What the index says of a part otherwise than before; of another file everything is asked anew."""
    if row is None:
        return {}
    wanted = _row(part)
    names = (
        "library_id",
        "item_id",
        "item_key",
        "part_key",
        "title",
        "server_path",
        "film_size",
        "duration_ms",
    )
    changes = {name: wanted[name] for name in names if getattr(row, name) != wanted[name]}
    if "film_size" in changes or "server_path" in changes:
        changes |= {"part_hash": part.part_hash, "film_id": None}
    elif part.part_hash and part.part_hash != row.part_hash:
        changes["part_hash"] = part.part_hash
    return changes
