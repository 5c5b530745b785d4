"""What a stranger tries at the ways in that lead over other services, against the whole shell."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.credentials.linked import identities_of
from projectionist.features.accounts.sessions import COOKIE, HANDSHAKE_COOKIE
from projectionist.features.accounts.ways import service as identities
from projectionist.features.accounts.ways.oidc import OidcWay
from projectionist.features.accounts.ways.service import Kind
from projectionist.features.audit_log import service as audit_log
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.integrations.oidc.provider import Client, OidcProvider
from projectionist.media.identity import Proven
from projectionist.media.vocabulary import ServerKind
from tests.features.accounts.house import NAME, PASSWORD, PLEX, TOKEN, Browser, House, words
from tests.features.accounts.opened import house as bare_house
from tests.features.accounts.second_factor.apps import connected
from tests.features.accounts.ways.plex_people import FRIEND, STRANGER
from tests.integrations.oidc_provider import CLIENT, SECRET, Provider, back_with

__all__ = ["bare_house"]


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider(groups=["family"], access_token="canary-of-the-access-token") as opened:
        yield opened


@pytest.fixture
def house(bare_house: House, provider: Provider) -> House:
    """With a provider, a Plex server and an administrator."""
    database, vault, now = bare_house.database, bare_house.reach.vault, bare_house.clock.now
    bare_house.oidc_way = OidcWay(
        database, vault, now, "the club", ("family=user",), lambda: OidcProvider(client_of(provider))
    )
    accounts.found(database, NAME, PASSWORD, now=now)
    servers.add_server(bare_house.reach, NewServer(ServerKind.PLEX, PLEX, TOKEN))
    return bare_house


def client_of(provider: Provider) -> Client:
    return Client(provider.url, CLIENT, SECRET)


@pytest.fixture
def browser(house: House) -> Iterator[Browser]:
    with house.browser() as opened:
        yield opened


@pytest.fixture
def another(house: House, browser: Browser) -> Iterator[Browser]:
    with house.browser() as opened:
        yield opened


def link_of(page: Any) -> str:
    found = re.search(r'href="(http://127\.0\.0\.1:\d+/authorize[^"]*)"', page.text)
    assert found is not None, words(page.text)
    return unescape(found[1])


def come_back(browser: Browser, told: dict[str, str]) -> Any:
    return browser.get(f"/sign-in/oidc/back?{back_with(told)}", follow=False)


def linked(house: House, user_id: int = 1) -> list[str]:
    return [one.name for one in identities_of(house.database, user_id)]


def written_down(house: House) -> list[str]:
    return [one.act for one in audit_log.all_entries(house.database)]


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.example",
        "///evil.example",
        "https:evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "/%0d%0aLocation: https://evil.example",
        "/" + "x" * 5_000,
        "evil.example",
    ],
)
def test_no_sign_in_leads_on_to_another_site(
    house: House, browser: Browser, provider: Provider, wanted: str
) -> None:
    def leads_on(answer: Any) -> str:
        assert answer.status_code == 303
        return str(answer.headers["location"])

    link = link_of(browser.post("/sign-in/oidc", next=wanted))
    there = leads_on(come_back(browser, provider.agree(link)))
    browser.cookies.clear()
    browser.post("/sign-in/plex", next=wanted)
    house.plex_tv.claim(FRIEND)
    house.clock.forward(seconds=2)
    for place in (there, leads_on(browser.post("/sign-in/plex/look", follow=False))):
        parts = urlsplit(place)
        assert (parts.scheme, parts.netloc) == ("", "")
        assert place.startswith("/")
        assert not place.startswith(("//", "/\\"))
        assert len(place) < 2_001


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in/oidc",
        "/sign-in/plex",
        "/sign-in/plex/look",
        "/account/identities/oidc",
        "/account/identities/plex",
        "/account/identities/1/unlink",
    ],
)
def test_no_form_of_another_site_begins_links_or_unlinks_anything(
    house: House, browser: Browser, provider: Provider, path: str
) -> None:
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    assert browser.ask("POST", path, data={}, follow_redirects=False).status_code == 403
    assert (
        browser.ask("POST", path, data={"_csrf_token": "guessed"}, follow_redirects=False).status_code == 403
    )
    assert HANDSHAKE_COOKIE not in browser.cookies
    assert (provider.seen, house.plex_tv.asked) == ([], [])


def test_an_answer_of_somebody_else_is_not_linked_to_whom_it_is_sent(
    house: House, browser: Browser, another: Browser, provider: Provider
) -> None:
    """The attacker begins, says yes as themselves, and sends the victim the way back."""
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    browser.post("/account/identities/oidc", link_password=PASSWORD)
    theirs = provider.agree(link_of(another.post("/sign-in/oidc")))
    assert come_back(browser, theirs).status_code == 403
    assert linked(house) == []
    again = come_back(browser, theirs)
    assert again.status_code == 404


def test_what_somebody_else_began_to_link_is_not_linked_in_my_browser(
    house: House, browser: Browser, another: Browser, provider: Provider
) -> None:
    """The attacker begins to link to their account, and plants their cookie in the victim's browser."""
    come_back(another, provider.agree(link_of(another.post("/sign-in/oidc"))))
    provider.subject, provider.name = "victim-at-the-provider", "Victim"
    link = link_of(another.post("/account/identities/oidc"))
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    browser.cookies[HANDSHAKE_COOKIE] = another.cookies[HANDSHAKE_COOKIE]
    assert come_back(browser, provider.agree(link)).status_code == 403
    assert (linked(house), linked(house, 2)) == ([], ["Lotte"])


