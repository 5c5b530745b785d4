"""Making the right list for an address."""

from __future__ import annotations

from functools import partial

from projectionist.errors import InputWrong
from projectionist.integrations.lists.imdb import ImdbExport
from projectionist.integrations.lists.tmdb import TMDB, TmdbList
from projectionist.integrations.lists.trakt import TRAKT, TraktList
from projectionist.kit.http import TimeOuts
from projectionist.kit.logs import mask
from projectionist.media.lists import ConnectList, ListAddress, ListService, TitleList

_IN_TIME = TimeOuts(connect=5.0, read=15.0, total=30.0)
"""A plan waits for lists."""


def connect_list(
    address: ListAddress, *, trakt_url: str = TRAKT, tmdb_url: str = TMDB, time_outs: TimeOuts = _IN_TIME
) -> TitleList:
    """A list; nothing is asked of it yet. Its key is masked in the log from here on.

    Raises InputWrong where there can be no such list, or its key cannot be one.
    """
    if address.service is ListService.IMDB:
        return ImdbExport(address)
    if not (address.key.isascii() and address.key.isprintable()) or " " in address.key:
        raise InputWrong("The key holds characters that no key has; copy it again.", "key")
    mask(address.key)
    if address.service is ListService.TRAKT:
        return TraktList(address, url=trakt_url, time_outs=time_outs)
    return TmdbList(address, url=tmdb_url, time_outs=time_outs)


def list_connector(
    *, trakt_url: str = TRAKT, tmdb_url: str = TMDB, time_outs: TimeOuts = _IN_TIME
) -> ConnectList:
    """How features come to a list, for the composition root to hand out."""
    return partial(connect_list, trakt_url=trakt_url, tmdb_url=tmdb_url, time_outs=time_outs)
