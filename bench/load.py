"""A small load generator for the loopback, in a process of its own: `python -m bench.load`, one JSON object in and out.

In: port, path, cookie, connections, seconds, streams. Out: requests per second and every latency in milliseconds.
Cookies come by standard input, so that they are in no list of processes.
"""

from __future__ import annotations

import http.client
import json
import selectors
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench.measuring import CommandFailed

_MARGIN_S = 120


@dataclass(frozen=True, slots=True)
class Load:
    """`connections` ask for `path` as fast as they are answered, while `streams` event streams are open."""

    port: int
    path: str
    cookie: str
    seconds: float
    connections: int = 4
    streams: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a load."""

    per_second: float
    latencies_ms: list[float]
    streams: int

    @property
    def p99_ms(self) -> float:
        """The latency that one in a hundred requests exceeds."""
        return quantiles(self.latencies_ms, n=100)[98]

    @property
    def p95_ms(self) -> float:
        """The latency that one in twenty requests exceeds."""
        return quantiles(self.latencies_ms, n=100)[94]


def apply(load: Load) -> Answered:
    """Have another process load the service. Raises CommandFailed where an answer is not 200 or a stream closes."""
    ran = subprocess.run(
        [sys.executable, "-m", "bench.load"],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        timeout=load.seconds + _MARGIN_S,
        check=False,
        cwd=Path(__file__).parent.parent,
    )
    if ran.returncode:
        raise CommandFailed(f"The load on {load.path} failed: {ran.stderr.strip()[-400:]}")
    return Answered(**json.loads(ran.stdout))


def main(load: Load) -> Answered:
    """Load the service from this process."""
    with closing(_Streams(load)) as streams:
        _ask(load, 0.3)  # what is made at first use is made
        latencies, began = [], time.monotonic()
        results: list[list[float]] = [[] for _ in range(load.connections)]
        threads = [
            threading.Thread(target=lambda into=into: into.extend(_ask(load, load.seconds)))
            for into in results
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        latencies = [one for into in results for one in into]
        if not all(results) or not latencies:
            raise SystemExit(f"{load.path} was not answered with 200 on every connection")
        return Answered(len(latencies) / took, latencies, streams.still_open())


def _ask(load: Load, seconds: float) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", load.port, timeout=60)
    headers = {"Cookie": load.cookie, "Accept": "text/html", "Accept-Encoding": "gzip, deflate, br"}
    taken: list[float] = []
    end = time.monotonic() + seconds
    with closing(connection):
        while (began := time.monotonic()) < end:
            connection.request("GET", load.path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise SystemExit(f"{load.path} gave {answer.status}")
            taken.append((time.monotonic() - began) * 1000)
    return taken


class _Streams:
    """Event streams, open and read until closed."""

    def __init__(self, load: Load) -> None:
        self._selector = selectors.DefaultSelector()
        self._open: set[socket.socket] = set()
        self._closing = threading.Event()
        request = (
            f"GET /events HTTP/1.1\r\nHost: 127.0.0.1:{load.port}\r\nAccept: text/event-stream\r\n"
            f"Cookie: {load.cookie}\r\n\r\n"
        )
        for _ in range(load.streams):
            connected = socket.create_connection(("127.0.0.1", load.port), timeout=30)
            connected.sendall(request.encode())
            head = connected.recv(65536)
            if not head.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"An event stream was refused: {head[:200]!r}")
            connected.setblocking(False)
            self._open.add(connected)
            self._selector.register(connected, selectors.EVENT_READ)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def still_open(self) -> int:
        """How many have not been closed by the server."""
        return len(self._open)

    def close(self) -> None:
        """Close them."""
        self._closing.set()
        self._reader.join()
        for connected in self._open:
            connected.close()

    def _read(self) -> None:
        while not self._closing.is_set():
            if not self._open:
                self._closing.wait(0.1)
                continue
            for key, _ in self._selector.select(0.1):
                connected: Any = key.fileobj
                if not connected.recv(65536):
                    self._selector.unregister(connected)
                    self._open.discard(connected)
                    connected.close()


if __name__ == "__main__":
    json.dump(asdict(main(Load(**json.load(sys.stdin)))), sys.stdout)
