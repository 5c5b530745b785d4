"""Making the previews of one file, for every part of every library that is this file, from one decode."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from projectionist.errors import (
    AlreadyAtWork,
    JobCancelled,
    NotFound,
    ProjectionistError,
    ServiceError,
)
from projectionist.features.previews import queries
from projectionist.features.previews.apart import error_of, make_apart
from projectionist.features.previews.choices import Choices, Place
from projectionist.features.previews.looking import FilmFile, Look, Question, find_film, look
from projectionist.features.previews.making import Outcome, Recipe, Result, Task
from projectionist.features.previews.models import Preview, PreviewState
from projectionist.features.previews.surveying import ask_hashes, shared_bundle, there
from projectionist.features.previews.targets import Obstacle, Target, places_of
from projectionist.features.previews.workplace import TOPIC, Workplace
from projectionist.jobs.ports import JobRun
from projectionist.kit.metrics import REGISTRY
from projectionist.media.vocabulary import ServerKind, ServerPath

FILMS = REGISTRY.counter(
    "projectionist_preview_films_total",
    "Films decoded for their previews by jobs; outcome is made or failed.",
    "outcome",
)

LEASE = timedelta(seconds=20)
"""How long a claim counts without being renewed; a job is not taken from the dead any faster."""

_RENEW_S = 5.0
_FIRST_RETRY = timedelta(minutes=10)
_LAST_RETRY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """One part of the file: its row, what is asked of the disk about it, and what came of that."""

    question: Question
    seen: Look


def make_film(place: Workplace, job: JobRun, film_id: int, *, again: bool = False) -> Mapping[str, Any]:
    """Make what is missing of a file's previews; `again` makes all anew.

    Raises JobCancelled, AlreadyAtWork where another job does just this, and what kept the film from being made;
    the rows tell it too.
    """
    with place.database.read() as session:
        if not queries.of_film(session, film_id):
            return {"outcome": "gone"}
    with _claimed(place, job, film_id) as hold:
        wishes = _wishes(place, job, film_id)
        file = next((wish.seen.film for wish in wishes if wish.seen.film is not None), None)
        if file is None:
            _store(place, wishes)
            return {"outcome": "waiting", "reason": next((_reason(wish) for wish in wishes), "It is gone.")}
        tasks = [
            (replace(recipe, rate=place.rate), task) for recipe, task in _tasks(file, wishes, again=again)
        ]
        _begin(place, [wish.question.row for wish in wishes if wish.seen.targets])
        results: list[Result] = []
        began = time.monotonic()
        try:
            for recipe, task in tasks:
                results.append(_make(job, wishes, recipe, task, hold))
        except JobCancelled:
            _store(place, _seen_again(place, wishes, tasks))
            raise
        return _settle(place, job, _seen_again(place, wishes, tasks), results, time.monotonic() - began)


def wanted_of(place: Workplace, film_id: int) -> Mapping[int, Choices]:
    """What each library that holds this file wants of it now."""
    with place.database.read() as session:
        libraries = {row.library_id for row in queries.of_film(session, film_id)}
        return {library_id: place.choices_of(session, library_id) for library_id in libraries}


def can_open(place: Workplace, film_id: int) -> bool:
    """Whether this node can read the file; true also where nothing is left to be done.

    Where it cannot, what is queued says why it waits, in case no other node can either.
    """
    with place.database.read() as session:
        rows = queries.of_film(session, film_id)
    paths = [place.servers.local_path(row.server_id, ServerPath(row.server_path)) for row in rows]
    if not rows or any(path is not None and os.access(path, os.R_OK) for path in paths):
        return True
    queued = [row for row in rows if row.state == PreviewState.QUEUED]
    for row in queued:
        met = find_film(place, row.server_id, ServerPath(row.server_path))
        if isinstance(met, FilmFile):
            met = Obstacle(
                "unreadable", f"{met.path} may not be read on {place.node}; check its permissions."
            )
        still = queries.Filter(part_ids=(row.part_id,), states=(PreviewState.QUEUED,))
        with place.database.write() as session:
            told = {"reason": met.reason, "error_code": met.code}
            queries.set_state(session, still, PreviewState.WAITING, told)
            _tell(place, session, [row])
    return False


def _reason(wish: Wish) -> str:
    return str(wish.seen.values.get("reason", ""))


@contextmanager
def _claimed(place: Workplace, job: JobRun, film_id: int) -> Iterator[_Hold]:
    hold = _Hold(place, film_id, uuid.uuid4().hex)
    with place.database.write() as session:
        if not queries.of_film(session, film_id):
            raise NotFound("No library holds this file any more; nothing was made.")
        now = place.now()
        if not queries.take_claim(
            session,
            film_id=film_id,
            token=hold.token,
            job_id=job.job_id,
            node=place.node,
            now=now,
            until=now + LEASE,
        ):
            raise AlreadyAtWork(
                "Another job makes the previews of this file now; it is looked at again after."
            )
    try:
        yield hold
    finally:
        with place.database.write() as session:
            queries.drop_claim(session, film_id, hold.token)


class _Hold:
    """A claim that is ours for as long as `keep` is called."""

    def __init__(self, place: Workplace, film_id: int, token: str) -> None:
        self.token = token
        self._place = place
        self._film_id = film_id
        self._next = time.monotonic() + _RENEW_S

    def keep(self) -> None:
        """Renew the claim when it is time. Raises AlreadyAtWork where another has taken it over."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _RENEW_S
        with self._place.database.write() as session:
            held = queries.renew_claim(session, self._film_id, self.token, self._place.now() + LEASE)
        if not held:
            raise AlreadyAtWork(
                "This machine slept too long, and another makes the previews of this file now."
            )


