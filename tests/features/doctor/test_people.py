"""The checks of people, each in every state it can be in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from projectionist.db.engine import Database
from projectionist.features.audit_log.service import Act, Verified, note, verify
from projectionist.features.doctor.checks import Finding, Status
from projectionist.features.doctor.subjects import people
from tests.features.doctor.grounds import bare, found, start_once, stopped_house

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN


@contextmanager
def log_of(data: Path, entries: int, *, changed: str = "") -> Iterator[Finding]:
    """What the doctor says of a log with so many entries, in which something was changed."""
    start_once(data)
    with stopped_house(data) as ground:
        assert ground.store is not None
        for number in range(entries):
            note(ground.store, Act.SERVER_ADDED, f"Server {number}")
        if changed:
            with ground.store.write() as session:
                session.execute(text(changed))
        yield found(ground, "audit-log")


def test_a_log_that_is_as_it_was_written_is_well(tmp_path: Path) -> None:
    with log_of(tmp_path, 3) as finding:
        assert finding == Finding(PASS, "All 3 entries are as they were written.")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("UPDATE audit_entry SET about = 'x' WHERE id = 2", "Entry 2 was changed after it was written."),
        ("DELETE FROM audit_entry WHERE id = 3", "The newest entries, up to 3, are missing."),
        ("DELETE FROM audit_head", "Where the chain ends is missing, so that nothing is proven."),
        ("UPDATE audit_entry SET after = '{' WHERE id = 2", "An entry cannot be read"),
        ("UPDATE audit_entry SET at = 'never' WHERE id = 2", "An entry cannot be read"),
    ],
)
def test_a_log_that_was_changed_is_told(tmp_path: Path, changed: str, said: str) -> None:
    with log_of(tmp_path, 3, changed=changed) as finding:
        assert finding.status is FAIL
        assert finding.evidence.startswith(said)


def test_a_log_that_cannot_be_read_is_not_called_well(tmp_path: Path) -> None:
    assert found(bare(tmp_path), "audit-log").status is UNKNOWN
    with log_of(tmp_path, 1, changed="DROP TABLE audit_entry") as finding:
        assert finding.status is UNKNOWN


def test_of_a_long_log_the_newest_are_proven_and_that_is_said(database: Database) -> None:
    for number in range(12):
        note(database, Act.SERVER_ADDED, f"Server {number}")
    assert verify(database, 5) == Verified(5, "", 7)
    assert verify(database, 50) == Verified(12, "")
    with database.write() as session:
        session.execute(text("UPDATE audit_entry SET about = 'x' WHERE id = 3"))
    assert verify(database, 5) == Verified(5, "", 7)
    assert verify(database).trouble == "Entry 3 was changed after it was written."
    said = people.judge_audit_log(Verified(5, "", 7))
    assert said == Finding(
        PASS, "The newest 5 entries are as they were written; the 7 before them were not read."
    )


def test_entries_that_stand_beside_the_chain_are_found(database: Database) -> None:
    note(database, Act.SERVER_ADDED, "Films")
    with database.write() as session:
        session.execute(
            text(
                "INSERT INTO audit_entry (id, at, act, who, address, about, before, after, previous, hash) "
                "SELECT 9, at, act, who, address, about, before, after, previous, hash FROM audit_entry"
            )
        )
    assert verify(database).trouble == "Entries after 1 stand outside of the chain."
