"""The browser's files that others wrote: fetched from their packages, kept with their SHA-512, never edited.

`python -m checks.assets` fetches them anew with the package client of the machine and writes the lock.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from checks.modules import Finding

STATIC = Path("src/projectionist/web/static")
LOCK = STATIC / "vendor/assets.lock"
SPRITE = "icons.svg"

PACKAGES: Mapping[str, str] = {
    "@fontsource-variable/inter": "5.3.0",
    "htmx.org": "2.0.11",
    "idiomorph": "0.8.0",
    "lucide-static": "1.62.0",
    "uplot": "1.6.32",
}

MEMBERS: Mapping[str, tuple[str, str]] = {
    "vendor/htmx.min.js": ("htmx.org", "dist/htmx.min.js"),
    "vendor/htmx.LICENSE": ("htmx.org", "LICENSE"),
    "vendor/idiomorph-ext.min.js": ("idiomorph", "dist/idiomorph-ext.min.js"),
    "vendor/idiomorph.LICENSE": ("idiomorph", "LICENSE"),
    "vendor/inter-latin.woff2": ("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2"),
    "vendor/inter-latin-ext.woff2": ("@fontsource-variable/inter", "files/inter-latin-ext-wght-normal.woff2"),
    "vendor/inter.LICENSE": ("@fontsource-variable/inter", "LICENSE"),
    "vendor/lucide.LICENSE": ("lucide-static", "LICENSE"),
    "vendor/uplot.min.css": ("uplot", "dist/uPlot.min.css"),
    "vendor/uplot.min.js": ("uplot", "dist/uPlot.iife.min.js"),
    "vendor/uplot.LICENSE": ("uplot", "LICENSE"),
}

ICONS = Path(__file__).parent / "icons.txt"
"""The icons of the sprite, one name a line."""


def changed_assets(root: Path) -> Iterator[Finding]:
    """Files of others that are not, byte for byte, what the lock says; and those that it does not know."""
    if not (root / LOCK).is_file():
        return
    locked = read_lock(root)
    for name, digest in locked.items():
        path = root / STATIC / name
        if not path.is_file():
            yield Finding(LOCK, 1, f"{name} is locked but not there; run `python -m checks.assets`.")
        elif sha512(path.read_bytes()) != digest:
            yield Finding(STATIC / name, 1, "differs from the lock; run `python -m checks.assets`.")
    for path in sorted((root / STATIC / "vendor").iterdir()):
        name = path.relative_to(root / STATIC).as_posix()
        if path.name != LOCK.name and name not in locked:
            yield Finding(STATIC / name, 1, "is not in the lock; name it in checks/assets.py.")


def read_lock(root: Path) -> dict[str, str]:
    """The SHA-512 of each file by its name below the static folder."""
    lines = [line.split() for line in (root / LOCK).read_text(encoding="utf-8").splitlines()]
    return {line[1]: line[0] for line in lines if len(line) >= 2 and line[0] != "#"}


def sha512(content: bytes) -> str:
    """The digest as the lock writes it."""
    return hashlib.sha512(content).hexdigest()


def fetch(root: Path) -> None:
    """Fetch every package, take out the members that are used, build the sprite, write the lock."""
    lines = ["# SHA-512, file, package: written by `python -m checks.assets`."]
    with tempfile.TemporaryDirectory() as scratch:
        packages = {name: _pack(name, version, Path(scratch)) for name, version in PACKAGES.items()}
        made = {target: (_member(packages[name], member), name) for target, (name, member) in MEMBERS.items()}
        made[SPRITE] = (sprite(packages["lucide-static"]), "lucide-static")
    for target, (content, name) in sorted(made.items()):
        path = root / STATIC / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        lines.append(f"{sha512(content)} {target} {name}@{PACKAGES[name]}")
    (root / LOCK).write_text("\n".join(lines) + "\n", encoding="utf-8")


def sprite(package: Path) -> bytes:
    """One file with the icons that are used, each a symbol by its name."""
    symbols = []
    for name in sorted(ICONS.read_text(encoding="utf-8").split()):
        source = _member(package, f"icons/{name}.svg").decode()
        inner = re.sub(
            r"\s+", " ", source[source.index(">", source.index("<svg")) + 1 : source.rindex("</svg>")]
        )
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner.strip()}</symbol>')
    head = (
        '<svg xmlns="http://www.w3.org/2000/svg" fill="none" stroke="currentColor" stroke-width="2" '
        'stroke-linecap="round" stroke-linejoin="round">'
    )
    return (head + "\n" + "\n".join(symbols) + "\n</svg>\n").encode()


def _pack(name: str, version: str, folder: Path) -> Path:
    command = ["npm", "pack", "--silent", "--pack-destination", str(folder), f"{name}@{version}"]
    written = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout
    return folder / written.strip().splitlines()[-1]


def _member(package: Path, member: str) -> bytes:
    with tarfile.open(package) as archive:
        found = archive.extractfile(f"package/{member}")
        if found is None:
            raise FileNotFoundError(f"{package.name} has no {member}")
        return found.read()


if __name__ == "__main__":
    fetch(Path(__file__).resolve().parent.parent)
    sys.exit(0)
