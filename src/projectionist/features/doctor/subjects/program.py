"""Checks of the program itself: its packages, decoders and files."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import metadata
from pathlib import Path

import av.codec

from projectionist import __version__
from projectionist.features.doctor.checks import (
    Check,
    Finding,
    Subject,
    failed,
    passed,
    unknown,
    warned,
    when_opened,
)
from projectionist.features.doctor.ground import Ground, Opened
from projectionist.features.doctor.subjects.files import named
from projectionist.web.assets import FOLDER

DECODERS = ("h264", "hevc", "av1", "vp9", "mpeg2video", "mpeg4", "vc1")
_OLDEST_PYTHON, _NEWEST_TRIED = (3, 11), (3, 14)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PART = re.compile(r"(>=|<=|==|!=|~=|<|>)\s*([0-9]+(?:\.[0-9]+)*)(\.\*)?")
_LOCKED = re.compile(r"(?P<digest>[0-9a-f]{128}) (?P<file>\S+) \S+")


def look_at_packages(_ground: Ground) -> Finding:
    """Whether every package that Projectionist runs on is there, in a version that it was written for."""
    try:
        required = metadata.requires("projectionist") or []
    except metadata.PackageNotFoundError:
        return unknown("Projectionist is not installed as a package, so what it requires is not known here.")
    return judge_packages(list(_missing(required)), len(required))


def _missing(required: Iterable[str]) -> Iterator[str]:
    for requirement in required:
        wanted, _, marker = requirement.partition(";")
        found = _NAME.match(wanted)
        if "extra" in marker or found is None:
            continue
        try:
            version = metadata.version(found[0])
        except metadata.PackageNotFoundError:
            yield found[0]
            continue
        if not fits(version, wanted):
            yield f"{found[0]} {version}"


def fits(version: str, requirement: str) -> bool:
    """Whether a version is one of those that a requirement names: `>=1.2,<2` or `==3.4.*`."""
    has = _numbers(version)
    for sign, text, star in _PART.findall(requirement):
        wanted = _numbers(text)
        if star and (has[: len(wanted)] == wanted) != (sign == "=="):
            return False
        width = max(len(has), len(wanted))
        left, right = _padded(has, width), _padded(wanted, width)
        outcome = {">=": left >= right, "<": left < right, "<=": left <= right, ">": left > right}
        if not star and not outcome.get(sign, (left == right) != (sign == "!=")):
            return False
    return True


def judge_packages(wrong: list[str], asked: int) -> Finding:
    """A package of another version may do other things."""
    if wrong:
        return failed(f"Missing, or of another version than Projectionist was written for: {named(wrong)}.")
    return passed(f"All {asked} packages that Projectionist runs on are of versions it was written for.")


def look_at_decoders(_ground: Ground) -> Finding:
    """Whether the decoders for what films are made of are there."""
    known = av.codec.codecs_available
    return judge_decoders([name for name in DECODERS if name not in known])


def judge_decoders(missing: list[str]) -> Finding:
    """A film in a format without a decoder gets no preview."""
    if missing:
        return failed(f"This FFmpeg has no decoder for {', '.join(missing)}.")
    return passed(f"This FFmpeg decodes {', '.join(DECODERS)}.")


def look_at_python(_ground: Ground) -> Finding:
    """Which Python this is."""
    return judge_python((sys.version_info.major, sys.version_info.minor))


def judge_python(version: tuple[int, int]) -> Finding:
    """The tests run on these."""
    said = f"Python is {version[0]}.{version[1]}"
    if version < _OLDEST_PYTHON:
        return failed(f"{said}; 3.11 is the oldest that works.")
    return warned(f"{said}, which was not tried yet.") if version > _NEWEST_TRIED else passed(f"{said}.")


def look_at_assets(_ground: Ground) -> Finding:
    """Whether the files of others that browsers get are as they were taken in."""
    return compare_assets(FOLDER)


def compare_assets(folder: Path) -> Finding:
    """Compare every file that the lock names with its SHA-512."""
    lock = folder / "vendor" / "assets.lock"
    if not lock.is_file():
        return unknown(f"There is no list at {lock} to compare with.")
    wanted = {
        match["file"]: match["digest"]
        for line in lock.read_text(encoding="utf-8").splitlines()
        if (match := _LOCKED.fullmatch(line))
    }
    return judge_assets(
        wanted, {name: _digest(folder / name) for name in wanted if (folder / name).is_file()}
    )


def judge_assets(wanted: Mapping[str, str], found: Mapping[str, str]) -> Finding:
    """Each is there, and as it was."""
    wrong = [name for name, digest in wanted.items() if found.get(name) != digest]
    if wrong:
        return failed(f"Not as they were taken in: {named(wrong)}.")
    return passed(f"{len(wanted)} files that browsers get are as they were taken in (SHA-512).")


def look_at_versions(opened: Opened) -> Finding:
    """Which versions the processes that work together are of."""
    return judge_versions({one.name: one.version for one in opened.jobs.nodes() if one.alive}, __version__)


def judge_versions(found: Mapping[str, str], ours: str) -> Finding:
    """Processes of different versions do the same job differently."""
    others = [f"{name} {version}" for name, version in found.items() if version != ours]
    if others:
        return warned(f"This program is {ours}, and others at work are not: {named(others)}.")
    return passed(f"All {len(found)} processes at work are of version {ours}.")


def _digest(path: Path) -> str:
    return hashlib.sha512(path.read_bytes()).hexdigest()


def _numbers(text: str) -> tuple[int, ...]:
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def _padded(numbers: tuple[int, ...], width: int) -> tuple[int, ...]:
    return numbers + (0,) * (width - len(numbers))


CHECKS = (
    Check(
        "packages",
        Subject.PROGRAM,
        "All packages are as they should be",
        "With another version of a package Projectionist may do what nobody has tried.",
        "Install Projectionist anew from its lock: pip install --require-hashes -r requirements.lock.",
        look_at_packages,
    ),
    Check(
        "decoders",
        Subject.PROGRAM,
        "Films of all usual kinds can be decoded",
        "A film in a format without a decoder gets no preview.",
        "Install PyAV from its wheel, which brings FFmpeg with all its decoders.",
        look_at_decoders,
    ),
    Check(
        "python",
        Subject.PROGRAM,
        "Python is of a version that was tried",
        "Another Python may do what nobody has tried.",
        "Run Projectionist with Python 3.11 to 3.14.",
        look_at_python,
    ),
    Check(
        "assets",
        Subject.PROGRAM,
        "What browsers get is unaltered",
        "A script that somebody changed acts as everyone who opens a page.",
        "Install Projectionist anew, and find out who could write into its folder.",
        look_at_assets,
    ),
    Check(
        "versions",
        Subject.PROGRAM,
        "All processes are of one version",
        "Processes of different versions do the same job differently.",
        "Install the same version on every machine, and start the others anew.",
        when_opened(look_at_versions),
    ),
)
