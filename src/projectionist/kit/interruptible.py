"""Calls that may hang, made so that whoever waits for them can give up."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import copy_context
from multiprocessing import TimeoutError as NotYet
from multiprocessing.pool import ThreadPool
from typing import Any, TypeVar

T = TypeVar("T")

_LOOK_EVERY_S = 0.25


class Interruptible:
    """Makes calls one after another in a thread of its own; `check` is called while one lasts, and may raise.

    What `check` raises is raised at once. The call is then left to itself: it ends in its own time, and its outcome
    is not looked at. It does not keep the program from ending.
    """

    def __init__(self, check: Callable[[], None]) -> None:
        self._check = check
        self._pool = ThreadPool(1)

    def call(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """What the function returns or raises."""
        context = copy_context()
        begun = self._pool.apply_async(context.run, (function, *arguments), named)
        while True:
            try:
                outcome: T = begun.get(_LOOK_EVERY_S)
            except NotYet:
                self._check()
            else:
                return outcome

    def close(self) -> None:
        """No more calls."""
        self._pool.terminate()


class InterruptibleObject:
    """An object whose methods can be given up on; attributes that are no methods are its own. `close` ends both."""

    def __init__(self, inside: Any, check: Callable[[], None]) -> None:
        self._inside = inside
        self._calls = Interruptible(check)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inside, name)
        if not callable(found):
            return found
        return lambda *arguments, **named: self._calls.call(found, *arguments, **named)

    def close(self) -> None:
        """End the object inside, and the thread."""
        self._calls.close()
        self._inside.close()