def _wishes(place: Workplace, job: JobRun, film_id: int) -> list[Wish]:
    """Every part that is this file, looked at; one that turns out to be another file is let go."""
    with place.database.read() as session:
        rows = queries.of_film(session, film_id)
    wishes: list[Wish] = []
    first: FilmFile | None = None
    for row in rows:
        film = find_film(place, row.server_id, ServerPath(row.server_path))
        if isinstance(film, FilmFile):
            first = first or film
            if film.key != first.key and film.same_as != first.same_as:
                with place.database.write() as session:
                    queries.change(session, row.part_id, {"film_id": None, "state": PreviewState.UNKNOWN})
                continue
        question = _question(place, job, row)
        wishes.append(Wish(question, look(place, question)))
    return wishes


def _question(place: Workplace, job: JobRun, row: Preview) -> Question:
    library = place.catalogue.library(row.library_id)
    with place.database.read() as session:
        choices = place.choices_of(session, row.library_id)
    on_plex = library.server_kind is ServerKind.PLEX
    obstacle = None
    if choices.enabled and on_plex and Place.PLEX in places_of(choices, library.server_kind):
        if not row.part_hash:
            try:
                ask_hashes(place, row.server_id, [row], job)
            except ServiceError as error:
                obstacle = Obstacle(error.code, error.message)
        if row.part_hash:
            obstacle = shared_bundle(place, row)
    data = place.servers.plex_data(row.server_id) if on_plex else None
    return Question(row, library.server_kind, choices, data, obstacle)


def _tasks(file: FilmFile, wishes: Sequence[Wish], *, again: bool) -> list[tuple[Recipe, Task]]:
    """One decode for all that is wanted alike; a second one only for another width, quality or mode.

    Where two libraries want different previews in one place, the first has its way.
    """
    taken: set[Path] = set()
    plans: dict[tuple[Any, ...], dict[int, list[Target]]] = {}
    for wish in wishes:
        choices = wish.question.choices
        alike = (choices.width, choices.quality, choices.mode)
        for target in wish.seen.targets:
            if target.output.path not in taken:
                taken.add(target.output.path)
                plans.setdefault(alike, {}).setdefault(choices.interval_ms, []).append(target)
    tasks = []
    for (width, quality, mode), by_interval in plans.items():
        intervals = tuple(by_interval)
        outputs = tuple(
            replace(target.output, series=series)
            for series, targets in enumerate(by_interval.values())
            for target in targets
        )
        base = replace(wishes[0].question.choices, width=width, quality=quality, mode=mode).recipe()
        recipe = replace(base, wanted=replace(base.wanted, intervals_ms=intervals), force=again)
        tasks.append((recipe, Task(file.path, outputs, file.size)))
    return tasks


def _make(job: JobRun, wishes: Sequence[Wish], recipe: Recipe, task: Task, hold: _Hold) -> Result:
    seconds = max(wish.question.row.duration_ms for wish in wishes) / 1000

    def tell(share: float) -> None:
        job.check()
        hold.keep()
        if seconds:
            job.progress(share * seconds, seconds, unit="s of film", now=task.film.name)
        else:
            job.progress(share, 1.0, now=task.film.name)

    result = make_apart(task, recipe, tell)
    tell(1.0)
    job.log(
        f"{task.film.name}: {result.outcome} {result.message}".rstrip(),
        "warning" if result.failed else "info",
    )
    return result


