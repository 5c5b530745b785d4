"""What a plan costs: a hundred thousand films and episodes in a library index, 20 people and a year of their plays.

The house is a real index in SQLite. A process of its own reads it, learns from the history, weighs everything and
plans, and an hour later plans again, as a service does all day; the seconds are those of the whole of that, without
Python's own start.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.measuring import Spread, measure
from bench.rows import Row, Table, at_most
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.errors import NotFound
from projectionist.features.cache.households.watching import live
from projectionist.features.cache.planning.ground import Cap
from projectionist.features.cache.planning.planner import Planner
from projectionist.features.cache.prediction.catalogue import Kind
from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.wanting.gathering import Wanting
from projectionist.features.library import models as library
from projectionist.features.servers.models import ServerRow
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import ItemKind, LocalPath, ServerPath

ITEMS, PEOPLE, DAYS = 100_000, 20, 365
_FILMS, _SHOWS = Path("/slow/films"), Path("/slow/shows")
_AT_ONCE = 5000
_NEXT = timedelta(hours=1)


def measure_planning(
    folder: Path, *, quick: bool = False, say: Callable[[str], object] = print
) -> list[Table]:
    """The table of the plan. Raises CommandFailed."""
    items, days = (10_000, 40) if quick else (ITEMS, DAYS)
    say(f"{PEOPLE} people and {items} items: an index")
    file = folder / "planning.sqlite"
    file.unlink(missing_ok=True)
    measure([sys.executable, "-m", "bench.planning", "fill", str(file), str(items), str(days)])
    say(f"{PEOPLE} people and {items} items: a plan")
    run = measure([sys.executable, "-m", "bench.planning", "plan", str(file)])
    first, after, told = run.output.split(maxsplit=2)
    peak = run.peak_bytes / 1e6
    learning, cpu = float(first), float(after)
    return [
        Table(
            f"A plan for {PEOPLE} people and {items:,} items",
            "",
            [
                Row(
                    "a plan", "CPU s", None, Spread.of([cpu]), cpu, at_most(2, "CPU s"), "CPU s", told.strip()
                ),
                Row(
                    "the first of a process",
                    "CPU s",
                    None,
                    Spread.of([learning]),
                    learning,
                    at_most(2, "CPU s"),
                    "CPU s",
                    "it learns from a year of plays, as `projectionist cache plan` does each time",
                ),
                Row(
                    "its peak",
                    "MB",
                    None,
                    Spread.of([peak]),
                    peak,
                    at_most(300, "MB"),
                    "MB",
                    "the whole process",
                ),
            ],
        )
    ]


@dataclass(frozen=True)
class _Tier:
    id: int = 1
    name: str = "fast"
    root: Path = Path("/fast")


@dataclass(frozen=True)
class _Place:
    library_id: int
    slow_root: Path
    view_root: Path
    tiers: Sequence[_Tier] = (_Tier(),)


@dataclass(frozen=True)
class _Room:
    limit: int
    tier: _Tier = _Tier()
    ours: int = 0


@dataclass(frozen=True)
class _House:
    """Two folders and a tier, and a server that nobody plays from; a planner's neighbours."""

    limit: int

    def tiers(self) -> Sequence[_Tier]:
        return (_Tier(),)

    def all(self) -> Sequence[_Place]:
        return (_Place(1, _FILMS, _FILMS), _Place(2, _SHOWS, _SHOWS))

    def rooms(self) -> Sequence[_Room]:
        return (_Room(self.limit),)

    def may_write(self, tier: object, size: int) -> str | None:
        return None

    def server_ids(self) -> Sequence[int]:
        return (1,)

    def connect(self, server_id: int) -> MediaServer:
        raise NotFound("Nobody is asked.")

    def name(self, server_id: int) -> str:
        return "index"

    def known_path(self, server_id: int, path: ServerPath) -> LocalPath | None:
        return LocalPath(Path(path))

    def server_paths(self, server_id: int, path: Path) -> Sequence[ServerPath]:
        return (ServerPath(str(path)),)


@dataclass(frozen=True)
class _NoLimits:
    item_most: int | None = None
    items: dict[int, Cap] = field(default_factory=dict)
    libraries: dict[int, Cap] = field(default_factory=dict)
    accounts: dict[int, Cap] = field(default_factory=dict)


def _fill(file: Path, items: int, days: int) -> None:
    past = live(9, users=PEOPLE, items=items, days=days)
    database = Database(sqlite_url(file))
    Base.metadata.create_all(database.engine)
    people = sorted({play.user for play in past.plays})
    now = datetime.fromtimestamp(past.plays[-1].at + 4 * 3600, UTC)
    server = {"id": 1, "kind": "plex", "name": "index", "address": "", "identity": "i", "created_at": now}
    shelves = ((1, "movies", "Films", str(_FILMS)), (2, "shows", "Shows", str(_SHOWS)))
    tables: tuple[tuple[Any, Iterator[dict[str, Any]]], ...] = (
        (ServerRow, iter([server])),
        (
            library.LibraryRow,
            (
                {
                    "id": id_,
                    "server_id": 1,
                    "key": str(id_),
                    "kind": kind,
                    "title": title,
                    "locations": [root],
                }
                for id_, kind, title, root in shelves
            ),
        ),
        (
            library.ServerAccountRow,
            (
                {"id": at, "server_id": 1, "key": str(at), "name": name, "is_owner": at == 1}
                for at, name in enumerate(people, 1)
            ),
        ),
        (library.ItemRow, _items(past)),
        (
            library.VersionRow,
            ({"item_id": at, "position": 0, "key": f"v{at}", "height": 1080} for at in _ids(past)),
        ),
        (library.PartRow, _parts(past)),
        (library.HistoryRow, _history(past, people)),
        (library.WatchStateRow, _states(past, people)),
    )
    for table, rows in tables:
        _put(database, table, rows)
    database.close()
    file.with_suffix(".now").write_text(f"{now.timestamp()} {sum(past.catalogue.sizes)}")


