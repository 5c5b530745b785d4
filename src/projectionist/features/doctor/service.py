"""The doctor: looks at everything that must be so for this installation to be ready, and mends what is safe."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from projectionist.errors import Conflict, NotFound, ProjectionistError
from projectionist.features.audit_log.service import Act, note
from projectionist.features.doctor.checks import Check, Finding, Status, unknown
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.keeping import KeptReport
from projectionist.features.doctor.report import Report, Result
from projectionist.features.doctor.subjects import (
    answers,
    backups,
    cache,
    database,
    files,
    machine,
    network,
    people,
    program,
    secrets,
    servers,
    work,
)

CHECKS: Sequence[Check] = (
    *secrets.CHECKS,
    *files.CHECKS,
    *database.CHECKS,
    *backups.CHECKS,
    *people.CHECKS,
    *network.CHECKS,
    *answers.CHECKS,
    *machine.CHECKS,
    *program.CHECKS,
    *servers.CHECKS,
    *work.CHECKS,
    *cache.CHECKS,
)
"""Every check, in the order in which they are told where they are equally bad."""

_log = logging.getLogger(__name__)
_AT_ONCE = 8
_GLANCE = timedelta(minutes=5)


def examine(ground: Ground, checks: Sequence[Check] = CHECKS) -> Report:
    """Look at everything; a check that cannot look is unknown, and holds up none of the others."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="doctor") as pool:
        found = tuple(pool.map(lambda check: Result(check, look(ground, check)), checks))
    return Report(ground.now(), found)


def look(ground: Ground, check: Check) -> Finding:
    """What one check comes to."""
    try:
        return check.look(ground)
    except ProjectionistError as error:
        trouble = error.message
        return unknown(f"It could not be looked at: {trouble}")
    except OSError as error:
        what = error.strerror or type(error).__name__
        file = f" ({error.filename})" if error.filename else ""
        return unknown(f"The system did not let it be looked at: {what}{file}.")
    except Exception:  # noqa: BLE001 - an edge: a fault of one check holds up none of the others
        _log.exception("The check %s failed", check.id)
        return unknown("It could not be looked at: the check itself has a fault, which is in the log.")


@dataclass(frozen=True, slots=True)
class Mended:
    """What a mend did, and what the check came to after it."""

    sentence: str
    result: Result


def mend(ground: Ground, check_id: str, checks: Sequence[Check] = CHECKS) -> Mended:
    """Mend what a check finds wrong now, and look again.

    Raises NotFound for an unknown check, Conflict where nothing is wrong or the doctor cannot mend it, and what the
    repair raises.
    """
    check = next((one for one in checks if one.id == check_id), None)
    if check is None:
        raise NotFound("There is no such check.")
    before = Result(check, look(ground, check))
    if before.status is Status.PASS:
        raise Conflict("Here nothing is wrong any more, and nothing was changed.")
    if check.repair is None or not before.can_mend:
        raise Conflict(f"This is for a person to mend; nothing was changed. {check.mend}")
    sentence = check.repair(ground)
    if ground.opened is not None:
        was = {"found": before.finding.evidence}
        note(ground.opened.database, Act.MENDED, check_id, before=was, after={"done": sentence})
    return Mended(sentence, Result(check, look(ground, check)))


class Doctor:
    """The examinations of this house: the last whole one, and a glance that costs next to nothing.

    `tell` is called after each that may have changed what pages show. Where several processes serve pages, `kept` is
    the file by which they tell the same.
    """

    def __init__(
        self,
        ground: Callable[[], Ground],
        checks: Sequence[Check] = CHECKS,
        *,
        tell: Callable[[], None] = lambda: None,
        kept: Path | None = None,
    ) -> None:
        self._ground = ground
        self._checks = checks
        self._tell = tell
        self._kept = KeptReport(kept, checks)
        self._lock = threading.Lock()
        self._last: Report | None = None
        self._glance: Report | None = None

    @property
    def last(self) -> Report | None:
        """What the last whole examination came to."""
        self._hear()
        return self._last

    def forget(self) -> None:
        """Know nothing of what was found before the service began."""
        self._kept.forget()

    def examine(self) -> Report:
        """Look at everything now; who asks meanwhile waits and gets the same report."""
        before = self._last
        with self._lock:
            if self._last is None or self._last is before:
                self._last = self._glance = examine(self._ground(), self._checks)
                self._kept.keep(self._last)
                self._tell()
            return self._last

    def glance(self) -> Report:
        """What the quick checks came to, at most a few minutes ago."""
        self._hear()
        ground = self._ground()
        known = self._glance
        if known is None or abs(ground.now() - known.at) > _GLANCE:
            known = self._glance = examine(ground, [one for one in self._checks if one.quick])
        return known

    def mend(self, check_id: str) -> Mended:
        """Mend what a check finds wrong, and put what came of it into the last report. Raises as `mend` does."""
        mended = mend(self._ground(), check_id, self._checks)
        self._hear()
        self._last = _renewed(self._last, mended.result)
        self._glance = _renewed(self._glance, mended.result)
        if self._last is not None:
            self._kept.keep(self._last)
        self._tell()
        return mended

    def _hear(self) -> None:
        """Take over what another process found, or mended."""
        news = self._kept.news()
        if news is not None:
            self._last = self._glance = news


def _renewed(report: Report | None, result: Result) -> Report | None:
    if report is None:
        return None
    results = tuple(result if one.check.id == result.check.id else one for one in report.results)
    return Report(report.at, results)
