"""From what the sources and the prediction name to files with a worth: what the plan goes by."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from projectionist.features.cache.prediction.planning import NOTHING, Outlook, pays, urgency, worth
from projectionist.features.cache.wanting.predicting import Prediction
from projectionist.features.cache.wanting.scoring import Mention, is_lasting, promised, weigh
from projectionist.features.cache.wanting.shelf import Shelf
from projectionist.features.cache.wanting.versions import Preference, nearest, preferred
from projectionist.features.cache.wanting.wants import FilmFile, Source, Want
from projectionist.features.library.service import FileFacts

_SOONEST = 90.0
"""What is only expected, be it ever so soon, comes after what is pinned or played."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the items that are mentioned: the files of each, its show, people's names and tastes.

    `local` tells where this node has a file. `spares_played` has what is only played pay for its copy.
    """

    files: Mapping[int, Sequence[FileFacts]]
    shelf: Shelf
    names: Mapping[int, str]
    taste: Mapping[int, int]
    local: Callable[[FileFacts], Path]
    spares_played: bool = False


@dataclass(slots=True)
class _Pile:
    """A file with what speaks for it, and the bytes of its whole version."""

    file: FileFacts
    size: int
    told: list[Mention]
    outlook: Outlook


def wants_of(told: Sequence[Mention], prediction: Prediction, known: Known) -> list[Want]:
    """The files that are meant by what is mentioned, best first."""
    piles: dict[int, _Pile] = {}
    outlooks = _outlooks(told, prediction)
    for mention in told:
        files = _meant(mention, known.files.get(mention.item_id, ()), known.taste)
        size = sum(file.size for file in files)
        for file in files:
            pile = piles.get(file.part_id)
            if pile is None:
                pile = piles[file.part_id] = _Pile(file, size, [], outlooks[mention.item_id])
            pile.told.append(mention)
    some = list(piles.values())
    sizes = np.array([pile.size for pile in some], dtype=np.float64)
    soon, keep, month = np.array([pile.outlook for pile in some]).reshape(-1, 3).T
    columns = (worth(keep, sizes), pays(month, sizes), urgency(soon, sizes) * (1 << 30))
    usual = float(np.median(sizes)) if some else 0.0
    rows = zip(some, *(column.tolist() for column in columns), strict=True)
    wants = [_want(pile, known, usual, value, does_pay, urgent) for pile, value, does_pay, urgent in rows]
    return sorted(wants, key=lambda want: (-want.worth, -want.soon, want.file.part_id))


def played(part_key: str, files: Sequence[FileFacts]) -> Sequence[FileFacts]:
    """The files of the version with this part; all of them where nobody knows which."""
    versions = {one.version for one in files if one.part_key == part_key}
    return [one for one in files if one.version in versions] if versions else files


def _outlooks(told: Sequence[Mention], prediction: Prediction) -> dict[int, Outlook]:
    of_item: dict[int, list[Mention]] = {}
    for mention in told:
        of_item.setdefault(mention.item_id, []).append(mention)
    return {
        item: promised(mentions, _learned(item, mentions, prediction), prediction.knows)
        for item, mentions in of_item.items()
    }


def _learned(item: int, told: Sequence[Mention], prediction: Prediction) -> Outlook:
    """What the history makes likely of an item; of what is played nothing, as that has just come true."""
    is_played = any(one.source is Source.PLAYING for one in told)
    return NOTHING if is_played else prediction.outlook(item)


def _want(pile: _Pile, known: Known, usual: float, value: float, does_pay: bool, urgent: float) -> Want:
    file, told = pile.file, pile.told
    score, terms = weigh(told, known.names, value * usual)
    item = known.shelf.items.get(file.item_id)
    above = () if item is None else (item.season_id, item.show_id)
    return Want(
        file=FilmFile(
            part_id=file.part_id,
            item_id=file.item_id,
            library_id=file.library_id,
            server_id=file.server_id,
            part_key=file.part_key,
            server_path=file.path,
            path=known.local(file),
            size=file.size,
            title=file.title,
        ),
        score=score,
        terms=terms,
        sources=frozenset(one.source for one in told),
        accounts=frozenset(one.account_id for one in told if one.account_id),
        soon=max(_SOONEST * urgent / (1 + urgent), *(one.soon for one in told)),
        above=frozenset(one for one in above if one is not None),
        worth=math.inf if is_lasting(told) else value,
        pays=does_pay or _comes_anyway(told, spares_played=known.spares_played),
    )


def _comes_anyway(told: Sequence[Mention], *, spares_played: bool) -> bool:
    """Whether a source names a file that people switched on, so that it comes even where that does not pay.

    What is expected has to pay, and where people chose so, what is played: hardly any later play finds its copy.
    """
    paying = (Source.PREDICTION, Source.PLAYING) if spares_played else (Source.PREDICTION,)
    return any(one.source not in paying for one in told)


def _meant(mention: Mention, files: Sequence[FileFacts], taste: Mapping[int, int]) -> Sequence[FileFacts]:
    """The files of the version that a mention means."""
    if mention.part_key:
        return [one for one in played(mention.part_key, files) if not one.optimized]
    if mention.preference:
        return preferred(files, Preference(mention.preference))
    return nearest(files, taste.get(mention.account_id))
