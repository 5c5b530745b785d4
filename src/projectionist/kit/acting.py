"""Who does what is being done, for whatever writes it down: set where a request, a command or a job begins."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person by number and name, or a part of the program by its name, and the address it came from."""

    id: int | None = None
    name: str = ""
    address: str = ""


NOBODY = Actor()

acting: ContextVar[Actor] = ContextVar("acting", default=NOBODY)
