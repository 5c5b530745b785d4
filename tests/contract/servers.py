"""Every kind of MediaServer over the same contents, and what each can be made to suffer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from projectionist.demo.house import DemoHouse
from projectionist.errors import (
    ServerAnswerWrong,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
)
from projectionist.integrations.connecting import connect
from projectionist.kit.http import TIME_OUTS, TimeOuts
from projectionist.media.server import MediaServer, ServerAddress
from projectionist.media.vocabulary import KINDS, Image, LibraryEvent, ServerKind
from tests.fakes import FakeServer, as_media_server

CLIENT = "11111111-2222-3333-4444-555555555555"
SOON = TimeOuts(connect=2.0, read=1.0, total=2.5)

Harm = Callable[[], None]


@dataclass(frozen=True)
class Served:
    """A server, with what makes it fail in each way it can: the error that must come, and how to bring it about."""

    server: MediaServer
    harms: Mapping[str, tuple[type[ServiceError], Harm]]
    watched: bool
    touch: Harm


def plex_client(house: DemoHouse, token: str | None = None, time_outs: TimeOuts = SOON) -> MediaServer:
    address = ServerAddress(ServerKind.PLEX, house.plex_url, house.plex_token if token is None else token)
    return connect(address, client_id=CLIENT, plex_tv_url=house.plex_tv_url, time_outs=time_outs)


def plex(house: DemoHouse, time_outs: TimeOuts = SOON) -> Served:
    """The Plex client over the demo house."""
    faults = house.faults
    house.script.tick(1)
    house.script.tick(6)

    def lie(answer: dict[str, dict[str, object]]) -> object:
        return {"MediaContainer": {**answer["MediaContainer"], "size": 999}}

    harms: dict[str, tuple[type[ServiceError], Harm]] = {
        "down": (ServerUnreachable, house.close),
        "hanging": (ServerUnreachable, faults.hang),
        "dropping": (ServerUnreachable, faults.drop),
        "wrong token": (ServerRefused, faults.refuse_token),
        "failing": (ServerFailed, lambda: faults.fail(500)),
        "truncated": (ServerAnswerWrong, lambda: faults.truncate(40)),
        "half of it": (ServerAnswerWrong, lambda: faults.answer(b'{"MediaContainer": {"size": 3, "Di')),
        "a page of HTML": (ServerAnswerWrong, lambda: faults.answer(b"<html></html>", "text/html")),
        "an empty object": (ServerAnswerWrong, lambda: faults.answer(b"{}")),
        "lying": (ServerAnswerWrong, lambda: faults.alter(lie)),
    }
    return Served(plex_client(house, time_outs=time_outs), harms, True, lambda: house.script.tick(1))


def folder(media: Path, at: Path) -> Served:
    """The folder over a copy of the films, which may be harmed."""
    root = at / "folder"
    for name in ("Movies", "Shows", "Music"):
        shutil.copytree(media / name, root / name)
    (root / "Movies" / "Ember Coast (2023)" / "poster.jpg").write_bytes(b"\xff\xd8\xff\xe0 and so on")

    def vanish() -> None:
        root.rename(at / "elsewhere")

    def unmount() -> None:
        vanish()
        root.mkdir()

    server = connect(ServerAddress(ServerKind.FOLDER, str(root)), client_id=CLIENT, plex_tv_url="")
    film = next((root / "Movies").rglob("*.mkv"))
    harms: dict[str, tuple[type[ServiceError], Harm]] = {
        "vanished": (ServerUnreachable, vanish),
        "not mounted": (ServerUnreachable, unmount),
    }
    return Served(server, harms, False, film.touch)


def failing(server: FakeServer, kind: type[ServiceError]) -> Harm:
    """Makes every call of the fake raise this."""

    def harm() -> None:
        server.failures["*"] = kind("The fake server fails.")

    return harm


def fake(house: DemoHouse) -> Served:
    """The fake with what the demo house holds."""
    real = plex(house, TIME_OUTS).server
    shelves = list(real.libraries())
    held = [item for shelf in shelves for kind in KINDS[shelf.kind] for item in real.items(shelf, kind).items]
    server = FakeServer(
        about=real.info(),
        shelves=shelves,
        held=held,
        pictures={item.poster: Image(b"\xff\xd8\xff", "image/jpeg") for item in held},
        hashes=dict(real.part_hashes([item.key for item in held if item.versions])),
        decks={None: list(real.on_deck())},
        watchlists={None: list(real.watchlist())},
        watched=list(real.history().items),
        people=list(real.accounts()),
        playing=list(real.sessions()),
    )
    real.close()
    kinds = (ServerUnreachable, ServerRefused, ServerFailed, ServerAnswerWrong)
    harms = {kind.code: (kind, failing(server, kind)) for kind in kinds}
    return Served(
        as_media_server(server),
        harms,
        True,
        lambda: server.happen(LibraryEvent(held[0].library_key, held[0].key)),
    )
