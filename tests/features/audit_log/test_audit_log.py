from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.features.audit_log import service
from projectionist.features.audit_log.service import Act, record
from projectionist.kit.acting import Actor, acting

NOW = datetime(2026, 3, 1, 20, 0, 0, 123456, tzinfo=UTC)


def write(database: Database, act: Act = Act.SERVER_ADDED, about: str = "Films") -> None:
    with database.durable() as session:
        record(session, act, about, at=NOW, after={"address": "http://films.lan:32400", "verify_tls": True})


def change(database: Database, statement: str) -> None:
    with database.write() as session:
        session.execute(text(statement))


@pytest.fixture
def written(database: Database) -> Database:
    for number in range(7):
        write(database, about=f"Server {number}")
    return database


def test_an_empty_log_is_whole(database: Database) -> None:
    assert service.verify(database) == service.Verified(0, "")


def test_what_was_written_is_proven(written: Database) -> None:
    assert service.verify(written) == service.Verified(7, "")


@pytest.mark.parametrize(
    ("statement", "proven", "trouble"),
    [
        ("UPDATE audit_entry SET about = 'x' WHERE id = 4", 3, "Entry 4 was changed after it was written."),
        ("UPDATE audit_entry SET who_id = 9 WHERE id = 1", 0, "Entry 1 was changed after it was written."),
        ("UPDATE audit_entry SET after = '{}' WHERE id = 7", 6, "Entry 7 was changed after it was written."),
        ("DELETE FROM audit_entry WHERE id = 3", 2, "Entry 3 is missing."),
        ("DELETE FROM audit_entry WHERE id = 1", 0, "Entry 1 is missing."),
        ("DELETE FROM audit_entry WHERE id > 5", 5, "The newest entries, up to 7, are missing."),
        ("DELETE FROM audit_entry", 0, "The newest entries, up to 7, are missing."),
        (
            "UPDATE audit_entry SET previous = 'x' WHERE id = 2",
            1,
            "Entry 2 does not follow the one before it.",
        ),
    ],
)
def test_whatever_is_changed_or_taken_out_is_found(
    written: Database, statement: str, proven: int, trouble: str
) -> None:
    change(written, statement)
    assert service.verify(written) == service.Verified(proven, trouble)


def test_an_entry_is_kept_only_with_what_it_tells_of(written: Database) -> None:
    def write_and_fail() -> None:
        with written.durable() as session:
            record(session, Act.SERVER_ADDED, "Never added", at=NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert service.verify(written) == service.Verified(7, "")


def test_many_who_write_at_once_make_one_chain(database: Database) -> None:
    together = threading.Barrier(6)

    def many(_: int) -> None:
        together.wait(60)
        for _ in range(5):
            write(database)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(many, range(6)))
    assert service.verify(database) == service.Verified(30, "")


def test_it_says_who_acts_and_from_where(database: Database) -> None:
    marker = acting.set(Actor(3, "Vera", "192.0.2.7"))
    write(database)
    acting.reset(marker)
    write(database)
    own, hers = service.entries(database).items
    assert (hers.who, hers.address, hers.at) == ("Vera", "192.0.2.7", NOW)
    assert (own.who, own.address) == ("Projectionist", "")


def test_it_is_filtered_by_act_and_text_and_read_in_parts(written: Database) -> None:
    write(written, Act.SERVER_REMOVED, "Server 100%")
    found = service.entries(written, "server removed")
    assert [one.about for one in found.items] == ["Server 100%"]
    assert service.entries(written, text="100%").total == 1
    assert service.entries(written, text="%").total == 1
    part = service.entries(written, text="server", offset=2, size=3)
    assert ([one.id for one in part.items], part.total) == ([6, 5, 4], 8)


def test_an_export_holds_everything_in_order(written: Database) -> None:
    assert [one.id for one in service.all_entries(written)] == list(range(1, 8))


def test_only_what_differs_is_told() -> None:
    assert service.differing({"a": 1, "b": 2}, {"a": 1, "b": 3, "c": 4}) == ({"b": 2}, {"b": 3, "c": 4})
