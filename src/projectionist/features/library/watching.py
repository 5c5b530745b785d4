"""Who watched what, and what they watch next, taken over from a server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from projectionist.db.engine import Database
from projectionist.errors import ServiceError
from projectionist.features.library.storing import queries
from projectionist.jobs.ports import JobRun
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import Watched

PAGE = 500
OVERLAP = timedelta(hours=1)


def take_accounts(database: Database, server: MediaServer, server_id: int, run: JobRun) -> int | None:
    """Take over who watches; the id of the owner. A token that may not list accounts leaves them as known."""
    try:
        listed = server.accounts()
    except ServiceError as error:
        run.log(f"Who watches could not be asked: {error.message}", "warning")
        listed = ()
    rows = [
        {"server_id": server_id, "key": account.key, "name": account.name, "is_owner": account.is_owner}
        for account in listed
    ]
    with database.write() as session:
        queries.put_accounts(session, rows)
        known = queries.accounts(session, server_id)
    return next((account.id for account in known if account.is_owner), None)


def take_history(database: Database, server: MediaServer, server_id: int, run: JobRun) -> int:
    """Add what was watched since the index last knew; how many lines were read. Raises ServiceError.

    Lines of items or accounts that the index does not have are left out. A page is counted by itself, so that
    a run that is killed has kept whole pages, and the next begins where the newest line of all was.
    """
    with database.read() as session:
        newest = queries.newest_watched(session, server_id)
    since = newest - OVERLAP if newest else None
    pages: list[tuple[Watched, ...]] = []
    offset = 0
    while True:
        run.check()
        page = server.history(since=since, offset=offset, size=PAGE)
        if not page.items:
            break
        pages.append(page.items)
        offset += len(page.items)
        if offset >= page.total:
            break
    for items in reversed(pages):  # oldest first: what is kept when this is killed has no gap before it
        run.check()
        _keep_history(database, server_id, items)
    return offset


def take_on_deck(database: Database, server: MediaServer, server_id: int) -> None:
    """Replace what the owner watches next. Raises ServiceError, and then keeps what was known."""
    decks = server.on_deck()
    with database.read() as session:
        owner = next((one for one in queries.accounts(session, server_id) if one.is_owner), None)
        ids = queries.item_ids(session, server_id, {deck.item_key for deck in decks})
    if owner is None:
        return
    known = [deck for deck in decks if deck.item_key in ids]
    rows: list[dict[str, Any]] = [
        {
            "account_id": owner.id,
            "position": position,
            "item_id": ids[deck.item_key],
            "position_ms": deck.position_ms,
            "at": deck.at,
        }
        for position, deck in enumerate(known)
    ]
    with database.write() as session:
        queries.put_on_deck(session, owner.id, rows)


def _keep_history(database: Database, server_id: int, items: Sequence[Watched]) -> None:
    with database.read() as session:
        accounts = {one.key: one.id for one in queries.accounts(session, server_id)}
        ids = queries.item_ids(session, server_id, {line.item_key for line in items})
    lines: set[tuple[int, int, datetime]] = {
        (accounts[line.account_key], ids[line.item_key], line.at)
        for line in items
        if line.account_key in accounts and line.item_key in ids
    }
    rows = [
        {"account_id": account_id, "item_id": item_id, "at": at} for account_id, item_id, at in sorted(lines)
    ]
    with database.write() as session:
        queries.put_history(session, rows)
        queries.watch_from_history(session, {(account_id, item_id) for account_id, item_id, _ in lines})
