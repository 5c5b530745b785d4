from __future__ import annotations

from dataclasses import dataclass

from projectionist.kit.breaker import Breakers

DAY_S = 86400.0


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_address_that_nobody_asks_any_more_is_forgotten_after_two_days() -> None:
    clock = Clock()
    breakers = Breakers(clock=clock)
    for number in range(500):
        breakers.of(f"http://192.0.2.1:{number}")
    asked = breakers.of("http://films.example")
    clock.now += 1.5 * DAY_S
    assert len(breakers.circuits()) == 501
    assert breakers.of("http://films.example") is asked
    clock.now += DAY_S
    assert [one.address for one in breakers.circuits()] == ["http://films.example"]


def test_new_addresses_without_end_fill_no_memory() -> None:
    clock = Clock()
    breakers = Breakers(clock=clock)
    for number in range(1000):
        clock.now += DAY_S / 10
        breakers.of(f"http://192.0.2.1:{number}")
    assert len(breakers._known) <= 21


def test_what_failed_a_moment_ago_is_remembered_by_who_asks_next() -> None:
    breakers = Breakers(clock=Clock())
    for _ in range(5):
        assert breakers.of("http://films.example").enter() is None
        breakers.of("http://films.example").leave(True)
    assert breakers.of("http://films.example").enter() is not None
