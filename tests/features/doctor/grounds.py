"""Installations for the doctor to look at: real folders and databases, and services that answer as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from projectionist.features.doctor.checks import Finding
from projectionist.features.doctor.ground import Ground, Running
from projectionist.features.doctor.service import CHECKS, look
from projectionist.kit.probing import Probed
from projectionist.opening import doctors_ground, open_house
from projectionist.settings import Settings, load_settings

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ADDRESS = "http://127.0.0.1:8480"
BY_ID = {check.id: check for check in CHECKS}


@dataclass
class Service:
    """A service that gives the same answer to all, but for what is asked for by name."""

    answer: Probed
    others: Mapping[str, Probed] = field(default_factory=dict)
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, headers: Mapping[str, str] | None = None) -> Probed:
        self.asked.append((url, headers or {}))
        return self.others.get(url, self.answer)


def settings_of(data: Path, **given: Any) -> Settings:
    return load_settings({}, {"data": str(data), **given})


def bare(data: Path, **given: Any) -> Ground:
    """A data folder of which nothing was opened."""
    return Ground(
        settings_of(data, **given),
        lambda: NOW,
        unstored="Nothing was opened.",
        closed="Nothing was opened.",
        stopped="Nothing runs.",
    )


def running(data: Path, answer: Probed, others: Mapping[str, Probed] | None = None, **given: Any) -> Ground:
    """A service that answers so."""
    return replace(bare(data, **given), running=Running(ADDRESS, Service(answer, others or {})))


def found(ground: Ground, check_id: str) -> Finding:
    """What a check comes to on this ground."""
    return look(ground, BY_ID[check_id])


def start_once(data: Path, **given: Any) -> None:
    """Make a data folder as a first start does."""
    with open_house(settings_of(data, **given), exclusive=False):
        pass


@contextmanager
def stopped_house(data: Path, **given: Any) -> Iterator[Ground]:
    """The ground of a house that was started once and runs no more, as the command line opens it."""
    with doctors_ground(settings_of(data, **given)) as ground:
        yield ground


Told = tuple[str, str, str, Callable[[], Finding]]
"""The check, the status, words of its evidence, and what comes to it."""
