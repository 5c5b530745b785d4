"""The image as its install script makes it, run as a container engine would run it."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from projectionist.app import House
from projectionist.db.engine import Database, sqlite_url
from projectionist.jobs.ports import JobFilter
from projectionist.kit.secrets import Vault, load_key
from projectionist.settings import load_settings
from tests.demo.houses import house_media
from tests.deploy.container import ROOT, Container, Image, built
from tests.recovery.houses_under_fire import UnderFire, until
from tests.serving import free_port

__all__ = ["house_media"]

BEGIN_S = 180.0
END_S = 10.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
Run = Callable[..., Container]


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    with built() as made:
        yield made


@pytest.fixture
def run(image: Image, tmp_path: Path) -> Iterator[Run]:
    """Runs of the image, ended after the test."""
    begun: list[Container] = []

    def make(**options: Any) -> Container:
        begun.append(Container(image, tmp_path / f"container-{len(begun)}", **options))
        return begun[-1]

    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)  # a foreign user has to come through
    yield make
    for one in begun:
        one.close()


def answers(port: int) -> bool:
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/health/ready", trust_env=False).is_success
    except httpx2.TransportError:
        return False


def serving(run: Run, port: int, **settings: str) -> Container:
    """A service in a container, once it answers."""
    container = run(settings={"PROJECTIONIST_PORT": str(port), "PROJECTIONIST_NODE": "house", **settings})
    container.start("serve")
    until(lambda: answers(port), BEGIN_S, lambda: f"The start: {container.said}")
    return container


def test_it_serves_as_a_foreign_user_on_a_read_only_root_and_ends_when_it_is_asked_to(run: Run) -> None:
    port = free_port()
    container = serving(run, port)
    init, *rest = container.processes()
    assert Path(init.exe()).name == "tini"
    assert {one.uids() for one in [init, *rest]} == {(4711, 4711, 4711)}
    assert {one.gids() for one in [init, *rest]} == {(4712, 4712, 4712)}
    status = Path(f"/proc/{rest[0].pid}/status").read_text()
    assert re.search(r"NoNewPrivs:\s*1", status)
    assert re.search(r"CapBnd:\s*0{16}", status)
    assert "Read-only file system" in container.execute("touch", "/opt/projectionist/new").stderr
    assert "Read-only file system" in container.execute("touch", "/new").stderr
    assert "Read-only file system" in container.execute("touch", "/media/new").stderr
    script = "cp /usr/bin/true /tmp/true && /tmp/true"
    assert "Permission denied" in container.execute("sh", "-c", script).stderr
    made = {path.name: path.stat().st_uid for path in (container.folder / "config").iterdir()}
    assert made["projectionist.sqlite"] == made["secret.key"] == 4711
    assert (container.folder / "config/secret.key").stat().st_mode & 0o777 == 0o600
    assert container.stop(END_S) in (0, 143)
    assert not any(one.is_running() for one in rest)
    assert "Traceback" not in container.said


def test_the_health_check_honours_the_port_that_was_chosen(run: Run) -> None:
    port = free_port()
    container = serving(run, port)
    healthy = container.execute("healthcheck")
    assert (healthy.returncode, "The service says that it is ready" in healthy.stdout) == (0, True), healthy
    container.settings["PROJECTIONIST_PORT"] = str(free_port())
    assert container.execute("healthcheck").returncode == 1
    container.settings["PROJECTIONIST_PORT"] = str(port)
    service = next(one for one in container.processes() if one.name() != "tini")
    service.suspend()
    try:
        assert container.execute("healthcheck").returncode == 1
    finally:
        service.resume()


def test_a_container_started_as_root_becomes_who_it_is_told(run: Run) -> None:
    port = free_port()
    container = run(user="0:0", settings={"PUID": "4713", "PGID": "4714", "PROJECTIONIST_PORT": str(port)})
    container.start("serve")
    until(lambda: answers(port), BEGIN_S, lambda: f"The start: {container.said}")
    init, *rest = container.processes()
    assert Path(init.exe()).name == "tini"
    assert {(one.uids().real, one.gids().real) for one in [init, *rest]} == {(4713, 4714)}
    assert re.search(r"CapEff:\s*0{16}", Path(f"/proc/{rest[0].pid}/status").read_text())
    assert container.execute("healthcheck").returncode == 0
    owners = {path.stat().st_uid for path in (container.folder / "config").rglob("*")}
    assert owners == {4713}  # what is run in it beside the service is not root either
    assert container.stop(END_S) in (0, 143)


@pytest.mark.parametrize(
    ("user", "settings", "said"),
    [
        ("0:0", {"PUID": "0"}, "PUID is '0'; it must be the number of a user who is not root."),
        ("0:0", {"PUID": "me"}, "PUID is 'me'"),
        ("0:0", {"PGID": "0100"}, "PGID is '0100'"),
        ("4711:4712", {"PUID": "1000"}, "runs as 4711:4712 and PUID and PGID ask for 1000:4712"),
    ],
)
def test_whoever_it_cannot_become_is_refused(
    run: Run, user: str, settings: dict[str, str], said: str
) -> None:
    refused = run(user=user, settings=settings).run("--version")
    assert (refused.returncode, said in refused.stderr) == (2, True), refused


def test_it_says_its_version_and_leaves_no_installer_behind(run: Run, image: Image) -> None:
    told = run().run("--version")
    assert (told.returncode, told.stdout) == (0, "projectionist 0.1.0\n"), told
    assert not list(image.app.glob("bin/pip*"))
    assert list(image.app.rglob("projectionist/__pycache__/app.*.pyc"))
    assert not list(image.app.rglob("*.egg-link"))
    found = next(image.app.rglob("site-packages/projectionist/__init__.py"))
    assert found.read_bytes() == (ROOT / "src/projectionist/__init__.py").read_bytes()


def test_under_load_it_ends_in_time_and_hands_its_jobs_back(
    run: Run, house_media: Path, tmp_path: Path
) -> None:
    """An event stream is open and a film is being decoded when PID 1 hears SIGTERM."""
    port = free_port()
    fire = UnderFire(tmp_path / "fire", setup={"media": "/media"})
    fire.port = port
    settings = {**fire.environment, "PROJECTIONIST_SETUP_FILE": "/config/setup.toml"}
    container = run(settings={**settings, "PROJECTIONIST_PORT": str(port)})
    (container.folder / "config/setup.toml").write_text((fire.folder / "setup.toml").read_text())
    for film in house_media.rglob("*.mkv"):
        (container.folder / "media" / film.parent.name).mkdir(exist_ok=True)
        os.link(film, container.folder / "media" / film.parent.name / film.name)
    container.start("serve")
    until(lambda: answers(port), BEGIN_S, lambda: f"The start: {container.said}")
    with socket.create_connection(("127.0.0.1", port)) as stream:
        stream.sendall(f"GET /events HTTP/1.1\r\nHost: localhost\r\nCookie: {fire.cookie()}\r\n\r\n".encode())
        until(lambda: fire.listed("/jobs", state=["running"], kind="previews.make"), BEGIN_S, "A preview")
        before = psutil.Process(container.init.pid).children(recursive=True)
        assert container.stop(END_S) in (0, 143)
        assert not any(one.is_running() for one in before)
    fire.close()
    settings_here = load_settings({}, {"data": container.folder / "config"})
    database = Database(sqlite_url(container.folder / "config/projectionist.sqlite"))
    try:
        kept = House(settings_here, database, Vault(load_key(settings_here.data, "")))
        states = [job.state.value for job in kept.jobs.find(JobFilter(), size=100).items]
        kept.close()
    finally:
        database.close()
    assert "failed" not in states
    assert {"queued", "waiting", "running"} & set(states), states  # for whoever works next
    container.start("serve")
    until(lambda: answers(port), BEGIN_S, lambda: f"The next start: {container.said}")
    again = UnderFire(tmp_path / "again")
    again.port = port
    with suppress(AssertionError):
        until(lambda: not again.live_jobs(), 240, again.states)
    assert set(again.states()) == {"fresh"}
    again.close()
