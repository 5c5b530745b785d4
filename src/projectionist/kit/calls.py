"""How long outside services take to answer, and how often they fail."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from projectionist.errors import RangeRefused, ServerLacks
from projectionist.kit.breaker import UNUSED_S
from projectionist.kit.metrics import REGISTRY

ANSWERED: Final = "answered"
FAILED: Final = "failed"

CALLS: Final = REGISTRY.histogram(
    "projectionist_integration_call_seconds",
    "Calls of other services, with all their tries; outcome is answered or failed.",
    "service",
    "outcome",
    kept_s=UNUSED_S,
)


@contextmanager
def timed_call(service: str) -> Iterator[None]:
    """Time a call; that something is not there is an answer too. `service` holds no secret."""
    began = time.perf_counter()
    outcome = FAILED
    try:
        yield
        outcome = ANSWERED
    except (ServerLacks, RangeRefused):
        outcome = ANSWERED
        raise
    finally:
        CALLS.observe(time.perf_counter() - began, service, outcome)
