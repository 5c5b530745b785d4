"""The last report of the doctor where several processes serve pages: in a file, so that all of them tell the same."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import msgspec

from projectionist.errors import TargetUnwritable
from projectionist.features.doctor.checks import Check, Finding, Status
from projectionist.features.doctor.report import Report, Result
from projectionist.kit import files


class _Kept(msgspec.Struct, frozen=True):
    """`found` holds of each check its id, the status and what was seen."""

    at: datetime
    found: list[tuple[str, Status, str]]


class KeptReport:
    """A report at `path`, whole or not at all; without a path there is none."""

    def __init__(self, path: Path | None, checks: Sequence[Check]) -> None:
        self._path = path
        self._checks = {one.id: one for one in checks}
        self._stamp: object = None

    def news(self) -> Report | None:
        """The report that is kept, if another process has put it there since the last look or `keep`."""
        stamp = self._stamp_now()
        if self._path is None or stamp is None or stamp == self._stamp:
            return None
        self._stamp = stamp
        with suppress(OSError, msgspec.MsgspecError):
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
            return Report(
                kept.at,
                tuple(
                    Result(self._checks[name], Finding(status, evidence))
                    for name, status, evidence in kept.found
                    if name in self._checks
                ),
            )
        return None

    def keep(self, report: Report) -> None:
        """Tell the other processes; where the disk takes nothing, they go on with what they know."""
        if self._path is None:
            return
        found = [(one.check.id, one.finding.status, one.finding.evidence) for one in report.results]
        content = msgspec.json.encode(_Kept(report.at, found))

        def write(file: BinaryIO) -> None:
            file.write(content)

        with suppress(TargetUnwritable):
            files.publish_file(self._path, write)
            self._stamp = self._stamp_now()

    def forget(self) -> None:
        """Keep nothing: what an earlier start found says little of this one."""
        if self._path is not None:
            with suppress(TargetUnwritable):
                files.remove_file(self._path, within=self._path.parent)

    def _stamp_now(self) -> object:
        if self._path is None:
            return None
        with suppress(OSError):
            found = os.stat(self._path)
            return found.st_ino, found.st_mtime_ns, found.st_size
        return None