def _ids(past: Past) -> range:
    return range(1, len(past.catalogue.titles) + 1)


def _items(past: Past) -> Iterator[dict[str, Any]]:
    """Films and episodes by their numbers from 1 on; shows and seasons above them."""
    first_show = len(past.catalogue.titles) + 1
    first_season = first_show + len(past.catalogue.shows)
    seasons: dict[tuple[int, int], int] = {}
    base = {"server_id": 1, "title": "", "folded": ""}
    for show in range(len(past.catalogue.shows)):
        id_ = first_show + show
        yield _item(base, id_, 2, ItemKind.SHOW)
    for at, title in enumerate(past.catalogue.titles):
        show = past.catalogue.show_of[at]
        if show >= 0 and (show, title.season) not in seasons:
            id_ = seasons[show, title.season] = first_season + len(seasons)
            yield _item(base, id_, 2, ItemKind.SEASON, parent_id=first_show + show, number=title.season)
    for at, title in enumerate(past.catalogue.titles):
        show = past.catalogue.show_of[at]
        is_film = title.kind is Kind.MOVIE
        yield _item(
            base,
            at + 1,
            1 if is_film else 2,
            ItemKind.MOVIE if is_film else ItemKind.EPISODE,
            title=f"Title {at}",
            parent_id=None if is_film else seasons[show, title.season],
            grandparent_id=None if is_film else first_show + show,
            number=None if is_film else title.episode,
            duration_ms=int(title.duration * 1000),
            added_at=datetime.fromtimestamp(title.added_at, UTC),
        )


def _item(base: dict[str, Any], id_: int, shelf: int, kind: ItemKind, **values: Any) -> dict[str, Any]:
    unset = dict.fromkeys(("parent_id", "grandparent_id", "number", "added_at"))
    return {
        **base,
        **unset,
        "duration_ms": 0,
        "id": id_,
        "key": str(id_),
        "library_id": shelf,
        "kind": kind,
        "height": 1080,
        **values,
    }


def _parts(past: Past) -> Iterator[dict[str, Any]]:
    for at, title in enumerate(past.catalogue.titles):
        is_film = title.kind is Kind.MOVIE
        folder = _FILMS / f"Film {at}" if is_film else _SHOWS / title.show / f"Season {title.season:02}"
        yield {
            "id": at + 1,
            "library_id": 1 if is_film else 2,
            "item_id": at + 1,
            "version": 0,
            "position": 0,
            "key": f"/library/parts/{at + 1}",
            "path": str(folder / f"Title {at}.mkv"),
            "size": title.size,
        }


def _history(past: Past, people: Sequence[str]) -> Iterator[dict[str, Any]]:
    numbers = {name: at for at, name in enumerate(people, 1)}
    for play in past.plays:
        if play.finished:
            at = datetime.fromtimestamp(play.at + play.position, UTC)
            yield {"item_id": play.item + 1, "account_id": numbers[play.user], "at": at}


def _states(past: Past, people: Sequence[str]) -> Iterator[dict[str, Any]]:
    numbers = {name: at for at, name in enumerate(people, 1)}
    states: dict[tuple[int, int], dict[str, Any]] = {}
    for play in past.plays:
        key = (play.item + 1, numbers[play.user])
        known = states.setdefault(key, {"item_id": key[0], "account_id": key[1], "watched_count": 0})
        known["watched_count"] += play.finished
        known["position_ms"] = 0 if play.finished else int(play.position * 1000)
        known["watched_at"] = datetime.fromtimestamp(play.at + max(60.0, play.position), UTC)
    yield from states.values()


def _put(database: Database, table: Any, rows: Iterator[dict[str, Any]]) -> None:
    with database.write() as session:
        batch: list[dict[str, Any]] = []
        for row in rows:
            batch.append(row)
            if len(batch) == _AT_ONCE:
                session.execute(insert(table), batch)
                batch = []
        if batch:
            session.execute(insert(table), batch)


def _plan(file: Path) -> None:
    """Print the CPU seconds of a first plan in a fresh process and of the next, and what that came to."""
    now, total = file.with_suffix(".now").read_text().split()
    at = datetime.fromtimestamp(float(now), UTC)
    database = Database(sqlite_url(file))
    house = _House(int(int(total) * 0.02))
    began = time.process_time()
    planner = Planner(database, Wanting(database, house), house, house, lambda _: _NoLimits())
    planner.think(at)
    learned = time.process_time()
    thought = planner.think(at + _NEXT)
    spent = (learned - began, time.process_time() - learned)
    copied = sum(one.want.file.size for one in thought.plan.copies) / 1e9
    wanted, copies = len(thought.wanted.wants), len(thought.plan.copies)
    print(f"{spent[0]:.3f} {spent[1]:.3f} {wanted} files wanted, {copies} copied ({copied:.0f} GB)")
    database.close()


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        _fill(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        _plan(Path(sys.argv[2]))
