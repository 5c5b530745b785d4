"""Lists of what is wrong with a preview, as sentences and of bounded length."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

_MOST = 50


def listed(clauses: Iterable[str]) -> list[str]:
    """The first fifty clauses, each begun as a sentence; a last one says where there are more."""
    found = [clause[:1].upper() + clause[1:] for clause in islice(clauses, _MOST + 1)]
    if len(found) > _MOST:
        found[_MOST:] = ["There is more wrong than is listed here."]
    return found
