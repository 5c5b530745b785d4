"""The locks hold what pyproject.toml asks for, each package with its hashes."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from checks.modules import Finding

LOCKED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)")
LOCKS = {"requirements.lock": ("build",), "requirements-dev.lock": ("build", "dev")}
"""Each lock with the dependency groups that it holds beside the dependencies of the package."""


def outdated_locks(root: Path) -> Iterator[Finding]:
    """Requirements of pyproject.toml that a lock does not fulfil, and locked packages without a hash."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    for name, groups in LOCKS.items():
        lock = root / name
        wanted = [*project["project"]["dependencies"]]
        for group in groups:
            wanted += [entry for entry in project["dependency-groups"][group] if isinstance(entry, str)]
        yield from _unfulfilled(lock, [Requirement(text) for text in wanted])
        yield from _without_hash(lock)


def _unfulfilled(lock: Path, wanted: list[Requirement]) -> Iterator[Finding]:
    locked: dict[str, list[Version]] = {}
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := LOCKED.match(line):
            locked.setdefault(canonicalize_name(found["name"]), []).append(Version(found["version"]))
    for requirement in wanted:
        versions = locked.get(canonicalize_name(requirement.name), [])
        if not versions or not all(version in requirement.specifier for version in versions):
            yield Finding(
                Path(lock.name), 1, f"{requirement} of pyproject.toml is not in it: run `make lock`."
            )


def _without_hash(lock: Path) -> Iterator[Finding]:
    lines = lock.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        if LOCKED.match(line) and not (
            line.endswith("\\") and "--hash=sha256:" in "".join(lines[number : number + 1])
        ):
            yield Finding(Path(lock.name), number, "a locked package has no hash: run `make lock`.")
