"""Attempts to sign in: how many there may be, who is locked out for a while, and who only waits a little.

Attempts are counted, and locked out, by the pair of the account that was named and where it comes from, so that a
stranger elsewhere locks out nobody. Where somebody has signed in before, their browser shows a token of its own and
is counted by it: a stranger behind the same address, or behind a proxy that hides all addresses, does not reach it.
What fails by many names from one address, or by many addresses for one account, only makes the next answers slow.
All of it goes by the name as it was typed, whether there is such an account or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from projectionist.db import counting
from projectionist.db.counting import Taken
from projectionist.db.engine import Database
from projectionist.errors import TooManyRequests
from projectionist.features.accounts import queries
from projectionist.features.accounts.sessions import hash_of
from projectionist.features.audit_log.service import Act, record
from projectionist.kit.metrics import REGISTRY
from projectionist.web.limits import HOUR, PASSWORD, SECOND_STEP, SIGN_IN, Limit, in_words, network_of

Tell = Callable[[Taken], None]

FAILURES = 5
"""So many wrong passwords in a row lock out."""
LOCKED = timedelta(minutes=15)
LONGEST_LOCK = timedelta(days=1)
FORGIVEN = timedelta(days=7)
"""After so long without a failure they are counted anew: well after the longest lock-out is over."""
SKEW = timedelta(minutes=15)
"""By so much the clocks of two machines may differ."""
PATIENCE = 10
"""So many failures in an hour, of one address or for one account, before answers become slow."""
SLOWEST_S = 5.0
WRITTEN_DOWN = 50
"""So many failures in an hour, of one address or for one account, are each in the audit log; after them every
doubling of their number is, so that a stranger fills no disk with it. Lock-outs are counted so by themselves: of each
account, and of all names together that nobody has."""

SIGN_INS = REGISTRY.counter(
    "projectionist_sign_ins_total",
    "Attempts to sign in; outcome is signed_in, wrong (password or second step) or refused (too many).",
    "outcome",
)
_OF_ACCOUNT = "failed_account"
_OF_ADDRESS = "failed_address"
_OF_PASSKEYS = "failed_passkey"
_OF_LOCKS = "locked_account"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that may be made: hashes of who it names, where it comes from, and of both."""

    pair: str
    account: str
    address: str


def begin(database: Database, name: str, address: str, known: str, now: datetime, tell: Tell) -> Attempt:
    """Count an attempt before the password is looked at; `known` is what the browser shows, empty where nothing.

    `tell` hears how the limit stands, before a refusal too. Raises TooManyRequests, DatabaseUnusable.
    """
    account, place = _hashed("account", name), _hashed("address", network_of(address))
    with database.read() as session:
        mine = known and queries.is_known_browser(session, hash_of(known), name)
        pair = _hashed("pair", account, f"browser {hash_of(known)}" if mine else place)
    return _counted(database, SIGN_IN, Attempt(pair, account, place), now, tell)


def begin_step(database: Database, name: str, address: str, known: str, now: datetime, tell: Tell) -> Attempt:
    """The same for the second step, before its code is looked at.

    Only who has the password comes here, so attempts are counted by the account alone, wherever they come from; in
    a browser that the account knows they are counted apart. Raises TooManyRequests, DatabaseUnusable.
    """
    account, place = _hashed("account", name), _hashed("address", network_of(address))
    with database.read() as session:
        mine = known and queries.is_known_browser(session, hash_of(known), name)
    pair = _hashed("step", account, f"browser {hash_of(known)}" if mine else "")
    return _counted(database, SECOND_STEP, Attempt(pair, account, place), now, tell)


def _counted(database: Database, limit: Limit, attempt: Attempt, now: datetime, tell: Tell) -> Attempt:
    with database.read() as session:
        failed = queries.failure(session, attempt.pair)
    until = failed.locked_until if failed is not None else None
    # A failure far ahead of now was written before the clock was set back; a little ahead, by another machine.
    if failed is not None and until is not None and failed.last_at - SKEW < now < until:
        SIGN_INS.add("refused")
        raise refused((until - now).total_seconds())
    taken = counting.take(database, limit.name, attempt.pair, limit.rates, now)
    tell(taken)
    if taken.granted == 0:
        SIGN_INS.add("refused")
        raise refused(taken.wait_s(now))
    return attempt


