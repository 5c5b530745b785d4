"""Notifications in a real browser: switched on, pushed, shown, opened, ended; its push service is on this machine.

The browser's own half that asks Google for a subscription is stood in for; all else of it is its own: the service
worker is given the message by the browser, and shows it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, Worker, expect

from projectionist.features.accounts.sessions import COOKIE
from projectionist.features.alerts import announcing, delivering, devices, queries
from projectionist.features.alerts.workplace import Workplace
from projectionist.integrations.messengers.pushing import WebPush
from projectionist.kit.outbound import Outbound
from tests.api.house import Open, opened
from tests.e2e.browser import Pages, Scheme, Watched, until, wait_until
from tests.integrations.push_service import Browser, PushService, words
from tests.serving import served

pytestmark = pytest.mark.slow

PAGE = "/account/notifications"
STANDS_IN = """
(() => {
  const given = GIVEN;
  const made = () => ({
    endpoint: given.endpoint,
    toJSON: () => given,
    unsubscribe: async () => localStorage.removeItem("subscribed") ?? true,
  });
  PushManager.prototype.getSubscription = async () => (localStorage.getItem("subscribed") ? made() : null);
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly) throw new Error("Browsers take no silent messages");
    localStorage.setItem("subscribed", btoa(String.fromCharCode(...applicationServerKey)));
    return made();
  };
})();
"""
NOTES_SHOWN = """() => {
  if (self.shown) return;
  self.shown = [];
  const show = ServiceWorkerRegistration.prototype.showNotification;
  ServiceWorkerRegistration.prototype.showNotification = async function (title, { body, data, tag }) {
    await show.apply(this, arguments);
    self.shown.push({ title, body, data, tag });
  };
}"""
CLICKED = """async (path) => {
  const went = [];
  Clients.prototype.openWindow = async (place) => went.push(`opened ${place}`);
  WindowClient.prototype.focus = async function () { went.push(`focused ${this.url}`); };
  const notification = { close: () => went.push("closed"), data: { path } };
  const event = new Event("notificationclick");
  let done;
  Object.assign(event, { notification, waitUntil: (work) => { done = work; } });
  self.dispatchEvent(event);
  await done;
  return went;
}"""
CHANGED = """async ([former, fresh]) => {
  const event = new Event("pushsubscriptionchange");
  let done;
  const newSubscription = { toJSON: () => fresh };
  Object.assign(event, { oldSubscription: former, newSubscription, waitUntil: (work) => { done = work; } });
  self.dispatchEvent(event);
  await done;
}"""


@pytest.fixture
def push_service() -> Iterator[PushService]:
    with PushService() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, push_service: PushService) -> Iterator[Open]:
    with opened(tmp_path / "data") as found:
        pushing = WebPush(Outbound(), found.house.clock.now, push_service.trust)
        found.house.alerts = replace(found.house.alerts, pushing=pushing)
        found.app = found.house.web()
        yield found


@pytest.fixture
def address(house: Open) -> Iterator[str]:
    with served(house.app) as where:
        yield where


def visit(pages: Pages, address: str, house: Open, browser: Browser | None, **options: Any) -> Watched:
    watched = pages.open(address, cookies={COOKIE: house.session}, **options)
    if browser is not None:
        watched.page.context.grant_permissions(["notifications"], origin=address)
        watched.page.add_init_script(STANDS_IN.replace("GIVEN", json.dumps(browser.sent)))
    return watched


def check(watched: Watched) -> None:
    assert watched.hard_to_use() == []
    wide = watched.page.evaluate("document.documentElement.scrollWidth > innerWidth")
    assert not wide, "the page goes sideways"


def push_to(page: Page, address: str, content: bytes) -> dict[str, Any]:
    """What a browser shows whose service worker is given a message, as if it had come from its push service.

    It is noted where it is shown: Chromium that is asked for its notifications while it shows one forgets it.
    """
    worker = worker_of(page)
    worker.evaluate(NOTES_SHOWN)
    before = worker.evaluate("self.shown.length")
    session = page.context.new_cdp_session(page)
    found: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: found.extend(one["registrationId"] for one in told["registrations"]),
    )
    session.send("ServiceWorker.enable")
    until(page, lambda: bool(found), "The browser did not name its service worker")
    message = {"origin": address, "registrationId": found[-1], "data": content.decode()}
    session.send("ServiceWorker.deliverPushMessage", message)
    until(page, lambda: worker.evaluate("self.shown.length") > before, "The service worker showed nothing")
    session.detach()
    (shown,) = worker.evaluate("(before) => self.shown.slice(before)", before)
    assert isinstance(shown, dict)
    return shown


def worker_of(page: Page) -> Worker:
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return page.context.service_workers[0]


def send_all(place: Workplace) -> None:
    with place.database.read() as session:
        numbers = queries.waiting(session, 100)
    for number in numbers:
        delivering.deliver(place, number, is_last=True)


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_somebody_is_notified_on_this_device_until_they_sign_out(
    address: str, house: Open, pages: Pages, push_service: PushService, size: str, scheme: Scheme
) -> None:
    browser, place = Browser(push_service.url), house.house.alerts
    watched = visit(pages, address, house, browser, size=size, scheme=scheme)
    page = watched.go("/account")
    page.get_by_role("link", name="Your notifications").click()
    expect(page.locator("h1")).to_have_text("Your notifications")
    expect(page.get_by_role("heading", name="No device yet")).to_be_visible()
    check(watched)

    page.get_by_role("button", name="Notify me on this device").click()
    expect(page.get_by_text("You are notified on this device")).to_be_visible()
    expect(page.locator(".badge", has_text="this device")).to_be_visible()
    check(watched)
    key = page.evaluate("localStorage.getItem('subscribed')")
    assert words(bytes(map(ord, page.evaluate("atob", key)))) == place.remembered.key.public  # type: ignore[union-attr]

    page.get_by_role("button", name="Send a trial message").click()
    expect(page.get_by_text("The trial message was taken")).to_be_visible()
    shown = push_to(page, address, browser.reads(push_service.taken[-1].body))
    assert (shown["title"], shown["data"]) == ("A trial message", {"path": PAGE})

    announcing.announce(place, "ada", "Down tonight")
    send_all(place)
    assert push_to(page, address, browser.reads(push_service.taken[-1].body)) == {
        "title": "ada announces",
        "body": "Down tonight",
        "data": {"path": "/"},
        "tag": None,
    }

    watched.go(PAGE)
    page.get_by_text("What it tells you, and when").click()
    page.get_by_label("Announcements").uncheck()
    page.get_by_label("Quiet from").fill("22:00")
    page.get_by_label("until").fill("07:00")
    check(watched)
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("from 22:00 to 07:00")
    (device,) = devices.devices(place, 1)
    assert device.left_out == ("announcements",)

    if size == "phone":
        expect(page.locator(".menu.person")).to_be_visible()
    page.locator("details.menu.person summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert devices.devices(place, 1) == [], "who signs out is not notified there any more"
    assert page.evaluate("localStorage.getItem('subscribed')") is None


def test_a_message_opens_the_page_that_it_is_about_and_none_but_ours(
    address: str, house: Open, pages: Pages, push_service: PushService
) -> None:
    watched = visit(pages, address, house, Browser(push_service.url))
    page = watched.go(PAGE)
    worker = worker_of(page)
    wait_until(page, "Boolean(navigator.serviceWorker.controller)")
    assert worker.evaluate(CLICKED, "/alerts") == ["closed", f"opened {address}/alerts"]
    assert worker.evaluate(CLICKED, PAGE) == ["closed", f"focused {address}{PAGE}"]
    for foreign in ("//evil.example.org", "/\\evil.example.org", "https://evil.example.org", "", None, 7):
        assert worker.evaluate(CLICKED, foreign) == ["closed", f"opened {address}/"], foreign
    assert push_to(page, address, b"no message of ours")["title"] == "Projectionist"


def test_a_browser_whose_subscription_changes_is_told_by_the_new_one(
    address: str, house: Open, pages: Pages, push_service: PushService
) -> None:
    before, after = Browser(push_service.url), Browser(push_service.url, "/send/another")
    watched = visit(pages, address, house, before)
    page = watched.go(PAGE)
    page.get_by_role("button", name="Notify me on this device").click()
    expect(page.get_by_text("You are notified on this device")).to_be_visible()
    # the browser says nothing of the one before: the service worker knows it from when it was switched on
    worker_of(page).evaluate(CHANGED, [None, after.sent])
    (device,) = devices.devices(house.house.alerts, 1)
    devices.try_out(house.house.alerts, 1, device.id)
    assert after.shows(push_service.taken[-1])["title"] == "A trial message"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "Object.defineProperty(Notification, 'permission', { get: () => 'denied' })",
            "This browser blocks notifications",
        ),
        ("Object.defineProperty(window, 'isSecureContext', { value: false })", "Notifications need HTTPS"),
        ("delete window.PushManager", "cannot show notifications"),
        (
            "delete window.PushManager; Object.defineProperty(navigator, 'standalone', { value: false })",
            "Add to Home Screen",
        ),
    ],
)
def test_a_browser_that_can_show_none_says_why(
    address: str, house: Open, pages: Pages, script: str, said: str
) -> None:
    watched = visit(pages, address, house, None)
    watched.page.add_init_script(script)
    page = watched.go(PAGE)
    expect(page.locator("#this-device .notice:visible")).to_contain_text(said)
    expect(page.get_by_role("button", name="Notify me on this device")).to_be_hidden()
    check(watched)
