"""The simulated plex.tv: who somebody is, which servers they may use, who their friends are, what they want to see."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from urllib.parse import parse_qsl

import msgspec
from litestar import Litestar, Response, get, post
from litestar.datastructures import State
from litestar.exceptions import HTTPException

from projectionist.demo.accounts import (
    account_element,
    account_object,
    friend_element,
    home_user_element,
    pin_element,
    pin_object,
    resource_element,
    resource_object,
    shared_server_element,
    work_element,
)
from projectionist.demo.asgi import Application
from projectionist.demo.asking import JSON, XML, Answer, Asked, Plex, asked, page, reply, token_of
from projectionist.demo.catalogue import Entry, Kind
from projectionist.demo.elements import Element, Value, container, element, to_object, to_xml
from projectionist.demo.items import Wording
from projectionist.demo.people import Person
from projectionist.demo.sign_in import sign_in_page

_PIN_LIFE = timedelta(minutes=30)
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(slots=True)
class Pin:
    """A code that an application shows, to be told who its user is."""

    id: int
    code: str
    client: str
    made_at: datetime
    person: Person | None = None

    @property
    def expires_at(self) -> datetime:
        """After this nobody can use it."""
        return self.made_at + _PIN_LIFE

    def element(self) -> Element:
        """The pin as an answer; its token is there once it was claimed."""
        token = self.person.token if self.person else ""
        return pin_element(self.id, self.code, self.client, self.made_at, self.expires_at, token)


@dataclass
class PlexTv:
    """What plex.tv knows; `address` is where it says the house's server is."""

    plex: Plex
    address: str
    pins: dict[int, Pin] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def new_pin(self, client: str, *, strong: bool) -> Pin:
        """A pin that nobody has claimed."""
        length = 25 if strong else 4
        code = "".join(secrets.choice(_LETTERS) for _ in range(length))
        with self._lock:
            number = 1_000_000 + len(self.pins)
            pin = Pin(number, code if strong else code.upper(), client, datetime.now(UTC))
            self.pins[number] = pin
        return pin

    def claim(self, code: str, person: Person) -> bool:
        """Say that this person has signed in for the application with a code; False where there is no such code."""
        with self._lock:
            for pin in self.pins.values():
                if pin.code.casefold() == code.casefold() and pin.expires_at > datetime.now(UTC):
                    pin.person = person
                    return True
        return False


class TvRefused(HTTPException):
    """An answer that is no answer, as plex.tv puts it."""


def tv_of(request: Asked) -> PlexTv:
    """The plex.tv that the request has come to."""
    tv: PlexTv = request.app.state.tv
    return tv


def tv_person(request: Asked) -> Person:
    """Whose token came with the request; raises TvRefused (401)."""
    person = tv_of(request).plex.state.by_token(token_of(request))
    if person is None:
        raise TvRefused("User could not be authenticated", status_code=401)
    return person


def put(request: Asked, root: Element, told: object = None, *, status: int = 200) -> Answer:
    """An object by itself: plex.tv's newer answers are not in a container. `told` is the JSON where it differs."""
    if JSON in request.headers.get("accept", ""):
        body = msgspec.json.encode(to_object(root) if told is None else told)
        return Answer(body, status_code=status, media_type=JSON)
    return put_xml(root, status=status)


def put_xml(root: Element, *, status: int = 200) -> Answer:
    """An answer that comes in XML alone."""
    return Answer(to_xml(root), status_code=status, headers={"content-type": XML})


@post("/api/v2/pins")
async def make_pin(request: Asked) -> Answer:
    """A new pin for the application that names itself in `X-Plex-Client-Identifier`."""
    client = request.headers.get("X-Plex-Client-Identifier") or asked(request).get("X-Plex-Client-Identifier")
    if not client:
        raise TvRefused("X-Plex-Client-Identifier is missing", status_code=400)
    strong = asked(request).get("strong") in ("true", "1") or b"strong=true" in await request.body()
    pin = tv_of(request).new_pin(client, strong=strong).element()
    return put(request, pin, pin_object(pin), status=201)


