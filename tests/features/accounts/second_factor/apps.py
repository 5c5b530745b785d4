"""An authenticator app for tests, over the clock that they move."""

from __future__ import annotations

from dataclasses import dataclass

from projectionist.db.engine import Database
from projectionist.errors import SecondStepNeeded
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts.second_factor import service, totp
from projectionist.features.accounts.service import SignedIn
from projectionist.kit.secrets import Vault
from tests.features.accounts.clocks import Clock
from tests.passwords import PASSWORD

VAULT = Vault(b"k" * 32)
HERE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


@dataclass(frozen=True)
class App:
    """Holds a secret, and shows its code of this moment; `codes` are the recovery codes that came with it."""

    secret: str
    clock: Clock
    codes: tuple[str, ...] = ()

    def code(self, periods: int = 0) -> str:
        return totp.code_of(self.secret, totp.step_at(self.clock()) + periods)

    def wrong(self) -> str:
        """A code of none of the periods that are taken."""
        near = {self.code(periods) for periods in (-1, 0, 1)}
        return next(f"{number:06}" for number in range(10) if f"{number:06}" not in near)


def connected(database: Database, clock: Clock, user_id: int, password: str = PASSWORD) -> App:
    """Somebody's app, confirmed a minute ago."""
    begun = service.begin(database, VAULT, user_id, password, now=clock)
    app = App(begun.secret, clock)
    codes = service.confirm(database, VAULT, user_id, app.code(), now=clock)
    clock.forward(minutes=1)
    return App(begun.secret, clock, tuple(codes))


def password_step(database: Database, clock: Clock, name: str = "vera", known: str = "") -> str:
    """What the browser shows after the password."""
    try:
        accounts.sign_in(
            database, name, PASSWORD, now=clock, remember=True, address=HERE, browser="A phone", known=known
        )
    except SecondStepNeeded as needed:
        return needed.step
    raise AssertionError("No second step was asked for.")


def code_step(
    database: Database, clock: Clock, step: str, code: str, *, address: str = HERE, known: str = ""
) -> SignedIn:
    """The second step."""
    return service.take_step(
        database, VAULT, step, code, now=clock, address=address, browser="A phone", known=known
    )
