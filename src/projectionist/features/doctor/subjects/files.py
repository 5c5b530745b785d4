"""Checks of the files and folders that Projectionist keeps."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from projectionist.errors import TargetUnwritable
from projectionist.features.doctor.checks import Check, Finding, Subject, failed, passed, unknown, warned
from projectionist.features.doctor.ground import Ground
from projectionist.kit.data_folder import is_network
from projectionist.kit.files import explained

STATUS = Path("/proc/self/status")
_ROOM_FAIL, _ROOM_WARN = 200 * 10**6, 2 * 10**9
_TEMP_WARN = 500 * 10**6
_DATABASES = ("projectionist.sqlite", "jobs.sqlite")
_MOST_NAMED = 3


def look_at_data(ground: Ground) -> Finding:
    """Write a file into the data folder, and take it away."""
    if not ground.data.is_dir():
        return failed(f"There is no folder {ground.data}.")
    return try_writing(ground.data)


def try_writing(folder: Path) -> Finding:
    """Whether a file can be made in a folder; it has no name, so nothing is left of it."""
    try:
        with explained(folder), tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"room")
            file.flush()
            os.fsync(file.fileno())
    except TargetUnwritable as error:
        return failed(error.message)
    return passed(f"A file was written into {folder}, and removed.")


def look_at_owner(ground: Ground) -> Finding:
    """Whose the data folder is, against who looks."""
    found = _state(ground.data)
    return _absent(ground.data) if found is None else judge_owner(ground.data, found.st_uid, os.geteuid())


def judge_owner(path: Path, owner: int, user: int) -> Finding:
    """Whether a folder is the user's own."""
    if owner == user:
        return passed(f"{path} belongs to user {user}, who runs Projectionist.")
    return warned(f"{path} belongs to user {owner}, and user {user} runs Projectionist.")


def look_at_data_mode(ground: Ground) -> Finding:
    """Who may enter the data folder."""
    found = _state(ground.data)
    return _absent(ground.data) if found is None else judge_data_mode(ground.data, found.st_mode)


def judge_data_mode(path: Path, mode: int) -> Finding:
    """A folder that only its owner may write to and others may not look into."""
    said = f"{path} has mode {stat.S_IMODE(mode):04o}"
    if mode & 0o002:
        return failed(f"{said}: every user of this machine may change what is in it.")
    if mode & 0o077:
        return warned(f"{said}: other users of this machine may look into it.")
    return passed(f"{said}: only its owner may enter it.")


def close_data(ground: Ground) -> str:
    """Let nobody but the owner into the data folder."""
    with explained(ground.data, "changed"):
        ground.data.chmod(0o700)
    return f"{ground.data} has mode 0700 now."


def look_at_database_modes(ground: Ground) -> Finding:
    """Who may read the databases."""
    if not ground.data.is_dir():
        return _absent(ground.data)
    return judge_database_modes([(path, path.stat().st_mode) for path in _database_files(ground.data)])


def judge_database_modes(modes: Iterable[tuple[Path, int]]) -> Finding:
    """Databases hold sealed tokens and the hashes of passwords: nobody else's to read."""
    found = list(modes)
    if not found:
        return passed("No database lies in the data folder.")
    public = [path.name for path, mode in found if mode & 0o007]
    group = [path.name for path, mode in found if mode & 0o070]
    if public:
        return failed(f"Every user of this machine may read {named(public)}.")
    if group:
        return warned(f"The group of its owner may read {named(group)}.")
    return passed(f"{len(found)} database files are for their owner alone.")


def close_databases(ground: Ground) -> str:
    """Let nobody but the owner read the databases."""
    changed = []
    for path in _database_files(ground.data):
        if path.stat().st_mode & 0o077:
            with explained(path, "changed"):
                path.chmod(0o600)
            changed.append(path.name)
    return f"For their owner alone now: {named(changed)}." if changed else "They were closed already."


def look_at_file_system(ground: Ground) -> Finding:
    """What kind of file system the data folder is on."""
    if not ground.data.is_dir():
        return _absent(ground.data)
    return judge_file_system(ground.data, ground.file_system(ground.data.resolve()))


def judge_file_system(path: Path, kind: str) -> Finding:
    """A database on a network share is damaged sooner or later; one in memory is gone with the machine."""
    if not kind:
        return unknown(f"The system does not tell what kind of file system {path} is on.")
    if is_network(kind):
        return failed(f"{path} is on a network share ({kind}).")
    if kind in ("tmpfs", "ramfs"):
        return warned(f"{path} is kept in memory ({kind}), and gone when the machine ends.")
    return passed(f"{path} is on a disk of this machine ({kind}).")


