"""Calls that hang are given up on."""

from __future__ import annotations

import threading
import time

import pytest

from projectionist.errors import JobCancelled, ServerLacks
from projectionist.kit.interruptible import Interruptible, InterruptibleObject
from projectionist.kit.logs import correlation


class Slow:
    """An object that answers when it is let."""

    name = "slow"

    def __init__(self) -> None:
        self.let = threading.Event()
        self.closed = False

    def answer(self, word: str, *, times: int = 1) -> str:
        self.let.wait(20)
        return word * times

    def fail(self) -> None:
        raise ServerLacks("There is none.")

    def close(self) -> None:
        self.closed = True


def nobody_minds() -> None:
    """Go on."""


def test_a_call_gives_what_the_function_gives() -> None:
    slow = Slow()
    slow.let.set()
    seen = InterruptibleObject(slow, nobody_minds)
    assert (seen.answer("a", times=2), seen.name) == ("aa", "slow")
    with pytest.raises(ServerLacks, match="There is none"):
        seen.fail()
    seen.close()
    assert slow.closed


def test_a_call_that_hangs_is_given_up_on_at_once_and_closing_waits_for_nothing() -> None:
    slow = Slow()
    cancelled = threading.Event()

    def check() -> None:
        if cancelled.is_set():
            raise JobCancelled("Cancelled.")

    seen = InterruptibleObject(slow, check)
    threading.Timer(0.2, cancelled.set).start()
    began = time.monotonic()
    with pytest.raises(JobCancelled):
        seen.answer("a")
    seen.close()
    assert time.monotonic() - began < 5
    slow.let.set()


def test_the_correlation_id_goes_along() -> None:
    calls = Interruptible(nobody_minds)
    token = correlation.set("thread-7")
    assert calls.call(correlation.get) == "thread-7"
    correlation.reset(token)
    calls.close()
