"""The checks of backups, each in every state it can be in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.features.backups import service as backups
from projectionist.features.backups.service import Place, Record
from projectionist.features.doctor.checks import Status
from projectionist.features.doctor.ground import Ground
from projectionist.features.doctor.subjects import backups as checks
from tests.features.doctor.grounds import NOW, bare, found, start_once, stopped_house

PASS, WARN, FAIL, UNKNOWN = Status.PASS, Status.WARN, Status.FAIL, Status.UNKNOWN
PASSPHRASE = "correct horse battery staple"


def made(days: float, trouble: str = "") -> Record:
    at = NOW - timedelta(days=days)
    return Record("one.backup", at, "schedule", "", "sqlite", "0009", 1, 100, False, False, 0.1, trouble)


@pytest.mark.parametrize(
    ("some", "status"),
    [
        ([], WARN),
        ([made(0)], PASS),
        ([made(1.9)], PASS),
        ([made(3)], WARN),
        ([made(20)], FAIL),
        ([made(0, "Broken.")], WARN),
        ([made(0, "Broken."), made(20)], FAIL),
        ([made(0, "Broken."), made(1)], PASS),
        ([made(-0.001)], PASS),  # clocks are set by some seconds
        ([made(-0.1)], FAIL),
        ([made(-300), made(0)], FAIL),
    ],
)
def test_backups_are_fresh(some: list[Record], status: Status) -> None:
    assert checks.judge_age(some, NOW).status is status


def back_up(ground: Ground, passphrase: str = "") -> Path:
    assert ground.opened is not None
    opened = ground.opened
    place = Place.of(ground.settings, opened.database, lambda: opened.reach.vault, opened.now)
    record = backups.make_backup(place, "by hand", passphrase=passphrase)
    assert record.trouble == ""
    return place.folder / record.name


def test_without_a_database_or_a_backup_nothing_is_known(tmp_path: Path) -> None:
    assert {found(bare(tmp_path), name).status for name in ("backups-fresh", "backups-restorable")} == {
        UNKNOWN
    }


def test_the_newest_is_restored_on_trial(tmp_path: Path) -> None:
    start_once(tmp_path)
    with stopped_house(tmp_path) as ground:
        assert found(ground, "backups-fresh").status is WARN
        assert found(ground, "backups-restorable").status is UNKNOWN
        path = back_up(ground)
        assert found(ground, "backups-fresh").status is PASS
        assert found(ground, "backups-restorable").status is PASS
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 255
        path.write_bytes(content)  # as long as before
        assert found(ground, "backups-restorable").status is FAIL
        path.write_bytes(content[:-5])
        assert found(ground, "backups-restorable").status is FAIL


def test_one_whose_passphrase_is_not_here_is_unknown(tmp_path: Path) -> None:
    start_once(tmp_path)
    with stopped_house(tmp_path) as ground:
        back_up(ground, PASSPHRASE)
        assert found(ground, "backups-restorable").status is UNKNOWN
        known = replace(ground, settings=replace(ground.settings, backup_passphrase=PASSPHRASE))
        assert found(known, "backups-restorable").status is PASS
        other = replace(ground, settings=replace(ground.settings, backup_passphrase=PASSPHRASE[::-1]))
        assert found(other, "backups-restorable").status is FAIL