def fail(
    database: Database, attempt: Attempt, now: datetime, about: str = "", step: str = ""
) -> timedelta | None:
    """Remember that the password was wrong; for how long the pair is locked out now, if it is.

    `about` is the account for the audit log, empty where there is none of the name that was typed; `step` says what
    was wrong where it was not the password.

    The fifth failure locks out for a quarter of an hour, and each one after it for twice as long as the one before.
    """
    SIGN_INS.add("wrong")
    with database.durable() as session:
        known = ((_OF_ACCOUNT, attempt.account), (_OF_ADDRESS, attempt.address))
        crowd = max(counting.count_in(session, name, who, HOUR, now) for name, who in known)
        count = queries.count_failure(session, attempt.pair, now, FORGIVEN)
        lock: timedelta | None = None
        locks = 0
        if count >= FAILURES:
            lock = min(LONGEST_LOCK, LOCKED * (1 << min(count - FAILURES, 10)))
            queries.lock_out(session, attempt.pair, now + lock)
            whose = attempt.account if about else "nobody"
            locks = counting.count_in(session, _OF_LOCKS, whose, HOUR, now)
        named = about or "a name that nobody has"
        if step or _is_written_down(crowd):  # who stands at the second step has the password, and is not many
            said: dict[str, object] = {"failures": count, "of_this_hour": crowd}
            if step:
                said["wrong"] = step
            record(session, Act.SIGN_IN_FAILED, named, at=now, after=said)
        if lock is not None and (step or _is_written_down(locks)):
            minutes = round(lock.total_seconds() / 60)
            record(session, Act.LOCKED_OUT, named, at=now, after={"minutes": minutes})
        return lock


def fail_passkey(database: Database, now: datetime, why: str) -> None:
    """Remember that a passkey let nobody in; the audit log tells of all of them together as of wrong passwords."""
    with database.durable() as session:
        crowd = counting.count_in(session, _OF_PASSKEYS, "everybody", HOUR, now)
        if _is_written_down(crowd):
            said = {"wrong": f"passkey: {why}", "of_this_hour": crowd}
            record(session, Act.SIGN_IN_FAILED, "a passkey", at=now, after=said)


def _is_written_down(crowd: int) -> bool:
    return crowd <= WRITTEN_DOWN or crowd & (crowd - 1) == 0


def slowness(database: Database, name: str, address: str, known: str, now: datetime) -> float:
    """Seconds that an answer to such an attempt waits; nothing for a browser that is known to the account."""
    if known:
        with database.read() as session:
            if queries.is_known_browser(session, hash_of(known), name):
                return 0.0
    failures = max(
        counting.counted(database, _OF_ACCOUNT, _hashed("account", name), HOUR, now),
        counting.counted(database, _OF_ADDRESS, _hashed("address", network_of(address)), HOUR, now),
    )
    if failures < PATIENCE:
        return 0.0
    return float(min(SLOWEST_S, 0.25 * 2 ** min(failures - PATIENCE, 10)))


def count_password(database: Database, user_id: int, now: datetime, tell: Tell) -> None:
    """Count that somebody tries to change their password. Raises TooManyRequests, DatabaseUnusable."""
    taken = counting.take(database, PASSWORD.name, f"user:{user_id}", PASSWORD.rates, now)
    tell(taken)
    if taken.granted == 0:
        raise refused(taken.wait_s(now))


def refused(wait_s: float) -> TooManyRequests:
    """What is told to everybody who has to wait, whatever it is for."""
    return TooManyRequests(f"Too many attempts; try again in {in_words(wait_s)}.", wait_s)


def unheard(taken: Taken) -> None:
    """Hears how a limit stands, and tells nobody."""


def _hashed(*parts: str) -> str:
    """What is kept of a name: some type their password there."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
