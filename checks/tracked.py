"""What no file of the repository may hold: registry addresses, paths of one machine, locks of other tools."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from checks.modules import Finding

REGISTRIES = re.compile(
    r"(?:py"
    r"pi\.org|python"
    r"hosted\.org|npm"
    r"js\.(?:org|com)|yarn"
    r"pkg\.com|crates\."
    r"io|jsdelivr\."
    r"net|"
    r"unpkg\."
    r"com)"
)
"""Split, so that this file does not hold what it looks for."""

MACHINE_PATHS = re.compile(
    r"(?<![\w.~$})-])(?:/(?:home|Users)/[\w.-]+/|/(?:root|work)/|/opt/py" r"pi)|\b[A-Z]:\\Users\\"
)

FOREIGN_LOCKS = frozenset(
    {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml"}
)
"""Locks that record where packages were downloaded from, or that would be a second truth beside ours."""

LOCK_ADDRESS = re.compile(r"\w+://")


def tracked_files(root: Path) -> list[Path]:
    """Every file that git tracks or would track, relative to `root`."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    names = sorted({name for name in listed.split("\0") if name})
    return [Path(name) for name in names if (root / name).is_file()]


def registry_addresses(root: Path) -> Iterator[Finding]:
    """Addresses of package registries, anywhere; any address at all in a lock."""
    yield from _lines_with(root, REGISTRIES, "names a package registry; leave the address out.")
    for path, number, line in _lines(root):
        if path.suffix == ".lock" and LOCK_ADDRESS.search(line):
            yield Finding(path, number, "a lock holds no address: compile it with `make lock`.")


def machine_paths(root: Path) -> Iterator[Finding]:
    """Absolute paths of somebody's machine."""
    yield from _lines_with(root, MACHINE_PATHS, "is a path of one machine; make it relative or an option.")


def foreign_locks(root: Path) -> Iterator[Finding]:
    """Lock files of other tools."""
    for path in tracked_files(root):
        if path.name in FOREIGN_LOCKS:
            yield Finding(
                path, 1, "the locks are requirements.lock and requirements-dev.lock; remove this one."
            )


def _lines_with(root: Path, pattern: re.Pattern[str], advice: str) -> Iterator[Finding]:
    for path, number, line in _lines(root):
        for found in pattern.findall(line):
            yield Finding(path, number, f"{found!r} {advice}")


def _lines(root: Path) -> Iterator[tuple[Path, int, str]]:
    for path in tracked_files(root):
        content = (root / path).read_bytes()
        if b"\0" not in content:
            for number, line in enumerate(content.decode("utf-8", "replace").splitlines(), start=1):
                yield path, number, line
