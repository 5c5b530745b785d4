"""What Projectionist is made of: a bill of materials (CycloneDX) and a list of licences, from the locks.

`python -m checks.bill` prints the bill, `python -m checks.bill licences` the list; its status is 1 where a package
that is locked for this machine is not installed, for nobody can tell its licence then.
"""

from __future__ import annotations

import json
import re
import sys
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import Marker

from checks.assets import LOCK as ASSETS
from checks.assets import PACKAGES
from projectionist import __version__

ROOT = Path(__file__).resolve().parent.parent
UNKNOWN = "unknown"
_LOCKED = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.*?))? \\$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_SHA512 = re.compile(r"^(?P<hash>[0-9a-f]{128}) (?P<file>\S+) (?P<package>\S+)$")
_NAMESPACE = uuid.UUID("6f0e7f7e-6f2b-4a6e-9a55-0d6b6b9d9c1e")
"""By chance, once: so that the same parts always have the same number."""


@dataclass(frozen=True, slots=True)
class Part:
    """A locked package. `kind` is its ecosystem as package addresses name it, `hashes` those of its files."""

    kind: str
    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""

    @property
    def address(self) -> str:
        """Its package address (purl)."""
        return f"pkg:{self.kind}/{self.name.replace('@', '%40')}@{self.version}"

    @property
    def is_for_here(self) -> bool:
        """Whether it is locked for machines such as this one."""
        return not self.marker or Marker(self.marker).evaluate()


def locked_parts(lock: Path) -> list[Part]:
    """The packages of a lock, in its order."""
    found: list[Part] = []
    for entry in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8")):
        match = _LOCKED.match(entry.partition("\n")[0])
        if match is not None:
            hashes = tuple(_HASH.findall(entry))
            found.append(Part("pypi", match["name"], match["version"], hashes, match["marker"] or ""))
    return found


def vendored_parts(root: Path) -> list[Part]:
    """The packages that the pages bring to browsers."""
    files: dict[str, list[str]] = {}
    for line in (root / ASSETS).read_text(encoding="utf-8").splitlines():
        if (match := _SHA512.match(line)) is not None:
            files.setdefault(match["package"].rpartition("@")[0], []).append(match["hash"])
    return [
        Part("npm", name, version, tuple(files.get(name, ()))) for name, version in sorted(PACKAGES.items())
    ]


def licence_of(part: Part) -> str:
    """What a package says of its licence, where it is installed here."""
    if part.kind != "pypi":
        return UNKNOWN
    try:
        facts = metadata.metadata(part.name)
    except metadata.PackageNotFoundError:
        return UNKNOWN
    if "License-Expression" in facts:
        return str(facts["License-Expression"])
    named = [one for one in facts.get_all("Classifier") or () if one.startswith("License ::")]
    if named:
        return ", ".join(one.rpartition("::")[2].strip() for one in named)
    said = str(facts["License"]).strip() if "License" in facts else ""
    return said if said and "\n" not in said and len(said) < 80 else UNKNOWN


def bill(parts: Sequence[Part]) -> dict[str, Any]:
    """The parts as CycloneDX 1.6 has them; made twice of the same parts it is the same."""
    components = [_component(part) for part in parts]
    seed = json.dumps(components, sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, seed)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "projectionist",
                "name": "projectionist",
                "version": __version__,
            }
        },
        "components": components,
        "dependencies": [{"ref": "projectionist", "dependsOn": sorted({part.address for part in parts})}],
    }


def _component(part: Part) -> dict[str, Any]:
    algorithm = "SHA-256" if part.kind == "pypi" else "SHA-512"
    licence = licence_of(part)
    marker = [{"name": "marker", "value": part.marker}] if part.marker else []
    hashes = [{"name": f"{algorithm} of a file", "value": one} for one in part.hashes]
    return {
        "type": "library",
        "bom-ref": part.address,
        "name": part.name,
        "version": part.version,
        "purl": part.address,
        "licenses": [] if licence == UNKNOWN else [{"license": {"name": licence}}],
        "properties": [*marker, *hashes],
    }


def _lines(parts: Sequence[Part]) -> Iterator[str]:
    widest = max((len(f"{part.name} {part.version}") for part in parts), default=0)
    for part in parts:
        yield f"{f'{part.name} {part.version}':{widest}}  {licence_of(part)}"


def main(wanted: list[str]) -> int:
    """Print the bill or the list; 1 where a package that belongs here is not installed."""
    parts = [part for part in locked_parts(ROOT / "requirements.lock") if part.is_for_here]
    everything = [*parts, *vendored_parts(ROOT)]
    if wanted == ["licences"]:
        print("\n".join(_lines(parts)))
    elif not wanted:
        print(json.dumps(bill(everything), indent=2))
    else:
        print("There are two: the bill, and with `licences` the list.", file=sys.stderr)
        return 2
    missing = [part.name for part in parts if not _is_installed(part)]
    if missing:
        print(
            f"Not installed here, so that nobody can tell its licence: {', '.join(missing)}", file=sys.stderr
        )
    return 1 if missing else 0


def _is_installed(part: Part) -> bool:
    try:
        metadata.version(part.name)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
