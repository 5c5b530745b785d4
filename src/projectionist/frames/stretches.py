"""Timestamps that jump: which of them to believe."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

_JUMP_NS = 10_000_000_000
"""Neither reordering nor a picture that stands still moves the time so far, back or ahead, in an honest film."""

_STANDSTILL_NS = 3_600_000_000_000
"""No picture is shown for an hour: what comes after is at a wrong time, or what came before."""

_MOST = 500
"""A film of more stretches jumps all the time; all of it is believed then."""


@dataclass(slots=True)
class _Stretch:
    first: int
    last: int
    count: int = 1
    keyframes: list[int] = field(default_factory=list)


class Believed(NamedTuple):
    """What is believed of a film's times, in nanoseconds: those of its keyframes, in the order of the file, and the
    first and last time of each stretch, rising.
    """

    keyframes: list[int]
    spans: list[tuple[int, int]]

    @property
    def last_ns(self) -> int:
        """The last time; 0 for no frames."""
        return max((last for _, last in self.spans), default=0)


@dataclass(slots=True)
class Stretches:
    """The times of a film's frames in the order of the file, kept as stretches without a jump."""

    _all: list[_Stretch] = field(default_factory=list)
    _latest: int = 0

    def add(self, shown: int, *, is_keyframe: bool) -> None:
        """Take in the next frame."""
        if not self._all or abs(shown - self._latest) > _JUMP_NS:
            self._all.append(_Stretch(shown, shown, 0))
        stretch = self._all[-1]
        stretch.first, stretch.last = min(stretch.first, shown), max(stretch.last, shown)
        stretch.count += 1
        if is_keyframe:
            stretch.keyframes.append(shown)
        self._latest = shown

    @property
    def jumps(self) -> bool:
        """Whether not all times are believed."""
        return len(self._kept()) < len(self._all)

    def believed(self) -> Believed:
        """The stretches that together make the longest film whose time never turns back.

        Single packets or clusters at a wrong time fall out.
        """
        kept = self._kept()
        keyframes = [time for stretch in kept for time in stretch.keyframes]
        return Believed(keyframes, [(stretch.first, stretch.last) for stretch in kept])

    def _kept(self) -> list[_Stretch]:
        return self._all if len(self._all) > _MOST else _without_standstill(_longest_chain(self._all))


def _longest_chain(stretches: list[_Stretch]) -> list[_Stretch]:
    """The stretches of rising time with the most frames; of equal ones, those that end earlier."""
    best: list[tuple[int, int, int]] = []  # frames, minus the end, the stretch before
    for number, stretch in enumerate(stretches):
        before = max(
            ((best[k][0], best[k][1], k) for k in range(number) if stretches[k].last <= stretch.first),
            default=(0, 0, -1),
        )
        best.append((before[0] + stretch.count, -stretch.last, before[2]))
    chain = []
    at = max(range(len(best)), key=lambda k: best[k][:2], default=-1)
    while at >= 0:
        chain.append(stretches[at])
        at = best[at][2]
    return chain[::-1]


def _without_standstill(chain: list[_Stretch]) -> list[_Stretch]:
    """Of what lies an hour apart, the part with more frames."""
    for k in range(1, len(chain)):
        if chain[k].first - chain[k - 1].last > _STANDSTILL_NS:
            parts = chain[:k], _without_standstill(chain[k:])
            return max(parts, key=lambda part: sum(stretch.count for stretch in part))
    return chain
