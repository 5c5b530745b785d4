"""Restoring, as the command line does it: what comes back, what is kept aside, and what is refused."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.saved_settings import save_settings, saved_settings
from projectionist.features.accounts import service as accounts
from projectionist.features.accounts import tokens
from projectionist.features.accounts.users import links
from projectionist.features.accounts.users.service import OWNER
from projectionist.features.backups import archive
from projectionist.features.servers import service as servers
from projectionist.features.servers.service import NewServer
from projectionist.jobs.locks import claim
from projectionist.jobs.ports import JobFilter, JobState, Order
from projectionist.kit.clock import SystemClock
from projectionist.kit.data_folder import DataFolder
from projectionist.kit.secrets import Vault, load_key
from projectionist.media.vocabulary import ServerKind
from projectionist.opening import open_house
from projectionist.settings import load_settings
from tests.api.house import NAME, PASSWORD, TOKEN, shelves_of
from tests.features.command import Ran, projectionist

PASSPHRASE = "correct horse battery staple"


@pytest.fixture
def data(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with an administrator, a server and a job that waits, on SQLite and then on PostgreSQL."""
    folder = tmp_path / "data"
    if database_url.startswith("postgresql"):
        monkeypatch.setenv("PROJECTIONIST_DATABASE_URL", database_url)
    settings = load_settings({}, {"data": str(folder), **url_of(database_url)})
    shelves = shelves_of()
    with open_house(settings, exclusive=True, connect=lambda address: shelves) as house:
        servers.add_server(house.reach, NewServer(ServerKind.PLEX, "http://127.0.0.1:1", TOKEN))
        owner = accounts.found(house.database, NAME, PASSWORD, now=house.clock.now)
        accounts.sign_in(
            house.database, NAME, PASSWORD, now=house.clock.now, remember=True, address="127.0.0.1"
        )
        links.invite(house.database, OWNER, "user", "used since", now=house.clock.now)
        tokens.make_token(
            house.database, owner, "revoked since", ["view"], lasts=timedelta(days=9), now=house.clock.now
        )
        house.jobs.order(Order("library.sync", {"server_id": 1}))
    return folder


def url_of(database_url: str) -> dict[str, str]:
    return {"database_url": database_url} if database_url.startswith("postgresql") else {}


def open_database(data: Path, database_url: str) -> Database:
    return Database(url_of(database_url).get("database_url") or sqlite_url(data / "projectionist.sqlite"))


def backed_up(data: Path, *words: str | Path) -> Path:
    ran = projectionist("backup", "--data", data, "--json", *words)
    assert (ran.status, ran.err) == (0, "")
    return data / "backups" / str(json.loads(ran.out)["name"])


def restored(data: Path, file: Path, *words: str | Path) -> Ran:
    return projectionist("restore", file, "--data", data, *words)


def test_what_was_backed_up_comes_back_and_the_former_is_kept(data: Path, database_url: str) -> None:
    file = backed_up(data)
    with closing(open_database(data, database_url)) as database:
        save_settings(database, {"page_rate": "77"})
    ran = restored(data, file)
    assert (ran.status, ran.err) == (0, "")
    assert "The former one is kept" in ran.out
    assert "cannot be opened" not in ran.out
    assert "programs need new tokens" in ran.out
    with closing(open_database(data, database_url)) as database:
        assert saved_settings(database) == {}
        vault = Vault(load_key(data))
        assert servers.server_address(database, vault, 1).token == TOKEN
        with database.read() as session:
            for table in ("sign_in", "account_link", "api_token", "mail_letter"):
                assert session.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == 0, table
            if not database.is_sqlite:
                named = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'before\\_%'"
                aside = session.execute(text(named)).scalar_one()
                kept = session.execute(text(f'SELECT value FROM "{aside}".setting')).scalar_one()
                assert kept == "77"
    if database_url.startswith("sqlite"):
        (aside_file,) = data.glob("projectionist.sqlite.before-*")
        with closing(Database(sqlite_url(aside_file))) as former:
            assert saved_settings(former) == {"page_rate": "77"}
        assert (data / "projectionist.sqlite").stat().st_mode & 0o777 == 0o600


def test_a_restored_house_opens_and_does_nothing_of_old(data: Path, database_url: str) -> None:
    assert restored(data, backed_up(data)).status == 0
    settings = load_settings({}, {"data": str(data), **url_of(database_url)})
    with open_house(settings, exclusive=True, connect=lambda address: shelves_of()) as house:
        found = house.jobs.find(JobFilter()).items
        assert {job.state for job in found} == {JobState.CANCELLED}
        now = SystemClock().now
        assert accounts.sign_in(
            house.database, NAME, PASSWORD, now=now, remember=False, address="127.0.0.1"
        ).token


