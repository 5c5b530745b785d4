"""Whether the tests have seen every state that a check of the doctor can come to.

A check comes to its states by `passed`, `warned`, `failed` and `unknown`. Each place in the code that calls one of
them must be reached by a test of the doctor; where one is not, the run that holds all of them has failed.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from projectionist.features.doctor import checks
from projectionist.features.doctor.checks import Finding

STATES = (checks.passed, checks.warned, checks.failed, checks.unknown)
SEEN = "states of the doctor's checks"
_HERE = Path(__file__).parent


def subjects() -> list[ModuleType]:
    """The modules that hold checks."""
    from projectionist.features.doctor.service import CHECKS  # noqa: PLC0415 - most runs need no doctor

    return [sys.modules[name] for name in dict.fromkeys(check.look.__module__ for check in CHECKS)]


@pytest.fixture(autouse=True)
def seen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    """Keep, with the report of each test, which states were come to, and where."""
    places: set[str] = set()
    for module in subjects():
        for state in STATES:
            if state.__name__ in vars(module):
                monkeypatch.setattr(module, state.__name__, _recording(state, places))
    yield
    request.node.user_properties.append((SEEN, sorted(places)))


def _recording(state: Callable[[str], Finding], places: set[str]) -> Callable[[str], Finding]:
    def recorded(evidence: str) -> Finding:
        caller = sys._getframe(1)
        places.add(_place(Path(caller.f_code.co_filename), caller.f_lineno, state.__name__))
        return state(evidence)

    return recorded


def _place(file: Path, line: int, state: str) -> str:
    return f"{file.name}:{line} {state}"


def all_places() -> set[str]:
    """Every place that a check comes to a state at."""
    names = {state.__name__ for state in STATES}
    places = set()
    for module in subjects():
        file = Path(str(module.__file__))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
                places.add(_place(file, node.lineno, node.func.id))
    return places


class EveryState:
    """Hears of every test, wherever it ran, and judges once all tests of the doctor are over."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._modules: set[str] = set()
        self._missing: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        for name, places in report.user_properties:
            if name == SEEN:
                self._modules.add(Path(report.nodeid.partition("::")[0]).name)
                self._seen |= set(places)  # type: ignore[call-overload]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, Any, Any]:
        told = yield
        options = session.config.option
        left_out = options.keyword or options.markexpr or hasattr(session.config, "workerinput")
        if not left_out and self._modules == {one.name for one in _HERE.glob("test_*.py")}:
            self._missing = all_places() - self._seen
            session.testsfailed += bool(self._missing)
        return told

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for place in sorted(self._missing):
            terminalreporter.write_line(f"FAILED No test has seen a check of the doctor come to {place}")


def pytest_configure(config: pytest.Config) -> None:
    """Hear of the tests from now on."""
    config.pluginmanager.register(EveryState())
