"""What is told of: the rules, what each looks at, and what holds until somebody changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from projectionist.media.messages import Level

Figures: TypeAlias = Mapping[str, float | None]
"""Values by their name; None, or no such name, where one is not known."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule over one figure; `unit` is `share`, `s`, `h` or empty for a count.

    `below` turns it: what is less than the threshold is wrong. `told` says what happened, of the value and the
    threshold in words; `mend` what to do.
    """

    id: str
    title: str
    figure: str
    unit: str
    threshold: float
    lasting: timedelta
    told: str
    mend: str
    level: Level = Level.WARN
    below: bool = False
    cool_down: timedelta = timedelta(hours=1)
    recovery: timedelta = timedelta(minutes=5)

    def is_wrong(self, value: float) -> bool:
        """Whether a value is beyond the threshold."""
        return value < self.threshold if self.below else value > self.threshold


_MINUTES = tuple(timedelta(minutes=number) for number in range(16))

RULES: Sequence[Rule] = (
    Rule(
        "slow-answers",
        "Slow answers",
        "slow_s",
        "s",
        5.0,
        _MINUTES[5],
        "One of 20 requests took longer than %(limit)s.",
        "Look on the System page whether processor, memory or disk are at their limit.",
    ),
    Rule(
        "errors",
        "Errors",
        "error_share",
        "share",
        0.05,
        _MINUTES[5],
        "%(value)s of all requests failed inside Projectionist; the limit is %(limit)s.",
        "The log says what failed.",
        Level.BAD,
    ),
    Rule(
        "processor",
        "Processor",
        "cpu",
        "share",
        0.8,
        _MINUTES[10],
        "The processor is at %(value)s; the limit is %(limit)s.",
        "Let fewer jobs run at once on the page of jobs.",
    ),
    Rule(
        "memory",
        "Memory",
        "memory",
        "share",
        0.8,
        _MINUTES[10],
        "Memory is at %(value)s; the limit is %(limit)s.",
        "Let fewer jobs run at once, or give the machine more memory.",
    ),
    Rule(
        "disk",
        "Disk of the data folder",
        "disk",
        "share",
        0.85,
        _MINUTES[5],
        "The disk with the data folder is at %(value)s; the limit is %(limit)s.",
        "Make room on it, or let backups go to another disk.",
        Level.BAD,
        cool_down=timedelta(hours=12),
    ),
    Rule(
        "job-success",
        "Jobs that succeed",
        "job_success",
        "share",
        0.95,
        _MINUTES[5],
        "%(value)s of the jobs of the last hour succeeded; less than %(limit)s is too few.",
        "The page of jobs says why each failed.",
        below=True,
        cool_down=timedelta(hours=6),
    ),
    Rule(
        "queue-stuck",
        "Stuck queue",
        "stuck",
        "",
        0.0,
        _MINUTES[15],
        "%(value)s jobs wait, and none runs or ends.",
        "See on the page of jobs whether a queue is paused, and whether a worker runs that takes its jobs.",
        Level.BAD,
    ),
    Rule(
        "worker-dead",
        "Dead worker",
        "workers_missing",
        "",
        0.0,
        _MINUTES[2],
        "Nobody does jobs, or a worker fell silent with jobs in hand.",
        "Start it again; what it had in hand goes on elsewhere or then.",
        Level.BAD,
    ),
    Rule(
        "backup-old",
        "Old backup",
        "backup_h",
        "h",
        48.0,
        _MINUTES[5],
        "No backup was made and proved for %(value)s; the limit is %(limit)s.",
        "Back up now on the page of backups, and see there why none was made.",
        cool_down=timedelta(hours=24),
    ),
    Rule(
        "database-lost",
        "Lost database",
        "database_lost_s",
        "s",
        60.0,
        _MINUTES[0],
        "The database has not answered for %(value)s.",
        "See whether its disk is full or its server is down; nothing is written meanwhile.",
        Level.BAD,
    ),
)
BY_ID: Mapping[str, Rule] = {rule.id: rule for rule in RULES}
DATABASE_LOST = "database-lost"
"""The rule that is judged while nothing can be read or written; that it began is told at once, by nobody's job."""
QUEUE_STUCK = "queue-stuck"

_WORDS: Mapping[str, Callable[[float], str]] = {
    "share": lambda value: f"{value * 100:.1f} %".replace(".0 %", " %"),
    "s": lambda value: f"{value:.0f} s",
    "h": lambda value: f"{value:.0f} h",
    "": lambda value: f"{value:.0f}",
}


def in_words(rule: Rule, value: float) -> str:
    """A value of a rule as people read it."""
    return _WORDS[rule.unit](value)


def sentence(rule: Rule, value: float) -> str:
    """What happened."""
    words = {"value": in_words(rule, value), "limit": in_words(rule, rule.threshold)}
    return rule.told % words