def _begin(place: Workplace, rows: Sequence[Preview]) -> None:
    with place.database.write() as session:
        for row in rows:
            queries.change(session, row.part_id, {"state": PreviewState.MAKING, "reason": ""})
        _tell(place, session, rows)


def _seen_again(place: Workplace, wishes: Sequence[Wish], tasks: Sequence[tuple[Recipe, Task]]) -> list[Wish]:
    """How the previews stand now; each place is judged by what was really wanted of it."""
    recipes = {
        output.path: replace(
            recipe,
            force=False,
            wanted=replace(recipe.wanted, intervals_ms=(recipe.wanted.intervals_ms[output.series],)),
        )
        for recipe, task in tasks
        for output in task.outputs
    }
    again = []
    for wish in wishes:
        wish.question.row.mark = ""
        question = replace(wish.question, recipes=recipes)
        again.append(Wish(question, look(place, question)))
    return again


def _settle(
    place: Workplace, job: JobRun, wishes: Sequence[Wish], results: Sequence[Result], seconds: float
) -> Mapping[str, Any]:
    """Store what came of it. Raises what kept the film from being made."""
    failed = next((result for result in results if result.failed), None)
    if failed is not None:
        error = error_of(failed)
        _store(place, [_failed(place, wish, error) for wish in wishes])
        _count(place, wishes, results, seconds, failed=1)
        raise error
    short = next((result for result in results if result.outcome == Outcome.TOO_SHORT), None)
    damaged = next((result for result in results if result.outcome == Outcome.DAMAGED), None)
    settled = []
    for wish in wishes:
        values = dict(wish.seen.values)
        if values.get("state") == PreviewState.FRESH and results:
            values |= {"made_at": place.now(), "seconds": round(seconds, 3)}
            values["reason"] = damaged.message if damaged else ""
        if short is not None and values.get("state") == PreviewState.MISSING:
            values |= {"state": PreviewState.EXCLUDED, "reason": short.message, "error_code": "too_short"}
        settled.append(replace(wish, seen=replace(wish.seen, values=values)))
    _store(place, settled)
    _count(place, wishes, results, seconds, made=1)
    return {
        "outcome": str((damaged or short or results[0]).outcome) if results else "nothing to make",
        "pictures": max((sum(result.thumbnails) for result in results), default=0),
        "seconds": round(seconds, 2),
        "bytes_read": sum(result.bytes_read for result in results),
        "previews": [str(path) for result in results for path in result.outputs],
    }


def _failed(place: Workplace, wish: Wish, error: ProjectionistError) -> Wish:
    """A film that may be made another time is tried again later and later; others when they have changed."""
    if not wish.seen.wanted:
        return wish
    attempts = wish.question.row.attempts + 1
    later = min(_FIRST_RETRY * 2 ** min(attempts - 1, 10), _LAST_RETRY)
    values = {
        "state": PreviewState.FAILED,
        "reason": error.message,
        "error_code": error.code,
        "attempts": attempts,
        "retry_at": place.now() + later if error.retryable else None,
        "mark": wish.seen.mark,
        "checked_at": place.now(),
    }
    return replace(wish, seen=replace(wish.seen, values=values))


def _store(place: Workplace, wishes: Sequence[Wish]) -> None:
    found = {wish.question.row.part_id: there(wish.seen) for wish in wishes}
    place.catalogue.set_previews({part_id: said for part_id, said in found.items() if said is not None})
    with place.database.write() as session:
        for wish in wishes:
            if wish.seen.values:
                queries.change(session, wish.question.row.part_id, wish.seen.values)
        _tell(place, session, [wish.question.row for wish in wishes])


def _tell(place: Workplace, session: Any, rows: Sequence[Preview]) -> None:
    for library_id, item_id in dict.fromkeys((row.library_id, row.item_id) for row in rows):
        place.publish(session, TOPIC, {"library_id": library_id, "item_id": item_id})


def _count(
    place: Workplace,
    wishes: Sequence[Wish],
    results: Sequence[Result],
    seconds: float,
    *,
    made: int = 0,
    failed: int = 0,
) -> None:
    if not any(result.bytes_read for result in results):
        return
    FILMS.add("made" if made else "failed")
    film_seconds = max((wish.question.row.duration_ms for wish in wishes), default=0) / 1000
    done = {
        "made": made,
        "failed": failed,
        "film_seconds": film_seconds if made else 0.0,
        "work_seconds": seconds,
        "bytes_read": sum(result.bytes_read for result in results),
    }
    hour = place.now().replace(minute=0, second=0, microsecond=0)
    with place.database.write() as session:
        queries.add_work(session, hour, place.node, done)