def test_whose_account_is_linked_keeps_it_and_the_attempt_is_written_down(
    house: House, browser: Browser, another: Browser, provider: Provider
) -> None:
    come_back(another, provider.agree(link_of(another.post("/sign-in/oidc"))))
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    taken = come_back(
        browser, provider.agree(link_of(browser.post("/account/identities/oidc", link_password=PASSWORD)))
    )
    assert taken.status_code == 409
    assert "linked to somebody else here" in words(taken.text)
    assert (linked(house), linked(house, 2)) == ([], ["Lotte"])
    assert "account of another service not linked" in written_down(house)


def test_nobody_reads_or_unlinks_what_is_linked_to_another(
    house: House, browser: Browser, another: Browser, provider: Provider
) -> None:
    come_back(another, provider.agree(link_of(another.post("/sign-in/oidc"))))
    [lottes] = identities_of(house.database, 2)
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    assert browser.api("GET", "/me/identities").json()["items"] == []
    assert browser.api("DELETE", f"/me/identities/{lottes.id}").status_code == 404
    assert browser.post(f"/account/identities/{lottes.id}/unlink").status_code == 404
    assert linked(house, 2) == ["Lotte"]


def test_who_manages_users_unlinks_for_others_but_not_their_only_way_in(
    house: House, browser: Browser, another: Browser, provider: Provider
) -> None:
    come_back(another, provider.agree(link_of(another.post("/sign-in/oidc"))))
    [lottes] = identities_of(house.database, 2)
    at = f"/users/2/identities/{lottes.id}"
    assert another.api("GET", "/users/2/identities").status_code == 403
    assert another.api("DELETE", at).status_code == 403
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    assert [one["name"] for one in browser.api("GET", "/users/2/identities").json()["items"]] == ["Lotte"]
    assert browser.api("GET", "/users/99/identities").status_code == 404
    assert browser.api("DELETE", at).status_code == 409
    identities.link(house.database, 2, Kind.PLEX, Proven("https://plex.tv", "9", "L"), now=house.clock.now)
    assert browser.api("DELETE", at).status_code == 204
    assert linked(house, 2) == ["L"]
    assert another.get("/account", follow=False).status_code == 303, "whoever came in by it is out"
    assert browser.api("DELETE", at).status_code == 404


def test_a_name_that_is_somebodys_here_gives_nobody_their_account(
    house: House, browser: Browser, provider: Provider
) -> None:
    provider.name = NAME
    come_back(browser, provider.agree(link_of(browser.post("/sign-in/oidc"))))
    me = browser.api("GET", "/me").json()
    assert (me["name"], me["role"]) == (f"{NAME}-2", "user")


