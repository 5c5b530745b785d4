"""What a check is: where it looks, what it may find, why that matters, and how it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from projectionist.features.doctor.ground import Ground, Opened, Running


class Status(StrEnum):
    """What a check came to; what could not be looked at is unknown, never well."""

    PASS = "pass"  # nosec B105
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"


WORST_FIRST = (Status.FAIL, Status.WARN, Status.UNKNOWN, Status.PASS)


class Subject(StrEnum):
    """What checks are grouped by."""

    FILES = "Files and folders"
    SECRETS = "Secrets"
    DATABASE = "Database"
    BACKUPS = "Backups"
    PEOPLE = "People"
    NETWORK = "Network"
    ANSWERS = "Own answers"
    MACHINE = "Machine"
    PROGRAM = "Program"
    SERVERS = "Servers and libraries"
    WORK = "Jobs and workers"
    CACHE = "Fast disks"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a look came to, and the sentence that says what was seen."""

    status: Status
    evidence: str


Look = Callable[[Ground], Finding]
Repair = Callable[[Ground], str]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so for the installation to be ready.

    `why` says what happens where it is not, `mend` how a person mends it. `repair` does that by itself, where
    nothing can be lost by it, and tells what it did; `button` is what the page writes on it. `quick` checks ask
    nobody else and wake no disk but that of the data folder.
    """

    id: str
    subject: Subject
    title: str
    why: str
    mend: str
    look: Look
    repair: Repair | None = None
    button: str = ""
    quick: bool = True


def passed(evidence: str) -> Finding:
    """All is well."""
    return Finding(Status.PASS, evidence)


def warned(evidence: str) -> Finding:
    """It works, and should be better."""
    return Finding(Status.WARN, evidence)


def failed(evidence: str) -> Finding:
    """It is not ready."""
    return Finding(Status.FAIL, evidence)


def unknown(evidence: str) -> Finding:
    """It could not be looked at, and why."""
    return Finding(Status.UNKNOWN, evidence)


def when_opened(look: Callable[[Opened], Finding]) -> Look:
    """A look at what only an opened house knows."""

    def looked(ground: Ground) -> Finding:
        return look(ground.opened) if ground.opened is not None else unknown(ground.closed)

    return looked


def when_running(look: Callable[[Running], Finding]) -> Look:
    """A look at how the running service answers."""

    def looked(ground: Ground) -> Finding:
        return look(ground.running) if ground.running is not None else unknown(ground.stopped)

    return looked


def repairs_opened(repair: Callable[[Opened], str]) -> Repair:
    """A repair that needs an opened house; without it nothing is done, and that is said."""

    def repaired(ground: Ground) -> str:
        return repair(ground.opened) if ground.opened is not None else ground.closed

    return repaired
