"""The lists that somebody added: kept once they have answered, asked for now and then, and what they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from projectionist.db.engine import Database
from projectionist.errors import (
    Conflict,
    InputWrong,
    NotFound,
    SecretUnreadable,
    ServerFailed,
    ServerUnreachable,
    ServiceError,
    TlsFailed,
)
from projectionist.features.audit_log.service import Act, record
from projectionist.features.cache.models import ListRow
from projectionist.features.cache.neighbours import Servers
from projectionist.features.cache.wanting.choosing import EVERYBODY, Choices
from projectionist.features.cache.wanting.lists import queries
from projectionist.features.cache.wanting.lists.matching import owned
from projectionist.features.cache.wanting.lists.records import (
    FARTHEST,
    KEYED,
    NAMED,
    OFFERED,
    SERVICE_NAMES,
    KeptList,
    Listed,
    NewList,
    list_of,
    own_name,
    said_of,
)
from projectionist.features.cache.wanting.wants import FailedSource, Source
from projectionist.features.library.service import viewers
from projectionist.kit.clock import Clock
from projectionist.kit.secrets import Vault
from projectionist.media.lists import ConnectList, ListAddress, ListedWork, ListKind, ListService

RETRY = timedelta(minutes=15)
"""After so long a list that failed is asked for again."""


class Lists:
    """The lists of a house; safe to use from several threads and processes."""

    def __init__(
        self,
        database: Database,
        servers: Servers,
        vault: Vault,
        connect: ConnectList,
        clock: Clock,
        every: timedelta = timedelta(hours=6),
    ) -> None:
        self._database = database
        self._servers = servers
        self._vault = vault
        self._connect = connect
        self._clock = clock
        self._every = every

    def all(self) -> Sequence[KeptList]:
        """Every list, by name. Raises DatabaseUnusable."""
        with self._database.read() as session:
            return [list_of(row) for row in queries.lists(session)]

    def get(self, list_id: int) -> KeptList:
        """One of them. Raises NotFound."""
        with self._database.read() as session:
            return list_of(_there(queries.one(session, list_id)))

    def add(self, new: NewList) -> KeptList:
        """Add a list, once it has answered. Raises InputWrong, ServiceError, SecretUnreadable, Conflict."""
        return self._save(new, None)

    def change(self, list_id: int, new: NewList) -> KeptList:
        """Change a list, once it has answered as it is to be. Raises NotFound and what `add` raises."""
        with self._database.read() as session:
            before = _there(queries.one(session, list_id))
            if not new.content and new.kind is ListKind.EXPORT:
                new = replace(new, content=before.content)
        return self._save(new, list_id)

    def switch(self, list_id: int, on: bool) -> KeptList:
        """Let a list count or not; what it named is kept for when it counts again. Raises NotFound."""
        with self._database.durable() as session:
            row = _there(queries.one(session, list_id))
            before = {"on": row.on}
            row.on = on
            record(session, Act.LIST_CHANGED, row.name, before=before, after={"on": on})
            return list_of(row)

    def remove(self, list_id: int) -> None:
        """Take a list out, with what it named. Raises NotFound."""
        with self._database.durable() as session:
            was = said_of(_there(queries.one(session, list_id)))
            if not queries.remove(session, list_id):
                raise _missing()
            record(session, Act.LIST_REMOVED, str(was["name"]), before=was)

    def keys(self) -> Mapping[ListService, bool]:
        """Of each service that wants a key, whether one is kept. Raises DatabaseUnusable."""
        with self._database.read() as session:
            kept = queries.sealed_keys(session)
        return {service: service in kept for service in KEYED}

    def keep_key(self, service: ListService, key: str) -> None:
        """Keep the key of a service, once it has answered to it. Raises InputWrong, ServiceError."""
        if service not in KEYED:
            raise InputWrong(
                f"{SERVICE_NAMES[service]} takes no key; export the list there as a file.", "key"
            )
        if not key.strip():
            raise InputWrong(f"Enter the key that {SERVICE_NAMES[service]} gave you.", "key")
        self._works(ListAddress(service, ListKind.TRENDING_MOVIES, key=key.strip()), 1)
        with self._database.durable() as session:
            queries.put_key(session, service, self._vault.seal(key.strip()))
            record(session, Act.LIST_KEY_CHANGED, SERVICE_NAMES[service])

    def drop_key(self, service: ListService) -> None:
        """Forget the key of a service; what its lists named stays. Raises NotFound."""
        with self._database.durable() as session:
            if not queries.drop_key(session, service):
                raise NotFound(f"No key of {SERVICE_NAMES[service]} is kept.")
            record(session, Act.LIST_KEY_REMOVED, SERVICE_NAMES[service])

    def ask_due(self, choices: Choices, now: datetime) -> None:
        """Ask for every list that counts for anybody and is due. Raises DatabaseUnusable, and nothing else.

        What does not answer keeps what it named. Who is out of order is asked once, not for each of their lists.
        """
        silent: dict[ListService, ServiceError] = {}
        with self._database.read() as session:
            due = [row.id for row in queries.lists(session) if self._is_due(row, choices, now)]
        for list_id in due:
            self._ask(list_id, now, silent)

    def named(self) -> Sequence[Listed]:
        """What the lists name that are on. Raises DatabaseUnusable."""
        with self._database.read() as session:
            return [Listed(*row) for row in queries.listed(session)]

    def failed(self, choices: Choices) -> Sequence[FailedSource]:
        """The lists that count and did not answer when they were asked last. Raises DatabaseUnusable."""
        names = {one.id: one.name for one in viewers(self._database)}
        with self._database.read() as session:
            kept = queries.how_many_named(session)
            rows = [
                list_of(row) for row in queries.lists(session) if row.on and _counts(choices, row.account_id)
            ]
        return [
            FailedSource(
                source=Source.LIST,
                server_id=0,
                server=one.name,
                account_id=one.account_id,
                account=names.get(one.account_id, ""),
                since=one.failing_since,
                reason=one.reason,
                kept=kept.get(one.id, 0),
            )
            for one in rows
            if one.failing_since is not None
        ]

    def _save(self, new: NewList, list_id: int | None) -> KeptList:
        self._check(new)
        address = self._address(new)
        works = self._works(address, FARTHEST if new.fill else new.most)
        places, entries = owned(self._database, self._servers.server_ids(), works, new.most)
        name = new.name.strip() or own_name(new)
        now = self._clock.now()
        try:
            with self._database.durable() as session:
                namesake = queries.by_name(session, name)
                if namesake is not None and namesake.id != list_id:
                    raise Conflict(
                        f"There is a list named {name} already; nothing was changed. Give it another name."
                    )
                row = ListRow() if list_id is None else _there(queries.one(session, list_id))
                before = {} if list_id is None else said_of(row)
                row.name = name
                row.service, row.kind, row.where = new.service.value, new.kind.value, new.where.strip()
                row.content = new.content
                row.most, row.fill, row.account_id, row.on = new.most, new.fill, new.account_id, new.on
                _mark_well(row, entries, now)
                session.add(row)
                session.flush()
                queries.replace_listed(session, row.id, places)
                if new.key.strip():
                    queries.put_key(session, new.service, self._vault.seal(new.key.strip()))
                    record(session, Act.LIST_KEY_CHANGED, SERVICE_NAMES[new.service], at=now)
                record(session, Act.LIST_CHANGED, name, at=now, before=before, after=said_of(row))
                return list_of(row)
        except IntegrityError as error:
            raise Conflict(
                "The library changed at this very moment; nothing was saved. Try again."
            ) from error

    def _check(self, new: NewList) -> None:
        if new.kind not in OFFERED[new.service]:
            raise InputWrong(f"{SERVICE_NAMES[new.service]} has no such list.", "kind")
        if new.kind in NAMED and not new.where.strip():
            raise InputWrong("Say whose or which list it is.", "where")
        if len(new.where) > 300:
            raise InputWrong("This is too long for an address of a list.", "where")
        if new.kind is ListKind.EXPORT and not new.content.strip():
            raise InputWrong("Choose the file that IMDb gave you.", "content")
        if not 1 <= new.most <= FARTHEST:
            raise InputWrong(f"A list counts from 1 to {FARTHEST} titles.", "most")
        if len(new.name.strip()) > 200:
            raise InputWrong("A name has at most 200 characters.", "name")
        if new.account_id not in {EVERYBODY, *(one.id for one in viewers(self._database))}:
            raise InputWrong("There is no such person.", "account_id")

    def _address(self, new: NewList) -> ListAddress:
        """Where a list is, with the key that goes along. Raises InputWrong, SecretUnreadable."""
        key = new.key.strip()
        if new.service in KEYED and not key:
            key = self._kept_key(new.service)
        return ListAddress(new.service, new.kind, new.where.strip(), key, new.content)

    def _kept_key(self, service: ListService) -> str:
        with self._database.read() as session:
            sealed = queries.sealed_keys(session).get(service)
        if sealed is None:
            raise InputWrong(f"No key of {SERVICE_NAMES[service]} is kept; enter yours.", "key")
        return self._vault.open(sealed)

    def _works(self, address: ListAddress, most: int) -> Sequence[ListedWork]:
        with closing(self._connect(address)) as asked:
            return asked.works(most)

    def _is_due(self, row: ListRow, choices: Choices, now: datetime) -> bool:
        if not row.on or not _counts(choices, row.account_id):
            return False
        if row.asked_at is None or row.asked_at > now:
            return True
        return now - row.asked_at >= (min(RETRY, self._every) if row.failing_since else self._every)

    def _ask(self, list_id: int, now: datetime, silent: dict[ListService, ServiceError]) -> None:
        with self._database.read() as session:
            row = queries.one(session, list_id)
            if row is None:
                return
            kept = list_of(row)
            new = NewList(kept.service, kept.kind, kept.where, content=row.content)
        try:
            if kept.service in silent:
                raise silent[kept.service]
            works = self._works(self._address(new), FARTHEST if kept.fill else kept.most)
        except (ServerUnreachable, TlsFailed, ServerFailed) as error:
            silent[kept.service] = error
            self._note_failure(kept, error.message, now)
            return
        except (ServiceError, SecretUnreadable, InputWrong) as error:
            self._note_failure(kept, error.message, now)
            return
        found = owned(self._database, self._servers.server_ids(), works, kept.most)
        try:
            self._keep(kept, *found, now)
        except IntegrityError:  # an item left the library at this very moment: it is asked for anew next time
            return

    def _keep(self, kept: KeptList, places: Sequence[tuple[int, int]], entries: int, now: datetime) -> None:
        with self._database.write() as session:
            row = queries.one(session, kept.id)
            if row is None or row.asked_at != kept.asked_at:
                return  # it was changed or asked for meanwhile, and what came of that is newer
            queries.replace_listed(session, row.id, places)
            _mark_well(row, entries, now)

    def _note_failure(self, kept: KeptList, reason: str, now: datetime) -> None:
        with self._database.write() as session:
            row = queries.one(session, kept.id)
            if row is None or row.asked_at != kept.asked_at:
                return
            row.asked_at, row.failing_since, row.reason = now, row.failing_since or now, reason


def _counts(choices: Choices, account_id: int) -> bool:
    """Whether a list for this account counts; one for everybody does where it counts for anybody."""
    if account_id != EVERYBODY:
        return choices.counts(Source.LIST, account_id)
    return choices.counts(Source.LIST) or any(
        on for (source, _), on in choices.chosen.items() if source is Source.LIST
    )


def _mark_well(row: ListRow, entries: int, now: datetime) -> None:
    row.owned, row.reason = entries, ""
    row.asked_at, row.answered_at, row.failing_since = now, now, None


def _there(row: ListRow | None) -> ListRow:
    if row is None:
        raise _missing()
    return row


def _missing() -> NotFound:
    return NotFound("There is no such list.")
