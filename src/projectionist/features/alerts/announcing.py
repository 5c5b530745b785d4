"""What everybody here is told, on Home and by messengers; and where we tell outside that we live."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

from projectionist.errors import Conflict, InputWrong, NotFound
from projectionist.features.alerts import delivering, queries
from projectionist.features.alerts.beating import beat
from projectionist.features.alerts.delivering import Told
from projectionist.features.alerts.models import AnnouncementRow, HeartbeatRow
from projectionist.features.alerts.service import ANNOUNCEMENTS, host_of
from projectionist.features.alerts.workplace import TOPIC, Workplace
from projectionist.features.audit_log.service import Act, record
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind

MOST = 10
"""So many announcements stand at once; more, and nobody reads any."""
_LONGEST = 1000
_SHORTEST_BEAT, _LONGEST_BEAT = timedelta(seconds=30), timedelta(days=1)


def announcements(place: Workplace) -> Sequence[AnnouncementRow]:
    """What everybody is told now, the newest first. Raises DatabaseUnusable."""
    with place.database.read() as session:
        return queries.announcements(session, place.now())


def announce(
    place: Workplace, by: str, text: str, level: Level = Level.INFO, ends_at: datetime | None = None
) -> AnnouncementRow:
    """Tell everybody, until it ends or is taken back. Raises InputWrong, Conflict."""
    said, now = text.strip(), place.now()
    if not 1 <= len(said) <= _LONGEST or "\0" in said:
        raise InputWrong(f"An announcement has up to {_LONGEST} characters.", "text")
    if ends_at is not None and ends_at <= now:
        raise InputWrong("It would be over already; choose a later end.", "ends_at")
    with place.database.durable() as session:
        if len(queries.announcements(session, now)) >= MOST:
            raise Conflict(f"There are {MOST} announcements, which is the most; take one back first.")
        row = AnnouncementRow(at=now, by=by[:100], text=said, level=level.value, ends_at=ends_at)
        session.add(row)
        session.flush()
        written = delivering.write_down(
            session, Told(Message(f"{by} announces", said, level), ANNOUNCEMENTS), now
        )
        record(session, Act.ANNOUNCED, said[:200], at=now)
    delivering.order_all(place, written)
    place.publish(TOPIC)
    return row


def take_back(place: Workplace, announcement_id: int) -> None:
    """Take an announcement back. Raises NotFound."""
    with place.database.durable() as session:
        row = queries.announcement(session, announcement_id)
        if row is None:
            raise NotFound("This announcement is not there any more.")
        said = row.text
        queries.remove_announcement(session, announcement_id)
        record(session, Act.ANNOUNCEMENT_REMOVED, said[:200], at=place.now())
    place.publish(TOPIC)


def heartbeat(place: Workplace) -> HeartbeatRow | None:
    """Where we tell that we live. Raises DatabaseUnusable."""
    with place.database.read() as session:
        return queries.heartbeat(session)


def save_heartbeat(place: Workplace, address: str, every: timedelta) -> tuple[HeartbeatRow, str]:
    """Tell an address again and again, from now on; without one, the one that is kept.

    The first beat is tried at once; what went wrong with it comes along, empty where nothing did. Raises InputWrong.
    """
    given = address.strip()
    if not _SHORTEST_BEAT <= every <= _LONGEST_BEAT:
        raise InputWrong("The heart beats every 30 seconds to 24 hours.", "every_s")
    if given:
        with closing(place.connect(MessengerAddress(MessengerKind.APPRISE_API, given))):
            pass
    with place.database.durable() as session:
        was = queries.heartbeat(session)
        if was is None and not given:
            raise InputWrong("Give the address that the service shows for heartbeats.", "address")
        before = {} if was is None else {"host": was.host, "every_s": was.every_s}
        values = {
            "address": place.vault.seal(given) if given or was is None else was.address,
            "host": host_of(MessengerKind.APPRISE_API, given) if given or was is None else was.host,
            "every_s": round(every.total_seconds()),
            "tried_at": None,
            "heard_at": None if given or was is None else was.heard_at,
            "error": "",
        }
        queries.put_heartbeat(session, values)
        after = {"host": values["host"], "every_s": values["every_s"]}
        record(
            session, Act.HEARTBEAT_CHANGED, str(values["host"]), at=place.now(), before=before, after=after
        )
    kept = heartbeat(place)
    if kept is None:
        raise Conflict("The heartbeat was removed meanwhile; nothing was changed.")
    trouble = beat(place, kept, place.now())
    return heartbeat(place) or kept, trouble


def remove_heartbeat(place: Workplace) -> None:
    """Tell nobody any more. Raises NotFound."""
    with place.database.durable() as session:
        was = queries.heartbeat(session)
        if was is None:
            raise NotFound("There is no heartbeat to remove.")
        host = was.host
        queries.remove_heartbeat(session)
        record(session, Act.HEARTBEAT_REMOVED, host, at=place.now())
