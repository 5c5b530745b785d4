"""Checks of the fast disks and of what was moved there."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Subject,
    failed,
    passed,
    repairs_opened,
    warned,
    when_opened,
)
from projectionist.features.doctor.ground import Opened
from projectionist.features.doctor.neighbours import CacheFacts, TierFacts
from projectionist.features.doctor.subjects.files import named, size, try_writing

_LITTLE = 10**9
_OLD_AUDIT = timedelta(days=90)
_NONE = "No fast disk is set up on this node."


def look_at_drives(opened: Opened) -> Finding:
    """Whether every fast disk is mounted."""
    return judge_drives(opened.cache().tiers)


def judge_drives(tiers: Sequence[TierFacts]) -> Finding:
    """Paths lead to their originals meanwhile."""
    away = [f"{one.name} ({one.root})" for one in tiers if one.left is None]
    if away:
        return failed(f"Not mounted: {named(away)}.")
    return passed(f"All {len(tiers)} fast disks are mounted." if tiers else _NONE)


def look_at_writing(opened: Opened) -> Finding:
    """Write into every fast disk that is there."""
    return judge_writing(
        [(one.name, try_writing(one.root)) for one in opened.cache().tiers if one.left is not None]
    )


def judge_writing(tried: Sequence[tuple[str, Finding]]) -> Finding:
    """A fast disk that takes nothing is none."""
    for name, found in tried:
        if found.status != "pass":
            trouble = found.evidence
            return failed(f"{name}: {trouble}")
    return passed(f"A file was written into {len(tried)} fast disks, and removed." if tried else _NONE)


def look_at_room(opened: Opened) -> Finding:
    """What every fast disk still takes."""
    return judge_room([one for one in opened.cache().tiers if one.left is not None])


def judge_room(tiers: Sequence[TierFacts]) -> Finding:
    """Full is no fault, but nothing new is fetched."""
    full = [f"{one.name} ({size(max(0, one.left or 0))})" for one in tiers if (one.left or 0) < _LITTLE]
    if full:
        return warned(f"Almost nothing more goes onto {named(full)}.")
    return passed(f"All {len(tiers)} fast disks take more." if tiers else _NONE)


def look_at_findings(opened: Opened) -> Finding:
    """What the last audit found and nobody mended."""
    return judge_findings(opened.cache().open_findings)


def judge_findings(count: int) -> Finding:
    """Each is told on the page of care."""
    if count:
        return warned(f"{count} findings of the audit are not mended.")
    return passed("No finding of an audit is open.")


def look_at_audit(opened: Opened) -> Finding:
    """When the disks were looked through last."""
    return judge_audit(opened.cache(), opened.now())


def judge_audit(facts: CacheFacts, now: datetime) -> Finding:
    """Only who has fast disks needs one."""
    if not facts.tiers:
        return passed(_NONE)
    if facts.audit_error:
        trouble = facts.audit_error
        return failed(f"The last audit did not work: {trouble}")
    if facts.audited_at is None:
        return warned("The disks were never looked through.")
    said = f"The disks were looked through {(now - facts.audited_at).days} days ago"
    return warned(f"{said}.") if now - facts.audited_at > _OLD_AUDIT else passed(f"{said}.")


def audit(opened: Opened) -> str:
    """Ask for an audit."""
    return f"The audit is asked for as job {opened.audit_cache().job_id}; look again when it is over."


def look_at_exclude_file(opened: Opened) -> Finding:
    """Whether the list for Unraid's mover can be written."""
    return judge_exclude_file(opened.cache().exclude_file)


def judge_exclude_file(path: Path | None) -> Finding:
    """What is not on the list is moved away by the mover."""
    if path is None:
        return passed("No list for a mover is kept.")
    if not path.parent.is_dir():
        return failed(f"There is no folder {path.parent} for the mover's list.")
    if path.exists() and not os.access(path, os.W_OK):
        return failed(f"The mover's list {path} cannot be written.")
    return try_writing(path.parent)


CHECKS = (
    Check(
        "fast-disks",
        Subject.CACHE,
        "Every fast disk is mounted",
        "What is on a disk that is away is read from the slow one meanwhile.",
        "Mount the disk at its place; nothing else needs to be done.",
        when_opened(look_at_drives),
    ),
    Check(
        "fast-disks-writable",
        Subject.CACHE,
        "Every fast disk takes files",
        "A disk that was mounted read-only after a fault takes nothing more.",
        "Look at the disk's health, and mount it writable for the user who runs Projectionist.",
        when_opened(look_at_writing),
        quick=False,
    ),
    Check(
        "fast-disks-room",
        Subject.CACHE,
        "Fast disks take more",
        "What is wanted next finds no place.",
        "Raise the limit of the disk on the page Disks, or let files leave earlier in the settings.",
        when_opened(look_at_room),
    ),
    Check(
        "cache-findings",
        Subject.CACHE,
        "No finding of an audit is open",
        "Links that lead nowhere and copies without an original are found there.",
        "Look through them on the page Care, where each has its repair.",
        when_opened(look_at_findings),
    ),
    Check(
        "cache-audit",
        Subject.CACHE,
        "The disks were looked through",
        "Nobody knows what else has been done to the files on them.",
        "Begin an audit on the page Care; it wakes slow disks that sleep.",
        when_opened(look_at_audit),
        repairs_opened(audit),
        "Audit now",
    ),
    Check(
        "mover-list",
        Subject.CACHE,
        "The mover's list can be written",
        "What is not on the list is moved off the fast disk by Unraid's mover.",
        "Make the folder of PROJECTIONIST_CACHE_EXCLUDE_FILE writable for the user who runs Projectionist.",
        when_opened(look_at_exclude_file),
        quick=False,
    ),
)
