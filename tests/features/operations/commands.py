"""What the tests of the commands of jobs and schedules share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from projectionist.jobs.engine import Engine
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.features.command import Ran

Command: TypeAlias = Callable[..., Ran]


@contextmanager
def engine(data: Path) -> Iterator[Engine]:
    """The jobs of a data folder, which nobody works on."""
    with open_house(load_settings({}, {"data": str(data)}), exclusive=False) as house:
        yield house.jobs


def found(ran: Ran) -> Any:
    """The JSON that a command printed and nothing else."""
    assert ran.err == ""
    return json.loads(ran.out)


def fields(document: type[msgspec.Struct]) -> list[str]:
    """What the API says of such a thing."""
    return [one.name for one in msgspec.structs.fields(document)]
