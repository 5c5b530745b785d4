"""Which backups are kept and which go, as the command line, starts and ways back leave the folder."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.saved_settings import save_settings
from projectionist.errors import BackupUnusable
from projectionist.features.backups.service import Record
from projectionist.features.servers.models import ServerRow
from projectionist.kit.secrets import Vault
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.features.command import projectionist

LONG_AGO = datetime(2020, 1, 1, 3, 30, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder on SQLite, started once."""
    folder = tmp_path / "data"
    with open_house(load_settings({}, {"data": str(folder)}), exclusive=True):
        pass
    (folder / "backups").mkdir(mode=0o700)
    return folder


def lie_there(data: Path, days: Iterable[int], *, reason: str = "schedule", trouble: str = "") -> list[str]:
    """Backups of so many days after a day long ago, as their files and records lie in the folder; their names."""
    names = []
    for day in days:
        at = LONG_AGO + timedelta(days=day)
        name = f"projectionist-{at:%Y%m%dT%H%M%SZ}-{len(reason + trouble):04x}.backup"
        record = Record(
            name, at, reason, "", "sqlite", schema.revisions()[-2], 1, 7, False, False, 0.1, trouble
        )
        (data / "backups" / name).write_bytes(b"content")
        (data / "backups" / f"{name}.json").write_bytes(msgspec.json.encode(record))
        names.append(name)
    return names


def backed_up(data: Path, *words: str) -> str:
    ran = projectionist("backup", "--json", "--data", data, *words)
    assert (ran.status, ran.err) == (0, "")
    return str(json.loads(ran.out)["name"])


def left(data: Path) -> list[str]:
    """The backups in the folder, the oldest first; each with its record."""
    names = sorted(one.name for one in (data / "backups").glob("projectionist-*.backup"))
    assert sorted(one.name for one in (data / "backups").glob("*.json")) == [f"{one}.json" for one in names]
    return names


def save(data: Path, **values: str) -> None:
    """As the settings page saves it."""
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        save_settings(database, values)


def make_older(data: Path) -> None:
    """The database as the version from before left it."""
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        schema.migrate(database, schema.revisions()[-2])


def test_what_others_keep_in_the_folder_is_neither_listed_nor_removed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROJECTIONIST_BACKUP_KEEP", "1")
    foreign = ["router.backup", "pg-dump-2020.backup", "projectionist-before-the-move.backup"]
    for name in foreign:
        path = data / "backups" / name
        path.write_bytes(b"not ours")
        os.utime(path, (1e9, 1e9))
    first, second = backed_up(data), backed_up(data)
    there = {one.name for one in (data / "backups").glob("*.backup")}
    assert there == {*foreign, second}
    listed = projectionist("backup", "--list", "--data", data).out
    assert (second in listed, [one for one in (*foreign, first) if one in listed]) == (True, [])


def test_a_clock_that_was_ahead_costs_no_backup_of_today(data: Path) -> None:
    ahead = (datetime.now(UTC) - LONG_AGO).days + 400
    future = lie_there(data, range(ahead, ahead + 20))
    old = lie_there(data, range(3))
    made = [backed_up(data), backed_up(data)]
    assert set(left(data)) == {*old, *made, *future}
    judged = projectionist("doctor", "--json", "--data", data)
    (fresh,) = [one for one in json.loads(judged.out)["checks"] if one["id"] == "backups-fresh"]
    assert (fresh["status"], "ahead of the clock" in fresh["evidence"]) == ("fail", True)


