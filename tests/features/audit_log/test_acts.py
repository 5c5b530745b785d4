"""Which acts are written down: what a person does in pages, as the log tells it afterwards."""

from __future__ import annotations

from projectionist.features.audit_log import service as audit_log
from tests.features.accounts.house import NAME, PASSWORD, PLEX, TOKEN, Browser, House
from tests.features.accounts.opened import house, owner
from tests.passwords import ANOTHER

__all__ = ["house", "owner"]


def said(house: House) -> list[tuple[str, str, str]]:
    """Act, object and person, the oldest first."""
    return [(one.act, one.about, one.who) for one in audit_log.all_entries(house.database)]


def test_what_a_person_does_is_written_down_and_no_secret_with_it(house: House, owner: Browser) -> None:
    owner.api("PATCH", "/settings", {"values": {"job_retention_days": "12"}})
    owner.api("POST", "/servers", {"kind": "plex", "address": PLEX, "token": TOKEN, "name": "Films"})
    owner.api("DELETE", "/servers/1")
    owner.api("PUT", "/me/password", {"current": "guessed wrong", "password": ANOTHER})
    owner.post("/sign-out")
    owner.post("/sign-in", name=NAME, password="guessed wrong")
    owner.post("/sign-in", name="my own secret", password="guessed wrong")
    owner.post("/sign-in", name=NAME, password=PASSWORD)
    assert said(house) == [
        ("administrator made", NAME, NAME),
        ("signed in", NAME, NAME),
        ("settings changed", "job_retention_days", NAME),
        ("server added", "Films", NAME),
        ("server removed", "Films", NAME),
        ("password change failed", NAME, NAME),
        ("signed out", NAME, NAME),
        ("sign-in failed", NAME, ""),
        ("sign-in failed", "a name that nobody has", ""),
        ("signed in", NAME, NAME),
    ]
    everything = str(list(audit_log.all_entries(house.database)))
    assert [one for one in (PASSWORD, TOKEN, "guessed", "secret", "beam") if one in everything] == []
    changed = audit_log.entries(house.database, "settings changed").items[0]
    assert (changed.before, changed.after) == ({"job_retention_days": "30"}, {"job_retention_days": "12"})
    assert audit_log.verify(house.database) == audit_log.Verified(10, "")
