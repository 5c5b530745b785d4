"""The sources of wishes as they are chosen: on or off, for everybody and for each person, and how they answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from projectionist.errors import NotFound
from projectionist.features.cache.reading.plainly import plainly
from projectionist.features.cache.wanting import queries
from projectionist.features.cache.wanting.choosing import EVERYBODY, choose, read_choices
from projectionist.features.cache.wanting.wants import Source
from projectionist.features.cache.workplace import Workplace
from projectionist.features.library.service import Viewer, viewers


@dataclass(frozen=True, slots=True)
class Answer:
    """How a source answers for a server and a person; `account` is empty where it is asked for everybody."""

    server: str
    account: str
    answered_at: datetime | None
    failing_since: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class SourceShown:
    """A source. `standard` counts where nobody chose, `everybody` is the choice for all, `accounts` those of people."""

    source: Source
    standard: bool
    everybody: bool | None
    accounts: Mapping[int, bool]
    answers: tuple[Answer, ...]

    @property
    def counts(self) -> bool:
        """Whether it counts for whoever has no choice of their own."""
        return self.source is Source.PIN or (self.standard if self.everybody is None else self.everybody)

    @property
    def failing(self) -> Mapping[str, Sequence[Answer]]:
        """Those that do not answer, by why that is."""
        return _by_reason(one for one in self.answers if one.failing_since is not None)

    @property
    def withheld(self) -> Mapping[str, Sequence[Answer]]:
        """Those that are never given to us, by why that is."""
        return _by_reason(one for one in self.answers if one.failing_since is None and one.reason)

    @property
    def answered_at(self) -> datetime | None:
        """When any of it answered last."""
        return max((one.answered_at for one in self.answers if one.answered_at is not None), default=None)


def _by_reason(answers: Iterable[Answer]) -> Mapping[str, Sequence[Answer]]:
    told: dict[str, list[Answer]] = {}
    for one in answers:
        told.setdefault(one.reason, []).append(one)
    return told


def sources_shown(place: Workplace, standard: Collection[str]) -> Sequence[SourceShown]:
    """Every source that can be asked; `standard` are those that count where nobody chose. Raises DatabaseUnusable."""
    known = frozenset(Source(one) for one in standard)
    choices = read_choices(place.database, known)
    people = {one.id: one.name for one in viewers(place.database)}
    with place.database.read() as session:
        answers = [
            (
                row.source,
                Answer(
                    _server(place, row.server_id),
                    people.get(row.account_id, ""),
                    row.answered_at,
                    row.failing_since,
                    plainly(row.reason),
                ),
            )
            for row in queries.answers(session)
        ]
    return [
        SourceShown(
            source=source,
            standard=source in known,
            everybody=choices.chosen.get((source, EVERYBODY)),
            accounts={
                account: counts
                for (of, account), counts in choices.chosen.items()
                if of is source and account != EVERYBODY
            },
            answers=tuple(answer for of, answer in answers if of == source),
        )
        for source in Source
    ]


def choose_source(place: Workplace, source: str, choices: Mapping[int, bool | None]) -> None:
    """Choose a source for accounts, 0 for everybody. Raises NotFound where there is no such source or person."""
    if source not in list(Source) or source == Source.PIN:
        raise NotFound("There is no such source that could be switched.")
    known = {EVERYBODY, *(one.id for one in viewers(place.database))}
    if not choices.keys() <= known:
        raise NotFound("There is no such person; nothing was changed.")
    for account_id, counts in choices.items():
        choose(place.database, Source(source), account_id, counts)


def people(place: Workplace) -> Sequence[Viewer]:
    """Everybody for whom a source can be chosen."""
    return viewers(place.database)


def _server(place: Workplace, server_id: int) -> str:
    try:
        return place.servers.name(server_id) if server_id else ""
    except NotFound:
        return ""
