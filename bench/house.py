"""The service under measurement: `projectionist serve` in a process of its own, set up and signed in to."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.measuring import CommandFailed

NAME, PASSWORD = "Bench", "Measured from end 1 to end 2"
STREAMS = 200
_CSRF = "b" * 43
_LONGEST_START_S = 60.0
_LONGEST_STOP_S = 20.0


@dataclass(slots=True)
class Service:
    """A web service in a process of its own; `start_seconds` is from its start to the first 200 of its readiness."""

    process: psutil.Process
    port: int
    start_seconds: float
    cookie: str = ""

    def get(self, path: str) -> bytes:
        """The body of an answer. Raises CommandFailed where it is not 200."""
        status, body, _ = self.ask("GET", path)
        if status != 200:
            raise CommandFailed(f"GET {path} gave {status}: {body[:300].decode(errors='replace')}")
        return body

    def json(self, path: str) -> Any:
        """An answer of the API."""
        return json.loads(self.get(path))

    def ask(self, method: str, path: str, sent: object = None) -> tuple[int, bytes, str]:
        """Status, body, and the session cookie where one was set."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Cookie": f"projectionist_csrf={_CSRF}; {self.cookie}", "X-CSRF-Token": _CSRF}
        body = None if sent is None else json.dumps(sent)
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        got = answer.read()
        cookies = [value.partition(";")[0] for value in answer.headers.get_all("Set-Cookie", [])]
        connection.close()
        return answer.status, got, next((one for one in cookies if "csrf" not in one), "")

    def sign_in(self) -> None:
        """Sign in as the administrator. Raises CommandFailed."""
        status, body, cookie = self.ask("POST", "/api/v1/sign-in", {"name": NAME, "password": PASSWORD})
        if status != 200 or not cookie:
            raise CommandFailed(f"Signing in gave {status}: {body[:300].decode(errors='replace')}")
        self.cookie = cookie

    def resident_bytes(self) -> int:
        """What it and its children have in memory."""
        return sum(one.memory_info().rss for one in self._all())

    def peak_bytes(self) -> int:
        """The largest resident set that its own process had so far (VmHWM of proc_pid_status(5))."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "VmHWM":
                return int(value.split()[0]) * 1024
        raise CommandFailed("The system does not tell the peak of a process's memory.")

    def idle_share(self, seconds: float) -> float:
        """The share of one core in per cent that it takes while nothing is asked of it."""
        before, began = self._cpu(), time.monotonic()
        time.sleep(seconds)
        return (self._cpu() - before) / (time.monotonic() - began) * 100

    def _all(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def _cpu(self) -> float:
        return sum(times.user + times.system for one in self._all() for times in [one.cpu_times()])


@contextmanager
def running(
    command: Sequence[str | Path],
    port: int,
    log: Path,
    environment: Mapping[str, str] | None = None,
    told: str = "",
) -> Iterator[Service]:
    """A service from its start until it is asked to end. Raises CommandFailed where it does not become ready."""
    began = time.monotonic()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PROJECTIONIST_")}
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [str(word) for word in command],
            env={**kept, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
    assert process.stdin is not None
    with suppress(BrokenPipeError), process.stdin as stdin:  # one that has ended already hears nothing
        stdin.write(f"{told}\n")
    try:
        while not _is_ready(port):
            if process.poll() is not None or time.monotonic() - began > _LONGEST_START_S:
                said = log.read_text(encoding="utf-8", errors="replace")[-800:]
                raise CommandFailed(f"{command[0]} did not become ready: {said}")
            time.sleep(0.01)
        yield Service(psutil.Process(process.pid), port, time.monotonic() - began)
    finally:
        process.terminate()
        try:
            process.wait(_LONGEST_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@dataclass(frozen=True, slots=True)
class House:
    """`projectionist serve` over a data folder below `folder`."""

    program: Path
    folder: Path

    def prepare(self, plex_url: str = "", plex_token: str = "") -> None:
        """Write the setup file: an administrator, and a Plex server where one is named."""
        self.folder.mkdir(parents=True, exist_ok=True)
        lines = [f'plex_url = "{plex_url}"', f'plex_token = "{plex_token}"'] if plex_url else []
        text = "\n".join([*lines, "[admin]", f'name = "{NAME}"', f'password = "{PASSWORD}"', ""])
        tomllib.loads(text)
        self._setup.write_text(text, encoding="utf-8")
        self._setup.chmod(0o600)

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def _setup(self) -> Path:
        return self.folder / "setup.toml"

    @contextmanager
    def serve(self, *, sign_in: bool = True) -> Iterator[Service]:
        """It runs, and the administrator is signed in."""
        port = free_port()
        command: list[str | Path] = [self.program, "serve", "--data", self.data, "--port", str(port)]
        environment = {
            "PROJECTIONIST_SETUP_FILE": str(self._setup),
            "PROJECTIONIST_API_RATE": "1000000",  # counted as ever, never reached
            "PROJECTIONIST_PAGE_RATE": "100000",
            "PROJECTIONIST_EVENT_STREAMS": str(STREAMS * 2),
            "PROJECTIONIST_EVENT_STREAMS_PER_PERSON": str(STREAMS * 2),
            "PROJECTIONIST_LOG_LEVEL": "warning",
        }
        with running(command, port, self.folder / "serve.log", environment) as service:
            if sign_in:
                service.sign_in()
            yield service


def free_port() -> int:
    """A port that nobody listens at now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
