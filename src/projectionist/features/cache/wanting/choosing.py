"""Which sources count for whom: somebody's own choice, else that for everybody, else the setting."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from projectionist.db.engine import Database
from projectionist.features.audit_log.service import Act, record
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.wants import Source

EVERYBODY = 0
"""The account of a choice that counts for everybody without their own."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What was chosen, by source and account, and what counts where nobody chose. A pin always counts."""

    chosen: Mapping[tuple[Source, int], bool]
    standard: frozenset[Source]

    def counts(self, source: Source, account_id: int = EVERYBODY) -> bool:
        """Whether a source counts for an account, or for nobody in particular."""
        if source is Source.PIN:
            return True
        own = self.chosen.get((source, account_id), self.chosen.get((source, EVERYBODY)))
        return source in self.standard if own is None else own


def read_choices(database: Database, standard: Collection[Source]) -> Choices:
    """What was chosen so far; `standard` are the sources that count where nobody chose."""
    with database.read() as session:
        rows = queries.choices(session)
    return Choices({(Source(row.source), row.account_id): row.counts for row in rows}, frozenset(standard))


def choose(database: Database, source: Source, account_id: int, counts: bool | None) -> None:
    """Switch a source on or off for an account, `EVERYBODY` for all without a choice; None takes the choice back."""
    with database.durable() as session:
        rows = [(row.account_id, row.counts) for row in queries.choices(session) if row.source == source]
        before, after = {"counts": dict(rows).get(account_id)}, {"counts": counts}
        if counts is None:
            queries.drop_choice(session, source, account_id)
        else:
            queries.put_choice(session, source, account_id, counts)
        whose = "everybody" if account_id == EVERYBODY else f"account {account_id}"
        record(session, Act.SOURCE_CHANGED, f"{source} for {whose}", before=before, after=after)
