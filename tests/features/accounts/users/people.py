"""People for tests: an administrator, and others who joined by invitation."""

from __future__ import annotations

import pytest

from projectionist.db.engine import Database
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.users import links
from projectionist.settings.choices import Registration
from projectionist.web.ports import Principal
from tests.features.accounts.clocks import Clock
from tests.passwords import PASSWORD


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def owner(database: Database, clock: Clock) -> Principal:
    return accounts.found(database, "Vera", PASSWORD, now=clock)


def invited(database: Database, owner: Principal, clock: Clock, name: str, role: str = "user") -> Principal:
    made = links.invite(database, owner, role, f"for {name}", now=clock)
    return links.join(database, made.token, name, PASSWORD, registration=Registration.INVITATION, now=clock)


def known(database: Database, clock: Clock, name: str) -> Principal:
    """Who somebody is when they sign in now."""
    signed_in = accounts.sign_in(
        database, name, PASSWORD, now=clock, remember=False, address=f"198.51.100.{len(name)}"
    )
    return signed_in.principal