def test_a_running_service_is_not_restored_under_its_feet(data: Path) -> None:
    file = backed_up(data)
    with DataFolder.open(data):
        ran = restored(data, file)
    assert (ran.status, "Another Projectionist works on the data folder" in ran.err) == (1, True)


@pytest.fixture
def alone(tmp_path: Path) -> Path:
    """A data folder on SQLite, started once."""
    folder = tmp_path / "alone"
    with open_house(load_settings({}, {"data": str(folder)}), exclusive=True) as house:
        save_settings(house.database, {"page_rate": "77"})
    return folder


def test_a_worker_at_work_is_not_restored_under_its_feet(alone: Path) -> None:
    file = backed_up(alone)
    with closing(Database(sqlite_url(alone / "projectionist.sqlite"))) as database:
        held = claim(database, alone, "executor booth-1")
        assert held is not None
        ran = restored(alone, file)
        held.close()
    assert (ran.status, "A worker is at work" in ran.err) == (1, True)
    assert restored(alone, file).status == 0


def test_whatever_is_refused_changes_nothing(alone: Path, tmp_path: Path) -> None:
    file = backed_up(alone)
    whole = file.read_bytes()
    newer = archive.header_of(file)
    line = whole[len(archive.MAGIC) :].split(b"\n", 1)[0]
    future = whole.replace(line, line.replace(newer.revision.encode(), b"9999"), 1)
    before = (alone / "projectionist.sqlite").read_bytes()
    for name, content, words in (
        ("foreign", b"PK\x03\x04 a zip", "is no backup of Projectionist"),
        ("short", whole[:-30], "damaged or cut short"),
        ("future", future, "a newer Projectionist"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        ran = restored(alone, path)
        assert (ran.status, words in ran.err) == (1, True), ran.err
        assert ran.err.count("\n") == 1
    assert restored(alone, tmp_path / "none").status == 1
    assert (alone / "projectionist.sqlite").read_bytes() == before
    assert list(alone.glob("*.before-*")) == []
    assert list(alone.glob(".projectionist-*.tmp")) == []


def test_a_key_that_is_refused_changes_nothing(data: Path, database_url: str) -> None:
    file = backed_up(data)
    with closing(open_database(data, database_url)) as database:
        save_settings(database, {"page_rate": "77"})
    (data / "secret.key").chmod(0o644)  # as a plain copy leaves it
    ran = restored(data, file)
    assert (ran.status, "chmod 600" in ran.err) == (1, True)
    with closing(open_database(data, database_url)) as database:
        assert saved_settings(database) == {"page_rate": "77"}
    assert list(data.glob("*.before-*")) == []


@pytest.mark.parametrize("key", ["x'00ff'", "'a text'", "NULL"])
def test_a_backup_with_a_key_that_is_none_changes_nothing(alone: Path, tmp_path: Path, key: str) -> None:
    file = backed_up(alone)
    header = archive.unpack(file, tmp_path / "open.sqlite", "")
    with closing(sqlite3.connect(tmp_path / "open.sqlite")) as database:
        database.execute("CREATE TABLE kept_key (content)")
        database.execute(f"INSERT INTO kept_key VALUES ({key})")
        database.commit()
    with (tmp_path / "bad.backup").open("wb") as into:
        archive.pack(tmp_path / "open.sqlite", into, header, "")
    before = (alone / "projectionist.sqlite").read_bytes(), (alone / "secret.key").read_bytes()
    ran = restored(alone, tmp_path / "bad.backup")
    assert (ran.status, "nothing was changed" in ran.err) == (1, True)
    assert ((alone / "projectionist.sqlite").read_bytes(), (alone / "secret.key").read_bytes()) == before
    assert list(alone.glob("*.before-*")) == []


def test_a_backup_of_no_revision_is_refused(alone: Path, tmp_path: Path) -> None:
    header = archive.unpack(backed_up(alone), tmp_path / "open.sqlite", "")
    with closing(sqlite3.connect(tmp_path / "open.sqlite")) as database:
        database.execute("DELETE FROM alembic_version")
        database.commit()
    with (tmp_path / "bad.backup").open("wb") as into:
        archive.pack(tmp_path / "open.sqlite", into, header, "")
    ran = restored(alone, tmp_path / "bad.backup")
    assert (ran.status, "of which revision" in ran.err, ran.err.count("\n")) == (1, True, 1)


def test_the_key_is_brought_from_elsewhere(data: Path, database_url: str, tmp_path: Path) -> None:
    file = backed_up(data)
    new = tmp_path / "new machine"
    new.mkdir(mode=0o700)
    told = json.loads(restored(new, file, "--json").out)
    assert told["sealed"] == 1  # without the key the token stays sealed
    shutil.copy(data / "secret.key", new / "secret.key")
    again = json.loads(restored(new, file, "--json").out)
    assert again["sealed"] == 0
    with closing(open_database(new, database_url)) as database:
        assert servers.server_address(database, Vault(load_key(new)), 1).token == TOKEN


def test_a_key_that_went_along_is_put_back_and_another_kept(data: Path, tmp_path: Path) -> None:
    secret = tmp_path / "passphrase"
    secret.write_text(f"{PASSPHRASE}\n")
    file = backed_up(data, "--encrypt", "--with-key", "--passphrase-file", secret)
    key = (data / "secret.key").read_bytes()
    (data / "secret.key").unlink()
    load_key(data)  # another one
    assert restored(data, file).status == 1  # without its passphrase
    told = json.loads(restored(data, file, "--passphrase-file", secret, "--json").out)
    assert (told["sealed"], Path(told["former_key"]).exists()) == (0, True)
    assert (data / "secret.key").read_bytes() == key
    assert (data / "secret.key").stat().st_mode & 0o777 == 0o600


def test_a_broken_database_is_replaced_and_kept_with_its_log(alone: Path) -> None:
    file = backed_up(alone)
    (alone / "projectionist.sqlite").write_bytes(b"no database any more" * 500)
    (alone / "projectionist.sqlite-wal").write_bytes(b"a log that nobody can read")
    assert restored(alone, file).status == 0
    kept = sorted(path.name.split("before-")[1][16:] for path in alone.glob("*.before-*"))
    assert kept == ["", "-wal"]
    with closing(Database(sqlite_url(alone / "projectionist.sqlite"))) as database:
        assert saved_settings(database) == {"page_rate": "77"}


def test_an_older_backup_is_brought_up(alone: Path) -> None:
    with closing(Database(sqlite_url(alone / "projectionist.sqlite"))) as database:
        schema.migrate(database, "0008")
    file = backed_up(alone)
    assert archive.header_of(file).revision == "0008"
    assert restored(alone, file).status == 0
    with closing(Database(sqlite_url(alone / "projectionist.sqlite"))) as database:
        assert schema.revision_of(database) == schema.newest_revision()


def test_a_backup_is_made_while_the_service_runs_and_is_listed(alone: Path) -> None:
    with DataFolder.open(alone):
        file = backed_up(alone)
    assert file.name in projectionist("backup", "--list", "--data", alone).out
    listed = json.loads(projectionist("backup", "--list", "--json", "--data", alone).out)
    assert [one["name"] for one in listed["backups"]] == [file.name]


def test_words_that_clash_are_told(alone: Path, tmp_path: Path) -> None:
    assert projectionist("backup", "--data", alone, "--encrypt").status == 2
    assert projectionist("backup", "--data", alone, "--with-key").status == 2
    assert projectionist("backup", "--data", tmp_path / "none").status == 1
    assert not (tmp_path / "none").exists()
    assert not list(alone.glob("backups/*.backup"))


@pytest.mark.parametrize(
    "content", [b"", b"\ncorrect horse battery staple\n", b"correct horse \xff battery\n"]
)
@pytest.mark.parametrize("words", [["backup"], ["backup", "--encrypt"], ["restore", "any.backup"]])
def test_a_named_file_without_a_passphrase_is_no_passphrase(
    alone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, words: list[str]
) -> None:
    monkeypatch.setenv("PROJECTIONIST_BACKUP_PASSPHRASE", "another passphrase, of the settings")
    secret = tmp_path / "passphrase"
    secret.write_bytes(content)
    ran = projectionist(*words, "--data", alone, "--passphrase-file", secret)
    assert (ran.status, str(secret) in ran.err, "Traceback" in ran.err) == (2, True, False)
    assert not list(alone.glob("backups/*.backup"))


def test_a_start_backs_an_older_database_up_first(alone: Path) -> None:
    with closing(Database(sqlite_url(alone / "projectionist.sqlite"))) as database:
        schema.migrate(database, "0008")
    with open_house(load_settings({}, {"data": str(alone)}), exclusive=True):
        pass
    (file,) = (alone / "backups").glob("*.backup")
    assert archive.header_of(file).revision == "0008"
    with closing(sqlite3.connect(alone / "projectionist.sqlite")) as now:
        assert now.execute("SELECT version_num FROM alembic_version").fetchone() != ("0008",)
