"""Every house rule finds a deliberate breach, and leaves alone what only looks like one."""

from __future__ import annotations

import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from checks import borders, calls, locks, sizes, tracked


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(dedent(text), encoding="utf-8")


def track(root: Path, name: str, text: str) -> None:
    write(root, name, text)
    subprocess.run(["git", "init", "--quiet", str(root)], check=True)
    subprocess.run(["git", "-C", str(root), "add", "--force", name], check=True)


@pytest.mark.parametrize("folder", ["src", "tests", "bench", "checks"])
def test_a_file_of_501_lines_is_found_and_one_of_500_is_not(tmp_path: Path, folder: str) -> None:
    write(tmp_path, f"{folder}/long.py", "x = 1\n" * 501)
    write(tmp_path, f"{folder}/full.py", "x = 1\n" * 500)
    assert [str(found.path) for found in sizes.long_files(tmp_path)] == [f"{folder}/long.py"]


def test_a_function_of_61_lines_is_found_and_one_of_60_is_not(tmp_path: Path) -> None:
    body = "    x = 1\n"
    write(
        tmp_path,
        "src/a.py",
        f"def long():\n{body * 60}\nasync def also():\n{body * 60}\ndef full():\n{body * 59}",
    )
    assert [found.line for found in sizes.long_functions(tmp_path)] == [1, 63]


@pytest.mark.parametrize(
    "line",
    [
        "import os; os.remove(p)",
        "import os as system; system.unlink(p)",
        "import os; os.rename(p, q)",
        "import os; os.replace(p, q)",
        "import os; os.link(p, q)",
        "import os; os.symlink(p, q)",
        "import os; os.rmdir(p)",
        "import shutil; shutil.move(p, q)",
        "import shutil; shutil.rmtree(p)",
        "import os; remove = os.remove",
        "from shutil import rmtree",
        "from os import replace as swap",
        "from pathlib import Path; Path(p).unlink(missing_ok=True)",
        "p.rmdir()",
        "p.rename(q)",
        "p.replace(q)",
        "p.replace(target=q)",
        "import pathlib; pathlib.Path.replace(p, q)",
        "p.symlink_to(q)",
        "p.hardlink_to(q)",
        "for_each(p.unlink)",
    ],
)
def test_whatever_moves_a_file_is_found(tmp_path: Path, line: str) -> None:
    write(tmp_path, "src/projectionist/features/care/service.py", line)
    assert len(list(calls.moves_outside_files(tmp_path))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "name.replace('a', 'b')",
        "name.replace('a', 'b', 1)",
        "moment.replace(microsecond=0)",
        "from dataclasses import replace; replace(outcome, count=1)",
        "import dataclasses; dataclasses.replace(outcome)",
        "seen.remove(name)",
        "from projectionist.kit import files; files.rename(p, q); files.unlink(p)",
        "import os; os.open(p, os.O_RDONLY)",
    ],
)
def test_what_only_looks_like_moving_a_file_is_left_alone(tmp_path: Path, line: str) -> None:
    write(tmp_path, "src/projectionist/features/care/service.py", line)
    assert list(calls.moves_outside_files(tmp_path)) == []


def test_the_one_module_for_it_may_move_files(tmp_path: Path) -> None:
    write(tmp_path, "src/projectionist/kit/files.py", "import os; os.remove(p)")
    write(tmp_path, "src/projectionist/kit/swaps.py", "import os; os.remove(p)")
    assert list(calls.moves_outside_files(tmp_path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "from sqlalchemy import select; select(Item)",
        "import sqlalchemy as sa; sa.select(Item)",
        "select(Item)",
    ],
)
def test_a_query_outside_queries_is_found_and_one_inside_is_not(tmp_path: Path, line: str) -> None:
    write(tmp_path, "src/projectionist/features/care/service.py", line)
    write(tmp_path, "src/projectionist/features/care/queries.py", line)
    assert [found.path.name for found in calls.selects_outside_queries(tmp_path)] == ["service.py"]


def test_waiting_for_descriptors_is_no_query(tmp_path: Path) -> None:
    write(
        tmp_path,
        "src/a.py",
        "import select, selectors; select.select(r, w, x); selectors.DefaultSelector().select()",
    )
    assert list(calls.selects_outside_queries(tmp_path)) == []


