"""Signing in by a provider and by a proxy in a real browser, which refuses forms that lead to other sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from projectionist.db.engine import Database, sqlite_url
from projectionist.db.model import Base
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.ways.oidc import OidcWay
from projectionist.integrations.oidc.provider import Client, OidcProvider
from tests.e2e.browser import Pages, Scheme, Watched
from tests.features.accounts.house import NAME, PASSWORD, House
from tests.integrations.oidc_provider import CLIENT, SECRET, Provider
from tests.serving import served


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = Database(sqlite_url(tmp_path / "house.sqlite"))
    Base.metadata.create_all(database.engine)
    made = House(database, tmp_path)
    accounts.found(database, NAME, PASSWORD, now=made.clock.now)
    yield made
    database.close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(groups=["family"]) as opened:
        yield opened


@pytest.fixture
def address(house: House, provider: Provider) -> Iterator[str]:
    """Where the house is served, with the provider and behind a proxy on this machine."""

    def connect() -> OidcProvider:
        return OidcProvider(Client(provider.url, CLIENT, SECRET))

    house.oidc_way = OidcWay(
        house.database, house.reach.vault, house.clock.now, "the club", ("family=user",), connect
    )
    house.proxy_way = replace(house.proxy_way, header="Remote-User", roles=("family=user",))
    house.trusted_proxies = ("127.0.0.0/8",)
    with served(house.app) as where:
        yield where


def check(watched: Watched) -> None:
    assert watched.hard_to_use() == [], watched.page.url
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), watched.page.url
    assert watched.page.locator("h1").count() == 1, watched.page.url


@pytest.mark.parametrize(("size", "scheme"), [("wide", "dark"), ("phone", "light")])
def test_a_provider_leads_there_and_back(
    address: str, pages: Pages, provider: Provider, size: str, scheme: Scheme
) -> None:
    watched = pages.open(address, size=size, scheme=scheme)
    watched.expected = ("a status of 403",)
    page = watched.go("/sign-in?next=/account")
    check(watched)
    page.get_by_role("button", name="Use the club").click()
    expect(page.locator("h1")).to_have_text("Your account")
    expect(page.locator("main")).to_contain_text("the club: Lotte")
    check(watched)
    stranger = pages.open(address, size=size, scheme=scheme)
    stranger.expected = ("a status of 403",)
    provider.groups = ["neighbours"]
    stranger.go("/sign-in").get_by_role("button", name="Use the club").click()
    expect(stranger.page.locator("[role=alert]").first).to_contain_text("None of your groups lets you in")
    check(stranger)


def test_whom_a_proxy_names_is_there_without_signing_in(address: str, pages: Pages) -> None:
    named = {"Remote-User": "lotte", "Remote-Groups": "family"}
    watched = pages.open(address, extra_http_headers=named)
    page = watched.go("/account")
    expect(page.locator("main")).to_contain_text("lotte")
    check(watched)
    page.get_by_role("combobox", name="Time zone").select_option("Europe/Vienna")
    page.get_by_role("region", name="Time zone").get_by_role("button", name="Save").click()
    expect(page.get_by_role("combobox", name="Time zone")).to_have_value("Europe/Vienna")
