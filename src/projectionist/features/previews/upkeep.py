"""The previews of the libraries, as pages, the API and the command line use them: look, retry, choose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from projectionist.errors import InputWrong, NotFound
from projectionist.features.audit_log.service import Act, record
from projectionist.features.previews import queries
from projectionist.features.previews.choices import (
    Choices,
    Overrides,
    checked,
    merged,
    require_sound,
)
from projectionist.features.previews.models import Preview, PreviewState
from projectionist.features.previews.neighbours import LibraryFacts
from projectionist.features.previews.queries import NO_PREVIEWS, SORTS, Filter
from projectionist.features.previews.surveying import WITH_FILMS, ask_for, order_of
from projectionist.features.previews.targets import places_of
from projectionist.features.previews.workplace import (
    TOPIC,
    Workplace,
    as_columns,
    overrides_of,
)
from projectionist.jobs.ports import Jobs, JobState, Order, Ordered, Priority
from projectionist.media.vocabulary import Page

CHECK = "previews.check"

_AT_ONCE = 500
_ALL_STATES = frozenset(PreviewState)


@dataclass(frozen=True, slots=True)
class Coverage:
    """How the previews of a library stand; `share` is of those that are wanted at all, None where there are none.

    `bytes` is what they take on the disk.
    """

    library: LibraryFacts
    choices: Choices
    states: Mapping[str, int]
    parts: int
    bytes: int

    @property
    def wanted(self) -> int:
        """How many previews there should be."""
        return self.parts - self.states.get(PreviewState.EXCLUDED, 0)

    @property
    def fresh(self) -> int:
        """How many are there as wanted."""
        return self.states.get(PreviewState.FRESH, 0)

    @property
    def share(self) -> float | None:
        """From 0 to 1."""
        return self.fresh / self.wanted if self.wanted > 0 else None


@dataclass(frozen=True, slots=True)
class Reason:
    """Why previews are in a state, and of how many that is so; `example` is one of the sentences."""

    code: str
    example: str
    count: int


@dataclass(frozen=True, slots=True)
class LibraryChoices:
    """What a library wants: its own words (None: the default's), and what comes of both."""

    own: Mapping[str, Any]
    default: Choices
    effective: Choices


@dataclass(frozen=True, slots=True)
class Redo:
    """What a change of choices would make anew: previews, seconds of film, and how long that took last time."""

    previews: int
    film_seconds: float
    libraries: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Rate:
    """What was made lately, on all nodes."""

    since: datetime
    made: int
    failed: int
    film_seconds: float
    work_seconds: float
    bytes_read: int

    @property
    def speed(self) -> float | None:
        """Seconds of film per second of work."""
        return self.film_seconds / self.work_seconds if self.work_seconds else None


def coverage(place: Workplace) -> list[Coverage]:
    """Every library that holds films, in the library's order."""
    libraries = [one for one in place.catalogue.libraries() if one.kind in WITH_FILMS]
    with place.database.read() as session:
        tallies = queries.tallies(session)
        default = place.default_choices(session)
        chosen = {one.id: merged(default, overrides_of(session, one.id)) for one in libraries}
    found = []
    for one in libraries:
        tally = tallies.get(one.id, NO_PREVIEWS)
        parts = max(place.catalogue.count_parts(one.id), sum(tally.states.values()))
        found.append(Coverage(one, chosen[one.id], tally.states, parts, tally.bytes))
    return found


def list_previews(place: Workplace, wanted: Filter, *, offset: int = 0, size: int = 50) -> Page[Preview]:
    """A page of previews. Raises InputWrong for a filter that cannot be."""
    require_filter(wanted)
    with place.database.read() as session:
        rows, total = queries.page(session, wanted, offset, size)
    return Page(tuple(rows), offset, total)


def all_previews(place: Workplace, wanted: Filter) -> Iterator[Preview]:
    """Every preview of a filter, for an export; never more than a page in memory. Raises InputWrong."""
    require_filter(wanted)
    after = 0
    while True:
        with place.database.read() as session:
            rows = queries.after(session, wanted, after, _AT_ONCE)
        if not rows:
            return
        yield from rows
        after = rows[-1].part_id


def get_preview(place: Workplace, part_id: int) -> Preview:
    """The preview of one part. Raises NotFound."""
    with place.database.read() as session:
        row = queries.of_parts(session, [part_id]).get(part_id)
    if row is None:
        raise NotFound(
            "Nothing is known of a preview of this file yet; it is looked for after the next sync."
        )
    return row


def previews_of_item(place: Workplace, item_id: int) -> Sequence[Preview]:
    """The previews of an item's versions and parts."""
    with place.database.read() as session:
        return queries.of_item(session, item_id)


def reasons(place: Workplace, state: PreviewState, size: int = 10) -> list[Reason]:
    """Why previews are in a state, the most frequent first."""
    with place.database.read() as session:
        return [Reason(*found) for found in queries.reasons(session, state, size)]


def rate(place: Workplace, hours: int = 24) -> Rate:
    """What was made in the last hours."""
    since = place.now() - timedelta(hours=hours)
    with place.database.read() as session:
        rows = queries.work_since(session, since)
    return Rate(
        since,
        sum(row.made for row in rows),
        sum(row.failed for row in rows),
        sum(row.film_seconds for row in rows),
        sum(row.work_seconds for row in rows),
        sum(row.bytes_read for row in rows),
    )


def make_now(place: Workplace, jobs: Jobs, wanted: Filter, *, again: bool = False, asked_by: str = "") -> int:
    """Ask for the previews of a filter before all others, failed ones too; how many files that is.

    `again` makes those anew that are fresh. Libraries of parts whose file is not known yet are looked through.
    Raises InputWrong.
    """
    files: set[int] = set()
    libraries: set[int] = set()
    batch: dict[int, Order] = {}
    for row in all_previews(place, wanted):
        if row.state == PreviewState.FRESH and not again:
            continue
        if row.film_id is None:
            libraries.add(row.library_id)
        elif row.film_id not in files:
            files.add(row.film_id)
            batch[row.film_id] = order_of(
                row.film_id, row.server_path, Priority.NOW, again=again, asked_by=asked_by
            )
        if len(batch) == _AT_ONCE:
            _ask(place, jobs, batch)
            batch = {}
    _ask(place, jobs, batch)
    for library_id in sorted(libraries):
        order_check(place, jobs, library_id, priority=Priority.NOW, asked_by=asked_by)
    return len(files)


def _ask(place: Workplace, jobs: Jobs, batch: Mapping[int, Order]) -> None:
    """Forget what failed before: somebody has asked for it to be tried again."""
    with place.database.write() as session:
        queries.forgive(session, list(batch))
    ask_for(place, jobs, batch)


def order_check(
    place: Workplace, jobs: Jobs, library_id: int, *, priority: Priority = Priority.NORMAL, asked_by: str = ""
) -> Ordered | None:
    """Ask for a look through a library; None where it holds no films. Raises NotFound."""
    library = place.catalogue.library(library_id)
    if library.kind not in WITH_FILMS:
        return None
    arguments = {"library": library_id, "title": library.title}
    order = Order(CHECK, arguments, key=str(library_id), priority=priority, asked_by=asked_by)
    ordered = jobs.order(order)
    if not ordered.created and jobs.get(ordered.job_id).state is JobState.RUNNING:
        # it may have passed what changed just now, so another look follows it
        ordered = jobs.order(replace(order, key=f"{library_id} again"))
    return ordered


def on_synced(place: Workplace, jobs: Jobs, library_id: int) -> None:
    """What the library calls after a sync."""
    order_check(place, jobs, library_id)


def choices(place: Workplace, library_id: int) -> LibraryChoices:
    """What a library wants. Raises NotFound."""
    place.catalogue.library(library_id)
    with place.database.read() as session:
        return LibraryChoices(
            overrides_of(session, library_id),
            place.default_choices(session),
            place.choices_of(session, library_id),
        )


def default(place: Workplace) -> Choices:
    """What every library wants that says nothing else."""
    with place.database.read() as session:
        return place.default_choices(session)


def would_redo(place: Workplace, library_id: int | None, overrides: Overrides) -> Redo:
    """What a change would make anew, in one library, or (None) by changing the default. Raises InputWrong."""
    before, after = _before_and_after(place, library_id, checked(overrides))
    previews, seconds, titles = 0, 0.0, []
    for library, now, then in ((one, before[one.id], after[one.id]) for one in _libraries(place, library_id)):
        if not _makes_anew(library, now, then):
            continue
        with place.database.read() as session:
            count, length = queries.there(session, library.id)
        previews, seconds = previews + count, seconds + length / 1000
        titles.append(library.title)
    return Redo(previews, seconds, tuple(titles))


def save_choices(
    place: Workplace, jobs: Jobs, library_id: int | None, overrides: Overrides, *, asked_by: str = ""
) -> Redo:
    """Keep what a library (or with None every library that says nothing else) wants, and look through it again.

    Fields that are absent stay as they are; None leaves a field to the default. Raises InputWrong, NotFound.
    """
    values = checked(overrides)
    if library_id is None and None in values.values():
        field_name = next(name for name, value in values.items() if value is None)
        raise InputWrong("The default leaves nothing open; give a value.", field_name)
    redo = would_redo(place, library_id, overrides)
    _, after = _before_and_after(place, library_id, values)
    for one in after.values():
        require_sound(one)
    about = "all libraries" if library_id is None else place.catalogue.library(library_id).title
    with place.database.durable() as session:
        if library_id is None:
            base = merged(place.default_choices(session), values)
            require_sound(base)
            before = as_columns(_fields(place.default_choices(session)))
            kept = as_columns(_fields(base))
            queries.save_default(session, kept)
        else:
            own = overrides_of(session, library_id)
            before, kept = as_columns(own), as_columns({**own, **values})
            queries.save_library_choice(session, library_id, kept)
        place.publish(session, TOPIC, {"library_id": library_id})
        record(session, Act.PREVIEWS_CHANGED, about, before=before, after=kept)
    for library in _libraries(place, library_id):
        order_check(place, jobs, library.id, asked_by=asked_by)
    return redo


def require_filter(wanted: Filter) -> None:
    """Raise InputWrong for a state or a sort order that there is not."""
    unknown = [state for state in wanted.states if state not in _ALL_STATES]
    if unknown:
        raise InputWrong(f"There is no state {unknown[0]!r}; there are {', '.join(PreviewState)}.", "state")
    if "\0" in wanted.text:
        raise InputWrong("A text to look for holds no null character.", "text")
    if wanted.sort.removeprefix("-") not in SORTS:
        raise InputWrong(f"Previews are sorted by one of {', '.join(SORTS)}.", "sort")


def _libraries(place: Workplace, library_id: int | None) -> list[LibraryFacts]:
    if library_id is not None:
        return [place.catalogue.library(library_id)]
    return [one for one in place.catalogue.libraries() if one.kind in WITH_FILMS]


def _before_and_after(
    place: Workplace, library_id: int | None, values: Overrides
) -> tuple[dict[int, Choices], dict[int, Choices]]:
    """What each library concerned wants now, and would want then. Raises NotFound."""
    libraries = _libraries(place, library_id)
    with place.database.read() as session:
        base = place.default_choices(session)
        own = {one.id: overrides_of(session, one.id) for one in libraries}
    before = {one.id: merged(base, own[one.id]) for one in libraries}
    if library_id is None:
        after = {one.id: merged(merged(base, values), own[one.id]) for one in libraries}
    else:
        after = {one.id: merged(base, {**own[one.id], **values}) for one in libraries}
    return before, after


def _makes_anew(library: LibraryFacts, now: Choices, then: Choices) -> bool:
    if not then.enabled:
        return False
    places = [set(places_of(one, library.server_kind)) for one in (now, then)]
    return now.recipe() != then.recipe() or not places[1] <= places[0] or now.folder != then.folder


def _fields(base: Choices) -> dict[str, Any]:
    return {name: getattr(base, name) for name in base.__dataclass_fields__}
