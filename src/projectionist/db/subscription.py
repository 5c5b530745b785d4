"""An event, and the waiting line of one who hears of events."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self, TypeAlias


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `id` grows; `permission` is what a viewer needs, `person` the only one meant."""

    id: int
    at: datetime
    topic: str
    data: Mapping[str, Any]
    permission: str
    person: int | None


Listener: TypeAlias = Callable[[Event], object]


class Subscription:
    """Events in the order they came, for one who takes them out; safe in threads."""

    def __init__(
        self, add: Callable[[Listener], None], remove: Callable[[Listener], None], limit: int
    ) -> None:
        self._waiting: deque[Event] = deque(maxlen=limit)
        self._changed = threading.Condition()
        self._lost = False
        self._closed = False
        self._listener: Listener = self._put
        self._remove = remove
        add(self._listener)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get(self, timeout_s: float) -> Event | None:
        """The next event, or None where none came in time or the subscription is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed, timeout_s)
            return self._waiting.popleft() if self._waiting else None

    @property
    def lost(self) -> bool:
        """Whether events were dropped because too many waited; asking sets it back."""
        with self._changed:
            lost, self._lost = self._lost, False
        return lost

    def close(self) -> None:
        """Hear of nothing more; closing twice is harmless."""
        self._remove(self._listener)
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _put(self, event: Event) -> None:
        with self._changed:
            self._lost |= len(self._waiting) == self._waiting.maxlen
            self._waiting.append(event)
            self._changed.notify_all()
