"""The demo house: generated films, a simulated Plex server over them, and a simulated plex.tv."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from projectionist.demo.address import PORTS, ports_of
from projectionist.demo.asking import Plex
from projectionist.demo.bundles import Bundles
from projectionist.demo.catalogue import Catalogue
from projectionist.demo.faults import Faults, Faulty
from projectionist.demo.films import DemoFilm, is_complete, make_film
from projectionist.demo.people import new_token, people
from projectionist.demo.plex_server import plex_application
from projectionist.demo.plex_tv import PlexTv, plex_tv_application
from projectionist.demo.programme import ALBUMS, house_films
from projectionist.demo.records import make_track
from projectionist.demo.script import Script, opening
from projectionist.demo.serving import LoopbackServer
from projectionist.demo.stock import MOVIES_KEY, stock
from projectionist.demo.viewing import HouseState
from projectionist.kit.files import make_folder, publish_file, remove_stale_temporaries

_ENCODERS = 2
NAME = "Projectionist demo house"


class DemoHouse:
    """A media server with films, people and playback, on this machine alone, as long as it is open.

    `films` is the folder of the media, `plex_data` the data folder of the server (previews go there), `plex_url`
    and `plex_token` what an owner connects with, `plex_tv_url` stands for plex.tv. `state` is what happens inside
    and `faults` what goes wrong. Everything generated stays in `folder` and is used again by the next start; a
    film that was cut short is made again. With `playing`, people watch by a script. `progress` is told the name
    of every film that is about to be made.
    """

    def __init__(
        self, folder: Path, *, playing: bool = False, progress: Callable[[str], None] | None = None
    ) -> None:
        self.folder = folder
        self.films = folder / "media"
        self.plex_data = folder / "plex"
        self.faults, self.plex_tv_faults = Faults(), Faults()
        self._progress = progress
        self._playing = playing
        self._state: HouseState | None = None
        self._servers: list[LoopbackServer] = []

    def start(self) -> Self:
        """Generate what is missing and begin to answer. Raises TargetUnwritable or TargetFull."""
        make_house_media(self.films, self._progress)
        for below in ("Media/localhost", "Metadata"):
            make_folder(self.plex_data / below)
        self.plex_token = _owner_token(self.folder / "owner-token")
        if self._state is None:
            self._state = HouseState(stock(self.films), people(self.plex_token, MOVIES_KEY))
            opening(self._state)
        self.script = Script(self._state)
        for faults in (self.faults, self.plex_tv_faults):
            faults.reopen()
        plex = Plex(self.state, Bundles(self.plex_data), NAME, _identity(self.folder))
        ports = ports_of(self.folder)
        plex_server = LoopbackServer(Faulty(plex_application(plex), self.faults), "demo-plex", ports[0])
        self.plex_tv = PlexTv(plex, plex_server.url)
        plex_tv = Faulty(plex_tv_application(self.plex_tv), self.plex_tv_faults)
        plex_tv_server = LoopbackServer(plex_tv, "demo-plex-tv", ports[1])
        self._servers = [plex_server, plex_tv_server]
        self.plex_url, self.plex_tv_url = plex_server.url, plex_tv_server.url
        _remember_ports(self.folder / PORTS, (plex_server.port, plex_tv_server.port))
        for server in self._servers:
            server.start()
        if self._playing:
            self.script.start()
        return self

    @property
    def state(self) -> HouseState:
        """What happens in the house; it is kept when a closed house is started again."""
        assert self._state is not None, "the house has never been started"
        return self._state

    @property
    def catalogue(self) -> Catalogue:
        """What the server holds; change it, and the server has changed."""
        return self.state.catalogue

    def close(self) -> None:
        """Stop answering; what was generated stays. Closing twice is harmless."""
        if not self._servers:
            return
        self.script.close()
        self.state.announcements.end()
        for faults in (self.faults, self.plex_tv_faults):
            faults.close()
        for server in self._servers:
            server.close()
        self._servers = []

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def make_house_media(
    folder: Path, progress: Callable[[str], None] | None = None, films: Sequence[DemoFilm] | None = None
) -> None:
    """Put the films (all of the house, or `films`) and records into `folder`, those that are not there whole.

    Raises TargetUnwritable or TargetFull.
    """

    def make(film: DemoFilm) -> None:
        path = folder / film.path
        if not is_complete(film, path):
            if progress is not None:
                progress(path.name)
            remove_stale_temporaries(path.parent)
            make_film(film, path)

    with ThreadPoolExecutor(_ENCODERS, "demo-films") as encoders:
        making = [encoders.submit(make, film) for film in (house_films() if films is None else films)]
        making += [encoders.submit(make_track, track, folder) for album in ALBUMS for track in album.tracks]
        for made in making:
            made.result()


def _remember_ports(path: Path, ports: tuple[int, int]) -> None:
    _keep(path, f"{ports[0]} {ports[1]}\n")


def _owner_token(path: Path) -> str:
    """The owner's token of this house, made at the first start."""
    with suppress(FileNotFoundError):
        kept = path.read_text().strip()
        if kept:
            return kept
    token = new_token()
    _keep(path, token)
    return token


def _keep(path: Path, text: str) -> None:
    """Write a small file that nobody else may read."""

    def write(file: BinaryIO) -> None:
        os.fchmod(file.fileno(), 0o600)
        file.write(text.encode())

    publish_file(path, write)


def _identity(folder: Path) -> str:
    """The machine identifier: another one for each house, the same one at each start."""
    return hashlib.sha1(str(folder.absolute()).encode(), usedforsecurity=False).hexdigest()
