"""The past that the index remembers of a household, with the sizes of its files, ready to be replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from projectionist.db.engine import Database
from projectionist.features.cache.prediction.catalogue import Catalogue
from projectionist.features.cache.prediction.records import Past
from projectionist.features.cache.simulating.own import MOST_PLAYS
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.choosing import Choices
from projectionist.features.cache.wanting.predicting import past_of
from projectionist.features.library.service import FileFacts, files_of, household

_YEAR = timedelta(days=365)
_NEW = timedelta(days=150)
"""What came before that and was never begun speaks for nothing."""


def remembered_past(
    database: Database, choices: Choices, now: datetime, *, most: int = 2 * MOST_PLAYS
) -> Past:
    """The last year of those whose history counts; at most so many plays of it, the latest. Raises DatabaseUnusable.

    An item is as large as the first of its versions. Plays of what has no file of a known size count among the
    strangers: nobody can say what room it would take.
    """
    known = household(database, new_since=now - _NEW, watched_since=now - _YEAR, most=most, also=())
    with database.read() as session:
        named = queries.named(session)
    files = files_of(database, [one.id for one in known.watchables])
    sizes = {str(item_id): _first_version(versions) for item_id, versions in files.items()}
    return with_sizes(past_of(known, named, choices, now), sizes)


def with_sizes(past: Past, sizes: Mapping[str, int]) -> Past:
    """The same past, with the sizes of items by their names in the catalogue; without those that have none."""
    titles = [
        replace(one, size=sizes[one.item]) for one in past.catalogue.titles if sizes.get(one.item, 0) > 0
    ]
    catalogue = Catalogue.of(titles)
    old = past.catalogue.titles
    plays = [
        replace(play, item=catalogue.number[old[play.item].item])
        for play in past.plays
        if old[play.item].item in catalogue.number
    ]
    wishes = []
    for wish in past.wishes:
        item = catalogue.number.get(old[wish.item].item)
        show = catalogue.show_number.get(old[wish.item].show, -1) if wish.show >= 0 else -1
        if item is not None and (show >= 0) == (wish.show >= 0):
            wishes.append(replace(wish, item=item, show=show))
    return Past(catalogue, plays, wishes, past.strangers + len(past.plays) - len(plays))


def _first_version(files: Sequence[FileFacts]) -> int:
    first = min(one.version for one in files)
    return sum(one.size for one in files if one.version == first)
