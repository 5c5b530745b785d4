"""Taking what a sender tells: who it is, whether it tells too often, and what is done with it.

Who comes with a wrong secret, and who names a sender that there is not, are told the same, and counted by their
address alone, apart from those who came with the right one: a stranger behind the same address silences nobody.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from projectionist.db import counting
from projectionist.db.counting import Taken
from projectionist.errors import SignInNeeded, TellingWrong, TooManyRequests
from projectionist.features.audit_log.service import legible
from projectionist.features.library import service as library
from projectionist.features.servers import service as servers
from projectionist.features.webhooks import queries
from projectionist.features.webhooks.looking import order_look, orders_of
from projectionist.features.webhooks.models import WebhookDeliveryRow, WebhookSenderRow
from projectionist.features.webhooks.placing import Spot, spots
from projectionist.features.webhooks.service import KEPT, Sender, hash_of, sender_of
from projectionist.features.webhooks.workplace import Workplace
from projectionist.media.telling import Told, ToldFile, What
from projectionist.web.limits import WEBHOOK, WEBHOOK_REFUSED, Limit, in_words, network_of

Tell = Callable[[Taken], None]

MOST_FOLDERS = 20
"""So many folders of one telling are looked at; more than that is what the next sync is for."""
_NOBODYS = hash_of("nobody's")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a telling: `looked`, `test`, `unknown`, `ignored` or `wrong`, and what there is to say of it."""

    word: str
    note: str = ""


def known_sender(
    place: Workplace, named: str, secret: str, address: str, tell: Tell, *, by_address: bool
) -> Sender:
    """The sender that shows this secret; `by_address` says that it stood in the address, which few may.

    `tell` hears how the limit stands. Raises SignInNeeded, TooManyRequests, DatabaseUnusable.
    """
    now, network = place.now(), network_of(address)
    with place.database.read() as session:
        row = queries.sender(session, int(named)) if _is_number(named) else None
        sender = None if row is None else sender_of(row, now)
    is_right = _matches(row, secret, with_former=sender is not None and sender.former_until is not None)
    if row is None or sender is None or not is_right or (by_address and not sender.is_by_address):
        _count(place, WEBHOOK_REFUSED, network, tell)
        if row is not None:
            with place.database.write() as session:
                queries.note_refused(session, row.id, now)
        raise SignInNeeded("There is no such sender, or this is not its secret; nothing was done.")
    _count(place, WEBHOOK, f"sender {sender.id} {network}", tell)
    return sender


def take(place: Workplace, sender: Sender, body: bytes, address: str) -> Outcome:
    """Do what follows from what a sender sent, and note it. Raises TellingWrong, DatabaseUnusable."""
    try:
        told = place.read(sender.kind, body)
    except TellingWrong as error:
        note(place, sender, address, "", Outcome("wrong", error.message))
        raise
    outcome = _act(place, sender, told)
    note(place, sender, address, told.event, outcome)
    return outcome


def note(place: Workplace, sender: Sender, address: str, event: str, outcome: Outcome) -> None:
    """Keep what came of a telling, for the page; never what was sent. Raises DatabaseUnusable."""
    now, word = place.now(), legible(event, 60)
    with place.database.write() as session:
        if not queries.note_heard(session, sender.id, now, word):
            return  # it was removed while this was done
        session.add(
            WebhookDeliveryRow(
                sender_id=sender.id,
                at=now,
                address=legible(address, 64),
                event=word,
                outcome=outcome.word,
                note=legible(outcome.note, 300),
            )
        )
        session.flush()
        queries.drop_older(session, sender.id, KEPT)
        place.publish(session)


def _act(place: Workplace, sender: Sender, told: Told) -> Outcome:
    if told.what is What.TEST:
        return Outcome("test", "The connection works.")
    if told.what is What.OTHER:
        return Outcome("unknown", "Nothing follows from this event.")
    by = f"webhook {sender.name}"
    server = _server_called(place, told.server)
    if server is not None and not told.files and not told.folders:
        library_id = _library_called(place, server.id, told.library)
        order_look(place.jobs, server.id, by, library_id=library_id)
        return Outcome("looked", server.name)
    found, outside = _placed(place, told)
    orders_of(place.jobs, found, by)
    if not found:
        return Outcome("ignored", _why_not(told, outside))
    looked = ", ".join(dict.fromkeys(spot.folder for spot in found))
    return Outcome(
        "looked", f"{looked}; not {outside[0]}, which is in no library here" if outside else looked
    )


def _placed(place: Workplace, told: Told) -> tuple[dict[Spot, list[ToldFile]], list[str]]:
    """Which folders are to be looked at and for which files, and what lies in no library."""
    wanted: dict[str, list[ToldFile]] = {folder: [] for folder in told.folders}
    for file in told.files:
        wanted.setdefault(_folder_of(file.path), []).append(file)
    libraries = library.libraries(place.database)
    found: dict[Spot, list[ToldFile]] = {}
    outside: list[str] = []
    for folder, files in list(wanted.items())[:MOST_FOLDERS]:
        there = spots(place.servers, libraries, folder)
        if not there:
            outside.append(folder)
        for spot in there:
            found.setdefault(spot, []).extend(files)
    return found, outside


def _why_not(told: Told, outside: Iterable[str]) -> str:
    first = next(iter(outside), "")
    if first:
        return f"{first} is in no library here, as it is spelled; nothing was looked at."
    if told.server:
        return "The server that this tells of is none of the servers here; nothing was looked at."
    return "It names neither a path nor a server; nothing was looked at."


def _folder_of(path: str) -> str:
    cut = max(path.rfind("/"), path.rfind("\\") if servers.is_windows(path) else -1)
    return path[:cut] or path[: cut + 1]


def _server_called(place: Workplace, identity: str) -> servers.Server | None:
    if not identity:
        return None
    known = servers.all_servers(place.database)
    return next((one for one in known if one.identity == identity), None)


def _library_called(place: Workplace, server_id: int, key: str) -> int | None:
    known = [one for one in library.libraries(place.database) if one.server_id == server_id]
    return next((one.id for one in known if key and one.key == key and one.missing_since is None), None)


def _matches(row: WebhookSenderRow | None, secret: str, *, with_former: bool) -> bool:
    """Compared in the same time whatever is wrong, by hashes, of which nobody chooses the letters."""
    shown = hash_of(secret)
    kept, former = (row.secret_hash, row.former_hash) if row is not None else (_NOBODYS, "")
    is_current = hmac.compare_digest(shown, kept)
    is_former = hmac.compare_digest(shown, former or _NOBODYS)
    return bool(secret) and row is not None and (is_current or (is_former and with_former and bool(former)))


def _is_number(named: str) -> bool:
    return named.isascii() and named.isdigit() and len(named) < 10


def _count(place: Workplace, limit: Limit, who: str, tell: Tell) -> None:
    now = place.now()
    taken = counting.take(place.database, limit.name, who, limit.rates, now)
    tell(taken)
    if taken.granted == 0:
        wait_s = taken.wait_s(now)
        raise TooManyRequests(f"Told too often; try again in {in_words(wait_s)}.", wait_s)
