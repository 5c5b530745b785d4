"""Taking the last migration back by the command line, and migrations that fail, on both databases."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.errors import BackupUnusable, DatabaseUnusable
from projectionist.features.accounts import service as accounts
from projectionist.features.backups import service as backups
from projectionist.jobs.locks import claim
from projectionist.kit.data_folder import DataFolder
from projectionist.opening import open_house
from projectionist.settings import Settings, load_settings
from tests.api.house import NAME, PASSWORD
from tests.features.command import projectionist

BREAKS = """
from alembic import op
import sqlalchemy as sa
from sqlalchemy import text

revision = "9000"
down_revision = "{before}"
branch_labels = depends_on = None


def upgrade():
    op.create_table("half_done", sa.Column("id", sa.Integer(), primary_key=True))
    op.execute("INSERT INTO setting (name, value) VALUES ('half', 'done')")
    op.execute("UPDATE user_account SET name = 'nobody'")
    op.execute("SELECT * FROM a_table_that_is_not_there")


def downgrade():
    op.execute("DELETE FROM setting")
    op.execute("SELECT * FROM a_table_that_is_not_there")
"""


@pytest.fixture
def settings(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A house with an administrator, on SQLite and then on PostgreSQL."""
    url = {"database_url": database_url} if database_url.startswith("postgresql") else {}
    if url:
        monkeypatch.setenv("PROJECTIONIST_DATABASE_URL", database_url)
    made = load_settings({}, {"data": str(tmp_path / "data"), **url})
    with open_house(made, exclusive=True) as house:
        accounts.found(house.database, NAME, PASSWORD, now=house.clock.now)
    return made


@contextmanager
def opened(settings: Settings) -> Iterator[Database]:
    with closing(
        Database(settings.database_url or sqlite_url(settings.data / "projectionist.sqlite"))
    ) as database:
        yield database


def names(settings: Settings) -> list[str]:
    with opened(settings) as database, database.read() as session:
        return list(session.execute(text("SELECT name FROM user_account")).scalars())


def tables(settings: Settings) -> set[str]:
    with opened(settings) as database:
        return set(inspect(database.engine).get_table_names())


def revision(settings: Settings) -> str | None:
    with opened(settings) as database:
        return schema.revision_of(database)


@pytest.fixture
def with_a_migration_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], None]]:
    """Once called, this program is a newer one: it has a migration that does half of its work and fails."""
    folder = tmp_path / "migrations"

    def become_newer() -> None:
        shutil.copytree(schema._FOLDER, folder)
        (folder / "versions/9000_breaks.py").write_text(BREAKS.format(before=schema.newest_revision()))
        monkeypatch.setattr(schema, "_FOLDER", folder)
        schema._scripts.cache_clear()

    yield become_newer
    monkeypatch.undo()
    schema._scripts.cache_clear()


def test_the_last_migration_is_taken_back_after_a_proven_backup_and_comes_again(settings: Settings) -> None:
    newest, before = schema.revisions()[-1], schema.revisions()[-2]
    ran = projectionist("database", "down", "--data", settings.data)
    assert (ran.status, ran.err) == (0, "")
    assert f"was of revision {newest} and is of {before} now" in ran.out
    assert revision(settings) == before
    [made] = backups.backups(backups.folder_of(settings))
    assert (made.is_proven, made.revision, made.reason) == (True, newest, f"before taking {newest} back")
    told = projectionist("database", "show", "--json", "--data", settings.data)
    assert json.loads(told.out)["revision"] == before
    with open_house(settings, exclusive=True) as house:  # as the newer program would be started again
        accounts.sign_in(
            house.database, NAME, PASSWORD, now=house.clock.now, remember=True, address="127.0.0.1"
        )
    assert revision(settings) == newest
    assert names(settings) == [NAME]


