"""A reverse proxy of the smallest kind: hands every request on, byte for byte, and streams what comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "keep-alive", "transfer-encoding"}


class Relay(BaseHTTPRequestHandler):
    """One connection of a browser."""

    behind = ("127.0.0.1", 0)

    def do_GET(self) -> None:
        """Ask the server behind, and pass its answer on as it comes."""
        length = int(self.headers.get("content-length") or 0)
        asked = HTTPConnection(*self.behind, timeout=60)
        kept = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        asked.request(self.command, self.path, self.rfile.read(length), kept)
        answer = asked.getresponse()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("connection", "close")
        self.end_headers()
        try:
            while piece := answer.read1(65536):
                self.wfile.write(piece)
                self.wfile.flush()
        except ConnectionError:
            self.close_connection = True  # the browser has left
        finally:
            asked.close()

    do_POST = do_GET  # noqa: N815 - the name that http.server looks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing of what was asked."""


@contextmanager
def proxied(address: str) -> Iterator[str]:
    """A proxy before the server at this address; gives its own address, with the same path."""
    behind = urlsplit(address)
    relay = type("RelayHere", (Relay,), {"behind": (behind.hostname, behind.port)})
    with ThreadingHTTPServer(("127.0.0.1", 0), relay) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, name="proxy")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{behind.path}"
        finally:
            server.shutdown()
            thread.join(10)
