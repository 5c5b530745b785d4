from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from projectionist.db.engine import Database
from projectionist.errors import Conflict, InputWrong, NotAllowed, NotFound, ProjectionistError
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.permissions import AWAITED, PERMISSIONS, Role, permissions_of
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.accounts.users import service
from projectionist.features.audit_log import service as audit_log
from projectionist.web.ports import Permission, Principal
from tests.features.accounts.clocks import Clock
from tests.features.accounts.users.people import clock, invited, known, owner
from tests.passwords import PASSWORD

__all__ = ["clock", "owner"]


def acts(database: Database) -> list[str]:
    return [entry.act for entry in audit_log.all_entries(database)]


def test_users_are_found_by_name_and_role(database: Database, owner: Principal, clock: Clock) -> None:
    invited(database, owner, clock, "ben_50")
    invited(database, owner, clock, "Ada", "guest")
    page = service.users(database, now=clock)
    assert [(one.name, one.role) for one in page.items] == [
        ("Ada", "guest"),
        ("ben_50", "user"),
        ("Vera", "administrator"),
    ]
    assert [one.name for one in service.users(database, "VER", now=clock).items] == ["Vera"]
    assert [one.name for one in service.users(database, role="guest", now=clock).items] == ["Ada"]
    assert service.users(database, "%", now=clock).total == 0


