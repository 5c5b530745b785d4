"""Whoever manages users sees the tokens of somebody else, and ends one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from projectionist.features.accounts import service as accounts
from projectionist.features.accounts import tokens
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.users import service
from projectionist.features.accounts.users.service import OWNER
from projectionist.features.audit_log.service import all_entries
from projectionist.web.ports import Principal
from tests.features.accounts.house import NAME, PASSWORD, Browser, House, words
from tests.features.accounts.opened import house, owner
from tests.features.accounts.users.people import invited

__all__ = ["house", "owner"]

FAR = 2**63
GONE = "This token is not there any more; nothing was changed."


@dataclass(frozen=True)
class Program:
    """A program, and the token that it shows."""

    house: House
    id: int
    shown: str

    def ask(self, method: str, path: str) -> Any:
        with self.house.browser() as browser:
            browser.headers = {"authorization": f"Bearer {self.shown}"}
            return browser.ask(method, f"/api/v1{path}")

    @property
    def is_let_in(self) -> bool:
        return bool(self.ask("GET", "/me").status_code == 200)


def joined(house: House, name: str, role: str = "user", **exceptions: bool) -> Principal:
    who = invited(house.database, OWNER, house.clock, name, role)
    service.change_user(house.database, OWNER, who.id, exceptions=exceptions, now=house.clock)
    return who


def program_of(house: House, who: Principal, name: str = "A script", *scopes: str) -> Program:
    lasts = timedelta(days=30)
    made = tokens.make_token(house.database, who, name, scopes or ("view",), lasts=lasts, now=house.clock)
    return Program(house, made.token.id, made.shown)


def administrator(house: House) -> Principal:
    found = accounts.sign_in(
        house.database, NAME, PASSWORD, now=house.clock, remember=False, address="192.0.2.7"
    )
    return found.principal


def signed_in(house: House, browser: Browser, name: str) -> Browser:
    browser.post("/sign-in", name=name, password=PASSWORD)
    return browser


Revoke = Callable[[Browser, int, int], Any]


def by_page(browser: Browser, user_id: int, token_id: int) -> Any:
    return browser.post(f"/users/{user_id}/tokens/{token_id}/revoke")


def by_api(browser: Browser, user_id: int, token_id: int) -> Any:
    return browser.api("DELETE", f"/users/{user_id}/tokens/{token_id}")


BOTH = pytest.mark.parametrize("revoke", [by_page, by_api])


def test_the_page_and_the_api_show_what_tokens_may_and_when_they_were_used_and_never_the_token(
    house: House, owner: Browser
) -> None:
    ada = joined(house, "Ada", "moderator")
    idle, busy = program_of(house, ada, "Idle"), program_of(house, ada, "Busy", "view", "manage_cache")
    assert busy.is_let_in
    page = owner.get(f"/users/{ada.id}").text
    said = words(page)
    assert "Busy See the library and what runs Plan and run the cache" in said
    assert "Idle See the library and what runs Last used: never" in said
    listed = owner.api("GET", f"/users/{ada.id}/tokens")
    assert [
        (one["id"], one["name"], one["scopes"], one["used_at"] is None, one["is_over"])
        for one in listed.json()["items"]
    ] == [
        (busy.id, "Busy", ["view", "manage_cache"], False, False),
        (idle.id, "Idle", ["view"], True, False),
    ]
    kept = [hash_of(one.shown) for one in (idle, busy)]
    assert not [one for one in (idle.shown, busy.shown, *kept) if one in page + listed.text]
    part = owner.api("GET", f"/users/{ada.id}/tokens?offset=1&limit=1").json()
    assert ([one["name"] for one in part["items"]], part["total"]) == (["Idle"], 2)


def test_a_page_without_tokens_says_why(house: House, owner: Browser) -> None:
    ada, gran = joined(house, "Ada"), joined(house, "Gran", "guest")
    assert "No program acts for Ada." in words(owner.get(f"/users/{ada.id}").text)
    assert "No program acts for Gran, who may make no tokens." in words(owner.get(f"/users/{gran.id}").text)


def test_the_page_says_that_tokens_open_nothing_whose_owner_may_make_none(
    house: House, owner: Browser
) -> None:
    ada = joined(house, "Ada")
    program_of(house, ada)
    closed = "Ada may make no tokens now. Until that changes, these open nothing."
    assert closed not in words(owner.get(f"/users/{ada.id}").text)
    service.change_user(house.database, OWNER, ada.id, role="guest", now=house.clock)
    assert closed in words(owner.get(f"/users/{ada.id}").text)


@BOTH
def test_an_ended_token_opens_nothing_at_once_and_the_others_stay(
    house: House, owner: Browser, revoke: Revoke
) -> None:
    ada = joined(house, "Ada", "moderator")
    ended, kept = program_of(house, ada, "Remote", "view", "manage_jobs"), program_of(house, ada, "Script")
    assert ended.is_let_in, "and that is remembered for two seconds, which must not save it"
    answer = revoke(owner, ada.id, ended.id)
    assert answer.status_code in (200, 204)
    assert (ended.is_let_in, kept.is_let_in) == (False, True)
    assert "Remote" not in words(owner.get(f"/users/{ada.id}").text)
    *_, last = all_entries(house.database)
    assert (last.act, last.who, last.about) == ("token revoked", NAME, "Remote of Ada")
    assert (last.before, last.after) == ({"scopes": "view, manage_jobs"}, {})


def test_the_page_comes_again_after_a_token_is_ended(house: House, owner: Browser) -> None:
    ada = joined(house, "Ada")
    mine = program_of(house, ada)
    at = f"/users/{ada.id}/tokens/{mine.id}/revoke"
    assert f'action="{at}"' in owner.get(f"/users/{ada.id}").text
    answer = owner.post(at, follow=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/users/{ada.id}")


@BOTH
def test_what_is_no_token_of_theirs_is_said_and_nothing_is_changed(
    house: House, owner: Browser, revoke: Revoke
) -> None:
    ada, ben = joined(house, "Ada"), joined(house, "Ben")
    adas, bens = program_of(house, ada), program_of(house, ben)
    revoke(owner, ada.id, adas.id)
    before = list(all_entries(house.database))
    for user_id, token_id in ((ada.id, adas.id), (ada.id, bens.id), (ada.id, 99)):
        refused = revoke(owner, user_id, token_id)
        assert (refused.status_code, GONE in refused.text) == (404, True)
    nobody = revoke(owner, 99, bens.id)
    assert (nobody.status_code, "This account is not there any more." in nobody.text) == (404, True)
    for user_id, token_id in ((ada.id, FAR), (FAR, bens.id), (ada.id, 2**200), (ada.id, 0), (ada.id, -1)):
        refused = revoke(owner, user_id, token_id)
        assert refused.status_code == (404 if revoke is by_page else 400), refused.text
        assert "nothing was changed" in words(refused.text)
    assert bens.is_let_in
    assert list(all_entries(house.database)) == before


@BOTH
def test_only_an_administrator_ends_an_administrators_token(
    house: House, owner: Browser, revoke: Revoke
) -> None:
    """Whoever manages users sees them, as they see the rest of the account."""
    boss, ada = administrator(house), joined(house, "Ada")
    joined(house, "Ben", "moderator", manage_users=True)
    other = joined(house, "Other", "administrator")
    bosses, others, adas = (program_of(house, one) for one in (boss, other, ada))
    with house.browser() as browser:
        ben = signed_in(house, browser, "Ben")
        for who, program in ((boss, bosses), (other, others)):
            refused = revoke(ben, who.id, program.id)
            assert refused.status_code == 403
            assert "Only an administrator makes or changes an administrator" in words(refused.text)
            assert program.is_let_in
        page = ben.get(f"/users/{boss.id}").text
        assert "A script" in words(page)
        assert f"/users/{boss.id}/tokens/" not in page, "no button that would be refused"
        assert revoke(ben, ada.id, adas.id).status_code in (200, 204)
    assert not adas.is_let_in
    assert revoke(owner, other.id, others.id).status_code in (200, 204)
    assert not others.is_let_in


@BOTH
def test_nobody_else_sees_or_ends_the_token_of_another(house: House, owner: Browser, revoke: Revoke) -> None:
    ada, _ = joined(house, "Ada"), joined(house, "Moderator", "moderator")
    mine = program_of(house, ada)
    with house.browser() as browser:
        moderator = signed_in(house, browser, "Moderator")
        assert moderator.api("GET", f"/users/{ada.id}/tokens").status_code == 403
        assert revoke(moderator, ada.id, mine.id).status_code == 403
    assert mine.is_let_in


def test_a_program_that_may_manage_users_ends_tokens_as_it_signs_people_out(
    house: House, owner: Browser
) -> None:
    ada = joined(house, "Ada")
    mine = program_of(house, ada)
    warden = program_of(house, administrator(house), "Warden", "view", "manage_users")
    watcher = program_of(house, administrator(house), "Watcher", "view")
    assert watcher.ask("DELETE", f"/users/{ada.id}/tokens/{mine.id}").status_code == 403
    assert mine.is_let_in
    assert warden.ask("DELETE", f"/users/{ada.id}/sign-ins").status_code == 204
    assert warden.ask("DELETE", f"/users/{ada.id}/tokens/{mine.id}").status_code == 204
    assert not mine.is_let_in


def test_a_token_that_is_over_is_shown_as_such_and_can_be_taken_away(house: House, owner: Browser) -> None:
    ada = joined(house, "Ada")
    mine = program_of(house, ada)
    house.clock.forward(days=31)
    owner.post("/sign-in", name=NAME, password=PASSWORD)
    assert "A script over" in words(owner.get(f"/users/{ada.id}").text)
    assert "No program acts for Ada." in words(by_page(owner, ada.id, mine.id).text)
