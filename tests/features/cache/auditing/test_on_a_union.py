"""Repairs and takings-over beneath a real mergerfs, watched through it by a reader that never pauses."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from projectionist.features.cache.models import Layout
from tests.features.cache.adopting.test_cut_short import SCENES, Scene
from tests.features.cache.auditing.conftest import opened
from tests.features.cache.auditing.ward import FILM, Ward

OPTIONS = (
    "func.getattr=ff,category.search=ff,cache.files=off,cache.entry=0,cache.attr=0,cache.negative_entry=0"
)
GRACE_S = 0.2
BETWEEN = 3


@pytest.fixture
def mounted(tmp_path: Path, prepared: Path) -> Iterator[tuple[Ward, Path]]:
    """The branches of a union, and where it is mounted."""
    if shutil.which("mergerfs") is None or os.geteuid() != 0:
        pytest.skip("mergerfs is not installed, or we may not mount it")
    stage, view = opened(tmp_path / "stage", prepared), tmp_path / "view"
    view.mkdir()
    branches = f"{stage.fast}:{stage.slow}"
    ran = subprocess.run(
        ["mergerfs", "-o", OPTIONS, branches, str(view)], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        stage.close()
        pytest.skip(f"mergerfs cannot be mounted here: {ran.stderr.strip()}")
    yield Ward(stage, Layout.UNION), view
    subprocess.run(["umount", "--lazy", str(view)], check=True)
    stage.close()


def watched(path: Path, act: Callable[[], object]) -> tuple[int, int, set[bytes]]:
    """Reads of a path while something is done: how many, how many found nothing, and the contents they saw.

    A union looks for the branch first and opens the file there then. Where a name goes between the two it says that
    there is none, and the very next look is right: of those only more than BETWEEN count.
    """
    ends, seen = threading.Event(), set()
    reads = missing = between = 0

    def read() -> None:
        nonlocal reads, missing, between
        while not ends.is_set():
            reads += 1
            try:
                seen.add(path.read_bytes())
            except OSError:
                try:
                    seen.add(path.read_bytes())
                    between += 1
                except OSError:
                    missing += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        act()
    finally:
        ends.set()
        reader.join()
    return reads, missing + max(0, between - BETWEEN), seen


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_whoever_looks_through_the_union_never_misses_the_film(
    mounted: tuple[Ward, Path], scene: Scene
) -> None:
    ward, view = mounted
    ward.stage.desk = ward.stage.desk.__class__(
        ward.stage.journal, ward.stage.viewers, ward.stage.server, grace_s=GRACE_S
    )
    good = scene.arrange(ward)
    before, contents = (view / FILM).read_bytes(), set(ward.everything())
    reads, missing, seen = watched(view / FILM, lambda: scene.act(ward))
    assert (missing, (view / FILM).read_bytes()) == (0, good)
    assert seen <= {before, good}
    assert reads > 1
    assert contents <= set(ward.everything())
    assert ward.found() == []