def look_at_room(ground: Ground) -> Finding:
    """How much room the disk of the data folder has."""
    if not ground.data.is_dir():
        return _absent(ground.data)
    found = os.statvfs(ground.data)
    return judge_room(ground.data, found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


def judge_room(path: Path, free: int, names_free: int | None) -> Finding:
    """Whether the database can grow; a file system may also run out of names for files."""
    said = f"{size(free)} are free on the disk of {path}"
    if free < _ROOM_FAIL:
        return failed(f"{said}.")
    if names_free is not None and names_free < 1000:
        return failed(f"{said}, and it takes {names_free} more files.")
    return warned(f"{said}.") if free < _ROOM_WARN else passed(f"{said}.")


def look_at_temporary(_ground: Ground) -> Finding:
    """Whether the folder for temporary files can be used."""
    folder = Path(tempfile.gettempdir())
    found = os.statvfs(folder)
    return judge_temporary(try_writing(folder), folder, found.f_bavail * found.f_frsize)


def judge_temporary(tried: Finding, folder: Path, free: int) -> Finding:
    """Whether large work has room there."""
    if tried.status == "pass" and free < _TEMP_WARN:
        return warned(f"{size(free)} are free in {folder}.")
    return tried if tried.status != "pass" else passed(f"{size(free)} are free in {folder}.")


def look_at_log(ground: Ground) -> Finding:
    """Whether the log can be written."""
    file = ground.settings.log_file
    if file is None:
        return passed("The log goes to standard error; no log file is set.")
    file = file.expanduser().absolute()
    folder = file.parent
    if not folder.is_dir():
        return failed(f"There is no folder {folder} for the log file {file.name}.")
    if file.is_dir():
        return failed(f"{file} is a folder, and a log is a file.")
    if not file.exists():
        return try_writing(folder)
    try:
        with explained(file):
            os.close(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC))
    except TargetUnwritable as error:
        return failed(error.message)
    return passed(f"The log file {file} can be written.")


def look_at_umask(_ground: Ground) -> Finding:
    """What new files are like, asked of the system without changing it."""
    try:
        status = STATUS.read_text(encoding="ascii", errors="replace")
    except OSError:
        return unknown("This system does not tell the umask of a program.")
    lines = [line.split()[1] for line in status.splitlines() if line.startswith("Umask:")]
    return judge_umask(int(lines[0], 8)) if lines else unknown("This system does not tell the umask.")


def judge_umask(mask: int) -> Finding:
    """New files must not be everybody's to change."""
    said = f"The umask is {mask:04o}"
    if not mask & 0o002:
        return failed(f"{said}: every user of this machine may change files that Projectionist makes.")
    if not mask & 0o020:
        return warned(f"{said}: the group may change files that Projectionist makes.")
    return passed(f"{said}: nobody else may change files that Projectionist makes.")


def size(count: int) -> str:
    """Bytes as people say them."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if value >= 100 or unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def named(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are: the same in every language."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" (+{more})" if more > 0 else "")


def _database_files(folder: Path) -> list[Path]:
    wanted = [folder / f"{name}{end}" for name in _DATABASES for end in ("", "-wal", "-shm")]
    return [path for path in wanted if path.is_file()]


def _state(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _absent(path: Path) -> Finding:
    return unknown(f"There is no folder {path} to look at.")


CHECKS = (
    Check(
        "data-folder",
        Subject.FILES,
        "The data folder can be written",
        "Without it nothing can be kept, and the service does not start.",
        "Name the folder with --data or PROJECTIONIST_DATA, and give it to the user who runs Projectionist.",
        look_at_data,
    ),
    Check(
        "data-owner",
        Subject.FILES,
        "The data folder belongs to who runs Projectionist",
        "A later start as the other user finds files that it may not open.",
        "Run Projectionist as the owner of the folder, or give the folder with all in it to the user who runs it.",
        look_at_owner,
    ),
    Check(
        "data-folder-mode",
        Subject.FILES,
        "Nobody else may enter the data folder",
        "It holds the key and the database: who can change them can become administrator.",
        "chmod 700 the data folder.",
        look_at_data_mode,
        close_data,
        "Close the folder",
    ),
    Check(
        "database-mode",
        Subject.FILES,
        "The database files are for their owner alone",
        "They hold hashes of passwords, sealed tokens, and what everybody watched.",
        "chmod 600 the database files in the data folder.",
        look_at_database_modes,
        close_databases,
        "Close the files",
    ),
    Check(
        "data-file-system",
        Subject.FILES,
        "The data folder is on a disk of this machine",
        "Databases on network shares are damaged sooner or later, and memory forgets.",
        "Move the data folder to a local disk while Projectionist is stopped; films may stay on the share.",
        look_at_file_system,
    ),
    Check(
        "data-room",
        Subject.FILES,
        "The disk of the data folder has room",
        "A database without room can change nothing any more.",
        "Make room on that disk, or move the data folder to a larger one.",
        look_at_room,
    ),
    Check(
        "temporary-folder",
        Subject.FILES,
        "The folder for temporary files can be used",
        "Requests and decoders keep large things there for a moment.",
        "Make room in it, or name another one in the environment as TMPDIR.",
        look_at_temporary,
    ),
    Check(
        "log-file",
        Subject.FILES,
        "The log can be written",
        "Without a log nobody can say later what went wrong.",
        "Make the folder of PROJECTIONIST_LOG_FILE, and give it to the user who runs Projectionist.",
        look_at_log,
    ),
    Check(
        "umask",
        Subject.FILES,
        "New files are not everybody's to change",
        "Previews and copies that anybody may change can be exchanged by anybody.",
        "Start Projectionist with umask 022 or stricter: UMask=0027 in systemd, UMASK in many containers.",
        look_at_umask,
    ),
)
