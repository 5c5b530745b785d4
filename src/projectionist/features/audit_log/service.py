"""The audit log: writing an act down, reading what was done, and proving that nothing of it was changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.features.audit_log import queries
from projectionist.features.audit_log.models import AuditEntryRow
from projectionist.kit.acting import NOBODY, Actor, acting
from projectionist.media.vocabulary import Page

_AT_ONCE = 500


class Act(StrEnum):
    """What was done. A new one is a line here and a call of `record` where it is done."""

    ADMINISTRATOR_MADE = "administrator made"
    SIGNED_IN = "signed in"
    SIGN_IN_FAILED = "sign-in failed"
    LOCKED_OUT = "locked out"
    SIGNED_OUT = "signed out"
    BROWSER_REVOKED = "browser signed out"
    PASSWORD_CHANGED = "password changed"  # nosec B105 - an act, no password
    PASSWORD_CHANGE_FAILED = "password change failed"  # nosec B105
    PASSWORD_LINK_MADE = "password link made"  # nosec B105
    USER_INVITED = "user invited"
    INVITATION_WITHDRAWN = "invitation withdrawn"
    USER_JOINED = "user joined"
    USER_CHANGED = "user changed"
    USER_REMOVED = "user removed"
    TOKEN_MADE = "token made"  # nosec B105
    TOKEN_REVOKED = "token revoked"  # nosec B105
    SETTINGS_CHANGED = "settings changed"
    SERVER_ADDED = "server added"
    SERVER_CHANGED = "server changed"
    SERVER_REMOVED = "server removed"


@dataclass(frozen=True, slots=True)
class Entry:
    """An act as it was written down; `before` and `after` hold no secrets."""

    id: int
    at: datetime
    act: str
    who: str
    address: str
    about: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What came of reading the whole chain: how many entries are proven, and what is wrong, empty where nothing is."""

    entries: int
    trouble: str

    @property
    def is_whole(self) -> bool:
        """Whether every entry is as it was written, and none is missing."""
        return not self.trouble


def record(
    session: Session,
    act: Act,
    about: str = "",
    *,
    at: datetime,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    who: Actor | None = None,
) -> None:
    """Write an act down, in the transaction that does it, so that neither is kept without the other.

    Who and where from is whoever acts now, unless `who` says otherwise. Call it last: writers wait for each other
    from here to the end of the transaction. Give no secrets.
    """
    actor = who or acting.get()
    end = queries.head_for_update(session)
    row = AuditEntryRow(
        id=end.last_id + 1,
        at=at.astimezone(UTC),
        act=act.value,
        who_id=actor.id,
        who=(actor.name or ("Projectionist" if actor == NOBODY else ""))[:100],
        address=actor.address[:64],
        about=about[:200],
        before=dict(before or {}),
        after=dict(after or {}),
        previous=end.hash,
    )
    row.hash = hash_of(row)
    session.add(row)
    end.last_id, end.hash = row.id, row.hash
    session.flush()


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of two descriptions of one thing only what changed."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def hash_of(row: AuditEntryRow) -> str:
    """SHA-256 over everything an entry says, and over the entry before it by its hash."""
    said = [
        row.id,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.act,
        row.who_id,
        row.who,
        row.address,
        row.about,
        row.before,
        row.after,
        row.previous,
    ]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def verify(database: Database) -> Verified:
    """Read the whole chain and prove it. Raises DatabaseUnusable."""
    last_id, last_hash = 0, ""
    with database.read() as session:
        end = queries.head(session)
    expected = (0, "") if end is None else (end.last_id, end.hash)
    for row in _rows(database, expected[0]):
        if row.id != last_id + 1:
            return Verified(last_id, f"Entry {last_id + 1} is missing.")
        if row.previous != last_hash:
            return Verified(last_id, f"Entry {row.id} does not follow the one before it.")
        if row.hash != hash_of(row):
            return Verified(last_id, f"Entry {row.id} was changed after it was written.")
        last_id, last_hash = row.id, row.hash
    if (last_id, last_hash) != expected:
        return Verified(last_id, f"The newest entries, up to {expected[0]}, are missing.")
    return Verified(last_id, "")


def entries(
    database: Database, act: str = "", text: str = "", *, offset: int = 0, size: int = 50
) -> Page[Entry]:
    """What was done, the newest first. Raises DatabaseUnusable."""
    with database.read() as session:
        rows, total = queries.found(session, act, text, offset, size)
    return Page(tuple(_entry(row) for row in rows), offset, total)


def all_entries(database: Database) -> Iterator[Entry]:
    """Everything, in the order in which it was written."""
    with database.read() as session:
        end = queries.head(session)
    for row in _rows(database, end.last_id if end else 0):
        yield _entry(row)


def _rows(database: Database, up_to: int) -> Iterator[AuditEntryRow]:
    """What was written when the reading began, a part at a time; later entries are left for the next reading."""
    last = 0
    while True:
        with database.read() as session:
            rows = queries.entries_after(session, last, _AT_ONCE)
        for row in rows:
            if row.id > up_to:
                return
            last = row.id
            yield row
        if not rows:
            return


def _entry(row: AuditEntryRow) -> Entry:
    return Entry(
        row.id,
        row.at,
        row.act,
        row.who,
        row.address,
        row.about,
        row.before,
        row.after,
        row.previous,
        row.hash,
    )
