"""A film that changes disks is killed at every call, recovered, and read all the while."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

BETWEEN = 3
"""So often at most a real union's own look and its opening may fall on both sides of a copy's going."""

ROOT = Path(__file__).resolve().parents[2]
FLAGS: tuple[dict[str, bool], ...] = (
    {},
    {"back": True},
    {"back": True, "changed": True},
    {"linked": True},
    {"back": True, "linked": True},
)


def run(scene: dict[str, Any], home: Path, *views: Path) -> dict[str, Any]:
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.recovery.swapping", json.dumps(scene), str(home)]
        + [str(view) for view in views],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(json.loads(ran.stdout))


def require_unharmed(result: dict[str, Any], scene: dict[str, Any]) -> None:
    points = 2 * len(result["names"])
    print(
        f"{scene}: {points} points, {result['killed_again']} in recoveries, {result['polls']} polls, "
        f"{result['between']} between a union's two steps"
    )
    assert result["unmarked"] == []
    assert result["wrong"] == []
    assert result["killed"] == points
    assert (result["missing"], result["other"]) == (0, 0)
    assert result["between"] <= BETWEEN
    assert result["polls"] > 100


@pytest.mark.slow
@pytest.mark.parametrize("plain", [False, True], ids=["exchange", "hard link"])
@pytest.mark.parametrize("flags", FLAGS, ids=lambda flags: " ".join(flags) or "in")
def test_a_film_behind_a_link_survives_a_kill_at_every_call(
    tmp_path: Path, flags: dict[str, bool], plain: bool
) -> None:
    scene = {"layout": "symlink", "plain": plain, **flags}
    home = tmp_path / "home"
    require_unharmed(run(scene, home, home / "slow"), scene)


@pytest.mark.slow
@pytest.mark.parametrize("flags", FLAGS[:3], ids=lambda flags: " ".join(flags) or "in")
def test_a_film_on_two_branches_survives_a_kill_at_every_call(tmp_path: Path, flags: dict[str, bool]) -> None:
    scene = {"layout": "union", **flags}
    home = tmp_path / "home"
    require_unharmed(run(scene, home, home / "fast", home / "slow"), scene)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["symlink", "union"])
@pytest.mark.parametrize("back", [False, True], ids=["in", "back"])
def test_a_film_and_its_sidecar_survive_a_kill_at_every_call(tmp_path: Path, back: bool, layout: str) -> None:
    scene = {"layout": layout, "sidecars": True, "back": back}
    home = tmp_path / "home"
    require_unharmed(run(scene, home, home / "fast", home / "slow"), scene)


@pytest.mark.slow
@pytest.mark.parametrize("flags", [{"back": False}, {"back": True}], ids=["in", "back"])
@pytest.mark.parametrize("plain", [False, True], ids=["exchange", "hard link"])
def test_a_recovery_that_is_killed_is_recovered_from(
    tmp_path: Path, flags: dict[str, bool], plain: bool
) -> None:
    scene = {"plain": plain, "twice": True, **flags}
    home = tmp_path / "home"
    result = run(scene, home, home / "slow")
    require_unharmed(result, scene)
    assert result["killed_again"] > 0


@pytest.fixture
def union(tmp_path: Path) -> Iterator[Path]:
    """A real mergerfs of the two tiers to come."""
    if shutil.which("mergerfs") is None or os.geteuid() != 0:
        pytest.skip("mergerfs is not installed, or we may not mount it")
    home, view = tmp_path / "home", tmp_path / "view"
    for folder in (home / "slow", home / "fast", view):
        folder.mkdir(parents=True)
    options = (
        "func.getattr=ff,category.search=ff,cache.files=off,cache.entry=0,cache.attr=0,cache.negative_entry=0"
    )
    mounted = mount(["mergerfs", "-o", options, f"{home / 'fast'}:{home / 'slow'}", str(view)])
    if mounted:
        pytest.skip(f"mergerfs cannot be mounted here: {mounted}")
    yield view
    subprocess.run(["umount", "--lazy", str(view)], check=True)


def mount(command: Sequence[str]) -> str:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stderr.strip() or "it gave no reason" if ran.returncode else ""


@pytest.mark.slow
@pytest.mark.parametrize("flags", FLAGS[:3], ids=lambda flags: " ".join(flags) or "in")
def test_a_real_union_shows_the_film_through_a_kill_at_every_call(
    union: Path, tmp_path: Path, flags: dict[str, bool]
) -> None:
    scene = {"layout": "union", **flags}
    require_unharmed(run(scene, tmp_path / "home", union), scene)


CHANGES = re.compile(
    r"\b(?:open(?:at)?\(.*O_(?:WRONLY|RDWR|CREAT)|p?write(?:64|v)?\(|f?truncate\(|f(?:data)?sync\(|rename(?:at2?)?\("
    r"|link(?:at)?\(|symlink(?:at)?\(|unlink(?:at)?\(|mkdir(?:at)?\(|rmdir\(|f?l?chown(?:at)?\(|f?chmod(?:at)?\("
    r"|utimensat\(|futimens\(|f?l?setxattr\(|sendfile\(|copy_file_range\(|fallocate\()"
)


@pytest.mark.slow
@pytest.mark.parametrize("back", [False, True], ids=["in", "back"])
def test_the_kernel_sees_no_change_of_a_file_but_at_a_point(tmp_path: Path, back: bool) -> None:
    """Python's own audit may be blind; strace is asked what was changed on the two tiers, and must count the same."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    home, trace = tmp_path / "home", tmp_path / "trace"
    prepare = [sys.executable, "-W", "ignore", "-m", "tests.recovery.swapping"]
    scene = json.dumps({"back": back, "changed": back})
    counted = subprocess.run(
        [strace, "-f", "-y", "-qq", "-s", "4096", "-o", str(trace), *prepare, "count", scene, str(home)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if counted.returncode:
        pytest.skip(f"strace cannot trace here: {counted.stderr.strip()[-200:]}")
    names = json.loads(counted.stdout)["names"]
    lines = trace.read_text().splitlines()
    begun = next(number for number, line in enumerate(lines) if "the operation begins" in line)
    ended = next(number for number, line in enumerate(lines) if "the operation has ended" in line)
    tiers = [f"{home}/{tier}" for tier in ("slow", "fast")]
    seen = [
        line
        for line in lines[begun:ended]
        if any(tier in line for tier in tiers)
        and "projectionist.sqlite" not in line
        and CHANGES.search(line.partition(" ")[2])
    ]
    assert len(seen) == len(names), (names, seen)
