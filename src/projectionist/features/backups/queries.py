"""What backups ask of the tables of a copy, whose revision is the newest."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_GONE = "It had not ended when the backup was made that was restored; order it anew where it is still wanted."


SEALED = (
    ("server", "token"),
    ("cache_list_key", "key"),
    ("second_factor", "secret"),
    ("messenger", "address"),
    ("heartbeat", "address"),
    ("push_key", "private_key"),
    ("handshake", "sealed"),
)
"""Where what is sealed with the key of an installation is kept: table and column."""

_PASSING = frozenset({"handshake"})
"""Whose rows are of some minutes: who cannot go on with a sign-in at another service begins it anew."""


def sealed_values(session: Session, *, but: Collection[str] = ()) -> list[str]:
    """All that is sealed to last: tokens of servers, keys of lists, addresses of messengers, what authenticator apps
    share. What the tables of `but` hold is left out.
    """
    left_out = _PASSING.union(but)
    return [
        value
        for table, column in SEALED
        if table not in left_out
        for value in _values(session, table, column)
    ]


def _values(session: Session, name: str, column: str) -> Sequence[str]:
    asked = f'SELECT "{column}" FROM {name} WHERE "{column}" <> \'\''  # nosec B608 - names of ours
    return session.execute(text(asked)).scalars().all()


def end_ways_in(session: Session) -> None:
    """Sign everybody out, and end every link and token: what was revoked or used since would count again.

    Mails that wait are dropped: they were sent since, or nobody waits for them any more.
    """
    for table in ("sign_in", "sign_in_step", "account_link", "api_token", "mail_letter", "handshake"):
        session.execute(text(f"DELETE FROM {table}"))  # nosec B608 - names of ours


def end_jobs(session: Session, now: datetime) -> None:
    """End jobs that had not ended: what they were asked for may have been done since."""
    session.execute(
        text(
            "UPDATE job SET state = 'cancelled', cancelling = :no, ended_at = :now, error = :why "
            "WHERE state IN ('queued', 'running', 'waiting')"
        ),
        {"no": False, "now": _kept(session, now), "why": _GONE},
    )


def _kept(session: Session, moment: datetime) -> datetime | str:
    """A moment as the database keeps it; in SQLite it is text in UTC, as SQLAlchemy writes it."""
    if session.get_bind().dialect.name == "sqlite":
        return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return moment


def postgres_size(session: Session) -> int:
    """How many bytes the tables take on the disk of their server, without their indexes."""
    asked = (
        "SELECT coalesce(sum(pg_table_size(oid)), 0) FROM pg_class "
        "WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace"
    )
    return int(session.execute(text(asked)).scalar_one())
