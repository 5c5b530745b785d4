"""Checks of who may do what."""

from __future__ import annotations

from datetime import timedelta

from projectionist.features.accounts import service as accounts
from projectionist.features.audit_log import service as audit_log
from projectionist.features.doctor.checks import Check, Finding, Subject, failed, passed, warned, when_opened
from projectionist.features.doctor.ground import Ground, Opened

_LONG_IDLE = timedelta(days=7)
_ENTRIES = 1000
"""So many entries are proven at each look, the newest; reading all of a long log takes minutes."""


def look_at_administrators(opened: Opened) -> Finding:
    """Whether the house has an administrator."""
    return judge_administrators(accounts.has_administrator(opened.database))


def judge_administrators(there: bool) -> Finding:
    """Until there is one, whoever opens the setup link becomes one."""
    if not there:
        return failed("There is no administrator yet: whoever opens the setup link first is.")
    return passed("There is an administrator.")


def look_at_idle(ground: Ground) -> Finding:
    """How long somebody stays signed in without doing anything."""
    return judge_idle(ground.settings.session_idle)


def judge_idle(idle: timedelta) -> Finding:
    """A browser that was left open belongs to who finds it."""
    hours = idle.total_seconds() / 3600
    said = f"Somebody who does nothing stays signed in for {hours:.1f} hours"
    return warned(f"{said}.") if idle > _LONG_IDLE else passed(f"{said}.")


def look_at_audit_log(opened: Opened) -> Finding:
    """Whether the newest entries of the audit log are as they were written."""
    return judge_audit_log(audit_log.verify(opened.database, _ENTRIES))


def judge_audit_log(found: audit_log.Verified) -> Finding:
    """How far back it was read is said: a long log is read whole by its own command."""
    if not found.is_whole:
        return failed(found.trouble)
    if found.unread:
        return passed(
            f"The newest {found.entries:,} entries are as they were written; the {found.unread:,} before them were "
            "not read."
        )
    return passed(f"All {found.entries:,} entries are as they were written.")


CHECKS = (
    Check(
        "administrator",
        Subject.PEOPLE,
        "There is an administrator",
        "Until there is one, whoever finds the setup link has the whole house.",
        "Open the setup link that projectionist serve prints at its start.",
        when_opened(look_at_administrators),
    ),
    Check(
        "idle-sign-ins",
        Subject.PEOPLE,
        "Forgotten sign-ins end",
        "A browser that was left open belongs to who finds it.",
        "Shorten how long somebody stays signed in, on the page of settings.",
        look_at_idle,
    ),
    Check(
        "audit-log",
        Subject.PEOPLE,
        "The audit log is as it was written",
        "Somebody who changes it can hide what they did.",
        "Compare it with an export that was kept elsewhere, and see projectionist audit-log verify.",
        when_opened(look_at_audit_log),
    ),
)
