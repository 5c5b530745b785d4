"""Nobody comes to more than they may by way of somebody else's account, and no program makes a way in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from projectionist.db.engine import Database
from projectionist.errors import NotAllowed
from projectionist.features.accounts.passkeys import service as passkeys
from projectionist.features.accounts.second_factor import service as second_factor
from projectionist.features.accounts.users import links, service
from projectionist.features.audit_log.service import all_entries
from projectionist.settings.choices import Registration
from projectionist.web.ports import Permission, Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.house import NAME, Browser, House
from tests.features.accounts.opened import house
from tests.features.accounts.opened import owner as signed_in
from tests.features.accounts.users.people import clock, invited, known, owner
from tests.passwords import ANOTHER, PASSWORD

__all__ = ["clock", "house", "owner", "signed_in"]


def test_a_program_that_may_manage_users_makes_no_way_into_an_account(
    house: House, signed_in: Browser
) -> None:
    wanted = {"name": "A script", "scopes": ["view", "manage_users"], "days": 1}
    shown = signed_in.api("POST", "/me/tokens", wanted).json()["shown"]
    with house.browser() as program:
        program.headers = {"authorization": f"Bearer {shown}"}
        [person] = program.api("GET", "/users").json()["items"]
        at = f"/api/v1/users/{person['id']}"
        for method, path in (
            ("POST", f"{at}/password-link"),
            ("DELETE", f"{at}/second-step"),
            ("DELETE", f"{at}/passkeys"),
        ):
            assert program.ask(method, path).status_code == 403, path
        page = program.ask("POST", f"/users/{person['id']}/password-link")
        assert (person["name"], page.status_code) == (NAME, 403)


Way = Callable[[Database, Principal, int, Clock], object]
WAYS: dict[str, Way] = {
    "password link": lambda database, by, id_, clock: links.make_password_link(database, by, id_, now=clock),
    "second step": lambda database, by, id_, clock: second_factor.take_off(database, by, id_, now=clock),
    "passkeys": lambda database, by, id_, clock: passkeys.revoke_all(database, by, id_, now=clock),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_who_manages_users_opens_no_account_that_may_more(
    database: Database, owner: Principal, clock: Clock, way: Way
) -> None:
    ada = invited(database, owner, clock, "Ada")
    mod = invited(database, owner, clock, "Moderator", "moderator")
    service.change_user(database, owner, ada.id, exceptions={"manage_users": True}, now=clock)
    helper = known(database, clock, "Ada")
    assert Permission.MANAGE_CACHE in mod.permissions - helper.permissions
    with pytest.raises(NotAllowed, match=r"Moderator may do what you may not: .*manage cache"):
        way(database, helper, mod.id, clock)
    with pytest.raises(NotAllowed, match="Only an administrator"):
        way(database, helper, owner.id, clock)


def test_a_password_link_is_over_when_its_owner_may_more(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    made = links.make_password_link(database, owner, ada.id, now=clock)
    service.change_user(database, owner, ada.id, role="guest", now=clock)
    assert links.whose_password(database, made.token, now=clock) == "Ada"
    service.change_user(database, owner, ada.id, role="administrator", now=clock)
    with pytest.raises(NotAllowed):
        links.choose_password(database, made.token, ANOTHER, now=clock)
    assert known(database, clock, "Ada").role == "administrator"


@pytest.mark.parametrize("end", ["demoted", "removed"])
def test_what_somebody_made_is_over_when_they_may_make_it_no_more(
    database: Database, owner: Principal, clock: Clock, end: str
) -> None:
    other = invited(database, owner, clock, "Other", "administrator")
    gran = invited(database, owner, clock, "Gran")
    invitation = links.invite(database, other, "administrator", "a friend", now=clock)
    password = links.make_password_link(database, other, gran.id, now=clock)
    kept = links.invite(database, owner, "user", "", now=clock)
    if end == "demoted":
        service.change_user(database, owner, other.id, role="user", now=clock)
    else:
        service.remove_user(database, owner, other.id, now=clock)
    with pytest.raises(NotAllowed):
        links.join(
            database, invitation.token, "Evil", PASSWORD, registration=Registration.INVITATION, now=clock
        )
    with pytest.raises(NotAllowed):
        links.choose_password(database, password.token, ANOTHER, now=clock)
    assert links.invited(database, kept.token, now=clock) is not None
    told = [(one.act, one.about) for one in all_entries(database)]
    assert ("invitation withdrawn", "a friend") in told


def test_what_the_command_line_made_stays_whoever_is_removed(
    database: Database, owner: Principal, clock: Clock
) -> None:
    made = links.make_password_link(database, service.OWNER, owner.id, now=clock)
    ada = invited(database, owner, clock, "Ada")
    service.remove_user(database, owner, ada.id, now=clock)
    assert links.whose_password(database, made.token, now=clock) == "Vera"
