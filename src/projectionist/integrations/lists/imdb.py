"""IMDb: a list that its owner exported as a file.

IMDb has no interface through which a program may read lists by a key, and the addresses that gave a list as a file are
no more; what is left is the export at https://www.imdb.com/exports, a table of commas with a column `Const`.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from projectionist.errors import InputWrong
from projectionist.media.lists import ListAddress, ListedWork
from projectionist.media.vocabulary import ExternalId, ItemKind

LARGEST = 4_000_000
"""So many letters are far more than the longest list that IMDb allows."""
_ID = re.compile(r"tt[0-9]{5,12}")
_FILMS = frozenset({"movie", "tvmovie", "short", "tvshort", "tvspecial", "video", "documentary"})
_SHOWS = frozenset({"tvseries", "tvminiseries"})
_NO_WORKS = frozenset({"tvepisode", "videogame", "podcastseries", "podcastepisode", "musicvideo", "tvpilot"})


class ImdbExport:
    """An exported list. Raises InputWrong naming the line, where the file is none."""

    def __init__(self, address: ListAddress) -> None:
        self._works = _read(address.content)

    def works(self, most: int) -> Sequence[ListedWork]:
        """The first films and shows on it."""
        return self._works[:most]

    def close(self) -> None:
        """There is nothing to give up."""


def _read(content: str) -> Sequence[ListedWork]:
    if len(content) > LARGEST or "\0" in content:
        raise InputWrong("This is no list of IMDb: it is far too large, or no text.", "content")
    table = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), strict=True)
    found: dict[ListedWork, None] = {}
    try:
        names = [name.strip().lower() for name in next(table, [])]
        if "const" not in names or "title type" not in names:
            raise InputWrong(
                "This is no list that IMDb exported: its first line has no columns `Const` and `Title Type`.",
                "content",
            )
        at, of_kind = names.index("const"), names.index("title type")
        for row in table:
            if row and (work := _work(row, at, of_kind, table.line_num)) is not None:
                found[work] = None
    except csv.Error as error:
        raise InputWrong(f"Line {table.line_num} of the list cannot be read ({error}).", "content") from None
    return list(found)


def _work(row: Sequence[str], at: int, of_kind: int, line: int) -> ListedWork | None:
    """A row's film or show; None where it is neither."""
    if len(row) <= max(at, of_kind) or not _ID.fullmatch(row[at].strip()):
        raise InputWrong(f"Line {line} of the list has no id such as tt0133093 under `Const`.", "content")
    told = re.sub(r"[^a-z]", "", row[of_kind].lower())
    kind = ItemKind.MOVIE if told in _FILMS else ItemKind.SHOW if told in _SHOWS else None
    if kind is None and told not in _NO_WORKS:
        raise InputWrong(
            f"Line {line} of the list has an unknown `Title Type`, {row[of_kind]!r:.40}.", "content"
        )
    return None if kind is None else ListedWork(kind, (ExternalId("imdb", row[at].strip()),))
