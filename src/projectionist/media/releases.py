"""Releases of Projectionist itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN = re.compile(r"\d{1,9}(\.\d{1,9}){0,5}")


@dataclass(frozen=True, slots=True)
class Release:
    """A release; `page` tells what is new in it, empty where that is not known."""

    version: str
    page: str = ""

    def is_newer_than(self, version: str) -> bool:
        """Whether it is later than a version; of trial versions on either side that is not said."""
        if not _PLAIN.fullmatch(self.version) or not _PLAIN.fullmatch(version):
            return False
        return _numbers(self.version) > _numbers(version)


def _numbers(version: str) -> list[int]:
    found = [int(part) for part in version.split(".")]
    while found and found[-1] == 0:
        found.pop()
    return found
