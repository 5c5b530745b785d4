"""The audit log: writing an act down, reading what was done, and proving that nothing of it was changed since."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.errors import EntryUnreadable
from projectionist.features.audit_log import queries
from projectionist.features.audit_log.models import AuditEntryRow
from projectionist.kit.acting import NOBODY, Actor, acting
from projectionist.media.vocabulary import Page

_AT_ONCE = 500
_LONGEST = 500
_MOST_VALUES = 100
_MOST_OWN = 1000


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
    PASSWORD_FORGOTTEN = "password forgotten"  # nosec B105
    EMAIL_ASKED = "e-mail address asked for"
    EMAIL_CHANGED = "e-mail address changed"
    SECOND_FACTOR_ON = "second step switched on"
    SECOND_FACTOR_OFF = "second step switched off"
    SECOND_FACTOR_REFUSED = "change of the second step refused"
    RECOVERY_CODES_MADE = "recovery codes made"
    RECOVERY_CODE_USED = "recovery code used"
    PASSKEY_ADDED = "passkey added"
    PASSKEY_REVOKED = "passkey revoked"
    USER_INVITED = "user invited"
    INVITATION_WITHDRAWN = "invitation withdrawn"
    USER_JOINED = "user joined"
    IDENTITY_LINKED = "account of another service linked"
    IDENTITY_LINK_REFUSED = "account of another service not linked"
    IDENTITY_UNLINKED = "account of another service unlinked"
    SIGN_IN_REFUSED = "sign-in by another service refused"
    USER_CHANGED = "user changed"
    USER_REMOVED = "user removed"
    TOKEN_MADE = "token made"  # nosec B105
    TOKEN_REVOKED = "token revoked"  # nosec B105
    SETTINGS_CHANGED = "settings changed"
    SERVER_ADDED = "server added"
    SERVER_CHANGED = "server changed"
    SERVER_REMOVED = "server removed"
    MAPPING_CHANGED = "path mapping changed"
    MAPPING_REMOVED = "path mapping removed"
    PLEX_DATA_CHANGED = "Plex data folder changed"
    LIBRARY_CHANGED = "library changed"
    LIBRARY_FORGOTTEN = "library forgotten"
    PREVIEWS_CHANGED = "preview choices changed"
    JOBS_CANCELLED = "jobs cancelled"
    JOBS_FORGOTTEN = "jobs forgotten"
    QUEUE_CHANGED = "queue changed"
    SCHEDULE_CHANGED = "schedule changed"
    SCHEDULE_REMOVED = "schedule removed"
    TIER_CHANGED = "fast tier changed"
    TIER_REMOVED = "fast tier removed"
    PLACE_CHANGED = "cached folder changed"
    PLACE_REMOVED = "cached folder removed"
    LIMIT_CHANGED = "cache limit changed"
    SOURCE_CHANGED = "cache source changed"
    LIST_CHANGED = "list changed"
    LIST_REMOVED = "list removed"
    LIST_KEY_CHANGED = "key of a list service changed"
    LIST_KEY_REMOVED = "key of a list service removed"
    CACHE_LEFT = "cache left"
    ADOPTED = "files of another program adopted"
    REPAIRED = "cache repaired"
    TAKEN_BACK = "file at rest taken back"
    UNDONE = "move undone"
    MENDED = "mended by the doctor"
    RESTORED = "database restored"
    KEY_ROTATED = "key of kept tokens rotated"
    ALERT_RULE_CHANGED = "alert rule changed"
    MESSENGER_CHANGED = "messenger changed"
    MESSENGER_REMOVED = "messenger removed"
    HEARTBEAT_CHANGED = "heartbeat changed"
    HEARTBEAT_REMOVED = "heartbeat removed"
    ANNOUNCED = "announced"
    ANNOUNCEMENT_REMOVED = "announcement taken back"
    SENDER_ADDED = "webhook sender added"
    SENDER_RENEWED = "secret of a webhook sender renewed"
    SENDER_REMOVED = "webhook sender removed"


_MADE = (Act.ADMINISTRATOR_MADE.value, Act.USER_JOINED.value)
"""What stands first of everybody: the account that was made is who did it."""


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
    """What came of reading the chain: how many entries are proven, and what is wrong, empty where nothing is.

    `unread` is how many older ones were left out.
    """

    entries: int
    trouble: str
    unread: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every entry is as it was written, and none is missing."""
        return not self.trouble


def record(
    session: Session,
    act: Act,
    about: str = "",
    *,
    at: datetime | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    who: Actor | None = None,
) -> None:
    """Write an act down, in the transaction that does it, so that neither is kept without the other.

    Who and where from is whoever acts now, unless `who` says otherwise. Of `before` and `after` it is kept what
    differs; where both are given and nothing does, nothing was done. Call it last: writers wait for each other
    from here to the end of the transaction. Give no secrets.
    """
    if before is not None and after is not None:
        before, after = differing(before, after)
        if not before and not after:
            return
    actor = who or acting.get()
    end = queries.head_for_update(session)
    row = AuditEntryRow(
        id=end.last_id + 1,
        at=(at or datetime.now(UTC)).astimezone(UTC),
        act=act.value,
        who_id=actor.id,
        who=legible(actor.name or ("Projectionist" if actor == NOBODY else ""), 100),
        address=legible(actor.address, 64),
        about=legible(about, 200),
        before=_legible_values(before or {}),
        after=_legible_values(after or {}),
        previous=end.hash,
    )
    row.hash = hash_of(row)
    session.add(row)
    end.last_id, end.hash = row.id, row.hash
    session.flush()


