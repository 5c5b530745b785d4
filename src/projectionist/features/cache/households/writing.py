"""Households as the tables that a simulation reads."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from projectionist.errors import UsageWrong
from projectionist.features.cache.prediction.catalogue import Kind
from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.tables import HISTORY, LIBRARY, WATCHLIST
from projectionist.kit import files

_LIBRARY, _HISTORY, _WATCHLIST = "library.csv", "history.csv", "watchlist.csv"


def write_tables(past: Past, folder: Path) -> tuple[Path, Path, Path]:
    """Write library.csv, history.csv and watchlist.csv into a folder; each appears whole or not at all.

    Raises UsageWrong where one of them is there already, and TargetUnwritable.
    """
    for name in (_LIBRARY, _HISTORY, _WATCHLIST):
        if (folder / name).exists():
            raise UsageWrong(f"There is a {name} in {folder} already; it was kept, choose another folder.")
    files.make_folder(folder)
    catalogue = past.catalogue
    names = [episodes and catalogue.titles[episodes[0]].show for episodes in catalogue.shows]
    library = (
        (
            title.item,
            title.kind,
            *((title.show, title.season, title.episode) if title.kind is Kind.EPISODE else ("", "", "")),
            title.size,
            f"{title.duration:g}",
            _moment(title.added_at),
        )
        for title in catalogue.titles
    )
    history = (
        (
            _moment(play.at),
            play.user,
            catalogue.titles[play.item].item,
            f"{play.position:g}",
            str(play.finished).lower(),
        )
        for play in past.plays
    )
    watchlist = (
        (
            _moment(wish.at),
            wish.user,
            catalogue.titles[wish.item].item if wish.item >= 0 else names[wish.show],
            "add" if wish.added else "remove",
        )
        for wish in past.wishes
    )
    return (
        _write(folder / _LIBRARY, LIBRARY, library),
        _write(folder / _HISTORY, HISTORY, history),
        _write(folder / _WATCHLIST, WATCHLIST, watchlist),
    )


def _write(path: Path, heads: Iterable[str], rows: Iterable[Iterable[object]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(heads)
    writer.writerows(rows)
    content = text.getvalue().encode()
    files.publish_file(path, lambda file: _write_all(file, content))
    return path


def _write_all(file: BinaryIO, content: bytes) -> None:
    file.write(content)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