@get("/api/v2/pins/{pin_id:int}")
async def check_pin(request: Asked) -> Answer:
    """A pin, with the token of whoever has claimed it."""
    pin = tv_of(request).pins.get(int(request.path_params["pin_id"]))
    if pin is None or pin.expires_at < datetime.now(UTC):
        raise TvRefused("Code not found or expired", status_code=404)
    return put(request, pin.element(), pin_object(pin.element()))


@get("/api/v2/user")
async def user(request: Asked) -> Answer:
    """Who somebody is."""
    plex, person = tv_of(request).plex, tv_person(request)
    return put(request, account_element(plex, person), account_object(plex, person))


@get("/api/v2/ping")
async def ping(request: Asked) -> Answer:
    """Whether the token is still good."""
    tv_person(request)
    return put(request, element("pong", {}))


@get("/api/v2/resources")
async def resources(request: Asked) -> Answer:
    """The servers that somebody may use: a list in JSON, and in XML too."""
    tv, person = tv_of(request), tv_person(request)
    listed = element("resources", {}, [resource_element(tv.plex, tv.address, person)])
    return put(request, listed, [resource_object(tv.plex, tv.address, person)])


@get("/api/users")
async def users(request: Asked) -> Answer:
    """Everybody who may use the owner's server beside the owner, at home or as a friend."""
    tv, person = tv_of(request), tv_person(request)
    plex = tv.plex
    others = [each for each in plex.state.people if not each.is_owner] if person.is_owner else []
    attributes: dict[str, Value | None] = {
        "friendlyName": "myPlex",
        "identifier": "com.plexapp.plugins.myplex",
        "machineIdentifier": plex.identity,
        "totalSize": len(others),
    }
    return reply(request, container(attributes, [friend_element(plex, each) for each in others]))


@get("/api/servers/{machine:str}/shared_servers")
async def shared_servers(request: Asked) -> Answer:
    """The tokens with which those users come to the owner's server; XML only, as the real one."""
    tv, person = tv_of(request), tv_person(request)
    if not person.is_owner or request.path_params["machine"] != tv.plex.identity:
        raise TvRefused("Not found", status_code=404)
    said = [shared_server_element(tv.plex, each) for each in tv.plex.state.people if not each.is_owner]
    return put_xml(container({"machineIdentifier": tv.plex.identity}, said))


@get("/api/home/users")
async def home_users(request: Asked) -> Answer:
    """Who lives in the house; XML only, as the real one."""
    tv = tv_of(request)
    tv_person(request)
    said = [home_user_element(each) for each in tv.plex.state.people if each.is_home]
    return put_xml(container({"friendlyName": "myPlex", "guestEnabled": False}, said))


@get("/api/v2/home/users")
async def home_users_v2(request: Asked) -> Answer:
    """The same as an object with its users in a list."""
    tv = tv_of(request)
    tv_person(request)
    said = [
        element("user", home_user_element(each).attributes, listed_as="users")
        for each in tv.plex.state.people
        if each.is_home
    ]
    home: dict[str, Value | None] = {
        "id": tv.plex.state.owner.id,
        "name": "Home",
        "guestEnabled": False,
        "subscription": True,
    }
    return put(request, element("home", home, said))


@post(["/api/home/users/{user_id:int}/switch", "/api/v2/home/users/{user_id:int}/switch"])
async def switch(request: Asked) -> Answer:
    """Become another user of the house: the answer holds their token."""
    tv, person = tv_of(request), tv_person(request)
    wanted = int(request.path_params["user_id"])
    for each in tv.plex.state.people:
        if each.id == wanted and each.is_home and person.is_home:
            return put(request, home_user_element(each, each.token), status=201)
    raise TvRefused("Not found", status_code=404)


