"""What backups ask of the tables of a copy, whose revision is the newest."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

_GONE = "It had not ended when the backup was made that was restored; order it anew where it is still wanted."


def sealed_tokens(session: Session) -> list[str]:
    """Every address and token of servers, messengers and the heartbeat, and what authenticator apps share with the
    house, as they are kept.
    """
    return list(
        session.execute(
            text(
                "SELECT token FROM server WHERE token <> '' UNION ALL SELECT address FROM messenger "
                "UNION ALL SELECT address FROM heartbeat UNION ALL SELECT secret FROM second_factor"
            )
        ).scalars()
    )


def end_sign_ins(session: Session) -> None:
    """Sign everybody out, and end every link: what was revoked or used since would count again."""
    session.execute(text("DELETE FROM sign_in"))
    session.execute(text("DELETE FROM sign_in_step"))
    session.execute(text("DELETE FROM account_link"))


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
