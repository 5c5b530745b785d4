"""A media server whose answers were prepared beforehand: `python -m bench.sync_server 20000`.

It prints its port, then serves one library of films in Plex's JSON and XML until its input ends. `/busy` gives the
seconds it has spent answering, to be taken off a client's.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import quoteattr

PAGES = ((100, 0), (500, 0), (500, 1))
"""How many films are asked for at once, and how many of the page before they begin with."""
SECTION = {
    "key": "1",
    "type": "movie",
    "title": "Films",
    "agent": "tv.plex.agents.movie",
    "scanner": "Plex Movie",
    "language": "en-US",
    "uuid": "bench",
    "updatedAt": 1700000000,
    "createdAt": 1700000000,
    "scannedAt": 1700000000,
    "hidden": 0,
    "Location": [{"id": 1, "path": "/media/films"}],
}
IDENTITY = {"size": 0, "machineIdentifier": "bench", "version": "1.40", "friendlyName": "Bench"}
ACCOUNTS = {"size": 1, "Account": [{"id": 1, "key": "/accounts/1", "name": "Owner"}]}


def film(number: int) -> dict[str, Any]:
    """A film as Plex lists it with its files, people and ids."""
    thumb, art = (f"/library/metadata/{number}/{which}/1700000000" for which in ("thumb", "art"))
    part = {
        "id": number,
        "key": f"/library/parts/{number}/1700000000/file.mkv",
        "duration": 7200000,
        "file": f"/media/films/The Film of Number {number} (2000)/film.mkv",
        "size": 8_000_000_000 + number,
        "container": "mkv",
        "videoProfile": "high",
        "indexes": "sd",
    }
    media = {
        "id": number,
        "duration": 7200000,
        "bitrate": 8000,
        "width": 1920,
        "height": 1080,
        "aspectRatio": 1.78,
        "audioChannels": 6,
        "audioCodec": "ac3",
        "videoCodec": "h264",
        "videoResolution": "1080",
        "container": "mkv",
        "videoFrameRate": "24p",
        "videoProfile": "high",
        "Part": [part],
    }
    return {
        "ratingKey": str(number),
        "key": f"/library/metadata/{number}",
        "guid": f"plex://movie/{number:024x}",
        "studio": "Studio",
        "type": "movie",
        "title": f"The Film of Number {number}",
        "contentRating": "PG-13",
        "summary": "What happens in the film, and to whom. " * 6,
        "rating": 7.5,
        "audienceRating": 8.1,
        "year": 2000,
        "tagline": "A line",
        "thumb": thumb,
        "art": art,
        "duration": 7200000,
        "originallyAvailableAt": "2000-05-01",
        "addedAt": 1700000000 + number,
        "updatedAt": 1700000000 + number,
        "Media": [media],
        "Genre": [{"tag": "Drama"}, {"tag": "Crime"}],
        "Country": [{"tag": "France"}],
        "Director": [{"tag": "A Director"}],
        "Writer": [{"tag": "A Writer"}],
        "Role": [{"tag": "One"}, {"tag": "Two"}, {"tag": "Three"}],
        "Guid": [{"id": f"imdb://tt{number:07}"}, {"id": f"tmdb://{number}"}, {"id": f"tvdb://{number}"}],
    }


def element(tag: str, values: Mapping[str, Any]) -> str:
    """The same in Plex's XML: values are attributes, lists are elements."""
    attributes = "".join(
        f" {name}={quoteattr(str(value))}" for name, value in values.items() if not isinstance(value, list)
    )
    inside = "".join(
        element(name, one) for name, value in values.items() if isinstance(value, list) for one in value
    )
    return f"<{tag}{attributes}>{inside}</{tag}>" if inside else f"<{tag}{attributes}/>"


class Answers:
    """Every answer, whole, by address, page and form."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.busy_s = 0.0
        self.lock = threading.Lock()
        films = [film(number) for number in range(1, count + 1)]
        self._json = [json.dumps(one, separators=(",", ":")) for one in films]
        self._xml = [element("Video", one) for one in films]
        self._pages = {
            (start - again, size + again, as_json): self._page(start - again, size + again, as_json)
            for size, again in PAGES
            for start in range(0 if not again else size, count, size)
            for as_json in (True, False)
        }
        self._small = {
            "/": IDENTITY,
            "/identity": IDENTITY,
            "/accounts": ACCOUNTS,
            "/library/sections": {"size": 1, "Directory": [SECTION]},
            "/library/sections/all": {"size": 1, "Directory": [SECTION]},
        }

    def answer(
        self, path: str, query: Mapping[str, list[str]], start: int, size: int, as_json: bool
    ) -> bytes:
        """The answer to a request."""
        if path == "/library/sections/1/all":
            if any(name.startswith("updatedAt") for name in query):
                return self._container({"size": 0, "totalSize": 0, "offset": start}, as_json)
            return self._pages.get((start, size, as_json)) or self._page(start, size, as_json)
        return self._container(self._small.get(path, {"size": 0, "totalSize": 0, "offset": 0}), as_json)

    def _page(self, start: int, size: int, as_json: bool) -> bytes:
        shown = (self._json if as_json else self._xml)[start : start + size]
        head = {
            "size": len(shown),
            "totalSize": self.count,
            "offset": start,
            "librarySectionID": 1,
            "librarySectionTitle": "Films",
            "viewGroup": "movie",
        }
        if as_json:
            inside = json.dumps(head)[:-1]
            return f'{{"MediaContainer":{inside},"Metadata":[{",".join(shown)}]}}}}'.encode()
        return element("MediaContainer", head).replace("/>", f">{''.join(shown)}</MediaContainer>").encode()

    def _container(self, values: Mapping[str, Any], as_json: bool) -> bytes:
        shown = json.dumps({"MediaContainer": values}) if as_json else element("MediaContainer", values)
        return shown.encode()


def serve(count: int) -> None:
    """Serve on a free port of the loopback until standard input ends."""
    answers = Answers(count)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer, and count the time."""
            begun = time.perf_counter()
            address = urlsplit(self.path)
            query = parse_qs(address.query, keep_blank_values=True)
            counted = address.path != "/busy"
            body = self._body(address.path, query) if counted else str(answers.busy_s).encode()
            self.send_response(200)
            kind = "application/json" if self._wants_json() else "text/xml"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()
            if counted:
                with answers.lock:
                    answers.busy_s += time.perf_counter() - begun

        def _body(self, path: str, query: Mapping[str, list[str]]) -> bytes:
            start = self._number("X-Plex-Container-Start", query, 0)
            size = self._number("X-Plex-Container-Size", query, count)
            return answers.answer(path, query, start, size, self._wants_json())

        def _wants_json(self) -> bool:
            return "json" in self.headers.get("Accept", "")

        def _number(self, name: str, query: Mapping[str, list[str]], otherwise: int) -> int:
            return int(self.headers.get(name) or query.get(name, [str(otherwise)])[0])

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()
    server.shutdown()


if __name__ == "__main__":
    serve(int(sys.argv[1]))
