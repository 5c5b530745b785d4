"""What happens in the house, told to everybody who listens on the notification socket."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress


class Announcements:
    """Passes messages, from whatever thread they come, to queues that wait in event loops."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Queue[str | None]]] = []
        self._count = threading.Condition(self._lock)

    def tell(self, kind: str, name: str, entries: Sequence[Mapping[str, object]]) -> None:
        """Send one notification of `kind`, its entries under `name`, as Plex does."""
        inside = {"type": kind, "size": len(entries), name: list(entries)}
        self._put(json.dumps({"NotificationContainer": inside}))

    def end(self) -> None:
        """Let every listener go."""
        self._put(None)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[str | None]]:
        """A queue of the messages from now on; None is the end. To be used inside an event loop."""
        listener = (asyncio.get_running_loop(), asyncio.Queue[str | None]())
        with self._count:
            self._listeners.append(listener)
            self._count.notify_all()
        try:
            yield listener[1]
        finally:
            with self._count:
                self._listeners.remove(listener)
                self._count.notify_all()

    def wait_for_listeners(self, count: int, seconds: float) -> bool:
        """Whether exactly `count` listen, at the latest after `seconds`."""
        with self._count:
            return self._count.wait_for(lambda: len(self._listeners) == count, seconds)

    def _put(self, message: str | None) -> None:
        with self._lock:
            for loop, queue in self._listeners:
                with suppress(RuntimeError):  # the loop has ended, and its listener with it
                    loop.call_soon_threadsafe(queue.put_nowait, message)
