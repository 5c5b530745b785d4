"""A house of real processes that tests kill, and somebody who watches what they leave on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx2
import pytest

from projectionist.demo.house import DemoHouse
from projectionist.errors import PreviewInvalid
from projectionist.features.previews.record import Record
from projectionist.frames import bif
from projectionist.kit import temporaries
from tests.passwords import PASSWORD
from tests.running import COMMAND
from tests.serving import free_port

NAME = "Vera"
UNLIMITED = {"PROJECTIONIST_API_RATE": "0", "PROJECTIONIST_PAGE_RATE": "0"}
LIVE = ("queued", "running", "waiting")


class Program:
    """A process of ours; what it says goes into a file."""

    def __init__(self, words: list[str], log: Path, environment: Mapping[str, str]) -> None:
        self._words = [COMMAND, *words]
        self._log = log
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Begin, or begin again."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment
            )
        return self

    def kill(self) -> None:
        """End as in a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def ask_to_end(self, within_s: float = 25.0) -> int:
        """SIGTERM; the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self.ends(within_s)

    def ends(self, within_s: float = 25.0) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        return self._process.wait(within_s)

    @property
    def is_up(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def hears(self) -> bool:
        """Whether SIGTERM is heard yet; before, it ends a process as it does any."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
        return bool(int(caught.split()[1], 16) >> signal.SIGTERM - 1 & 1)

    @property
    def said(self) -> str:
        """Everything it said, in all its lives."""
        return self._log.read_text(errors="replace")


@dataclass
class UnderFire:
    """A service, its workers, and an administrator who looks at it over the API.

    `settings` are environment variables of every process; `database_url` is empty for SQLite in the data folder.
    """

    folder: Path
    database_url: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    setup: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.data = self.folder / "data"
        self.port = free_port()
        self._programs: list[Program] = []
        self._client: httpx2.Client | None = None
        self._csrf = ""
        lines = [f"{name} = {_toml(value)}" for name, value in self.setup.items()]
        lines += ["[admin]", f"name = {_toml(NAME)}", f"password = {_toml(PASSWORD)}"]
        file = self.folder / "setup.toml"
        file.write_text("\n".join(lines) + "\n")
        self.environment = {"PROJECTIONIST_SETUP_FILE": str(file), **UNLIMITED, **self.settings}
        if self.database_url:
            self.environment["PROJECTIONIST_DATABASE_URL"] = self.database_url

    def serve(self, *words: str) -> Program:
        """The service, not started."""
        return self._program("serve", "--data", str(self.data), "--port", str(self.port), *words)

    def worker(self, *words: str) -> Program:
        """A worker beside it, not started."""
        return self._program("worker", "--data", str(self.data), *words)

    def _program(self, *words: str) -> Program:
        made = Program(list(words), self.folder / f"log-{len(self._programs)}", self.environment)
        self._programs.append(made)
        return made

    def close(self) -> None:
        """End everything that still runs."""
        for program in self._programs:
            program.kill()
        if self._client is not None:
            self._client.close()

    def answers(self) -> bool:
        """Whether the service is ready."""
        try:
            return httpx2.get(f"http://127.0.0.1:{self.port}/health/ready", trust_env=False).is_success
        except httpx2.TransportError:
            return False

    def call(self, method: str, path: str, **json: Any) -> Any:
        """Ask the API, signed in; its answer."""
        client = self._signed_in()
        answer = client.request(
            method, f"/api/v1{path}", headers={"x-csrf-token": self._csrf}, json=json or None
        )
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def listed(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every entry of a list of the API."""
        found: list[dict[str, Any]] = []
        while True:
            answer = self._signed_in().get(
                f"/api/v1{path}", params={**query, "limit": 100, "offset": len(found)}
            )
            assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
            page = answer.json()
            found += page["items"]
            if not page["items"] or len(found) >= page["total"]:
                return found

    def _signed_in(self) -> httpx2.Client:
        if self._client is None:
            client = httpx2.Client(
                base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=30, follow_redirects=True
            )
            page = client.get("/sign-in").text
            form = {"name": NAME, "password": PASSWORD, "_csrf_token": _csrf_token(page)}
            assert client.post("/sign-in", data=form).is_success
            self._csrf = form["_csrf_token"]
            self._client = client
        return self._client

    def cookie(self) -> str:
        """By what a browser of the administrator is known."""
        return "; ".join(f"{name}={value}" for name, value in self._signed_in().cookies.items())

    def live_jobs(self) -> list[dict[str, Any]]:
        """Jobs that are not over."""
        return self.listed("/jobs", state=list(LIVE))

    def states(self) -> dict[str, int]:
        """How many previews stand how."""
        counted: dict[str, int] = {}
        for library in self.listed("/previews/coverage"):
            for state, count in library["states"].items():
                counted[state] = counted.get(state, 0) + count
        return counted


@contextmanager
def under_fire(
    folder: Path, house: DemoHouse | None = None, database_url: str = "", **more: Any
) -> Iterator[UnderFire]:
    """Such a house over a demo house, or over what the setup says."""
    setup = dict(more.pop("setup", {}))
    if house is not None:
        setup |= {
            "plex_url": house.plex_url,
            "plex_token": house.plex_token,
            "plex_data": str(house.plex_data),
        }
    opened = UnderFire(folder, database_url, setup=setup, **more)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A disk of its own with so much room, where this machine lets us have one."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets us mount nothing")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def until(happened: Callable[[], object], within_s: float, what: object = "It") -> None:
    """Wait for something that other processes do."""
    ends = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < ends, (
            f"{what() if callable(what) else what} did not happen in {within_s} s."
        )
        time.sleep(0.05)


class Watcher:
    """Looks at every preview below a folder again and again: each must be whole whenever it can be seen.

    `made` are the records of all that was ever seen at each path, in order; `faults` is what should never have been.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen: dict[Path, tuple[int, int]] = {}
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self.made: dict[Path, list[Record]] = {}
        self.faults: list[str] = []
        self.looks = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ends.wait(0.01):
            self.look()

    def look(self) -> None:
        """Look once."""
        self.looks += 1
        for parent, _folders, names in os.walk(self._folder):
            for name in names:
                if name.endswith(".bif") and not name.startswith("."):
                    self._judge(Path(parent, name))
                elif "Indexes" in parent and not temporaries.NAME.fullmatch(name):
                    self.faults.append(f"{parent}/{name} can be seen and is no preview")

    def _judge(self, path: Path) -> None:
        try:
            status = path.stat()
            mark = (status.st_ino, status.st_mtime_ns)
            if self._seen.get(path) == mark:
                return
            with bif.read_bif(path) as read:
                found = list(read.faults())
                record = Record.from_comment(read.comment)
        except FileNotFoundError:
            self.faults.append(f"{path} was there and is gone")
            return
        except PreviewInvalid as error:
            self.faults.append(error.message)
            return
        self._seen[path] = mark
        if record is None or found:
            self.faults.append(f"{path} is not whole: {found}, {record}")
            return
        self.made.setdefault(path, []).append(record)

    def made_twice(self) -> list[tuple[str, list[int]]]:
        """What was made again though the same was there, with the qualities in which it was made."""
        return [
            (path.parent.parent.parent.name[:6], [record.quality for record in records])
            for path, records in self.made.items()
            if len(set(records)) < len(records)
        ]


def _csrf_token(page: str) -> str:
    _, _, rest = page.partition('name="_csrf_token"')
    return rest.partition('value="')[2].partition('"')[0]


def _toml(value: object) -> str:
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
