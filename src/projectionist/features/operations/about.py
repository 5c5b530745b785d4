"""What this installation is made of: versions, the licences of others' work in it, and what changed."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import av

import projectionist
from projectionist.db.engine import Database
from projectionist.errors import NotFound
from projectionist.features.operations import queries

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[(?P<extras>[^]]*)\])?")
_FOR_EXTRA = re.compile(r"extra == ['\"](?P<extra>[^'\"]+)['\"]")
_FRAGMENT = re.compile(r"(?P<topic>[a-z0-9-]+)\.(?P<kind>[a-z]+)\.md")
_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)
_VENDORED = re.compile(r"[0-9a-f]{128} vendor/(?P<file>\S+\.LICENSE) (?P<package>\S+)")
_KINDS = (
    ("zero-clause bsd", "0BSD"),
    ("sil open font license", "OFL-1.1"),
    ("isc license", "ISC"),
    ("mit license", "MIT"),
)
_PACKAGE = Path(projectionist.__file__).parent
_VENDOR = _PACKAGE / "web" / "static" / "vendor"
_CHANGES = (_PACKAGE / "changelog.d", _PACKAGE.parents[1] / "changelog.d")
"""In an installed package, and in a working copy."""


@dataclass(frozen=True, slots=True)
class Version:
    """A part of what runs here, and which one."""

    part: str
    version: str


@dataclass(frozen=True, slots=True)
class ThirdParty:
    """Somebody else's work in this installation; `has_text` says whether its licence lies here in full."""

    name: str
    version: str
    licence: str
    home: str
    has_text: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a user notices."""

    kind: str
    text: str


def versions(database: Database) -> list[Version]:
    """What runs here."""
    libraries = [
        Version(f"FFmpeg {name}", ".".join(map(str, number)))
        for name, number in sorted(av.library_versions.items())
    ]
    return [
        Version("Projectionist", projectionist.__version__),
        Version("Python", platform.python_version()),
        Version("System", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        Version("SQLite" if database.is_sqlite else "PostgreSQL", _database_version(database)),
        Version("PyAV", av.__version__),
        *libraries,
    ]


@lru_cache(maxsize=1)
def third_parties() -> tuple[ThirdParty, ...]:
    """Every package that Projectionist runs on, as its own metadata describes it."""
    found: dict[str, ThirdParty] = {}
    waiting: list[tuple[str, frozenset[str]]] = [("projectionist", frozenset())]
    seen = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            package = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # a part for another system, not installed here
        waiting.extend(_required(package, extras))
        if name != "projectionist":
            found[name] = _third_party(package)
    return tuple(sorted(found.values(), key=lambda one: one.name.lower()))


@lru_cache(maxsize=1)
def vendored() -> tuple[ThirdParty, ...]:
    """What the pages are drawn with, as it lies in static/vendor: from its lock file and licences."""
    found = {}
    for line in (_VENDOR / "assets.lock").read_text(encoding="utf-8").splitlines():
        match = _VENDORED.fullmatch(line)
        if match is not None and (licence := _VENDOR / match["file"]).is_file():
            first = licence.read_text(encoding="utf-8", errors="replace")
            name, _, version = match["package"].rpartition("@")
            found[name] = ThirdParty(name, version, _kind_of(first), "", has_text=True)
    return tuple(found.values())


def licence_text(name: str) -> str:
    """The licence of a package in full. Raises NotFound where none lies here."""
    if name in {one.name for one in vendored()}:
        return _vendored_text(name)
    if not any(_same(one.name) == _same(name) for one in third_parties()):
        raise NotFound(f"{name[:100]} is no part of this installation.")
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in _licence_files(metadata.distribution(name))
    ]
    if not texts:
        raise NotFound(f"{name} brings no text of its licence; its name stands on the page before.")
    return "\n\n".join(texts)


@lru_cache(maxsize=1)
def changes() -> tuple[Change, ...]:
    """What changed, as it was recorded with each change."""
    folder = next((folder for folder in _CHANGES if folder.is_dir()), None)
    if folder is None:
        return ()
    return tuple(
        Change(match["kind"], path.read_text(encoding="utf-8").strip())
        for path in sorted(folder.iterdir())
        if (match := _FRAGMENT.fullmatch(path.name)) is not None
    )


def _database_version(database: Database) -> str:
    with database.read() as session:
        return queries.database_version(session)


def _required(package: metadata.Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What a package runs on, with those of its extras that were asked for."""
    for requirement in package.requires or ():
        for_extra = _FOR_EXTRA.search(requirement)
        if for_extra is not None and for_extra["extra"] not in extras:
            continue
        if (match := _REQUIREMENT.match(requirement)) is not None:
            named = (match["extras"] or "").split(",")
            yield _same(match["name"]), frozenset(extra.strip() for extra in named if extra.strip())


def _third_party(package: metadata.Distribution) -> ThirdParty:
    facts = package.metadata
    return ThirdParty(
        name=facts["Name"],
        version=package.version,
        licence=_licence_of(facts),
        home=_home_of(facts),
        has_text=any(True for _ in _licence_files(package)),
    )


def _licence_of(facts: metadata.PackageMetadata) -> str:
    if "License-Expression" in facts:
        return facts["License-Expression"]
    classified = [
        one.rpartition("::")[2].strip() for one in facts.get_all("Classifier") or () if one[:7] == "License"
    ]
    if classified:
        return ", ".join(classified)
    said = facts["License"].strip() if "License" in facts else ""
    return said if said and "\n" not in said and len(said) < 80 else "see its text"


def _home_of(facts: metadata.PackageMetadata) -> str:
    for line in facts.get_all("Project-URL") or ():
        label, _, address = line.partition(",")
        if label.strip().lower() in ("homepage", "home", "source", "repository", "source code", "github"):
            return address.strip() if address.strip().startswith("https://") else ""
    home = next(iter(facts.get_all("Home-page") or ()), "")
    return home if home.startswith("https://") else ""


def _licence_files(package: metadata.Distribution) -> Iterator[Path]:
    for file in package.files or ():
        if (
            file.suffix in ("", ".txt", ".md", ".rst")
            and _LICENCE_FILE.search(file.name)
            and ".dist-info" in str(file)
        ):
            path = Path(str(file.locate()))
            if path.is_file():
                yield path


def _vendored_text(name: str) -> str:
    for line in (_VENDOR / "assets.lock").read_text(encoding="utf-8").splitlines():
        match = _VENDORED.fullmatch(line)
        if match is not None and match["package"].rpartition("@")[0] == name:
            return (_VENDOR / match["file"]).read_text(encoding="utf-8", errors="replace")
    raise NotFound(f"{name[:100]} is no part of this installation.")


def _kind_of(text: str) -> str:
    """The name of a licence, from how its text begins."""
    head = text[:600].lower()
    return next((name for words, name in _KINDS if words in head), "see its text")


def _same(name: str) -> str:
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()
