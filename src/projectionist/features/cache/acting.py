"""What pages and the API do to many files at once, or in more than one step."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from projectionist.errors import NotFound
from projectionist.features.cache import pins, service
from projectionist.features.cache.pins import Effect
from projectionist.features.cache.reading import films, history
from projectionist.features.cache.reading.films import Film, FilmFilter
from projectionist.features.cache.reading.history import MoveFilter, Past
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.versions import Preference, preferred
from projectionist.features.cache.workplace import TOPIC, Workplace
from projectionist.features.library import service as library
from projectionist.jobs.ports import Jobs, Ordered

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of doing one thing to many files: how many took it, and why others (by their titles) did not."""

    done: int
    failed: tuple[tuple[str, str], ...]


def carry_out(place: Workplace, jobs: Jobs, when: str, asked_by: str) -> Sequence[Ordered]:
    """Say yes to the plan: files are moved now, and from now on by themselves as often as `when` says."""
    service.confirm(place, jobs, when)
    return service.run(place, jobs, asked_by, dry=False)


def return_films(place: Workplace, jobs: Jobs, ids: Collection[int], asked_by: str) -> Tally:
    """Ask for these films to be moved back; one that went back meanwhile is passed over."""
    done, failed = 0, []
    for film in films.films_by_id(place, ids):
        try:
            service.restore(place, jobs, film.path, asked_by)
        except NotFound as error:
            failed.append((film.title, error.message))
        else:
            done += 1
    return Tally(done, tuple(failed))


def pin_films(place: Workplace, ids: Collection[int], asked_by: str, *, pin: bool) -> Tally:
    """Pin the items of these films in the version that is there, or pin them no longer.

    What is there has its room: it is not asked for each of them what then would not fit any more. What
    went back meanwhile is named by its number.
    """
    there = films.films_by_id(place, ids)
    gone = sorted(set(ids) - {film.id for film in there})
    done = 0
    failed = [(f"Film {one}", "It is not on a fast disk any more; nothing was changed.") for one in gone]
    for film in there:
        if film.item_id is None:
            failed.append((film.title, "The library does not know whose file this is; sync it first."))
            continue
        version = _version_there(place, film.item_id, film.path)
        with place.database.write() as session:
            if pin:
                queries.put_pin(session, film.item_id, version, asked_by, place.clock.now())
            else:
                queries.drop_pin(session, film.item_id)
            place.publish(session, TOPIC, {"item_id": film.item_id, "pinned": pin})
        done += 1
    return Tally(done, tuple(failed))


def weigh_pin(place: Workplace, item_id: int, version: str, asked_by: str) -> Effect:
    """What `pin` would come to; nothing is pinned. Raises NotFound, and InputWrong for an unknown version."""
    return pins.weigh_pin(place.database, place.planner, item_id, version, asked_by, place.clock.now())


def pin(place: Workplace, item_id: int, version: str, asked_by: str) -> Effect:
    """Keep an item (a film, an episode, a season, a show) on the fast disk for good; what that comes to.

    Raises NotFound, InputWrong for an unknown version, and Conflict where not all of it fits.
    """
    effect = pins.pin(place.database, place.planner, item_id, version, asked_by, place.clock.now())
    _tell(place, item_id, is_pinned=True)
    return effect


def unpin(place: Workplace, item_id: int) -> str:
    """Keep it there no longer than it is wanted; its title. Raises NotFound where it is not pinned."""
    title = pins.unpin(place.database, item_id)
    _tell(place, item_id, is_pinned=False)
    return title


def all_films(place: Workplace, wanted: FilmFilter) -> Iterator[Film]:
    """Every film of a filter, never more than a page in memory."""
    offset = 0
    while True:
        found = films.films(place, wanted, offset=offset, size=_AT_ONCE).items
        yield from found
        if len(found) < _AT_ONCE:
            return
        offset += _AT_ONCE


def all_moves(place: Workplace, wanted: MoveFilter) -> Iterator[Past]:
    """Every move of a filter, never more than a page in memory."""
    offset = 0
    while True:
        found = history.moves(place, wanted, offset=offset, size=_AT_ONCE).items
        yield from found
        if len(found) < _AT_ONCE:
            return
        offset += _AT_ONCE


def _version_there(place: Workplace, item_id: int, path: Path) -> Preference:
    """By which words the version is meant that a file belongs to; the first where no word means it."""
    files = library.files_of(place.database, [item_id]).get(item_id, ())
    for word in Preference:
        if any(PureWindowsPath(one.path).name == path.name for one in preferred(files, word)):
            return word
    return Preference.FIRST


def _tell(place: Workplace, item_id: int, *, is_pinned: bool) -> None:
    with place.database.write() as session:
        place.publish(session, TOPIC, {"item_id": item_id, "pinned": is_pinned})
