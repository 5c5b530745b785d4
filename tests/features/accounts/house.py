"""A small house: accounts, servers and operations over the real shell, with fakes around it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import ServerRefused, ServerUnreachable
from projectionist.features.accounts import feature as accounts
from projectionist.features.accounts.identify import SignedInPeople
from projectionist.features.accounts.mailroom import open_mailroom
from projectionist.features.accounts.sessions import IDLE
from projectionist.features.accounts.setup import Demo, SetupParts
from projectionist.features.accounts.setup_link import setup_link
from projectionist.features.accounts.ways.oidc import OidcWay
from projectionist.features.accounts.ways.opening import Ways
from projectionist.features.accounts.ways.plex import Admission, PlexWay
from projectionist.features.accounts.ways.proxy import ProxyWay
from projectionist.features.audit_log import feature as audit_log
from projectionist.features.library.scheduling import ScheduledSyncs
from projectionist.features.operations import feature as operations
from projectionist.features.servers import feature as servers
from projectionist.features.servers.service import NewServer, Reach
from projectionist.jobs.ports import Jobs
from projectionist.kit.secrets import Vault
from projectionist.media.server import MediaServer, ServerAddress
from projectionist.media.vocabulary import (
    ItemKind,
    LibraryKind,
    ListedItem,
    ListedLibrary,
    Part,
    ServerKind,
    ServerPath,
    Version,
)
from projectionist.settings import Settings
from projectionist.web.config import ShellSettings
from projectionist.web.live import Event
from projectionist.web.shell import create_shell
from tests import passwords
from tests.fakes import FakeServer
from tests.features.accounts.clocks import Clock
from tests.features.accounts.ways.plex_people import FakePlexTv
from tests.features.operations.fake_jobs import FakeJobs

NAME, PASSWORD = "Vera", passwords.PASSWORD
TOKEN = "the-plex-token-that-nobody-sees"
PLEX = "http://192.0.2.10:32400"


@dataclass(frozen=True)
class Proven:
    """What came of writing into a Plex data folder."""

    works: bool
    sentence: str
    folder: Path


class NoEvents:
    """Nothing ever happens."""

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        return lambda: None

    def since(self, event_id: int) -> Sequence[Event]:
        return []

    def reaches_back_to(self, event_id: int) -> bool:
        return True


@dataclass
class House:
    """What a test turns."""

    database: Database
    data: Path
    clock: Clock = field(default_factory=Clock)
    plex: FakeServer = field(default_factory=FakeServer)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    told: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    excluded: dict[int, list[str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    asked_addresses: list[ServerAddress] = field(default_factory=list)
    base_path: str = ""
    trusted_proxies: tuple[str, ...] = ()
    plex_tv: FakePlexTv = field(default_factory=FakePlexTv)
    mail: Mapping[str, Any] = field(default_factory=dict)
    idle: timedelta = IDLE

    def __post_init__(self) -> None:
        self._client: TestClient[Any] | None = None
        self.settings = Settings(data=self.data, **self.mail)
        self.mailroom = open_mailroom(self.settings, self.database, self.jobs, self.clock.now)
        self.reach = Reach(
            self.database,
            Vault(b"k" * 32),
            self.connect,
            "here",
            self.clock.now,
            ScheduledSyncs(self.jobs, "every 15m"),
            self.prove,
            self.publish,
        )
        self.plex_way = PlexWay(
            self.database, self.reach.vault, self.clock.now, Admission.MEMBERS, True, lambda _: self.plex_tv
        )
        self.oidc_way = OidcWay(self.database, self.reach.vault, self.clock.now, "the club", ("*=user",))
        self.proxy_way = ProxyWay(self.database, self.clock.now, "", "Remote-Groups", ("*=user",))
        self.parts = SetupParts(self.reach, self.exclude, self.left_out.append, self.start_demo)

    def connect(self, address: ServerAddress) -> MediaServer:
        self.asked_addresses.append(address)
        if address.kind is ServerKind.PLEX and address.address != PLEX:
            raise ServerUnreachable(f"Plex at {address.address} did not answer in 5 s.")
        if address.kind is ServerKind.PLEX and address.token != TOKEN:
            raise ServerRefused("Plex does not take this token; get a new one.")
        self.plex.kind = address.kind
        return self.plex

    def prove(self, folder: Path) -> Proven:
        if not folder.is_dir():
            return Proven(False, f"There is no folder {folder}.", folder)
        return Proven(True, f"A file was written to {folder}, read and removed.", folder)

    def publish(self, session: Session, topic: str, data: Mapping[str, Any]) -> None:
        self.told.append((topic, data))

    def exclude(self, server_id: int, listed: Sequence[ListedLibrary], excluded: Collection[str]) -> None:
        self.excluded[server_id] = list(excluded)

    def start_demo(self) -> Demo:
        return Demo(NewServer(ServerKind.PLEX, PLEX, TOKEN, name="The demo house"), self.data)

    def link(self) -> str:
        """The setup link, without the host."""
        link = setup_link(self.database, self.settings)
        assert link is not None
        parts = urlsplit(link)
        return f"{parts.path}?{parts.query}"

    @contextmanager
    def browser(self) -> Iterator[Browser]:
        """A browser that has never been here; all of a house share one program, each has its own cookies."""
        if self._client is not None:
            yield Browser(self._client)
            return
        with TestClient(self.app, base_url="http://127.0.0.1:8480") as self._client:
            yield Browser(self._client)
        self._client = None

    @cached_property
    def app(self) -> Litestar:
        """The program."""
        jobs: Jobs = self.jobs
        people = SignedInPeople(self.database, self.clock, self.idle, proxy=self.proxy_way)
        return create_shell(
            features=[
                accounts.feature(),
                audit_log.feature(),
                servers.feature(self.database),
                operations.feature(jobs),
            ],
            identify=people,
            dependencies={
                "database": self.database,
                "clock": self.clock,
                "jobs": jobs,
                "job_kinds": {"library.sync": "Library sync"},
                "mailroom": self.mailroom,
                "people": people,
                "reach": self.reach,
                "settings": self.settings,
                "setup_parts": self.parts,
                "belongings": {},
                "ways": Ways(self.plex_way, self.oidc_way, self.proxy_way),
                "vault": self.reach.vault,
            },
            settings=ShellSettings(base_path=self.base_path, trusted_proxies=self.trusted_proxies),
            events=NoEvents(),
        )

    @contextmanager
    def owner(self) -> Iterator[Browser]:
        """A browser in which the first administrator is signed in."""
        with self.browser() as browser:
            browser.get(self.link())
            browser.post("/setup/administrator", name=NAME, password=PASSWORD)
            yield browser


class Browser:
    """Follows links and sends forms, as a browser without scripts does."""

    def __init__(self, client: TestClient[Any]) -> None:
        self._client = client
        self.cookies: dict[str, str] = {}
        self.headers: dict[str, str] = {}

    def get(self, path: str, follow: bool = True) -> Any:
        return self.ask("GET", path, follow_redirects=follow)

    def post(self, path: str, follow: bool = True, **fields: Any) -> Any:
        fields["_csrf_token"] = self.csrf()
        return self.ask("POST", path, data=fields, follow_redirects=follow)

    def csrf(self) -> str:
        if "projectionist_csrf" not in self.cookies:
            self.get("/sign-in")
        return self.cookies["projectionist_csrf"]

    def api(self, method: str, path: str, json: Any = None) -> Any:
        return self.ask(method, f"/api/v1{path}", json=json, headers={"x-csrf-token": self.csrf()})

    def ask(self, method: str, path: str, **more: Any) -> Any:
        more["headers"] = {**self.headers, **more.get("headers", {})}
        self._client.cookies.clear()
        for name, value in self.cookies.items():
            self._client.cookies.set(name, value, domain="127.0.0.1")
        answer = self._client.request(method, path, **more)
        self.cookies = dict(self._client.cookies)
        return answer


def words(html: str) -> str:
    """What a page says, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip()


def shelf(key: str, title: str, *locations: str) -> ListedLibrary:
    """A library of films."""
    return ListedLibrary(key, LibraryKind.MOVIES, title, tuple(ServerPath(one) for one in locations))


def film_item(library: str, path: str, size: int) -> ListedItem:
    """A film with one file."""
    part = Part("p1", ServerPath(path), size)
    return ListedItem("1", ItemKind.MOVIE, library, "Alien", versions=(Version("v1", (part,)),))
