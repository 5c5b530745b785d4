"""Every import contract of pyproject.toml catches a deliberate breach."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

HOUSE = (
    "app.py cli/main.py demo/films.py features/previews/service.py features/previews/queries.py "
    "features/previews/models.py features/previews/pages.py features/cache/service.py integrations/plex/client.py "
    "web/guards.py jobs/queue.py frames/bif.py media/models.py db/engine.py kit/files.py settings.py errors.py"
)
"""The whole house, built and unbuilt."""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    package = tmp_path / "projectionist"
    for name in HOUSE.split():
        module = package / name
        module.parent.mkdir(parents=True, exist_ok=True)
        module.touch()
        for folder in module.relative_to(tmp_path).parents[:-1]:
            (tmp_path / folder / "__init__.py").touch()
    return package


def lint(house: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=house.parent, capture_output=True, text=True, check=False)


def test_the_house_as_designed_keeps_its_contracts(house: Path) -> None:
    (house / "app.py").write_text("from projectionist.features.previews import service\n")
    (house / "features/previews/service.py").write_text("from projectionist.frames import bif\n")
    assert lint(house).returncode == 0


@pytest.mark.parametrize(
    ("module", "imported", "contract"),
    [
        ("demo/films.py", "cli.main", "Imports go down"),
        ("features/previews/service.py", "demo.films", "Imports go down"),
        ("features/previews/service.py", "integrations.plex.client", "Imports go down"),
        ("integrations/plex/client.py", "features.previews.service", "Imports go down"),
        ("web/guards.py", "jobs.queue", "Imports go down"),
        ("jobs/queue.py", "features.previews.service", "Imports go down"),
        ("frames/bif.py", "features.previews.service", "Imports go down"),
        ("media/models.py", "frames.bif", "Imports go down"),
        ("media/models.py", "db.engine", "Imports go down"),
        ("kit/files.py", "frames.bif", "Imports go down"),
        ("errors.py", "kit.files", "Imports go down"),
        ("features/previews/models.py", "features.previews.queries", "Inside a feature"),
        ("features/previews/queries.py", "features.previews.service", "Inside a feature"),
        ("features/previews/service.py", "features.previews.pages", "Inside a feature"),
    ],
)
def test_an_import_up_the_house_breaks_a_contract(
    house: Path, module: str, imported: str, contract: str
) -> None:
    (house / module).write_text(f"import projectionist.{imported}\n")
    linted = lint(house)
    assert linted.returncode == 1
    assert any(line.startswith(contract) and "BROKEN" in line for line in linted.stdout.splitlines()), (
        linted.stdout
    )


def test_features_that_call_each_other_in_a_circle_break_a_contract(house: Path) -> None:
    (house / "features/previews/service.py").write_text("import projectionist.features.cache.service\n")
    assert lint(house).returncode == 0
    (house / "features/cache/service.py").write_text("import projectionist.features.previews.service\n")
    linted = lint(house)
    assert linted.returncode == 1
    assert "Features form no cycles BROKEN" in linted.stdout


def test_a_part_that_has_no_floor_breaks_a_contract(house: Path) -> None:
    (house / "helpers.py").touch()
    linted = lint(house)
    assert linted.returncode == 1
    assert "projectionist.helpers" in linted.stdout
