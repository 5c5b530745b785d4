"""What the API of the doctor gives, and the command prints."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from projectionist.features.doctor.report import Report, Result
from projectionist.features.doctor.service import Mended

StatusName = Literal["pass", "warn", "fail", "unknown"]


class CheckDocument(msgspec.Struct, frozen=True):
    """A check: what was seen (`evidence`), why it matters, and how it is mended.

    Where `can_mend` is true, the doctor mends it by itself when asked to. What could not be looked at is `unknown`,
    and `evidence` says why.
    """

    id: str
    subject: str
    title: str
    status: StatusName
    evidence: str
    why: str
    mend: str
    can_mend: bool


class ReportDocument(msgspec.Struct, frozen=True):
    """What an examination came to. `exit_code` is 0 ready, 1 warnings or unknown, 2 not ready."""

    examined_at: datetime
    exit_code: int
    counts: dict[StatusName, int]
    checks: list[CheckDocument]


class MendedDocument(msgspec.Struct, frozen=True):
    """What was done, and what the check came to after it."""

    done: str
    check: CheckDocument


def check_document(result: Result) -> CheckDocument:
    """A check for the API."""
    check = result.check
    return CheckDocument(
        check.id,
        check.subject.value,
        check.title,
        result.status.value,
        result.finding.evidence,
        check.why,
        check.mend,
        result.can_mend,
    )


def report_document(report: Report) -> ReportDocument:
    """A report for the API, the worst first."""
    return ReportDocument(
        report.at,
        report.exit_code,
        {status.value: count for status, count in report.counts.items()},
        [check_document(one) for _, some in report.by_subject for one in some],
    )


def mended_document(mended: Mended) -> MendedDocument:
    """A mend for the API."""
    return MendedDocument(mended.sentence, check_document(mended.result))
