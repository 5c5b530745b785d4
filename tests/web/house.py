"""A small house of pages over the shell: fakes for who asks and what happens, and pages with every part on them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Litestar, Request, get, post
from litestar.params import FromQuery, JSONBody, QueryParameter
from litestar.response import Template

from projectionist.errors import InputWrong, NotFound, ServerUnreachable
from projectionist.web.access import OPEN, needs
from projectionist.web.config import ShellSettings
from projectionist.web.injection import Injected
from projectionist.web.live import Event
from projectionist.web.paging import Limit, Offset, PageOut
from projectionist.web.ports import (
    Activity,
    Alert,
    NavEntry,
    Panel,
    Permission,
    Principal,
    ReadinessCheck,
    WebFeature,
)
from projectionist.web.shell import Shell, create_shell

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Happened:
    """An event."""

    id: int
    topic: str
    data: Mapping[str, Any] = field(default_factory=dict)
    permission: str = "view"
    person: int | None = None


class FakeEvents:
    """Events in memory."""

    def __init__(self) -> None:
        self.kept: list[Event] = []
        self._last = 0
        self._listeners: list[Callable[[Event], None]] = []
        self._lock = threading.Lock()

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, event_id: int) -> Sequence[Event]:
        with self._lock:
            return [event for event in self.kept if event.id > event_id]

    def reaches_back_to(self, event_id: int) -> bool:
        with self._lock:
            return not self.kept or self.kept[0].id <= event_id + 1 <= self.kept[-1].id + 1

    def forget(self, count: int) -> None:
        """Keep the oldest no longer."""
        with self._lock:
            del self.kept[:count]

    def publish(
        self,
        topic: str,
        data: Mapping[str, Any] | None = None,
        permission: str = "view",
        person: int | None = None,
    ) -> None:
        with self._lock:
            self._last += 1
            event = Happened(self._last, topic, data or {}, permission, person)
            self.kept.append(event)
        for listener in list(self._listeners):
            listener(event)


class People:
    """Who is signed in, by the cookie `who`."""

    def __init__(self) -> None:
        every = frozenset(Permission)
        self.known = {
            "ada": Principal(1, "Ada", "administrator", every, "Europe/Berlin"),
            "ben": Principal(2, "Ben", "viewer", frozenset({Permission.VIEW})),
        }

    def identify(self, request: Request[Any, Any, Any]) -> Principal | None:
        return self.known.get(request.cookies.get("who", ""))


class Thing(msgspec.Struct):
    """Something."""

    name: str
    size: int = 0


@dataclass
class House:
    """The shell with everything in hand that a test turns."""

    people: People = field(default_factory=People)
    events: FakeEvents = field(default_factory=FakeEvents)
    readiness: Sequence[ReadinessCheck] = ()
    settings: ShellSettings = field(default_factory=lambda: ShellSettings(version="1.2.3"))
    done: list[str] = field(default_factory=list)
    failing: bool = False
    made: Litestar | None = None

    def app(self) -> Litestar:
        """The program."""
        self.made = create_shell(
            features=[self.feature()],
            identify=self.people.identify,
            dependencies={"house": self},
            settings=self.settings,
            readiness=self.readiness,
            events=self.events,
        )
        return self.made

    def shell(self) -> Shell:
        """The shell of the program that was made last."""
        assert self.made is not None
        shell = self.made.state.shell
        assert isinstance(shell, Shell)
        return shell

    def feature(self) -> WebFeature:
        """Every part of the shell at once, as one feature."""
        places = (
            ("Home", "/", "house"),
            ("Libraries", "/libraries", "library"),
            ("Previews", "/previews", "images"),
            ("Jobs", "/jobs", "list-checks"),
            ("Servers", "/servers", "server"),
            ("Settings", "/settings", "settings-2"),
            ("About", "/about", "info"),
        )
        nav = [NavEntry(label, path, icon, order) for order, (label, path, icon) in enumerate(places)]
        panels = (
            Panel(
                "home",
                "disks",
                10,
                "things/disks.html",
                lambda who, about: {"used": 3.1e12},
                topics=("disks",),
            ),
            Panel("home", "broken", 20, "things/disks.html", self._break),
            Panel("activity", "jobs", 10, "things/jobs_panel.html", lambda who, about: {}, topics=("jobs",)),
        )
        return WebFeature(
            name="things",
            handlers=(
                home,
                things_page,
                poster_page,
                form_page,
                save_form,
                post_thing,
                api_thing,
                api_things,
                api_broken,
                api_unreachable,
                api_missing,
                sign_in,
                sign_out,
                crash_page,
                managers_page,
            ),
            templates=TEMPLATES,
            nav=tuple(nav),
            panels=panels,
            search="/jobs",
            suggest="/suggest",
            activity=lambda who: Activity(running=2, waiting=5, fraction=0.42),
            alerts=lambda who: [Alert("The disk “cache” is 97 % full", "/settings", "bad")],
        )

    def _break(self, who: Principal, about: int | None) -> Mapping[str, Any] | None:
        if self.failing:
            raise KeyError("secret detail")
        return None


@get("/", sync_to_thread=True, include_in_schema=False)
def home() -> Template:
    return Template("things/home.html", context={"now": datetime.now(UTC) - timedelta(minutes=3)})


@get("/jobs", sync_to_thread=True, include_in_schema=False)
def things_page(
    shown: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
    offset: FromQuery[int] = 0,
    sort: FromQuery[str] = "-started",
) -> Template:
    now = datetime.now(UTC)
    rows = [
        {
            "id": n,
            "title": f"Preview of {title}",
            "state": ("running", "done", "failed", "queued")[n % 4],
            "size": 10**7 * n * n + 40_000,
            "at": now - timedelta(minutes=7 * n),
        }
        for n, title in enumerate(
            ("The Long Reel", "Night Train", "Ash and Amber", "Harbour Light") * 5, offset + 1
        )
    ]
    rows = [row for row in rows if shown in ("", row["state"])]
    context = {"rows": rows, "offset": offset, "sort": sort, "state": shown, "q": q}
    return Template("things/list.html", context=context)


@get("/libraries", sync_to_thread=True, include_in_schema=False)
def poster_page() -> Template:
    return Template("things/wall.html")


@get("/settings", sync_to_thread=True, include_in_schema=False)
def form_page() -> Template:
    return Template("things/form.html", context={"error": "", "interval": 10})


@post("/settings", include_in_schema=False)
async def save_form(request: Request[Any, Any, Any], house: Injected[House]) -> Template:
    interval = str((await request.form()).get("interval", ""))
    wrong = "" if interval.isdecimal() else "This is a number of seconds, 1 to 60."
    house.done.append(interval)
    status = 422 if wrong else 200
    return Template("things/form.html", context={"error": wrong, "interval": interval}, status_code=status)


@post(
    "/things/done",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    **needs(Permission.MANAGE_JOBS),
)
def post_thing(house: Injected[House]) -> str:
    house.done.append("thing")
    return "done"


@post("/api/v1/things", sync_to_thread=True)
def api_thing(data: JSONBody[Thing], house: Injected[House]) -> Thing:
    if data.size < 0:
        raise InputWrong("A size is not below zero; nothing was kept.", "size")
    house.done.append(data.name)
    return data


@get("/api/v1/things", sync_to_thread=True)
def api_things(principal: Injected[Principal], limit: Limit = 50, offset: Offset = 0) -> PageOut[Thing]:
    every = [Thing(f"thing {number}", number) for number in range(250)]
    return PageOut(every[offset : offset + limit], offset, len(every))


@get("/api/v1/broken", sync_to_thread=True)
def api_broken() -> Thing:
    raise RuntimeError("the password is hunter2")


@get("/api/v1/unreachable", sync_to_thread=True)
def api_unreachable() -> Thing:
    raise ServerUnreachable("Plex at 192.0.2.10 did not answer in 5 s; the last sync is shown.")


@get("/api/v1/missing", sync_to_thread=True)
def api_missing() -> Thing:
    raise NotFound("There is no such thing.")


@get("/crash", sync_to_thread=True, include_in_schema=False)
def crash_page() -> str:
    raise RuntimeError("the password is hunter2")


@get("/managers", sync_to_thread=True, include_in_schema=False, **needs(Permission.MANAGE_SETTINGS))
def managers_page() -> str:
    return "for managers"


@get("/sign-in", sync_to_thread=True, include_in_schema=False, **OPEN)
def sign_in() -> Template:
    return Template("things/sign_in.html")


@post("/sign-out", sync_to_thread=True, include_in_schema=False, status_code=200, **OPEN)
def sign_out() -> str:
    return "signed out"