def test_a_changed_role_holds_at_once_and_is_written_down(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    service.change_user(database, owner, ada.id, role="moderator", now=clock)
    assert known(database, clock, "Ada").permissions == PERMISSIONS[Role.MODERATOR]
    last = list(audit_log.all_entries(database))[-2]
    assert (last.act, last.about, last.before, last.after) == (
        "user changed",
        "Ada",
        {"role": "user"},
        {"role": "moderator"},
    )


def test_exceptions_add_and_take_single_permissions(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    wanted = {"manage_cache": True, "make_tokens": False, "view": True}
    changed = service.change_user(database, owner, ada.id, exceptions=wanted, now=clock)
    assert changed.permissions - AWAITED == {Permission.VIEW, Permission.MANAGE_CACHE}
    assert changed.exceptions == {"manage_cache": True, "make_tokens": False}, "what the role says is none"
    assert known(database, clock, "Ada").permissions == changed.permissions


def test_an_administrator_may_everything_whatever_a_row_says(
    database: Database, owner: Principal, clock: Clock
) -> None:
    changed = service.change_user(database, owner, owner.id, exceptions={"view": False}, now=clock)
    assert changed.permissions == frozenset(Permission)
    assert permissions_of("administrator", {"view": False}) == frozenset(Permission)


@pytest.mark.parametrize("role", ["", "owner", "Administrator", "root"])
def test_a_role_of_a_row_that_nobody_knows_gives_nothing(role: str) -> None:
    assert permissions_of(role, {"view": True}) == frozenset()


@pytest.mark.parametrize("may", [1, "true", "yes", None, {}])
def test_only_true_and_false_are_exceptions(may: object) -> None:
    assert Permission.MANAGE_CACHE not in permissions_of("user", {"manage_cache": may})


@pytest.mark.parametrize("name", ["", "everything", "MANAGE_CACHE", "request"])
def test_an_unknown_permission_is_refused(
    database: Database, owner: Principal, clock: Clock, name: str
) -> None:
    ada = invited(database, owner, clock, "Ada")
    with pytest.raises(InputWrong):
        service.change_user(database, owner, ada.id, exceptions={name: True}, now=clock)


def test_the_last_administrator_is_neither_removed_nor_demoted(
    database: Database, owner: Principal, clock: Clock
) -> None:
    with pytest.raises(Conflict, match="last administrator"):
        service.change_user(database, owner, owner.id, role="user", now=clock)
    with pytest.raises(Conflict, match="last administrator"):
        service.remove_user(database, owner, owner.id, now=clock)
    invited(database, owner, clock, "Second", "administrator")
    assert service.change_user(database, owner, owner.id, role="user", now=clock).role == "user"


@pytest.mark.parametrize("act", ["demote", "remove"])
def test_two_administrators_who_undo_each_other_at_once_leave_one(
    database: Database, owner: Principal, clock: Clock, act: str
) -> None:
    other = invited(database, owner, clock, "Other", "administrator")
    together = threading.Barrier(2)

    def undo(by: Principal, whom: Principal) -> bool:
        together.wait(30)
        try:
            if act == "demote":
                service.change_user(database, by, whom.id, role="user", now=clock)
            else:
                service.remove_user(database, by, whom.id, now=clock)
        except ProjectionistError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(undo, (owner, other), (other, owner)))
    assert sorted(done) == [False, True]
    assert accounts.has_administrator(database)


def test_a_moderator_who_manages_users_gives_only_what_they_may_themselves(
    database: Database, owner: Principal, clock: Clock
) -> None:
    mod = invited(database, owner, clock, "Mod", "moderator")
    ada = invited(database, owner, clock, "Ada")
    service.change_user(database, owner, mod.id, exceptions={"manage_users": True}, now=clock)
    mod = known(database, clock, "Mod")
    service.change_user(database, mod, ada.id, exceptions={"manage_cache": True}, now=clock)
    for wanted in ({"manage_settings": True}, {"manage_servers": True}):
        with pytest.raises(NotAllowed):
            service.change_user(database, mod, ada.id, exceptions=wanted, now=clock)
    for change in (
        lambda: service.change_user(database, mod, ada.id, role="administrator", now=clock),
        lambda: service.change_user(database, mod, mod.id, role="administrator", now=clock),
        lambda: service.change_user(database, mod, owner.id, role="guest", now=clock),
        lambda: service.remove_user(database, mod, owner.id, now=clock),
        lambda: service.sign_out_everywhere(database, mod, owner.id, now=clock),
    ):
        with pytest.raises(NotAllowed):
            change()
    assert known(database, clock, "Ada").permissions == PERMISSIONS[Role.USER] | {Permission.MANAGE_CACHE}


def test_who_keeps_what_they_had_may_be_changed_by_who_has_less(
    database: Database, owner: Principal, clock: Clock
) -> None:
    """Taking away, and leaving as it is, is no giving."""
    mod = invited(database, owner, clock, "Mod", "moderator")
    ada = invited(database, owner, clock, "Ada")
    service.change_user(database, owner, mod.id, exceptions={"manage_users": True}, now=clock)
    service.change_user(database, owner, ada.id, exceptions={"manage_servers": True}, now=clock)
    mod = known(database, clock, "Mod")
    kept = {"manage_servers": True, "make_tokens": False}
    changed = service.change_user(database, mod, ada.id, exceptions=kept, now=clock)
    assert changed.permissions - AWAITED == {Permission.VIEW, Permission.MANAGE_SERVERS}


def test_a_removed_user_is_signed_out_and_their_name_is_free(
    database: Database, owner: Principal, clock: Clock
) -> None:
    ada = invited(database, owner, clock, "Ada")
    signed_in = accounts.sign_in(database, "Ada", PASSWORD, now=clock, remember=True, address="192.0.2.9")
    service.remove_user(database, owner, ada.id, now=clock)
    assert accounts.known(database, hash_of(signed_in.token), now=clock) is None
    assert invited(database, owner, clock, "Ada").name == "Ada"
    assert acts(database).count("user removed") == 1


def test_what_is_not_there_is_told_so(database: Database, owner: Principal, clock: Clock) -> None:
    for ask in (
        lambda: service.get_user(database, 2**62, now=clock),
        lambda: service.user_named(database, "Nobody", now=clock),
        lambda: service.remove_user(database, owner, 2**62, now=clock),
        lambda: service.change_user(database, owner, 2**62, role="user", now=clock),
        lambda: service.sign_out_everywhere(database, owner, 2**62, now=clock),
    ):
        with pytest.raises(NotFound):
            ask()