def note(
    database: Database,
    act: Act,
    about: str = "",
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write an act down by itself, where what does it has no transaction of its own to write it in.

    Call it once the act is done, or asked for; otherwise as `record`. Raises DatabaseUnusable.
    """
    with database.durable() as session:
        record(session, act, about, before=before, after=after)


def legible(text: str, most: int) -> str:
    """Text as it may be kept and shown: what cannot be printed is spelled out, and it ends after `most` letters."""
    spelled = "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text[: most + 1]
    )
    return spelled if len(spelled) <= most else f"{spelled[: most - 1]}…"


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of two descriptions of one thing only what changed."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return (
        {name: before[name] for name in names if name in before},
        {name: after[name] for name in names if name in after},
    )


def _legible_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a thing, each value as JSON holds it and none longer than a paragraph."""
    return {legible(name, 100): _legible_value(value) for name, value in list(values.items())[:_MOST_VALUES]}


def _legible_value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        return legible(str(value), _LONGEST)
    if isinstance(value, list | tuple | set | frozenset):
        return [_legible_value(one) for one in list(value)[:_MOST_VALUES]]
    if isinstance(value, Mapping):
        return _legible_values({str(name): one for name, one in value.items()})
    return legible(str(value), _LONGEST)


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


def verify(database: Database, newest: int | None = None) -> Verified:
    """Read the whole chain and prove it, or only its `newest` entries. Raises DatabaseUnusable."""
    try:
        return _verified(database, newest)
    except EntryUnreadable as error:
        return Verified(0, error.message)


def _verified(database: Database, newest: int | None) -> Verified:
    with database.read() as session:
        end = queries.head(session)
        last = queries.last_id(session)
    if end is None:
        return Verified(0, "Where the chain ends is missing, so that nothing is proven." if last else "")
    unread = 0 if newest is None else max(0, end.last_id - newest)
    last_id, last_hash = unread, None if unread else ""
    for row in _rows(database, end.last_id, after=unread):
        if trouble := _trouble_with(row, last_id, last_hash):
            return Verified(last_id - unread, trouble, unread)
        last_id, last_hash = row.id, row.hash
    trouble = ""
    if (last_id, last_hash or "") != (end.last_id, end.hash):
        trouble = f"The newest entries, up to {end.last_id}, are missing."
    elif last > end.last_id and _grew_wrong(database, last):
        trouble = f"Entries after {end.last_id} stand outside of the chain."
    return Verified(last_id - unread, trouble, unread)


def _trouble_with(row: AuditEntryRow, last_id: int, last_hash: str | None) -> str:
    """What is wrong with an entry after the one before it, whose hash is None where that was not read."""
    if row.id != last_id + 1:
        return f"Entry {last_id + 1} is missing."
    if last_hash is not None and row.previous != last_hash:
        return f"Entry {row.id} does not follow the one before it."
    if row.hash != hash_of(row):
        return f"Entry {row.id} was changed after it was written."
    return ""


def _grew_wrong(database: Database, last: int) -> bool:
    """Whether entries lie beyond the chain's end, and not only because more was written meanwhile."""
    with database.read() as session:
        end = queries.head(session)
    return end is None or end.last_id < last


def entries(
    database: Database, act: str = "", text: str = "", *, offset: int = 0, size: int = 50
) -> Page[Entry]:
    """What was done, the newest first. Raises DatabaseUnusable, EntryUnreadable."""
    with _legibly(), database.read() as session:
        rows, total = queries.found(session, act, text, offset, size)
    return Page(tuple(_entry(row) for row in rows), offset, total)


def acts_done(database: Database) -> Sequence[str]:
    """The acts of which there is any entry. Raises DatabaseUnusable."""
    with database.read() as session:
        done = frozenset(queries.acts(session))
    return [act.value for act in Act if act.value in done]


def acts_of(database: Database, user_id: int) -> list[Entry]:
    """What somebody did, the newest first; the newest thousand. Raises DatabaseUnusable, EntryUnreadable.

    Nothing from before their account was made: numbers of accounts come again where the highest is removed, and what
    a former user of the same one did is none of theirs. The order of entries tells, which no clock changes.
    """
    with _legibly(), database.read() as session:
        return [_entry(row) for row in queries.entries_of(session, user_id, _MADE, _MOST_OWN)]


def all_entries(database: Database) -> Iterator[Entry]:
    """Everything, in the order in which it was written. Raises DatabaseUnusable, EntryUnreadable."""
    with database.read() as session:
        end = queries.head(session)
    for row in _rows(database, end.last_id if end else 0):
        yield _entry(row)


def _rows(database: Database, up_to: int, after: int = 0) -> Iterator[AuditEntryRow]:
    """What was written when the reading began, a part at a time; later entries are left for the next reading."""
    last = after
    while True:
        with _legibly(), database.read() as session:
            rows = queries.entries_after(session, last, _AT_ONCE)
        for row in rows:
            if row.id > up_to:
                return
            last = row.id
            yield row
        if not rows:
            return


@contextmanager
def _legibly() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # no JSON, or no time, where we wrote some
        raise EntryUnreadable(
            "An entry cannot be read: it was changed after it was written. Compare with an export that was kept "
            "elsewhere."
        ) from error


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
