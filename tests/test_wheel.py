"""What an installation is made of."""

from __future__ import annotations

from pathlib import Path
from zipfile import ZipFile

from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parent.parent


def test_an_installation_can_tell_what_changed(tmp_path: Path) -> None:
    (wheel,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
    changes = {f"projectionist/changelog.d/{path.name}" for path in (ROOT / "changelog.d").glob("*.md")}
    assert changes <= names
    assert {"projectionist/web/static/app.css", "projectionist/db/migrations/env.py"} <= names
