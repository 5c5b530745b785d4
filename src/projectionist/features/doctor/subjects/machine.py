"""Checks of the machine that Projectionist runs on."""

from __future__ import annotations

import os
import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from projectionist.features.doctor import queries
from projectionist.features.doctor.checks import Check, Finding, Subject, failed, passed, unknown, warned
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.subjects.files import size

BUILT = datetime(2026, 1, 1, tzinfo=UTC)
"""No clock that goes right is before the year this was written in."""

_APART_WARN, _APART_FAIL = timedelta(seconds=30), timedelta(minutes=5)
_FEW_FILES = 1024
_LITTLE_MEMORY, _TOO_LITTLE_MEMORY = 10**9, 400 * 10**6
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
_ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata")


def look_at_clock(ground: Ground) -> Finding:
    """The clock of this machine, against the database server's where that is another one, else against the files."""
    now = ground.now()
    if ground.store is not None and not ground.store.is_sqlite:
        with ground.store.read() as session:
            return judge_clock(now, queries.postgres_now(session))
    newest = [one.stat().st_mtime for one in ground.data.glob("*.sqlite*")] if ground.data.is_dir() else []
    if not newest:
        return unknown("There is no other clock to compare with yet.")
    written = datetime.fromtimestamp(max(newest), UTC)
    if now >= max(written, BUILT):
        return passed("This machine's clock is not behind what was written last; no other clock is near.")
    return judge_clock(now, written, of_file=True)


def judge_clock(now: datetime, other: datetime, *, of_file: bool = False) -> Finding:
    """Two clocks that go right say nearly the same: PostgreSQL's, or the moment that the file was written."""
    if now < BUILT:
        return failed(f"This machine's clock says {now:%Y-%m-%d}, which is long past.")
    apart = abs(now - other)
    seconds = f"{apart.total_seconds():.0f}"
    said = (
        f"This machine's clock is {seconds} s apart from the moment that the database was written last"
        if of_file
        else f"This machine's clock is {seconds} s apart from PostgreSQL's clock"
    )
    if apart > _APART_FAIL:
        return failed(f"{said}.")
    return warned(f"{said}.") if apart > _APART_WARN else passed(f"{said}.")


def look_at_zones(_ground: Ground) -> Finding:
    """Whether the names of time zones mean something here."""
    missing = []
    for name in _ZONES:
        try:
            ZoneInfo(name)
        except ZoneInfoNotFoundError:
            missing.append(name)
    return judge_zones(missing)


def judge_zones(missing: list[str]) -> Finding:
    """All or none are there, as a rule."""
    if missing:
        return failed(f"This machine knows no time zone {', '.join(missing)}.")
    return passed("This machine knows the time zones of the world.")


def look_at_memory(_ground: Ground) -> Finding:
    """How much memory this program may take, by its container or else by the machine."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        try:
            text = path.read_text(encoding="ascii").strip()
        except OSError:
            continue
        if text.isdigit():
            return judge_memory(min(machine, int(text)))
    return judge_memory(machine)


def judge_memory(limit: int) -> Finding:
    """The service takes a quarter of a gigabyte, and each film that is decoded as much again."""
    said = f"Projectionist may take {size(limit)} of memory"
    if limit < _TOO_LITTLE_MEMORY:
        return failed(f"{said}.")
    return warned(f"{said}.") if limit < _LITTLE_MEMORY else passed(f"{said}.")


def look_at_open_files(_ground: Ground) -> Finding:
    """How many files this program may have open at once."""
    return judge_open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def judge_open_files(most: int) -> Finding:
    """Every page that is live, every film and every connection is one."""
    if most == resource.RLIM_INFINITY:
        return passed("Any number of files may be open at once.")
    said = f"{most} files may be open at once"
    if most < _FEW_FILES // 4:
        return failed(f"{said}.")
    return warned(f"{said}.") if most < _FEW_FILES else passed(f"{said}.")


def look_at_user(_ground: Ground) -> Finding:
    """As whom the program runs."""
    return judge_user(os.geteuid())


def judge_user(user: int) -> Finding:
    """Root may do anything, by mistake too."""
    if user == 0:
        return warned("Projectionist runs as root.")
    return passed(f"Projectionist runs as user {user}, not as root.")


def look_at_load(_ground: Ground) -> Finding:
    """How busy the machine has been for a quarter of an hour."""
    return judge_load(os.getloadavg()[2], os.cpu_count() or 1)


def judge_load(load: float, cores: int) -> Finding:
    """Work that waits four deep on every core waits for long."""
    said = f"{load:.1f} programs wanted to run at once in the last 15 minutes, on {cores} cores"
    return warned(f"{said}.") if load > 4 * cores else passed(f"{said}.")


CHECKS = (
    Check(
        "clock",
        Subject.MACHINE,
        "The clock goes right",
        "Sign-ins end, schedules begin and what was watched is kept by the clock.",
        "Let the machine keep its time by NTP: timedatectl set-ntp true.",
        look_at_clock,
    ),
    Check(
        "time-zones",
        Subject.MACHINE,
        "Time zones are known",
        "Without them schedules and pages cannot say what time it is for you.",
        "Install the package tzdata, of the system or of Python.",
        look_at_zones,
    ),
    Check(
        "memory",
        Subject.MACHINE,
        "There is memory enough",
        "Without it the system ends decoders, or the whole service.",
        "Give the container or the machine at least 1 GB.",
        look_at_memory,
    ),
    Check(
        "open-files",
        Subject.MACHINE,
        "Enough files may be open at once",
        "Pages that are live, films and connections each take one; without one more nobody is answered.",
        "Raise the limit: ulimit -n 65536, LimitNOFILE in systemd, ulimits in Compose.",
        look_at_open_files,
    ),
    Check(
        "not-root",
        Subject.MACHINE,
        "The program does not run as root",
        "Who breaks into a program that runs as root has the whole machine.",
        "Run it as a user of its own who owns the data folder and may read the films.",
        look_at_user,
    ),
    Check(
        "load",
        Subject.MACHINE,
        "The machine is not overworked",
        "Pages wait for the processor as everything else does.",
        "Lower how many jobs run at once, on the page of jobs, or move other work away.",
        look_at_load,
    ),
)
