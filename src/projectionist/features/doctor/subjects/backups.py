"""Checks of the backups: that there is a fresh one, and that it can be restored."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from projectionist.errors import BackupUnusable, DatabaseUnusable
from projectionist.features.backups import service as backups
from projectionist.features.backups.service import Record
from projectionist.features.doctor.checks import Check, Finding, Subject, failed, passed, unknown, warned
from projectionist.features.doctor.ground import Ground

_OLD, _TOO_OLD = timedelta(days=2), timedelta(days=14)
_AHEAD = timedelta(minutes=15)
"""More than clocks are set by while they run."""


def look_at_age(ground: Ground) -> Finding:
    """When the newest proven backup was made."""
    if ground.store is None:
        return unknown(ground.unstored)
    return judge_age(backups.backups(backups.folder_of(ground.settings)), ground.now())


def judge_age(found: Sequence[Record], now: datetime) -> Finding:
    """One is made every night."""
    proven = [one.made_at for one in found if one.is_proven]
    if not proven:
        return warned(
            f"There is no proven backup; {len(found)} are not proven." if found else "There is none yet."
        )
    newest = max(proven)
    said = f"The newest proven backup is of {newest:%Y-%m-%d %H:%M} UTC"
    if newest - now > _AHEAD:
        return failed(
            f"{said}, which is ahead of the clock: set the clock right, or move that backup elsewhere."
        )
    if now - newest > _TOO_OLD:
        return failed(f"{said}, which is more than two weeks ago.")
    return warned(f"{said}, which is more than two days ago.") if now - newest > _OLD else passed(f"{said}.")


def look_at_newest(ground: Ground) -> Finding:
    """Restore the newest backup into a scratch folder, and look through it."""
    folder = backups.folder_of(ground.settings)
    found = backups.backups(folder)
    if not found:
        return unknown(f"There is no backup in {folder} to try.")
    newest = found[0]
    if newest.trouble:
        return failed(f"{newest.name}: {newest.trouble}")
    if newest.is_encrypted and not ground.settings.backup_passphrase:
        return unknown(f"{newest.name} is encrypted, and its passphrase is not in the settings.")
    try:
        with backups.opened(folder / newest.name, ground.settings.backup_passphrase) as opened:
            rows = sum(opened.header.rows.values())
    except (BackupUnusable, DatabaseUnusable) as error:
        return failed(error.message)
    return passed(f"{newest.name} was restored into a scratch folder: {rows} rows, as many as were copied.")


CHECKS = (
    Check(
        "backups-fresh",
        Subject.BACKUPS,
        "There is a fresh backup",
        "What was done since the last backup is lost with the disk of the data folder.",
        "Make one now: projectionist backup; and look why the schedule “Back up the database” makes none.",
        look_at_age,
    ),
    Check(
        "backups-restorable",
        Subject.BACKUPS,
        "The newest backup can be restored",
        "A backup that cannot be restored is found out on the day when it is needed.",
        "Make another one: projectionist backup; where that fails too, look at the health of the disk.",
        look_at_newest,
        quick=False,
    ),
)
