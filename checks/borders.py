"""Borders between parts of the house that import-linter's contracts cannot draw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from checks.modules import Finding, modules_below

PACKAGE = Path("src/projectionist")
DATABASES = frozenset({"db", "sqlite3", "sqlalchemy", "alembic", "psycopg"})


def databases_in_frames(root: Path) -> Iterator[Finding]:
    """Imports of a database, ours or another's, anywhere in frames/."""
    for module in modules_below(root, str(PACKAGE / "frames")):
        for line, name in module.imports():
            if DATABASES.intersection(name.split(".")):
                yield module.finding(
                    line, f"{name} is imported; frames/ turns files into pictures and knows no database."
                )


def features_past_services(root: Path) -> Iterator[Finding]:
    """Imports from another feature of anything but its service."""
    features = root / PACKAGE / "features"
    for folder in sorted(path for path in features.glob("*") if path.is_dir()):
        for module in modules_below(root, str(folder.relative_to(root))):
            for line, name in module.imports():
                other = _feature_reached(name)
                if other not in (None, folder.name) and f"{name}.".split(".")[3] != "service":
                    yield module.finding(
                        line, f"{name} is imported; a feature is called through its service only."
                    )


def _feature_reached(name: str) -> str | None:
    """`previews` for `projectionist.features.previews.service`; None outside the features."""
    parts = name.split(".")
    return parts[2] if parts[:2] == ["projectionist", "features"] and len(parts) > 2 else None
