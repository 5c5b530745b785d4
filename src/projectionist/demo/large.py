"""A simulated Plex server over a large library without files, to measure and to test with a hundred thousand items.

What it says of an item is what the demo house says of its films, with other words and numbers put in; pages are
kept once they were made, so that a second reading, and one after `prepare`, costs the server next to nothing.
"""

from __future__ import annotations

import re
import secrets
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

import msgspec

from projectionist.demo.asgi import Receive, Scope, Send
from projectionist.demo.catalogue import LEAVES, Kind
from projectionist.demo.elements import Element, Value, container, element, to_json, to_xml
from projectionist.demo.faults import Faults, Faulty
from projectionist.demo.serving import LoopbackServer
from projectionist.demo.templates import templates

EPISODES, SEASONS = 20, 2
"""Of a season, and of a show."""
MOVIES, SHOWS = 1, 2
"""The sections."""
FIRST_DAY = 1_760_000_000
"""When every item was added and changed, until `touch`, in epoch seconds."""
_MOVIE_SHARE = 0.4
_PATH = re.compile(
    r"/library/(?:sections/(?P<section>[12])/(?P<all>all|allLeaves)|metadata/(?P<keys>[\d,]+)(?P<tree>/tree)?)"
)
_UNAUTHORIZED, _NOT_FOUND = (
    f"<html><head><title>{word}</title></head><body><h1>{status} {word}</h1></body></html>".encode()
    for status, word in ((401, "Unauthorized"), (404, "Not Found"))
)
_SECTIONS = {MOVIES: "Many Movies", SHOWS: "Many Shows"}
_FIRST = (
    "Amber",
    "Quiet",
    "Northern",
    "Café",
    "Zürich",
    "Paper",
    "Velvet",
    "Iron",
    "Last",
    "Señor",
    "Glass",
    "Ninth",
)
_SECOND = (
    "Harbour",
    "Signal",
    "Orchard",
    "Ångström",
    "Winter",
    "Parade",
    "Ledger",
    "Lantern",
    "Crossing",
    "Łódź",
)


