"""Publishing is killed at every single call, and what is left is looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from projectionist.kit import files
from tests.pictures import contents
from tests.recovery.publishing import KINDS, publish


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one output of each kind."""
    folder = tmp_path_factory.mktemp("older")
    for kind in KINDS:
        publish(kind, folder, 3)
    return folder


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("nothing")


def visible(left: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in left.items() if not name.startswith(".")}


def publish_often(folder: Path, rounds: int) -> None:
    for number in range(rounds):
        with files.NewFolder(folder / "outer" / "inner", re.compile(r"\d"), with_parent=True) as new:
            new.write(str(number % 3), b"whole")
            new.write(str(number % 3 + 1), b"whole")
            new.publish()
        files.publish_file(folder / "file", lambda file: file.writelines([b"whole"] * 1000))
        files.remove_folder(folder / "outer" / "inner", within=folder)


def sweep_often(folder: Path, rounds: int) -> None:
    for _ in range(rounds):
        files.remove_stale_temporaries(folder)


def publish_and_die(kind: str, way: str, start: Path, home: Path) -> tuple[list[Path], Path]:
    """The folders in which the process was killed, by the number of calls it got, and that of a whole run."""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.recovery.publishing", kind, way, str(start), str(home)],
        cwd=Path(__file__).resolve().parents[2],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    *killed, through = sorted(home.iterdir())
    return killed, through


@pytest.mark.parametrize("kind", [*KINDS, "removal"])
def test_a_kill_at_any_call_leaves_the_old_output_or_the_new_one(
    older: Path, tmp_path: Path, kind: str
) -> None:
    killed, through = publish_and_die(kind, "whole", older, tmp_path / "home")
    whole = (contents(older), contents(through))
    seen = []
    for folder in killed:
        left = visible(contents(folder))
        assert left in whole, folder
        files.remove_stale_temporaries(folder)
        assert contents(folder) == left, folder
        seen.append(whole.index(left))
    assert seen == sorted(seen)
    assert set(seen) == {0, 1}


@pytest.mark.parametrize("kind", [*KINDS, "removal"])
def test_where_folders_cannot_be_swapped_a_second_run_heals_a_kill_at_any_call(
    older: Path, tmp_path: Path, kind: str
) -> None:
    killed, through = publish_and_die(kind, "plain", older, tmp_path / "home")
    whole = (contents(older), contents(through))
    between = []
    for folder in killed:
        left = visible(contents(folder))
        files.remove_stale_temporaries(folder)
        healed = contents(folder)
        assert healed in whole, folder
        if left != healed:  # between setting the old folder aside and putting the new one in its place
            between.append(folder)
            assert healed == whole[0]
            assert {name for name in left if not name.endswith("/")} < set(whole[0])
            publish(kind, folder, 5)
            assert contents(folder) == whole[1]
    assert bool(between) == (kind in ("trickplay", "jpegs"))


@pytest.mark.parametrize("way", ["whole", "plain"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_any_call_leaves_a_first_output_whole_or_absent(
    nothing: Path, tmp_path: Path, kind: str, way: str
) -> None:
    killed, through = publish_and_die(kind, way, nothing, tmp_path / "home")
    whole = contents(through)
    seen = []
    for folder in killed:
        left = visible(contents(folder))
        assert left in ({}, whole), folder
        files.remove_stale_temporaries(folder)
        assert contents(folder) == left, folder
        seen.append(bool(left))
    assert seen == sorted(seen)
    assert set(seen) == {False, True}


def test_many_that_publish_and_sweep_in_one_folder_do_not_disturb_each_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        makers = [pool.submit(publish_often, tmp_path, 20) for _ in range(2)]
        sweepers = [pool.submit(sweep_often, tmp_path, 400) for _ in range(2)]
        for done in (*makers, *sweepers):
            done.result()
    left = contents(tmp_path)
    left.pop("outer/", None)
    assert left == {"file": b"whole" * 1000}
