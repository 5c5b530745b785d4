"""Every page as everybody: what each kind of person is shown or refused is readable and asks for nothing foreign."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, expect

from projectionist.features.accounts.permissions import PERMISSIONS, Role, permissions_of
from projectionist.opening import open_house
from projectionist.settings import Settings
from projectionist.web.access import DeclaredRoute, declared_routes
from tests.demo.houses import house_media
from tests.e2e import service
from tests.e2e.browser import Pages, Watched
from tests.e2e.service import Service
from tests.running import COMMAND

__all__ = ["house_media"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

NO_PAGES = re.compile(
    r"^/(api|static|frame|images)/|/frames(/|\.json)|/(events|metrics|sw\.js|manifest\.webmanifest|favicon\.ico)$"
)
NAMED = re.compile(r"\{(\w+):\w+\}")
BY_LINK = ("/join", "/new-password", "/verify-email")
"""Pages that a link opens, and nothing else."""
NOT_HERE = {
    "/cache/places/{place_id:int}",  # no folder is served: tests/e2e/test_cache_house.py
    "/cache/lists/{list_id:int}",  # no list is followed: tests/features/cache/lists
    "/about/licence",  # of a package that is named
    "/sign-in/oidc/back",  # what a provider sends people back to: tests/e2e/test_other_ways_in.py
}
OTHERS = (Role.MODERATOR, Role.USER, Role.GUEST)


@dataclass
class Inhabited:
    """A demo house with one of each role; `named` are the values for the named parts of its addresses."""

    running: Service
    named: dict[str, str]
    routes: tuple[DeclaredRoute, ...]
    cookies: dict[Role, Any] = field(default_factory=dict)

    def address_of(self, route: DeclaredRoute) -> str:
        """Where a page is, below the house's own address."""
        return NAMED.sub(lambda part: self.named.get(part[1], "1"), route.path)

    def open(self, pages: Pages, role: Role | None, **options: Any) -> Watched:
        """A browser in which somebody of a role is signed in; None is a visitor."""
        state = {"cookies": self.cookies[role], "origins": []} if role else None
        return pages.open(self.running.address, storage_state=state, **options)


def page_routes(data: Path) -> tuple[DeclaredRoute, ...]:
    """Everything that may be opened by an address, as the house itself declares it."""
    with open_house(Settings(data=data, node="elsewhere"), exclusive=True) as house:
        found = tuple(declared_routes(house.web()))
    return tuple(one for one in found if one.method == "GET" and not NO_PAGES.search(one.path))


def joined(pages: Pages, running: Service, role: Role) -> Any:
    """The cookies of somebody who came by an invitation."""
    command = [COMMAND, "users", "invite", role.value, "--json", "--data", str(running.data)]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    link = str(json.loads(told)["link"])
    watched = pages.open(running.address)
    page = watched.go("/join" + link.partition("/join")[2])
    page.get_by_label("Name").fill(f"some-{role.value}")
    page.get_by_label("Password").fill(service.PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page.locator("h1")).to_have_text("Home")
    return [dict(one) for one in page.context.cookies()]


def ids_in(watched: Watched) -> dict[str, str]:
    """What stands for the named parts of addresses in this house."""

    def first(path: str, key: str) -> str:
        answer = watched.page.request.get(f"{watched.address}/api/v1/{path}")
        return str(answer.json()["items"][0][key])

    return {
        "library_id": first("libraries", "id"),
        "item_id": first("search?q=quiet projector", "id"),
        "job_id": first("jobs", "id"),
        "server_id": first("servers", "id"),
        "user_id": first("users", "id"),
        "name": first("schedules", "name"),
    }


def furnish(watched: Watched, fast: Path) -> dict[str, str]:
    """A fast tier of the cache and a sender of webhooks, so that their pages are there."""
    fast.mkdir()
    token = next(one["value"] for one in watched.page.context.cookies() if "csrf" in str(one["name"]))

    def add(path: str, data: dict[str, Any]) -> Any:
        answer = watched.page.request.post(
            f"{watched.address}/api/v1/{path}", data=data, headers={"x-csrf-token": str(token)}
        )
        assert answer.ok, answer.text()
        return answer.json()

    sender = add("webhook-senders", {"name": "Sonarr", "kind": "sonarr"})["sender"]
    return {
        "tier_id": str(add("cache/tiers", {"name": "fast", "root": str(fast)})["id"]),
        "sender_id": str(sender["id"]),
    }


@pytest.fixture(scope="module")
def inhabited(
    browser: Browser, house_media: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Inhabited]:
    folder = tmp_path_factory.mktemp("inhabited")
    with service.running(folder / "data", media=house_media) as running:
        pages = Pages(browser)
        watched = pages.open(running.address)
        page = watched.page
        page.goto(running.setup_link)
        service.become_administrator(page)
        service.choose_the_demo_house(page)
        service.wait_for_previews(page, running.address)
        named = ids_in(watched) | furnish(watched, folder / "fast")
        house = Inhabited(running, named, page_routes(folder / "elsewhere"))
        house.cookies[Role.ADMINISTRATOR] = [dict(one) for one in page.context.cookies()]
        house.cookies |= {role: joined(pages, running, role) for role in OTHERS}
        pages.close()
        yield house
        assert running.stop() == 0