@dataclass
class LargeLibrary:
    """`count` items: two in five are movies, the others shows with their seasons and episodes."""

    count: int
    _updated: dict[int, int] = field(default_factory=dict)
    _removed: set[int] = field(default_factory=set)
    _keys: dict[Kind, list[int]] = field(default_factory=dict)
    _pages: dict[tuple[object, ...], bytes] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Count what there is of each kind."""
        self.movies = int(self.count * _MOVIE_SHARE)
        self._block = 1 + SEASONS * (1 + EPISODES)
        self._said = templates()

    def kind(self, key: int) -> Kind | None:
        """What an item is; None where there is none."""
        if not 0 < key <= self.count or key in self._removed:
            return None
        if key <= self.movies:
            return Kind.MOVIE
        place = (key - self.movies - 1) % self._block
        if place == 0:
            return Kind.SHOW
        return Kind.SEASON if (place - 1) % (1 + EPISODES) == 0 else Kind.EPISODE

    def keys(self, kind: Kind, changed_since: int = 0) -> list[int]:
        """The keys of one kind, of those that have changed at or after a time."""
        if changed_since > FIRST_DAY:
            changed = sorted(key for key, at in self._updated.items() if at >= changed_since)
            return [key for key in changed if self.kind(key) is kind]
        if kind not in self._keys:
            first, end = (1, self.movies + 1) if kind is Kind.MOVIE else (self.movies + 1, self.count + 1)
            self._keys[kind] = [key for key in range(first, end) if self.kind(key) is kind]
        return self._keys[kind]

    def touch(self, key: int, at: int) -> None:
        """Let an item be changed at a time."""
        with self._lock:
            self._updated[key] = at
            self._pages.clear()

    def remove(self, key: int) -> None:
        """Take an item out."""
        with self._lock:
            self._removed.add(key)
            self._keys.clear()
            self._pages.clear()

    def prepare(self, size: int, *, json: bool = True, guids: bool = True) -> None:
        """Make every page of this size, in JSON or XML, with or without external ids, before it is asked for."""
        for section, kind in (
            (MOVIES, Kind.MOVIE),
            (SHOWS, Kind.SHOW),
            (SHOWS, Kind.SEASON),
            (SHOWS, Kind.EPISODE),
        ):
            for start in range(0, len(self.keys(kind)) or 1, size):
                self.page(section, kind, start, size, json=json, guids=guids)

    def page(
        self,
        section: int,
        kind: Kind,
        start: int,
        size: int,
        *,
        json: bool,
        guids: bool,
        changed_since: int = 0,
    ) -> bytes:
        """A page of the items of one kind, as it is sent."""
        asked = (section, kind, start, size, json, guids, changed_since)
        with self._lock:
            made = self._pages.get(asked)
        if made is None:
            keys = self.keys(kind, changed_since)
            attributes: dict[str, Value | None] = {
                "totalSize": len(keys),
                "offset": start,
                "allowSync": True,
                "identifier": "com.plexapp.plugins.library",
                "librarySectionID": section,
                "librarySectionTitle": _SECTIONS[section],
                "viewGroup": kind.word,
            }
            shown = keys[start : start + size]
            template = self._said[kind, json, guids]
            made = _around(attributes, [template.fill(self._fields(key, kind)) for key in shown], json=json)
            with self._lock:
                self._pages[asked] = made
        return made

    def items(self, keys: list[int], *, json: bool, tree: bool) -> bytes:
        """Items by key, or the trees of those that have files."""
        said = []
        for key in keys:
            kind = self.kind(key)
            if kind is not None and (not tree or kind in LEAVES):
                template = self._said["tree", json] if tree else self._said[kind, json, True]
                said.append(template.fill(self._fields(key, kind)))
        attributes: dict[str, Value | None] = {"identifier": "com.plexapp.plugins.library"}
        return _around(attributes, said, json=json, name="MetadataItem" if tree else "Metadata")

    def _fields(self, key: int, kind: Kind) -> dict[str, object]:
        """The words and numbers of an item."""
        season, number = 0, 0
        show = key
        if kind is not Kind.MOVIE:
            place = (key - self.movies - 1) % self._block
            show = key - place
            season, number = divmod(place - 1, 1 + EPISODES) if place else (0, 0)
        season_key = show + 1 + season * (1 + EPISODES)
        return {
            "key": key,
            "title": _title(key),
            "year": 1930 + key % 95,
            "updated": self._updated.get(key, FIRST_DAY),
            "season": season_key,
            "show": show,
            "show_title": _title(show),
            "season_number": season + 1,
            "number": season + 1 if kind is Kind.SEASON else number or 1,
            "hash": f"{key:040x}",
            "guid": f"{key:024x}",
            "season_guid": f"{season_key:024x}",
            "show_guid": f"{show:024x}",
        }


class LargeHouse:
    """Serves a large library to one owner, as long as it is open: `plex_url`, `plex_token`, `library`, `faults`."""

    def __init__(self, count: int) -> None:
        self.library = LargeLibrary(count)
        self.faults = Faults()
        self.plex_token = secrets.token_urlsafe(15)
        self._server = LoopbackServer(Faulty(self._answer, self.faults), "demo-large")
        self.plex_url = self._server.url

    def cpu_seconds(self) -> float:
        """CPU time that serving has taken so far."""
        return self._server.cpu_seconds()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.close()
        self._server.close()

    async def _answer(self, scope: Scope, _receive: Receive, send: Send) -> None:
        headers = {name: value.decode() for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode(), keep_blank_values=True))
        token = headers.get(b"x-plex-token") or query.get("X-Plex-Token")
        json = "application/json" in headers.get(b"accept", "")
        if token != self.plex_token and scope["path"] != "/identity":
            status, body = 401, _UNAUTHORIZED
        else:
            found = self._found(scope["path"].rstrip("/") or "/", {**query, **_paging(headers)}, json=json)
            status, body = (404, _NOT_FOUND) if found is None else (200, found)
        kind = b"text/html" if status != 200 else b"application/json" if json else b"text/xml;charset=utf-8"
        length = str(len(body)).encode()
        started = {"headers": [(b"content-type", kind), (b"content-length", length)], "status": status}
        await send({"type": "http.response.start", **started})
        await send({"type": "http.response.body", "body": body})

    def _found(self, path: str, query: dict[str, str], *, json: bool) -> bytes | None:
        """What is at a path; None where nothing is."""
        fixed = _fixed(path)
        if fixed is not None:
            return to_json(fixed) if json else to_xml(fixed)
        asked = _PATH.fullmatch(path)
        if asked is None:
            return None
        if asked["keys"]:
            return self.library.items(
                [int(key) for key in asked["keys"].split(",")], json=json, tree=bool(asked["tree"])
            )
        section = int(asked["section"])
        usual = (
            Kind.MOVIE if section == MOVIES else Kind.EPISODE if asked["all"] == "allLeaves" else Kind.SHOW
        )
        return self.library.page(
            section,
            Kind(int(query["type"])) if "type" in query else usual,
            int(query.get("X-Plex-Container-Start", "0")),
            int(query.get("X-Plex-Container-Size", str(self.library.count))),
            json=json,
            guids=query.get("includeGuids") == "1",
            changed_since=int(query.get("updatedAt>", "0")),
        )


def _title(key: int) -> str:
    return f"{_FIRST[key % len(_FIRST)]} {_SECOND[key // len(_FIRST) % len(_SECOND)]} {key}"


def _paging(headers: dict[bytes, str]) -> dict[str, str]:
    names = {
        b"x-plex-container-start": "X-Plex-Container-Start",
        b"x-plex-container-size": "X-Plex-Container-Size",
    }
    return {name: headers[header] for header, name in names.items() if header in headers}


def _around(
    attributes: dict[str, Value | None], said: list[str], *, json: bool, name: str = "Metadata"
) -> bytes:
    """Items that are text already, in their container."""
    root = container({"size": len(said), **attributes})
    if json:
        head = msgspec.json.encode(dict(root.attributes)).decode()[:-1]
        inside = f',"{name}":[{",".join(said)}]' if said else ""
        return f'{{"MediaContainer":{head}{inside}}}}}'.encode()
    head, tail = to_xml(root).decode().rsplit(" />", 1)
    return f"{head}>\n{''.join(said)}</MediaContainer>{tail}".encode()


def _fixed(path: str) -> Element | None:
    """The answers that are the same for every library."""
    match path:
        case "/" | "/identity":
            told = {
                "friendlyName": "Large house",
                "machineIdentifier": f"{0:040x}",
                "version": "1.43.1.10611",
            }
            return container({**told, "platform": "Linux"})
        case "/library":
            return container({"title1": "Plex Library"})
        case "/library/sections" | "/library/sections/all":
            return container({"allowSync": False}, [_section(MOVIES, Kind.MOVIE), _section(SHOWS, Kind.SHOW)])
        case "/accounts":
            return container({}, [element("Account", {"id": 1, "key": "/accounts/1", "name": "Owner"})])
        case (
            "/library/onDeck"
            | "/library/sections/1/onDeck"
            | "/library/sections/2/onDeck"
            | "/hubs/continueWatching"
            | "/status/sessions"
            | "/status/sessions/history/all"
        ):
            return container({})
        case _:
            return None


def _section(key: int, kind: Kind) -> Element:
    attributes: dict[str, Value | None] = {
        "allowSync": True,
        "filters": True,
        "refreshing": False,
        "key": str(key),
        "type": kind.word,
        "title": _SECTIONS[key],
        "agent": "tv.plex.agents.movie" if kind is Kind.MOVIE else "tv.plex.agents.series",
        "scanner": "Plex Movie" if kind is Kind.MOVIE else "Plex TV Series",
        "language": "en-US",
        "uuid": f"00000000-0000-0000-0000-{key:012d}",
        "updatedAt": FIRST_DAY,
        "createdAt": FIRST_DAY,
        "scannedAt": FIRST_DAY,
        "content": True,
        "directory": True,
        "contentChangedAt": 1,
        "hidden": 0,
    }
    return element("Directory", attributes, [element("Location", {"id": key, "path": f"/large/{key}"})])
