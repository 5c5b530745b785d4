"""A small load generator for the loopback, in a process of its own: `python -m bench.load`, one JSON object in and out.

In: what a `Load` says. Out: what `Answered` says.
Cookies come by standard input, so that they are in no list of processes.
"""

from __future__ import annotations

import http.client
import itertools
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
    """`connections` ask for `paths` in turn while `streams` event streams are open.

    They ask as fast as they are answered, or all together `rate` times a second where that is given: then each request
    has its moment, and its latency counts from there, so that one slow answer is felt by those that wait behind it.
    """

    port: int
    paths: tuple[str, ...]
    cookie: str
    seconds: float
    connections: int = 4
    streams: int = 0
    rate: float = 0.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of a load; `refused` counts answers other than 200."""

    per_second: float
    latencies_ms: list[float]
    streams: int
    refused: int = 0

    @property
    def p99_ms(self) -> float:
        """The latency that one in a hundred requests exceeds."""
        return quantiles(self.latencies_ms, n=100)[98]

    @property
    def p95_ms(self) -> float:
        """The latency that one in twenty requests exceeds."""
        return quantiles(self.latencies_ms, n=100)[94]


def apply(load: Load) -> Answered:
    """Have another process load the service.

    Raises CommandFailed where a stream is refused or, but at a `rate`, an answer is not 200.
    """
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
        raise CommandFailed(f"The load on {load.paths[0]} failed: {ran.stderr.strip()[-400:]}")
    return Answered(**json.loads(ran.stdout))


def main(load: Load) -> Answered:
    """Load the service from this process."""
    with closing(_Streams(load)) as streams:
        _Asker(load, 0).ask_each()
        began = time.monotonic()
        askers = [_Asker(load, number) for number in range(load.connections)]
        threads = [
            threading.Thread(target=asker.ask_at, args=(began, load.rate))
            if load.rate
            else threading.Thread(target=asker.ask_at_once, args=(load.seconds,))
            for asker in askers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        took = time.monotonic() - began
        if any(asker.failure for asker in askers) or not all(asker.taken for asker in askers):
            said = next((asker.failure for asker in askers if asker.failure), "not at all")
            raise SystemExit(f"{load.paths[0]} was not answered with 200 on every connection: {said}")
        latencies = [one for asker in askers for one in asker.taken]
        refused = sum(asker.refused for asker in askers)
        return Answered(len(latencies) / took, latencies, streams.still_open(), refused)


class _Asker:
    """One kept connection; `taken` are its latencies in milliseconds, `refused` counts answers other than 200."""

    def __init__(self, load: Load, number: int) -> None:
        self.taken: list[float] = []
        self.refused = 0
        self.failure = ""
        self._load, self._number = load, number
        self._connection = http.client.HTTPConnection("127.0.0.1", load.port, timeout=60)

    def ask_each(self) -> None:
        """Ask for each path, so that what is made at first use is made."""
        with closing(self._connection):
            for path in self._load.paths:
                self._get(path)

    def ask_at_once(self, seconds: float) -> None:
        """One request after the other; the first that is not answered with 200 ends it."""
        end = time.monotonic() + seconds
        with closing(self._connection):
            for path in itertools.cycle(self._load.paths):
                if (began := time.monotonic()) >= end:
                    return
                if (status := self._get(path)) != 200:
                    self.failure = f"{path} gave {status}"
                    return
                self.taken.append((time.monotonic() - began) * 1000)

    def ask_at(self, began: float, rate: float) -> None:
        """Ask at this connection's share of the moments; who comes late asks at once."""
        step = self._load.connections
        with closing(self._connection):
            for turn in range(self._number, int(self._load.seconds * rate), step):
                due = began + turn / rate
                time.sleep(max(0.0, due - time.monotonic()))
                if self._get(self._load.paths[turn % len(self._load.paths)]) != 200:
                    self.refused += 1
                self.taken.append((time.monotonic() - due) * 1000)

    def _get(self, path: str) -> int:
        """The status of the answer; 0 where there was none."""
        headers = {
            "Cookie": self._load.cookie,
            "Accept": "text/html, application/json",
            "Accept-Encoding": "gzip, deflate, br",
        }
        try:
            self._connection.request("GET", path, headers=headers)
            answer = self._connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0
        return answer.status


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
