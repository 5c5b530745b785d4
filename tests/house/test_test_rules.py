"""The rules that tests/rules.py lays on every test, tried on tests that break them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

RULES = Path(__file__).resolve().parents[1] / "rules.py"

SKIPS = """
import pytest

@pytest.mark.skipif(True, reason="no such codec")
def test_marked(): ...

def test_called():
    pytest.skip("no such disk")

@pytest.fixture
def film():
    pytest.skip("no such film")

def test_asked(film): ...

@pytest.mark.xfail(strict=True, reason="known")
def test_known():
    assert False

def test_runs(): ...
"""


def run_tests(folder: Path, text: str, *options: str, ci: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(RULES, folder / "conftest.py")
    (folder / "test_it.py").write_text(text)
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-rA",
            *options,
            "--rootdir",
            str(folder),
            str(folder),
        ],
        cwd=folder,
        env={**os.environ, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("ci", "workers"), [("1", "-n0"), ("true", "-n1")])
def test_under_ci_a_skipped_test_is_a_failure_that_says_why(tmp_path: Path, ci: str, workers: str) -> None:
    ran = run_tests(tmp_path, SKIPS, workers, ci=ci)
    assert ran.returncode == 1
    assert all(reason in ran.stdout for reason in ("no such codec", "no such disk", "no such film"))
    assert "skipped" not in ran.stdout.splitlines()[-1]
    assert "1 failed, 1 passed, 1 xfailed, 2 errors" in ran.stdout.splitlines()[-1]


@pytest.mark.parametrize("ci", ["", "false"])
def test_elsewhere_a_test_may_be_skipped(tmp_path: Path, ci: str) -> None:
    ran = run_tests(tmp_path, SKIPS, "-n0", ci=ci)
    assert ran.returncode == 0
    assert "1 passed, 3 skipped, 1 xfailed" in ran.stdout.splitlines()[-1]


def test_under_ci_a_module_that_skips_itself_is_a_failure(tmp_path: Path) -> None:
    ran = run_tests(
        tmp_path, "import pytest; pytest.skip('no such module', allow_module_level=True)", "-n0", ci="1"
    )
    assert ran.returncode != 0
    assert "no such module" in ran.stdout


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org"])
def test_a_connection_to_another_machine_is_refused(host: str) -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.create_connection((host, 80), timeout=1)


def test_a_datagram_to_another_machine_is_refused() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        pytest.raises(RuntimeError, match="192"),
    ):
        sender.sendto(b"x", ("192.0.2.1", 9))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_connection_to_this_machine_is_made(host: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1]), timeout=5) as made,
    ):
        assert made.getpeername()[0] == "127.0.0.1"