def test_the_second_step_is_asked_for_after_another_service_too(
    house: House, browser: Browser, another: Browser, provider: Provider
) -> None:
    """Whoever takes over somebody's account elsewhere has not their authenticator app."""
    browser.post("/sign-in", name=NAME, password=PASSWORD)
    come_back(
        browser, provider.agree(link_of(browser.post("/account/identities/oidc", link_password=PASSWORD)))
    )
    identities.link(house.database, 1, Kind.PLEX, Proven("https://plex.tv", FRIEND, "F"), now=house.clock.now)
    app = connected(house.database, house.clock, 1)
    there = come_back(another, provider.agree(link_of(another.post("/sign-in/oidc", next="/account"))))
    assert (there.status_code, there.headers["location"]) == (303, "/sign-in/code?next=/account")
    assert COOKIE not in another.cookies
    assert another.get("/account", follow=False).status_code == 303
    wrong = another.post("/sign-in/code", code=app.wrong(), next="/account")
    assert (wrong.status_code, COOKIE in another.cookies) == (401, False)
    inside = another.post("/sign-in/code", code=app.code(), next="/account", follow=False)
    assert inside.headers["location"] == "/account"
    assert "the club: Lotte" in words(another.get("/account").text)
    another.cookies.clear()
    another.api("POST", "/sign-in/plex", {})
    house.plex_tv.claim(FRIEND)
    house.clock.forward(minutes=1)
    assert another.api("POST", "/sign-in/plex/look").json()["state"] == "code_needed"
    assert another.api("GET", "/me").status_code == 401
    assert another.api("POST", "/sign-in/code", {"code": app.wrong()}).status_code == 401
    assert another.api("POST", "/sign-in/code", {"code": app.code()}).status_code == 204
    assert another.api("GET", "/me").json()["name"] == NAME
    assert another.api("POST", "/sign-in/code", {"code": app.codes[0]}).status_code == 401


def test_a_session_from_before_is_not_the_one_after(
    house: House, browser: Browser, provider: Provider
) -> None:
    planted = "planted-by-somebody-who-waits-for-it"
    browser.get("/sign-in")
    browser.cookies[COOKIE] = planted
    come_back(browser, provider.agree(link_of(browser.post("/sign-in/oidc"))))
    fresh = browser.cookies[COOKIE]
    assert fresh != planted
    browser.cookies = {COOKIE: planted}
    assert browser.get("/account", follow=False).status_code == 303


def test_what_the_services_told_us_stands_in_no_page_log_or_database(
    house: House, browser: Browser, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown: list[str] = []

    def seen(answer: Any) -> Any:
        shown.append(f"{answer.text} {answer.headers}")
        return answer

    page = seen(browser.post("/sign-in/oidc", remember="true"))
    link = link_of(page)
    told = provider.agree(link)
    [asked] = provider.codes.values()
    secrets = [SECRET, provider.access_token, TOKEN, browser.cookies[HANDSHAKE_COOKIE]]
    passing = [told["state"], asked.nonce, told["code"]]  # those the browser carries itself
    seen(come_back(browser, told))
    seen(browser.get("/account"))
    provider.claims = {"nonce": "another"}
    seen(come_back(browser, provider.agree(link_of(seen(browser.post("/sign-in/oidc"))))))
    for person in (FRIEND, STRANGER):
        browser.cookies.clear()
        seen(browser.post("/sign-in/plex"))
        secrets.append(browser.cookies[HANDSHAKE_COOKIE])
        house.plex_tv.claim(person)
        secrets.append(house.plex_tv.tokens[house.plex_tv.pins])
        house.clock.forward(seconds=2)
        seen(browser.post("/sign-in/plex/look"))
    exchanges = [one for one in provider.seen if one.startswith("POST /token/")]
    secrets += [re.search(r"code_verifier=([^&]+)", one)[1] for one in exchanges]  # type: ignore[index]
    assert len(exchanges) == 2
    pages = "".join(one.replace("set-cookie", "") for one in shown)
    kept = b"".join(one.read_bytes() for one in house.data.rglob("*") if one.is_file()).decode("latin-1")
    audit = "".join(str(one) for one in audit_log.all_entries(house.database))
    logged = "".join(one.getMessage() for one in caplog.records if one.name != "httpx")  # not of the browser
    assert "POST /token/" in logged
    assert "SQLite format" in kept
    for secret in secrets:
        for where, text in (("log", logged), ("database", kept), ("audit", audit)):
            assert secret not in text, f"{secret} in the {where}"
    for secret in passing:
        for where, text in (("log", logged), ("database", kept), ("audit", audit)):
            assert secret not in text, f"{secret} in the {where}"
    handshakes = {one for one in secrets if one in pages}
    assert handshakes <= set(re.findall(rf"{HANDSHAKE_COOKIE}=([^;]+)", pages)), "only as a cookie"
    assert quote(SECRET) not in pages
