"""Asking the servers for what the index does not know: who plays what, watchlists, what others than the owner are at.

What was answered is kept; where no answer comes, what was named before stays, with since when and why.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from projectionist.db.engine import Database
from projectionist.errors import NotFound, ServerUnreachable, ServerWithholds, ServiceError, TlsFailed
from projectionist.features.cache.neighbours import Servers
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices
from projectionist.features.cache.wanting.versions import offers_choice
from projectionist.features.cache.wanting.wants import FailedSource, Source
from projectionist.features.library.service import Viewer, files_of, item_ids, items_known_as, viewers
from projectionist.media.server import MediaServer
from projectionist.media.vocabulary import ListedItem

AGAIN_S = 900.0
"""After so long watchlists are asked for again; who plays is asked every time, while it is said."""
RETRY_S = 300.0
"""The same where there was no answer."""
SILENT_S = 60.0
"""Who plays is asked no sooner again of a server that did not say it, unless somebody has just begun to play: every
look at a plan would wait for it.
"""
_FROM_HISTORY = "Meanwhile what was begun and not ended counts, as the server's history tells it."
"""What is on deck where nobody says so."""
ALL_SERVERS = 0

Key = tuple[Source, int, int]
"""A source, a server and an account; 0 for all of them."""


@dataclass(frozen=True, slots=True)
class Sitting:
    """Somebody plays an item now; `part_key` is empty where nobody knows which file, the account 0 who."""

    server_id: int
    account_id: int
    item_id: int
    part_key: str


class Asking:
    """Asks each server what is due, and keeps what it answers."""

    def __init__(
        self,
        database: Database,
        servers: Servers,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._servers = servers
        self._ticks = ticks
        self._due: dict[Key, float] = {}
        """When to ask again."""

    def ask(self, choices: Choices, now: datetime, *, at_once: bool = False) -> Sequence[Sitting]:
        """Ask for what counts and is due; who plays what now. Raises DatabaseUnusable, and nothing else.

        `at_once` asks for what is played only: what else is due may take its time.
        """
        people = viewers(self._database)
        servers = list(self._servers.server_ids())
        self._let_go(choices, servers, {one.id for one in people})
        sittings: list[Sitting] = []
        for server_id in servers:
            mine = [one for one in people if one.server_id == server_id]
            sittings += self._ask_server(server_id, mine, choices, now, at_once=at_once)
        return sittings

    def failed(self) -> tuple[FailedSource, ...]:
        """What did not answer when it was asked last."""
        names = {one.id: one.name or f"account {one.key}" for one in viewers(self._database)}
        with self._database.read() as session:
            rows, named = queries.answers(session), queries.named(session)
        kept: dict[tuple[str, int, int], int] = {}
        for row in named:
            account = EVERYBODY if row.source == Source.PLAYING else row.account_id
            key = (row.source, row.server_id, account)
            kept[key] = kept.get(key, 0) + 1
        return tuple(
            FailedSource(
                source=Source(row.source),
                server_id=row.server_id,
                server=self.server_name(row.server_id),
                account_id=row.account_id,
                account=names.get(row.account_id, ""),
                since=row.failing_since,
                reason=row.reason,
                kept=kept.get((row.source, row.server_id, row.account_id), 0),
            )
            for row in rows
            if row.failing_since is not None
        )

    def _let_go(self, choices: Choices, servers: Collection[int], accounts: Collection[int]) -> None:
        """Forget what sources named that were switched off, or whose server or account is no more."""
        with self._database.read() as session:
            known = {(row.source, row.server_id, row.account_id) for row in queries.answers(session)}
        gone = {
            (source, server_id, account_id)
            for source, server_id, account_id in known
            if (server_id not in servers and server_id != ALL_SERVERS)
            or (account_id not in accounts and account_id != EVERYBODY)
            or not (source == Source.PLAYING or choices.counts(Source(source), account_id))
        }
        if gone:
            with self._database.write() as session:
                queries.drop_answers(session, gone)
        for source, server_id, account_id in gone:
            self._due.pop((Source(source), server_id, account_id), None)

    def _ask_server(
        self, server_id: int, people: Sequence[Viewer], choices: Choices, now: datetime, *, at_once: bool
    ) -> Sequence[Sitting]:
        playing = (Source.PLAYING, server_id, EVERYBODY)
        due = {
            (source, server_id, one.id): one
            for one in people
            for source in (Source.ON_DECK, Source.WATCHLIST)
            if not at_once
            and choices.counts(source, one.id)
            and not (source is Source.ON_DECK and one.is_owner)
        }
        due = {key: one for key, one in due.items() if self._ticks() >= self._due.get(key, -1.0)}
        is_silent = not at_once and self._ticks() < self._due.get(playing, -1.0)
        sittings = self._sat_before(server_id) if is_silent else ()
        waiting = [*(() if is_silent else (playing,)), *due]
        if not waiting:
            return sittings
        try:
            with closing(self._servers.connect(server_id)) as server:
                if not is_silent:
                    sittings = self._ask_sessions(server, server_id, people, now)
                    waiting.remove(playing)
                for key, viewer in due.items():
                    self._ask_one(server, key, viewer, now)
                    waiting.remove(key)
        except NotFound:
            return ()  # it was taken out meanwhile
        except ServiceError as error:
            for key in waiting:
                self._note_failure(key, error, now)
            if playing in waiting:
                return self._sat_before(server_id)
        return sittings

    def _ask_sessions(
        self, server: MediaServer, server_id: int, people: Sequence[Viewer], now: datetime
    ) -> Sequence[Sitting]:
        """Who plays now; who played before where the server does not say. Raises what ends all asking."""
        try:
            told = server.sessions()
        except (ServerUnreachable, TlsFailed):
            raise
        except ServiceError as error:
            self._note_failure((Source.PLAYING, server_id, EVERYBODY), error, now)
            return self._sat_before(server_id)
        ids = item_ids(self._database, server_id, {one.item_key for one in told})
        accounts = {one.key: one.id for one in people}
        sittings = [
            Sitting(
                server_id, accounts.get(one.account_key, EVERYBODY), ids[one.item_key], one.part_key or ""
            )
            for one in told
            if one.item_key in ids
        ]
        self._keep_sittings(server_id, sittings, now)
        return sittings

    def _keep_sittings(self, server_id: int, sittings: Sequence[Sitting], now: datetime) -> None:
        tastes = self._tastes(sittings)
        self._due.pop((Source.PLAYING, server_id, EVERYBODY), None)
        with self._database.write() as session:
            before = {row.account_id for row in queries.named_by(session, Source.PLAYING, server_id)}
            for account in before | {one.account_id for one in sittings}:
                items = [one.item_id for one in sittings if one.account_id == account]
                queries.replace_named(session, (Source.PLAYING, server_id, account), items, now)
            queries.put_answer(session, (Source.PLAYING, server_id, EVERYBODY), now, None, "")
            for account, height in tastes.items():
                queries.put_taste(session, account, height, now)

    def _tastes(self, sittings: Sequence[Sitting]) -> Mapping[int, int]:
        """How tall the versions are that players asked for where they had a choice, by account."""
        files = files_of(self._database, {one.item_id for one in sittings if one.part_key})
        return {
            sitting.account_id: file.height
            for sitting in sittings
            for file in files.get(sitting.item_id, ())
            if sitting.account_id != EVERYBODY
            and sitting.part_key == file.part_key
            and offers_choice(files[sitting.item_id])
        }

    def _sat_before(self, server_id: int) -> Sequence[Sitting]:
        with self._database.read() as session:
            rows = queries.named_by(session, Source.PLAYING, server_id)
        return [Sitting(server_id, row.account_id, row.item_id, "") for row in rows]

    def _ask_one(self, server: MediaServer, key: Key, viewer: Viewer, now: datetime) -> None:
        """Ask for one person's list. Raises what ends all asking."""
        account = None if viewer.is_owner else viewer.key
        try:
            if key[0] is Source.ON_DECK:
                decks = server.on_deck(account)
                ids = item_ids(self._database, key[1], {one.item_key for one in decks})
                found = [ids[one.item_key] for one in decks if one.item_key in ids]
            else:
                found = self._held(key[1], server.watchlist(account))
        except (ServerUnreachable, TlsFailed):
            raise
        except ServerWithholds as limit:
            self._keep(key, (), now, limit.message)
            return
        except ServiceError as error:
            self._note_failure(key, error, now)
            return
        self._keep(key, found, now)

    def _held(self, server_id: int, works: Sequence[ListedItem]) -> list[int]:
        """Which items of a server these works are, by what catalogues call them and never by their titles."""
        keys = item_ids(self._database, server_id, {one.key for one in works if one.library_key})
        known = items_known_as(self._database, server_id, {id_ for one in works for id_ in one.external_ids})
        found: list[int] = []
        for one in works:
            if one.library_key and one.key in keys:
                found.append(keys[one.key])
            found += [
                item for id_ in one.external_ids for item, kind in known.get(id_, ()) if kind is one.kind
            ]
        return list(dict.fromkeys(found))

    def _keep(self, key: Key, found: Sequence[int], now: datetime, said: str = "") -> None:
        self._due[key] = self._ticks() + AGAIN_S
        with self._database.write() as session:
            queries.replace_named(session, key, found, now)
            queries.put_answer(session, key, now, None, said)

    def _note_failure(self, key: Key, error: ServiceError, now: datetime) -> None:
        self._due[key] = self._ticks() + (SILENT_S if key[0] is Source.PLAYING else RETRY_S)
        with self._database.write() as session:
            known = queries.answer(session, *key)
            answered = None if known is None else known.answered_at
            since = None if known is None else known.failing_since
            said = f"{error.message} {_FROM_HISTORY}" if key[0] is Source.ON_DECK else error.message
            queries.put_answer(session, key, answered, since or now, said)

    def server_name(self, server_id: int) -> str:
        """What people call a server; empty for none in particular."""
        if server_id == ALL_SERVERS:
            return ""
        try:
            return self._servers.name(server_id)
        except NotFound:
            return f"server {server_id}"
