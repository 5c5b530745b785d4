"""A file at rest is taken back, and whoever does it is killed at every call: no byte is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = "tests.recovery.taking_back"
ROOT = Path(__file__).resolve().parents[2]
SCENES: tuple[dict[str, Any], ...] = (
    {"original": True},
    {"original": True, "plain": True},
    {"original": True, "where": "beside", "newer": True},
    {"original": True, "layout": "union"},
    {"original": False},
    {"original": False, "plain": True},
    {"original": False, "where": "beside", "newer": True},
    {"original": False, "where": "place"},
)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scene", SCENES, ids=lambda scene: " ".join(f"{key}={value}" for key, value in scene.items())
)
def test_taking_back_survives_a_kill_at_every_call(tmp_path: Path, scene: dict[str, Any]) -> None:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", PROGRAM, json.dumps(scene), str(tmp_path / "home")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    points = 2 * len(result["names"])
    print(f"{scene}: {points} points")
    assert result["unmarked"] == []
    assert result["wrong"] == []
    assert result["killed"] == points > 0
