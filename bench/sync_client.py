"""One side of the sync contest in a process of its own: `python -m bench.sync_client ours|theirs URL`.

Prints a JSON object of seconds, the server's own time taken off.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.request import urlopen

from plexapi.server import PlexServer
from sqlalchemy.orm import Session

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.schema import prepare
from projectionist.features.library.sync import Sync, Synced, now, sync_libraries
from projectionist.features.servers.models import ServerRow
from projectionist.integrations.connecting import connector
from projectionist.media.server import MediaServer, ServerAddress
from projectionist.media.vocabulary import ServerKind


class Quiet:
    """A job's run and a publisher of events that say nothing."""

    job_id = "bench"
    attempt = 1

    def progress(self, done: float, total: float | None = None, *, unit: str = "", now: str = "") -> None:
        """Nothing."""

    def check(self) -> None:
        """Nothing."""

    def log(self, message: str, level: str = "info") -> None:
        """Nothing."""

    def publish(
        self, topic: str, data: Mapping[str, Any] = MappingProxyType({}), *, session: Session | None = None
    ) -> None:
        """Nothing."""


def theirs(url: str) -> dict[str, float]:
    """python-plexapi, as a tool would use it that keeps an index: by its pages, and of each film all that ours holds.

    It would ask the server for a film by itself wherever a field is empty; that is switched off, in its favour.
    """
    os.environ["PLEXAPI_PLEXAPI_AUTORELOAD"] = "false"
    server = PlexServer(url, "token")  # type: ignore[no-untyped-call]  # it has no types

    def listing() -> int:
        return len(server.library.section("Films").all())

    def reading() -> int:
        return sum(bool(_all_of(film)) for film in server.library.section("Films").all())

    return {"listing": _timed(url, listing), "reading": _timed(url, reading)}


def _all_of(film: Any) -> tuple[Any, ...]:
    """What our index holds of a film, as python-plexapi tells it."""
    what = (
        film.ratingKey,
        film.type,
        film.title,
        film.titleSort,
        film.originalTitle,
        film.summary,
        film.year,
    )
    stamps = (film.duration, film.addedAt, film.updatedAt, film.originallyAvailableAt)
    shown = (film.rating, film.contentRating, film.studio, film.thumb, film.art)
    watched = (film.viewCount, film.viewOffset, film.lastViewedAt)
    tags = ([genre.tag for genre in film.genres], film.guid, [guid.id for guid in film.guids])
    return (*what, *stamps, *shown, *watched, *tags, [_files_of(version) for version in film.media])


def _files_of(version: Any) -> tuple[Any, ...]:
    """A version with its files."""
    coded = (
        version.id,
        version.width,
        version.height,
        version.videoCodec,
        version.audioCodec,
        version.bitrate,
    )
    parts = [
        (part.id, part.file, part.size, part.duration, part.container, part.indexes) for part in version.parts
    ]
    return (*coded, version.duration, version.proxyType, parts)


def ours(url: str) -> dict[str, float]:
    """Our sync with the writing of the index: the first, a complete one again, and one that finds nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder) / "index.sqlite"))
        prepare(database)
        server = connector(client_id="bench")(ServerAddress(ServerKind.PLEX, url, "token"))
        server_id = _add_server(database)

        def sync(*, full: bool) -> int:
            work = Sync(database, server, server_id, Quiet(), Quiet(), now())
            return _seen(sync_libraries(work, full=full))

        try:
            return {
                "first": _timed(url, lambda: sync(full=False)),
                "complete": _timed(url, lambda: sync(full=True)),
                "unchanged": _timed(url, lambda: sync(full=False)),
            }
        finally:
            _close(server, database)


def _timed(url: str, work: Callable[[], int]) -> float:
    busy, begun = _busy(url), time.perf_counter()
    work()
    return time.perf_counter() - begun - (_busy(url) - busy)


def _busy(url: str) -> float:
    with urlopen(f"{url}/busy") as answer:
        return float(answer.read())


def _seen(done: list[Synced]) -> int:
    if any(one.unproven for one in done):
        raise SystemExit("The server's listing was not believed; the times would mean nothing.")
    return sum(one.seen for one in done)


def _add_server(database: Database) -> int:
    row = ServerRow(
        kind="plex",
        name="Bench",
        address="",
        identity="bench",
        created_at=datetime.now(UTC),
        last_ok_at=None,
        checked_at=None,
        failing_since=None,
    )
    with database.write() as session:
        session.add(row)
        session.flush()
        return row.id


def _close(server: MediaServer, database: Database) -> None:
    server.close()
    database.close()


if __name__ == "__main__":
    side = {"ours": ours, "theirs": theirs}[sys.argv[1]]
    print(json.dumps(side(sys.argv[2])))