@pytest.mark.parametrize(
    "line",
    [
        "import sqlite3",
        "from projectionist import db",
        "from projectionist.db.engine import x",
        "import sqlalchemy.orm",
    ],
)
def test_a_database_in_frames_is_found_and_one_elsewhere_is_not(tmp_path: Path, line: str) -> None:
    write(tmp_path, "src/projectionist/frames/bif.py", line)
    write(tmp_path, "src/projectionist/jobs/engine.py", line)
    assert [found.path.name for found in borders.databases_in_frames(tmp_path)] == ["bif.py"]


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("from projectionist.features.cache import queries", 1),
        ("from projectionist.features.cache.models import Copy", 1),
        ("from projectionist.features import cache", 1),
        ("from projectionist.features.cache import service", 0),
        ("from projectionist.features.cache.service import warm", 0),
        ("from projectionist.features.previews import queries", 0),
        ("from projectionist.frames import bif", 0),
    ],
)
def test_another_feature_is_reached_through_its_service_only(tmp_path: Path, line: str, count: int) -> None:
    write(tmp_path, "src/projectionist/features/previews/service.py", line)
    assert len(list(borders.features_past_services(tmp_path))) == count


@pytest.mark.parametrize("host", ["py" + "pi.org", "files.python" + "hosted.org", "registry.npm" + "js.org"])
def test_the_address_of_a_package_registry_is_found(tmp_path: Path, host: str) -> None:
    track(tmp_path, "docs/setup.md", f"Get it from https://{host}/simple/ first.")
    assert [found.line for found in tracked.registry_addresses(tmp_path)] == [1]


def test_any_address_in_a_lock_is_found(tmp_path: Path) -> None:
    track(tmp_path, "requirements.lock", "av==18.1.0\n--extra-index-url file://" + "/srv/wheels\n")
    assert [found.line for found in tracked.registry_addresses(tmp_path)] == [2]


@pytest.mark.parametrize(
    "path",
    ["/root" + "/x", "/work" + "/main", "/home" + "/jo/films", "/Users" + "/jo/films", "C:" + "\\Users\\jo"],
)
def test_a_path_of_one_machine_is_found(tmp_path: Path, path: str) -> None:
    track(tmp_path, "bench/films.py", f"FILMS = r'{path}'")
    assert [found.line for found in tracked.machine_paths(tmp_path)] == [1]


@pytest.mark.parametrize(
    "text", ["frames" + "/work" + "/x", "$HOME/films", "https://example.org/home/x/", "/path/to/films"]
)
def test_what_only_looks_like_a_path_of_one_machine_is_left_alone(tmp_path: Path, text: str) -> None:
    track(tmp_path, "README.md", text)
    assert list(tracked.machine_paths(tmp_path)) == []


@pytest.mark.parametrize("name", ["uv.lock", "web/package-lock.json"])
def test_the_lock_of_another_tool_is_found(tmp_path: Path, name: str) -> None:
    track(tmp_path, name, "")
    assert [str(found.path) for found in tracked.foreign_locks(tmp_path)] == [name]


def test_ignored_files_are_nobodys_business(tmp_path: Path) -> None:
    track(tmp_path, ".gitignore", "uv.lock\n")
    write(tmp_path, "uv.lock", "")
    assert list(tracked.foreign_locks(tmp_path)) == []


PROJECT = """
    [project]
    dependencies = ["av>=18.1,<19"]
    [dependency-groups]
    build = ["hatchling"]
    dev = [{ include-group = "build" }, "pytest"]
"""
LOCKED = "av==18.1.0 \\\n    --hash=sha256:0a\nhatchling==1.33.0 \\\n    --hash=sha256:0b\n"
TESTED = "pytest==9.2.0 ; python_version > '3' \\\n    --hash=sha256:0c\n"


@pytest.mark.parametrize(
    ("runtime", "dev", "said"),
    [
        (LOCKED, LOCKED + TESTED, []),
        (LOCKED, LOCKED, ["pytest of pyproject.toml is not in it"]),
        (
            LOCKED.replace("18.1.0", "17.0.0"),
            LOCKED + TESTED,
            ["av<19,>=18.1 of pyproject.toml is not in it"],
        ),
        (LOCKED + "extra==1.0\n", LOCKED + TESTED, ["a locked package has no hash"]),
    ],
)
def test_a_lock_that_does_not_hold_what_is_asked_for_is_found(
    tmp_path: Path, runtime: str, dev: str, said: list[str]
) -> None:
    write(tmp_path, "pyproject.toml", PROJECT)
    write(tmp_path, "requirements.lock", runtime)
    write(tmp_path, "requirements-dev.lock", dev)
    assert [found.message.partition(":")[0] for found in locks.outdated_locks(tmp_path)] == said