def test_the_command_keeps_as_many_as_the_settings_page_says(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = lie_there(data, range(20))
    save(data, backup_keep="365")
    there.append(backed_up(data))
    assert left(data) == there
    monkeypatch.setenv("PROJECTIONIST_BACKUP_KEEP", "3")  # stronger than what the page saved
    made = backed_up(data)
    assert set(left(data)) == {*there[-2:], made}  # two may be of one second


def test_another_setting_that_cannot_be_taken_any_more_keeps_nobody_from_a_backup(data: Path) -> None:
    save(data, backup_keep="1", preview_width="as wide as it was once")
    _, made = backed_up(data), backed_up(data)
    assert left(data) == [made]


def test_of_those_that_are_not_proven_the_newest_are_kept_too(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROJECTIONIST_BACKUP_KEEP", "3")
    proven = lie_there(data, range(2))
    unproven = lie_there(data, range(2, 9), trouble="A kept token cannot be read.")
    unrecorded = "projectionist-20190101T000000Z-0000.backup"  # perhaps brought here from elsewhere
    (data / "backups" / unrecorded).write_bytes(b"content")
    made = backed_up(data)
    (data / "backups" / f"{unrecorded}.json").touch()
    assert left(data) == [unrecorded, *proven, *unproven[-3:], made]


def test_an_upgrade_and_the_way_back_remove_no_other_backup(data: Path) -> None:
    there = lie_there(data, range(20))
    save(data, backup_keep="365")
    assert projectionist("database", "down", "--data", data).status == 0
    assert left(data)[:-1] == there
    with open_house(load_settings({}, {"data": str(data)}), exclusive=True):
        pass
    assert (left(data)[:-2], len(left(data))) == (there, 22)


def test_starts_that_fail_again_and_again_leave_as_many_as_are_kept(data: Path) -> None:
    nightly = lie_there(data, range(20))
    attempts = lie_there(data, range(30, 50), reason="upgrade")
    make_older(data)
    with open_house(load_settings({}, {"data": str(data)}), exclusive=True):
        pass
    assert left(data)[:-1] == [*nightly, *attempts[-13:]]


def test_a_secret_that_is_lost_already_holds_no_upgrade_up(data: Path) -> None:
    sealed = Vault(os.urandom(32)).seal("a token of then")
    with (
        closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database,
        database.write() as session,
    ):
        session.add(
            ServerRow(
                kind="plex", name="P", address="http://a", identity="x", token=sealed, created_at=LONG_AGO
            )
        )
    make_older(data)
    with open_house(load_settings({}, {"data": str(data)}), exclusive=True) as house:
        assert schema.revision_of(house.database) == schema.newest_revision()


def test_without_a_proven_backup_no_upgrade_begins(data: Path) -> None:
    make_older(data)
    with closing(sqlite3.connect(data / "projectionist.sqlite")) as raw:
        raw.execute("INSERT INTO preview_choice (library_id) VALUES (77)")
        raw.commit()
    with pytest.raises(BackupUnusable), open_house(load_settings({}, {"data": str(data)}), exclusive=True):
        pass
    ran = projectionist("settings", "export", "--data", data)
    assert (ran.status, "The backup before the upgrade was not proved" in ran.err) == (1, True)
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        assert schema.revision_of(database) == schema.revisions()[-2]


def put_odd_entries(folder: Path) -> list[str]:
    """What nobody expects among backups, under names as ours; those that are files."""
    names = [f"projectionist-20200101T000000Z-{number:04x}.backup" for number in range(6)]
    (folder / names[0]).symlink_to(folder / "nowhere")
    (folder / names[1]).symlink_to(names[1])
    (folder / names[2]).mkdir()
    for name in names[3:]:
        (folder / name).write_bytes(b"content")
    (folder / f"{names[3]}.json").write_bytes(b'{"name": "\xff"}')
    (folder / f"{names[4]}.json").mkdir()
    naive = Record(names[5], datetime(2020, 1, 1), "", "", "", "", 1, 7, False, False, 0.1)  # noqa: DTZ001
    (folder / f"{names[5]}.json").write_bytes(msgspec.json.encode(naive))
    return names[3:]


def test_one_odd_entry_among_them_keeps_no_backup_from_being_made_and_told(data: Path) -> None:
    unrecorded = put_odd_entries(data / "backups")
    made = backed_up(data)
    listed = projectionist("backup", "--list", "--json", "--data", data)
    assert (listed.status, listed.err) == (0, "")
    found = {one["name"]: one["trouble"] for one in json.loads(listed.out)["backups"]}
    assert found == {made: "", **dict.fromkeys(unrecorded, "It has no record beside it.")}
    judged = projectionist("doctor", "--json", "--data", data)
    assert {
        one["id"]: one["status"] for one in json.loads(judged.out)["checks"] if one["subject"] == "Backups"
    } == {"backups-fresh": "pass", "backups-restorable": "pass"}


def test_a_backup_is_for_its_owner_alone_from_the_first_moment(data: Path) -> None:
    """It is killed right after it has its name."""
    code = (
        "import os, sys\n"
        "from projectionist.cli import main\n"
        "named = False\n"
        "def note(event, about):\n"
        "    global named\n"
        "    if named:\n"
        "        named = False\n"
        "        os.kill(os.getpid(), 9)\n"
        "    named = event == 'os.rename' and str(about[1]).endswith('.backup')\n"
        "sys.addaudithook(note)\n"
        "sys.exit(main._exit_code())\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, "backup", "--data", str(data)]
    ran = subprocess.run(command, check=False, capture_output=True, text=True)
    assert ran.returncode == -9, ran.stderr
    (made,) = (data / "backups").glob("*.backup")
    assert made.stat().st_mode & 0o777 == 0o600