def is_page(answer: APIResponse) -> bool:
    """Whether it is a whole page, rather than a part of one, a picture on one, or a file to keep."""
    kind = answer.headers.get("content-type", "")
    return kind.startswith("text/html") and answer.text().lstrip()[:9].lower() == "<!doctype"


def wrong_with(watched: Watched, address: str, status: int) -> list[str]:
    """What is wrong with a page; that the browser notes the status of a refusal is not."""
    watched.go(address)
    noted = f"status of {status}" if status >= 400 else "\0"
    wrong = [one for one in watched.complaints if noted not in one]
    watched.complaints.clear()
    if watched.page.locator("h1").count() != 1:
        wrong.append("not one heading")
    return [f"{address}: {one}" for one in wrong + watched.hard_to_use()]


@pytest.mark.parametrize("role", Role)
def test_every_page_is_clean_for_those_who_may_see_it_and_refused_in_a_clean_page_to_others(
    inhabited: Inhabited, pages: Pages, role: Role
) -> None:
    watched = inhabited.open(pages, role, scheme="light" if role in (Role.GUEST, Role.MODERATOR) else "dark")
    held = permissions_of(role)
    wrong: list[str] = []
    shown = refused = 0
    for route in inhabited.routes:
        address = inhabited.address_of(route)
        answer = watched.page.request.get(f"{watched.address}{address}")
        allowed = route.permission is None or route.permission in held
        refused_wrongly = route.path not in BY_LINK and (answer.status == 403) is allowed
        if refused_wrongly or answer.status >= 500:
            wrong.append(f"{address} gave {answer.status} to somebody who {'may' if allowed else 'may not'}")
        if is_page(answer):
            wrong += wrong_with(watched, address, answer.status)
            shown += answer.status == 200
            refused += answer.status == 403 and route.path not in BY_LINK
    assert not wrong, "\n".join(wrong)
    assert shown >= 15
    assert (refused == 0) is (role is Role.ADMINISTRATOR)


def test_an_administrator_sees_every_page_there_is(inhabited: Inhabited, pages: Pages) -> None:
    request = inhabited.open(pages, Role.ADMINISTRATOR).page.request
    missing: list[str] = []
    for route in inhabited.routes:
        if route.path in NOT_HERE or route.path in BY_LINK:
            continue
        address = inhabited.address_of(route)
        status = request.get(f"{inhabited.running.address}{address}").status
        if status >= 400:
            missing.append(f"{route.path} gave {status}")
    assert not missing, "\n".join(missing)


def test_every_page_is_whole_in_german(inhabited: Inhabited, pages: Pages) -> None:
    request = inhabited.open(pages, Role.ADMINISTRATOR).page.request
    wrong: list[str] = []
    shown = 0
    for route in inhabited.routes:
        address = inhabited.address_of(route)
        answer = request.get(f"{inhabited.running.address}{address}", headers={"accept-language": "de"})
        if not is_page(answer):
            continue
        shown += answer.status == 200
        if '<html lang="de"' not in answer.text() or "Zum Inhalt springen" not in answer.text():
            wrong.append(f"{address} is not in German")
        if left := re.findall(r"%\(\w+\)s", answer.text()):
            wrong.append(f"{address} left {left} open")
        if answer.status >= 500:
            wrong.append(f"{address} gave {answer.status}")
    assert not wrong, "\n".join(wrong)
    assert shown >= 30


def test_a_visitor_sees_what_is_open_and_else_the_sign_in_page(inhabited: Inhabited, pages: Pages) -> None:
    watched = inhabited.open(pages, None)
    wrong: list[str] = []
    for route in inhabited.routes:
        address = inhabited.address_of(route)
        answer = watched.page.request.get(f"{watched.address}{address}")
        if route.permission is not None and "/sign-in" not in answer.url:
            wrong.append(f"{address} led to {answer.url}")
        if is_page(answer) and route.permission is None:
            wrong += wrong_with(watched, address, answer.status)
    assert not wrong, "\n".join(wrong)


def test_every_link_on_every_page_leads_somewhere(inhabited: Inhabited, pages: Pages) -> None:
    watched = inhabited.open(pages, Role.ADMINISTRATOR)
    seen, waiting, dead = {"/"}, ["/"], []
    kinds: dict[str, int] = {}
    while waiting:
        address = waiting.pop()
        answer = watched.page.request.get(f"{watched.address}{address}")
        if answer.status >= 400:
            dead.append((address, answer.status))
        for link in links_in(answer) if is_page(answer) else ():
            kind = re.sub(r"\d+|[0-9a-f-]{36}", "#", link.partition("?")[0])
            if link not in seen and kinds.get(kind, 0) < 4:
                kinds[kind] = kinds.get(kind, 0) + 1
                seen.add(link)
                waiting.append(link)
    assert dead == []
    assert len(seen) > 40


def links_in(answer: APIResponse) -> set[str]:
    """Where a page leads within the house."""
    found = re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text())
    return {link.replace("&amp;", "&") for link in found}


def test_a_role_is_tried_here_as_soon_as_there_is_one() -> None:
    assert set(PERMISSIONS) == {Role.ADMINISTRATOR, *OTHERS}