@get("/library/sections/watchlist/{chosen:str}")
async def watchlist(request: Asked) -> Answer:
    """What somebody wants to see (the discover provider): works as plex.tv knows them, not items of a server."""
    tv, person = tv_of(request), tv_person(request)
    state = tv.plex.state
    wanted = dict(state.marks(person).watchlist)
    query = asked(request)
    found = [(entry, at) for key, at in wanted.items() if (entry := state.catalogue.get(key)) is not None]
    if query.get("type"):
        found = [pair for pair in found if pair[0].kind is Kind(int(query["type"]))]
    found.sort(key=lambda pair: pair[1], reverse=not query.get("sort", "").endswith(":asc"))
    word = Wording(state, tv.plex.bundles, person)
    entries = [entry for entry, _ in found]
    attributes: dict[str, Value | None] = {
        "identifier": "tv.plex.provider.discover",
        "librarySectionID": "watchlist",
        "librarySectionTitle": "Watchlist",
    }
    return page(
        request,
        entries,
        lambda entry: work_element(word.item(entry, guids=True, placed=False, media=())),
        attributes,
    )


@get("/library/metadata/{work:str}")
async def work(request: Asked) -> Answer:
    """A work (the metadata provider)."""
    tv, person = tv_of(request), tv_person(request)
    word = Wording(tv.plex.state, tv.plex.bundles, person)
    said = work_element(word.item(_work_asked(request), guids=True, placed=False, media=()))
    return reply(request, container({"identifier": "tv.plex.provider.metadata"}, [said]))


@get("/library/metadata/{work:str}/userState")
async def user_state(request: Asked) -> Answer:
    """Whether and since when a work is on somebody's watchlist (the metadata provider)."""
    tv, person = tv_of(request), tv_person(request)
    marks, entry = tv.plex.state.marks(person), _work_asked(request)
    attributes: dict[str, Value | None] = {
        "ratingKey": request.path_params["work"],
        "type": entry.kind.word,
        "watchlistedAt": marks.watchlist.get(entry.key),
        "viewCount": marks.counts.get(entry.key, 0),
        "viewOffset": marks.offsets.get(entry.key, 0),
    }
    return reply(request, container({}, [element("UserState", attributes, single=True)]))


def _work_asked(request: Asked) -> Entry:
    for entry in tv_of(request).plex.state.catalogue.all():
        if entry.guid.endswith(f"/{request.path_params['work']}"):
            return entry
    raise TvRefused("Not found", status_code=404)


@get("/")
async def provider(request: Asked) -> Answer:
    """What the providers say of themselves."""
    tv_person(request)
    return reply(request, container({"identifier": "tv.plex.provider.discover", "title": "Discover"}))


@get("/auth")
async def sign_in(request: Asked) -> Answer:
    """The page to which an application sends its user."""
    return Answer(sign_in_page(tv_of(request).plex.state.people).encode(), media_type="text/html")


@post("/auth/claim")
async def claim(request: Asked) -> Answer:
    """Somebody has signed in for an application."""
    tv, form = tv_of(request), dict(parse_qsl((await request.body()).decode()))
    person = next((each for each in tv.plex.state.people if str(each.id) == form.get("person")), None)
    if person is None or not tv.claim(form.get("code", ""), person):
        raise TvRefused("Code not found or expired", status_code=404)
    return Answer(b"", status_code=204)


def plex_tv_application(tv: PlexTv) -> Application:
    """plex.tv, its discover provider and its metadata provider, all at one address."""
    application = Litestar(
        route_handlers=[
            *(make_pin, check_pin, user, ping, resources, users, shared_servers, home_users, home_users_v2),
            *(switch, watchlist, work, user_state, provider, sign_in, claim),
        ],
        state=State({"tv": tv}),
        exception_handlers={HTTPException: json_error},
        openapi_config=None,
        logging_config=None,
    )
    return cast("Application", application)


def json_error(_request: Any, error: HTTPException) -> Response[Any]:
    """A refusal as plex.tv puts it."""
    codes = {401: 1001, 400: 1000, 404: 1020}
    code = codes.get(error.status_code, error.status_code)
    said = {"errors": [{"code": code, "message": error.detail, "status": error.status_code}]}
    return Response(said, status_code=error.status_code, media_type=JSON)
