"""What an examination came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from projectionist.features.doctor.checks import WORST_FIRST, Check, Finding, Status, Subject


@dataclass(frozen=True, slots=True)
class Result:
    """A check, and what it came to."""

    check: Check
    finding: Finding

    @property
    def status(self) -> Status:
        """What it came to, in a word."""
        return self.finding.status

    @property
    def can_mend(self) -> bool:
        """Whether the doctor can mend it by itself."""
        return self.check.repair is not None and self.status in (Status.WARN, Status.FAIL)


@dataclass(frozen=True, slots=True)
class Report:
    """What an examination came to."""

    at: datetime
    results: tuple[Result, ...]

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many checks came to each status, the worst first."""
        return {status: sum(one.status is status for one in self.results) for status in WORST_FIRST}

    @property
    def exit_code(self) -> int:
        """0 ready, 1 with warnings or something that could not be looked at, 2 not ready."""
        counts = self.counts
        if counts[Status.FAIL]:
            return 2
        return 1 if counts[Status.WARN] or counts[Status.UNKNOWN] else 0

    @property
    def by_subject(self) -> Sequence[tuple[Subject, Sequence[Result]]]:
        """The results of each subject, worst first; the subject with the worst result first."""
        found = {
            subject: sorted(
                (one for one in self.results if one.check.subject is subject),
                key=lambda one: WORST_FIRST.index(one.status),
            )
            for subject in Subject
        }
        there = [(subject, some) for subject, some in found.items() if some]
        return sorted(there, key=lambda pair: WORST_FIRST.index(pair[1][0].status))
