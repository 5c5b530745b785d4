"""Judging every rule at every sample, and telling what began and what ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from projectionist.errors import ProjectionistError, SecretUnreadable
from projectionist.features.alerts import delivering, pushed, queries
from projectionist.features.alerts.beating import Beating
from projectionist.features.alerts.delivering import Told
from projectionist.features.alerts.figures import Recently, of_jobs
from projectionist.features.alerts.judging import State, Turn, judge
from projectionist.features.alerts.models import BROWSER, AlertRuleRow, AlertStateRow, MessengerRow
from projectionist.features.alerts.rules import (
    BY_ID,
    DATABASE_LOST,
    QUEUE_STUCK,
    RULES,
    Figures,
    Rule,
    sentence,
)
from projectionist.features.alerts.standing_in import StandIn
from projectionist.features.alerts.workplace import TOPIC, Workplace
from projectionist.features.metrics.service import Measures
from projectionist.media.messages import Level, Message
from projectionist.web.ports import Principal

_SWEPT_EVERY = timedelta(hours=1)

_log = logging.getLogger(__name__)


class Watching:
    """Hears of every sample; the heart beats only while samples can be kept and somebody does the jobs of messages."""

    def __init__(self, place: Workplace, beating: Beating) -> None:
        self._place = place
        self._beating = beating
        self._recently = Recently()
        self._hearing: Sequence[tuple[MessengerRow, Principal]] = ()
        self._answered_at: datetime | None = None
        self._lost_rule: Rule | None = BY_ID[DATABASE_LOST]
        self._lost = State()
        self._owed: Sequence[tuple[MessengerRow, Principal]] = ()
        self._stand_in = StandIn(place)
        self._is_stuck = False
        self._swept_at: datetime | None = None

    def sampled(self, now: datetime, measures: Measures) -> None:
        """Judge all rules, and tell what there is to tell. Raises DatabaseUnusable."""
        place = self._place
        if self._stand_in.look(now, is_stuck=self._is_stuck):
            self._beating.is_well(now)
        self._answered_at = now
        self._recently.add(now, measures)
        figures = {**self._recently.figures(now), **of_jobs(place.jobs, now, self._founded_at)}
        with place.database.write() as session:
            rules = rules_now(queries.rules(session))
            judged = judge_all(session, rules, figures, now)
            lost_rule = next((rule for rule, is_on in rules if is_on and rule.id == DATABASE_LOST), None)
            lost, back = self._judge_back(session, lost_rule, now)
            self._hearing = delivering.hearing(session)
        self._lost_rule, self._lost = lost_rule, lost
        self._is_stuck = QUEUE_STUCK in judged.standing
        delivering.order_all(place, [*judged.written, *back])
        self._remember_key()
        if judged.has_changed:
            place.publish(TOPIC)
        self._sweep(now)

    def failed(self, now: datetime) -> None:
        """The database does not answer; who is to hear of it, and when, is known from when it did."""
        rule = self._lost_rule
        lost_s = 0.0 if self._answered_at is None else (now - self._answered_at).total_seconds()
        if rule is None or not rule.is_wrong(lost_s):
            return
        self._lost, turn = judge(rule, self._lost, lost_s, now)
        if turn is Turn.BEGAN:
            self._owed = [one for one in self._hearing if delivering.is_for(*one, rule.id)]
        if self._lost.is_told:
            self._tell_owed(telling(rule, Turn.BEGAN, lost_s).message, now)

    def _founded_at(self) -> datetime | None:
        with self._place.database.read() as session:
            return queries.founded_at(session)

    def _tell_owed(self, message: Message, now: datetime) -> None:
        """Tell who is not quiet; who is, is told once that is over, if nothing has answered until then."""
        due = [one for one in self._owed if self._is_due(*one, message.level, now)]
        self._owed = [one for one in self._owed if one not in due]
        for row, _ in due:
            threading.Thread(
                target=self._send, args=(row, message), name="telling of the database", daemon=True
            ).start()

    @staticmethod
    def _is_due(row: MessengerRow, owner: Principal, level: Level, now: datetime) -> bool:
        return delivering.due_at(row, owner.time_zone, level, now) <= now

    def _judge_back(
        self, session: Session, rule: Rule | None, now: datetime
    ) -> tuple[State, list[tuple[int, datetime]]]:
        """How that the database is lost stands while it answers, and what was written down to be sent."""
        if rule is None:
            return State(), []
        state, turn = judge(rule, self._lost, 0.0, now)
        return state, [] if turn is None else delivering.write_down(session, telling(rule, turn, 0.0), now)

    def _remember_key(self) -> None:
        """Browsers are told that the database is lost by a key that is kept in it."""
        if any(row.kind == BROWSER for row, _ in self._hearing):
            try:
                pushed.house_key(self._place)
            except SecretUnreadable as error:
                _log.warning("No browser can be told anything: %s", error.message)

    def _send(self, row: MessengerRow, message: Message) -> None:
        try:
            delivering.send(self._place, row, message)
        except ProjectionistError as error:
            _log.warning("%s was not told: %s", row.name, error.message)

    def _sweep(self, now: datetime) -> None:
        """At the start and every hour: what was written down and not ordered, and what is too old."""
        if self._swept_at is not None and abs(now - self._swept_at) < _SWEPT_EVERY:
            return
        self._swept_at = now
        delivering.order_left(self._place)
        with self._place.database.write() as session:
            queries.remove_deliveries_before(session, now - delivering.KEPT)


@dataclass(slots=True)
class Judged:
    """What was written down to be sent, the alerts there are now, and whether one began or ended."""

    written: list[tuple[int, datetime]] = field(default_factory=list)
    standing: set[str] = field(default_factory=set)
    has_changed: bool = False


def judge_all(
    session: Session, rules: Sequence[tuple[Rule, bool]], figures: Figures, now: datetime
) -> Judged:
    """Judge every rule that is on, but for that of the database."""
    states = queries.states(session)
    judged = Judged()
    for rule, is_on in rules:
        if rule.id == DATABASE_LOST:
            continue
        was = state_of(states.get(rule.id))
        value = figures.get(rule.figure) if is_on else None
        state, turn = (State(), None) if not is_on else judge(rule, was, value, now)
        if replace(state, value=None) != replace(was, value=None) or state.alert_since is not None:
            queries.put_state(session, rule.id, asdict(state))
        if state.alert_since is not None:
            judged.standing.add(rule.id)
        judged.has_changed |= (state.alert_since is None) != (was.alert_since is None)
        if turn is not None and value is not None:
            judged.written += delivering.write_down(session, telling(rule, turn, value), now)
    return judged


def rules_now(changed: Mapping[str, AlertRuleRow]) -> list[tuple[Rule, bool]]:
    """Every rule as it holds, and whether it is on."""
    found = []
    for rule in RULES:
        row = changed.get(rule.id)
        if row is None:
            found.append((rule, True))
        else:
            told = replace(
                rule,
                threshold=row.threshold,
                lasting=timedelta(seconds=row.lasting_s),
                cool_down=timedelta(seconds=row.cool_down_s),
            )
            found.append((told, row.is_on))
    return found


def state_of(row: AlertStateRow | None) -> State:
    """How a rule stands, out of its row."""
    if row is None:
        return State()
    return State(
        row.known_at, row.wrong_since, row.alert_since, row.well_since, row.is_told, row.told_at, row.value
    )


def telling(rule: Rule, turn: Turn, value: float) -> Told:
    """The message about what began or ended."""
    if turn is Turn.ENDED:
        message = Message(f"Well again: {rule.title.lower()}", "It is as it should be.", Level.GOOD)
    else:
        message = Message(rule.title, f"{sentence(rule, value)} {rule.mend}", rule.level)
    return Told(replace(message, path="/alerts", about=rule.id), rule.id)
