"""Unraid's mover: whether it runs, and the file that names what it has to leave on the pool.

Mover Tuning reads that file, one path of the host per line. What a person wrote above our marker is theirs, byte by
byte; below it everything is ours.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Event

from projectionist.kit.files import publish_file

MARKER = b"### Projectionist exclusions below this line"
RIVALS_MARKER = b"### Plexcache exclusions below this line"
"""PlexCache-D's: what it wrote below is not a person's."""

PID_FILES = (Path("/host_var_run/mover.pid"), Path("/var/run/mover.pid"))

_OURS = re.compile(rb"^%b[ \t]*\r?$" % re.escape(MARKER), re.MULTILINE)
_ANY = re.compile(rb"^(%b|%b)[ \t]*\r?$" % (re.escape(MARKER), re.escape(RIVALS_MARKER)), re.MULTILINE)
"""Whole lines: a person may write of a marker, too."""

_NAMES = frozenset({b"mover", b"age_mover"})
_LOOK_EVERY_S = 5.0
_BELIEVED_S = 12 * 3600.0
"""For so long a pid file is believed whose process cannot be seen; a mover seldom takes longer."""
_HOST = "pid:[4026531836]"
"""Linux's first namespace of processes: PROC_PID_INIT_INO in its linux/proc_ns.h."""


@dataclass(frozen=True, slots=True)
class UnraidMover:
    """The mover of this host, found by its pid files and among the processes below `proc`."""

    pid_files: Sequence[Path] = PID_FILES
    proc: Path = Path("/proc")

    def is_running(self) -> bool:
        """Whether it moves files now."""
        return bool(self.why_running())

    def why_running(self) -> str:
        """By what it is known to move files now, in words; empty where it does not."""
        if any(_names_of(folder) & _NAMES for folder in self.proc.glob("[0-9]*")):
            return "Unraid's mover runs; it is waited for."
        if self._sees_host():
            return ""  # a pid file without its process is left over
        return next(filter(None, map(self._said_by, self.pid_files)), "")

    def wait_until_idle(self, stop: Event, every_s: float = _LOOK_EVERY_S) -> bool:
        """Wait for it; false where `stop` was set first."""
        while self.is_running():
            if stop.wait(every_s):
                return False
        return not stop.is_set()

    def _sees_host(self) -> bool:
        """Whether the processes below `proc` are the host's; in a container they are mostly not."""
        try:
            return str((self.proc / "self" / "ns" / "pid").readlink()) == _HOST
        except OSError:
            return False

    def _said_by(self, pid_file: Path) -> str:
        """What a pid file says whose process cannot be seen. Whatever was killed leaves its own behind, so it is not
        believed for ever.
        """
        try:
            written = pid_file.stat().st_mtime
        except OSError:
            return ""
        if abs(time.time() - written) > _BELIEVED_S:
            return ""
        until = datetime.fromtimestamp(written + _BELIEVED_S).astimezone()
        return (
            f"Unraid's mover runs, as {pid_file} says; it is waited for, until {until:%H:%M} at the latest. If it does "
            "not run, remove that file."
        )


def publish_exclusions(file: Path, paths: Iterable[str]) -> bool:
    """Name paths of the host, and only them, below the marker; whether the file had to change.

    The file is replaced as a whole or not at all. Raises TargetFull, TargetUnwritable.
    """
    try:
        before = file.read_bytes()
    except FileNotFoundError:
        before = b""
    theirs = _above(before)
    lines = [MARKER, *sorted({os.fsencode(path) for path in paths if "\n" not in path})]
    after = theirs + b"".join(line + b"\n" for line in lines)
    if after == before:
        return False
    publish_file(file, lambda new: new.writelines([after]))
    return True


def excluded(file: Path) -> frozenset[str]:
    """The paths below the marker; none where there is no file. Raises OSError."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return frozenset()
    marker = _OURS.search(content)
    below = content[marker.end() :].split(b"\n") if marker else []
    return frozenset(os.fsdecode(line.strip(b"\r")) for line in below if line.strip())


def _above(content: bytes) -> bytes:
    """What is a person's, with the end of its last line."""
    marker = _ANY.search(content)
    content = content[: marker.start()] if marker else content
    return content if not content or content.endswith(b"\n") else content + b"\n"


def _names_of(process: Path) -> set[bytes]:
    """By which names a process goes: its own, and that of a script that a shell runs."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")[:2]
    except OSError:
        return set()
    return {word.rsplit(b"/", 1)[-1] for word in words}
