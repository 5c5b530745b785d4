"""The commands of the Makefile, with a recorder in place of projectionist."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

RECORDER = f"""#!{sys.executable}
import json, os, sys
with open("calls", "a") as calls:
    print(json.dumps(sys.argv[1:]), file=calls)
with open("settings", "a") as settings:
    print(json.dumps({{k: v for k, v in os.environ.items() if k.startswith("PROJECTIONIST_")}}), file=settings)
sys.exit("--fail" in sys.argv)
"""

INSTALLER = """#!/bin/sh
if [ "$1" = -c ]; then echo ok; else echo "$@" >>installed; fi
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the Makefile with everything installed."""
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    programs = tmp_path / ".venv/bin"
    programs.mkdir(parents=True)
    write_program(programs / "python", INSTALLER)
    write_program(programs / "projectionist", RECORDER)
    (tmp_path / ".venv/.installed").touch()
    return tmp_path


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def make(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    surroundings = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    for ours in ("media", "plex_url", "plex_token", "data"):
        surroundings.pop(ours, None)
    return subprocess.run(
        ["make", *arguments],
        cwd=checkout,
        env={**surroundings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def settings(checkout: Path) -> list[dict[str, str]]:
    """What each program found in its environment that is meant for it."""
    return [json.loads(line) for line in (checkout / "settings").read_text().splitlines()]


def calls(checkout: Path) -> list[list[str]]:
    return [json.loads(line) for line in (checkout / "calls").read_text().splitlines()]


@pytest.mark.parametrize(
    "folder",
    [
        "/films",
        '/my films/it\'s "good"',
        "/a;b & c",
        "/price $5 $(HOME) `id` \\",
        "-films",
        "/Amélie #1",
        "/100%",
    ],
)
def test_a_folder_may_be_called_anything(checkout: Path, folder: str) -> None:
    assert make(checkout, "previews", f"MEDIA={folder}").returncode == 0
    assert calls(checkout) == [["previews", "make", "--", folder]]


def test_the_folder_may_come_from_the_environment(checkout: Path) -> None:
    assert make(checkout, "previews", MEDIA="/my films").returncode == 0
    assert calls(checkout) == [["previews", "make", "--", "/my films"]]


def test_a_tilde_that_the_shell_left_alone_is_the_home_folder(checkout: Path) -> None:
    assert make(checkout, "previews", "MEDIA=~/films", HOME="/the house").returncode == 0
    assert calls(checkout) == [["previews", "make", "--", "/the house/films"]]


def test_more_options_are_passed_on(checkout: Path) -> None:
    assert make(checkout, "previews", "MEDIA=/films", "ARGS=--width 240 --include '*.mkv'").returncode == 0
    assert calls(checkout) == [["previews", "make", "--width", "240", "--include", "*.mkv", "--", "/films"]]


def test_without_a_folder_films_are_made_first(checkout: Path) -> None:
    assert make(checkout, "previews").returncode == 0
    assert calls(checkout) == [
        ["demo", "make", "demo-house/films"],
        ["previews", "make", "--output", "demo-house/previews", "--", "demo-house/films"],
    ]


@pytest.mark.parametrize(
    "folder", ["/films", '/my films/it\'s "good"', "/price $5 $(HOME) `id` \\", "-films"]
)
def test_the_service_is_told_by_its_environment_what_to_connect(checkout: Path, folder: str) -> None:
    ran = make(
        checkout,
        "run",
        f"MEDIA={folder}",
        "PLEX_URL=http://127.0.0.1:32400",
        PLEX_TOKEN="a $ecret",
        DATA="/da ta",
    )
    assert ran.returncode == 0
    assert calls(checkout) == [["serve", "--data", "/da ta"]]
    assert settings(checkout) == [
        {
            "PROJECTIONIST_MEDIA": folder,
            "PROJECTIONIST_PLEX_URL": "http://127.0.0.1:32400",
            "PROJECTIONIST_PLEX_TOKEN": "a $ecret",
        }
    ]
    assert "ecret" not in ran.stdout + ran.stderr


@pytest.mark.parametrize("folder", ["/price $5 $(HOME)", "/da ta"])
def test_a_data_folder_that_the_environment_names_is_left_to_it(checkout: Path, folder: str) -> None:
    assert make(checkout, "run", PROJECTIONIST_DATA=folder).returncode == 0
    assert calls(checkout) == [["serve"]]
    assert settings(checkout) == [{"PROJECTIONIST_DATA": folder}]


def test_a_data_folder_that_is_given_goes_before_that_of_the_environment(checkout: Path) -> None:
    assert make(checkout, "run", "DATA=/given", PROJECTIONIST_DATA="/named").returncode == 0
    assert calls(checkout) == [["serve", "--data", "/given"]]


def test_the_service_starts_with_nothing_said(checkout: Path) -> None:
    assert make(checkout, "run").returncode == 0
    assert calls(checkout) == [["serve", "--data", "projectionist-data"]]
    assert settings(checkout) == [{}]


def test_a_failed_run_is_a_failed_make(checkout: Path) -> None:
    assert make(checkout, "previews", "MEDIA=/films", "ARGS=--fail").returncode != 0


def test_installing_again_does_nothing(checkout: Path) -> None:
    installed = make(checkout, "install")
    assert installed.returncode == 0
    assert "Nothing to be done" in installed.stdout


def test_a_changed_lock_is_installed_with_its_hashes_checked(checkout: Path) -> None:
    os.utime(checkout / ".venv/.installed", (0, 0))
    assert make(checkout, "install").returncode == 0
    dependencies, package = (checkout / "installed").read_text().splitlines()
    assert dependencies.endswith("--require-hashes -r requirements.lock")
    assert package.endswith("--no-index --no-deps --no-build-isolation --editable .")
    assert "Nothing to be done" in make(checkout, "install").stdout


def test_an_old_python_is_refused_in_one_sentence(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    write_program(checkout / "python2", "#!/bin/sh\nexit 1\n")
    refused = make(checkout, "install", "PYTHON=./python2")
    assert refused.returncode != 0
    assert refused.stderr.startswith("Python 3.11 or newer is needed and none of these is: ./python2;")


def test_a_python_that_cannot_make_environments_is_refused_in_one_sentence(checkout: Path) -> None:
    shutil.rmtree(checkout / ".venv")
    write_program(checkout / "bare", '#!/bin/sh\ncase "$2" in *ensurepip*) exit 1 ;; esac\n')
    refused = make(checkout, "install", "PYTHON=./bare")
    assert refused.returncode != 0
    assert refused.stderr.startswith("./bare cannot create environments; install its venv part")
