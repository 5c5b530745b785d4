"""What holds for every test: no far sockets, no skipping under CI, one Hypothesis, a Ctrl-C that is heard."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Generator
from ipaddress import ip_address
from types import FrameType
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

CI = os.environ.get("CI", "").lower() not in ("", "0", "false")

settings.register_profile(
    "house",
    deadline=None,
    derandomize=CI,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)  # a web program is a hundred thousand objects, and soon gone


@pytest.fixture(autouse=True)
def heard_signals() -> None:
    """What a test starts hears Ctrl-C, though a gate in the background, or a command run in here, has it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _refuse_far_sockets(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if host and not _is_here(host):
        raise RuntimeError(f"A test reached for {host}; tests talk to this machine only.")


def _is_here(host: str | bytes) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name == "localhost":
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


sys.addaudithook(_refuse_far_sockets)


def _leave_databases_to_sqlite(event: str, arguments: tuple[Any, ...]) -> None:
    """Our code opens no file that SQLite has open: closing it would take the locks of the whole process away."""
    if event != "open" or not str(arguments[0]).endswith(_DATABASES):
        return
    makes_it = arguments[2] & os.O_EXCL  # and opens nothing that is there
    if makes_it or not _is_open(arguments[0]):
        return
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and "/lib/python" in frame.f_code.co_filename:
        frame = frame.f_back
    if frame is not None and "/src/projectionist/" in frame.f_code.co_filename:
        where = f"{frame.f_code.co_filename}:{frame.f_lineno}"
        raise RuntimeError(
            f"{where} opens {arguments[0]} beside SQLite, which ends the locks that protect it."
        )


def _is_open(path: str) -> bool:
    """Whether this process has a file open; a name that a descriptor had until now is none."""
    real = os.path.realpath(path)
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - Path opens the folder by scandir, which is heard too
        try:
            if os.readlink(f"/proc/self/fd/{number}") == real:  # noqa: PTH115
                return True
        except OSError:
            continue
    return False


_DATABASES = ("projectionist.sqlite", "jobs.sqlite", "sqlite-wal", "sqlite-shm")
sys.addaudithook(_leave_databases_to_sqlite)


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Under CI a failure is told when it happens: a run that is cut off says nothing at its end."""
    if CI and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        said = [line for line in report.longreprtext.splitlines() if line.startswith("E ")]
        sys.stderr.write("\n".join(["", f"failed: {report.nodeid} ({report.when})", *said[:9], ""]))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under CI a skipped test has failed: what is never run there is never run."""
    report = yield
    if CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"Skipped, which under CI is a failure: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a whole module that skips itself."""
    report = yield
    if CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = f"Skipped, which under CI is a failure: {_reason(report.longrepr)}"
    return report


def _reason(shown: object) -> str:
    return str(shown[2] if isinstance(shown, tuple) else shown).removeprefix("Skipped: ")
