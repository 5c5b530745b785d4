"""Judging pages: a server that ignores what was asked, or contradicts itself, is found out at once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Told:
    """What a server says of a page it has sent."""

    size: int
    total: int | None
    offset: int | None


Wrong = Callable[[str], Exception]


def check_page(told: Told, count: int, offset: int, size: int, wrong: Wrong) -> int:
    """The total, if the `count` entries that came can be the page of `size` entries from `offset` that was asked for.

    Raises what `wrong` makes: else somebody would read for ever, or take a part for the whole.
    """
    if told.total is None:
        raise wrong("without `$.MediaContainer.totalSize`")
    if told.size != count:
        raise wrong(f"saying that it holds {told.size} entries, with {count} in it")
    if told.offset is not None and told.offset != offset:
        raise wrong(f"with the page from {told.offset} instead of {offset}")
    if count > size:
        raise wrong(f"with {count} entries where {size} were asked for")
    if count and offset + count > told.total:
        raise wrong(f"saying that there are {told.total} entries, with number {offset + count} in it")
    if not count and size and offset < told.total:
        raise wrong(f"with an empty page at {offset} of {told.total}")
    return told.total


@dataclass(slots=True)
class Continuity:
    """Remembers the last page of every list that is being read, to find that the next one is the same again."""

    _last: dict[Hashable, tuple[int, frozenset[str]]] = field(default_factory=dict)

    def check(self, which: Hashable, offset: int, keys: Sequence[str], wrong: Wrong) -> None:
        """Raises what `wrong` makes where an entry comes twice, in this page or in the one right before it."""
        here = frozenset(keys)
        if len(here) != len(keys):
            raise wrong("with an entry twice in one page")
        expected, before = self._last.pop(which, (-1, frozenset[str]()))
        if offset == expected and not here.isdisjoint(before):
            raise wrong(f"with entries at {offset} that came in the page before already")
        if here:
            self._last[which] = (offset + len(keys), here)