def test_what_only_the_newest_revision_holds_is_in_the_backup(settings: Settings) -> None:
    newest, before = schema.revisions()[-1], schema.revisions()[-2]
    had = tables(settings)
    assert projectionist("database", "down", "--data", settings.data).status == 0
    with opened(settings) as database:
        assert schema.revision_of(database) == before
    [made] = backups.backups(backups.folder_of(settings))
    put_back = projectionist("restore", settings.data / "backups" / made.name, "--data", settings.data)
    assert put_back.status == 0, put_back.err
    assert (revision(settings), tables(settings)) == (newest, had)


def test_nothing_is_taken_back_under_a_service_or_worker(settings: Settings) -> None:
    newest = schema.newest_revision()
    with DataFolder.open(settings.data, exclusive=True):
        ran = projectionist("database", "down", "--data", settings.data)
    assert (ran.status, "Another Projectionist works on the data folder" in ran.err) == (1, True)
    with opened(settings) as database:
        held = claim(database, settings.data, "executor here-1")
        assert held is not None
        ran = projectionist("database", "down", "--data", settings.data)
        held.close()
    assert ran.status == 1
    assert "nothing was changed" in ran.err
    assert revision(settings) == newest


def test_without_room_for_the_backup_nothing_is_taken_back(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROJECTIONIST_BACKUP_FOLDER", "/proc/no-room")
    ran = projectionist("database", "down", "--data", settings.data)
    assert ran.status == 1
    assert revision(settings) == schema.newest_revision()


def test_a_database_that_a_newer_program_made_is_left_alone(settings: Settings) -> None:
    with opened(settings) as database, database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9001'"))
    ran = projectionist("database", "down", "--data", settings.data)
    assert (ran.status, "a newer Projectionist has made" in ran.err) == (1, True)
    assert revision(settings) == "9001"


def test_where_there_is_nothing_nothing_is_made(tmp_path: Path) -> None:
    ran = projectionist("database", "down", "--data", tmp_path / "none")
    assert (ran.status, "There is no database in" in ran.err) == (1, True)
    assert not (tmp_path / "none").exists()


def test_a_migration_that_fails_half_way_leaves_the_old_database_to_the_old_program(
    settings: Settings, with_a_migration_that_fails: Callable[[], None]
) -> None:
    newest, had = schema.newest_revision(), tables(settings)
    with_a_migration_that_fails()
    with pytest.raises(BackupUnusable), open_house(settings, exclusive=True):  # it fails on trial already
        pass
    with opened(settings) as database, pytest.raises(DatabaseUnusable):
        schema.prepare(database)
    assert (revision(settings), tables(settings), names(settings)) == (newest, had, [NAME])
    [made] = backups.backups(backups.folder_of(settings))
    assert (made.reason, made.revision) == ("upgrade", newest)


def test_the_old_program_goes_on_after_such_a_migration(
    settings: Settings, with_a_migration_that_fails: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as newer:
        folder = schema._FOLDER
        with_a_migration_that_fails()
        with pytest.raises(BackupUnusable), open_house(settings, exclusive=True):
            pass
        with opened(settings) as database, pytest.raises(DatabaseUnusable):
            schema.prepare(database)
        newer.setattr(schema, "_FOLDER", folder)
        schema._scripts.cache_clear()
        with open_house(settings, exclusive=True) as house:
            accounts.sign_in(
                house.database, NAME, PASSWORD, now=house.clock.now, remember=True, address="127.0.0.1"
            )


def test_a_way_back_that_fails_half_way_leaves_everything(
    settings: Settings, with_a_migration_that_fails: Callable[[], None]
) -> None:
    with_a_migration_that_fails()
    with opened(settings) as database, database.write() as session:
        session.execute(text("INSERT INTO setting (name, value) VALUES ('page_rate', '77')"))
        session.execute(text("UPDATE alembic_version SET version_num = '9000'"))
    ran = projectionist("database", "down", "--data", settings.data)
    assert ran.status == 1
    assert revision(settings) == "9000"
    with opened(settings) as database, database.read() as session:
        assert (
            session.execute(text("SELECT value FROM setting WHERE name = 'page_rate'")).scalar_one() == "77"
        )
