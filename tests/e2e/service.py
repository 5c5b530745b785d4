"""A whole Projectionist as a process of its own, and a newcomer who sets it up in a browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.running import COMMAND
from tests.serving import free_port

NAME, PASSWORD = "marlene", "Projector-lamp-42"
READY = """async ([address, limit]) => {
  for (let asked = 0; asked < limit; asked += 1) {
    const answer = await fetch(address, { headers: { accept: "application/json" } });
    const { items } = await answer.json();
    if (items.length === 3 && items.every((one) => one.wanted && one.fresh === one.wanted)) return true;
    await new Promise((next) => setTimeout(next, 500));
  }
  return false;
}"""
TRIES = 240


@dataclass(frozen=True)
class Service:
    """A running service: where it is, the link that makes its administrator, and its data folder."""

    process: subprocess.Popen[str]
    address: str
    setup_link: str
    data: Path

    def stop(self) -> int:
        """End it as a service manager does; gives its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)


@contextmanager
def running(data: Path, *, media: Path | None = None, base_path: str = "") -> Iterator[Service]:
    """A new service over an empty data folder; its demo house shows the films in `media`, where there are some."""
    if media is not None:
        (data / "demo-house").mkdir(parents=True)
        (data / "demo-house" / "media").symlink_to(media)
    port = free_port()
    unlimited = {"PROJECTIONIST_API_RATE": "0", "PROJECTIONIST_PAGE_RATE": "0"}
    environment = {**os.environ, **unlimited, "PROJECTIONIST_BASE_PATH": base_path}
    command = [COMMAND, "serve", "--data", str(data), "--port", str(port), "--node", "booth"]
    with (data.parent / f"{data.name}.log").open("w+") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            link = link_in(process)
            if link is None:
                log.seek(0)
                raise AssertionError(f"It gave no setup link: {log.read()[-2000:]}")
            yield Service(process, link.partition("/setup")[0], link, data)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)
            assert process.stdout is not None
            process.stdout.close()


def link_in(process: subprocess.Popen[str]) -> str | None:
    """The setup link that a starting service prints; None where it ends before."""
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://\S+/setup\?token=\S+", line)
        if found:
            return found.group(0)
    return None


def become_administrator(page: Page) -> None:
    """Fill in the first page of the setup."""
    page.get_by_label("Name").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Go on").click()


def choose_the_demo_house(page: Page) -> None:
    """Go through the rest of the setup, until the first sync begins."""
    page.get_by_role("button", name="Try the demo house").click()
    page.get_by_role("button", name="Take these").click(timeout=60_000)
    expect(page.locator("main")).to_contain_text("previews can go there")
    page.get_by_role("button", name="Start reading the library").click()
    expect(page.locator("h1")).to_have_text("Home")


def wait_for_previews(page: Page, address: str) -> None:
    """Wait until every film of the three libraries has its preview."""
    ready = page.evaluate(READY, [f"{address}/api/v1/previews/coverage", TRIES])
    assert ready, "The previews were not made in time"
