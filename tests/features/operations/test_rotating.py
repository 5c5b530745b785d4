"""Another key for all that is kept sealed: nothing is lost by a cut at any moment, and the former key opens nothing."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from projectionist.db import schema
from projectionist.db.engine import Database, sqlite_url
from projectionist.db.tables import SavedSettingRow
from projectionist.errors import (
    DataFolderInUse,
    NotFound,
    SecretUnreadable,
    SettingWrong,
    TargetUnwritable,
    UsageWrong,
)
from projectionist.features.audit_log import service as audit_log
from projectionist.features.cache.models import ListKeyRow
from projectionist.features.operations import rotating
from projectionist.features.servers.models import ServerRow
from projectionist.kit import files
from projectionist.kit.data_folder import DataFolder
from projectionist.kit.secrets import KEY_FILE, NEXT_KEY_FILE, Vault, load_key, load_vault
from projectionist.settings import Settings, load_settings

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TOKEN, KEY = "canary-of-the-token-4c7e", "canary-of-the-list-key-99"
OLD_TEXT, NEW_TEXT = "the former key, long enough", "the new key, which is longer still"


def settings_of(data: Path, database_url: str, secret_key: str = "") -> Settings:
    return load_settings(
        {}, {"data": str(data), "database_url": database_url or None, "secret_key": secret_key or None}
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def sealed(data: Path) -> Settings:
    return filled(data, "")


def filled(data: Path, secret_key: str) -> Settings:
    """A data folder with two secrets, and texts that only look like some."""
    vault = load_vault(data, secret_key)
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        schema.prepare(database)
        with database.write() as session:
            session.add(ListKeyRow(service="trakt", key=vault.seal(KEY)))
            session.add(SavedSettingRow(name="page_rate", value="v1.2 of the rules"))
            session.add(
                ServerRow(
                    kind="plex",
                    name="v1.AAAA",
                    address="http://127.0.0.1:1",
                    identity="x",
                    token=vault.seal(TOKEN),
                    created_at=NOW,
                )
            )
    return settings_of(data, "", secret_key)


def kept(settings: Settings) -> list[str]:
    """The sealed texts, as the database has them."""
    with (
        closing(Database(sqlite_url(settings.data / "projectionist.sqlite"))) as database,
        database.read() as session,
    ):
        tokens = session.execute(text("SELECT token FROM server")).scalars().all()
        keys = session.execute(text('SELECT "key" FROM cache_list_key')).scalars().all()
        return [*tokens, *keys]


def opened(settings: Settings, vault: Vault) -> set[str]:
    return {vault.open(one) for one in kept(settings)}


def rotate(settings: Settings, new_key: str = "") -> rotating.Rotated:
    return rotating.rotate(settings, new_key, lambda: NOW)


def test_a_new_key_opens_all_and_the_former_nothing(sealed: Settings) -> None:
    former = Vault(load_key(sealed.data))
    done = rotate(sealed)
    assert (done.sealed, done.unreadable) == (2, 0)
    assert opened(sealed, Vault(load_key(sealed.data))) == {TOKEN, KEY}
    for one in kept(sealed):
        with pytest.raises(SecretUnreadable):
            former.open(one)
    assert not (sealed.data / NEXT_KEY_FILE).exists()


def test_the_former_key_is_kept_aside_for_the_backups_of_its_time(sealed: Settings) -> None:
    before = (sealed.data / KEY_FILE).read_bytes()
    done = rotate(sealed)
    aside = Path(done.former_key)
    assert aside.read_bytes() == before
    assert aside.stat().st_mode & 0o077 == 0
    assert (sealed.data / KEY_FILE).stat().st_mode & 0o077 == 0
    assert (sealed.data / KEY_FILE).read_bytes() != before


def test_what_only_looks_sealed_stays_as_it_is(sealed: Settings) -> None:
    rotate(sealed)
    with (
        closing(Database(sqlite_url(sealed.data / "projectionist.sqlite"))) as database,
        database.read() as session,
    ):
        assert session.execute(text("SELECT value FROM setting")).scalars().all() == ["v1.2 of the rules"]
        assert session.execute(text("SELECT name FROM server")).scalars().all() == ["v1.AAAA"]


def test_it_is_written_down_without_a_secret(sealed: Settings) -> None:
    rotate(sealed)
    with closing(Database(sqlite_url(sealed.data / "projectionist.sqlite"))) as database:
        entry = list(audit_log.all_entries(database))[-1]
    assert entry.act == "key of kept tokens rotated"
    assert TOKEN not in repr(entry)


@pytest.mark.parametrize("at", ["_seal_anew", "_take_over"])
def test_a_cut_loses_nothing_and_another_run_ends_it(
    sealed: Settings, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    class Cut(Exception):
        pass

    def cut(*_arguments: object) -> None:
        raise Cut

    with monkeypatch.context() as patched:
        patched.setattr(rotating, at, cut)
        with pytest.raises(Cut):
            rotate(sealed)
    assert opened(sealed, load_vault(sealed.data)) == {TOKEN, KEY}
    done = rotate(sealed)
    assert (done.sealed, done.unreadable) == (2, 0)
    assert opened(sealed, Vault(load_key(sealed.data))) == {TOKEN, KEY}


def test_a_cut_in_the_transaction_leaves_all_as_it_was(
    sealed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = kept(sealed)

    def cut(*_arguments: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rotating, "record", cut)
    with pytest.raises(KeyboardInterrupt):
        rotate(sealed)
    assert kept(sealed) == before
    assert opened(sealed, load_vault(sealed.data)) == {TOKEN, KEY}


def test_a_full_disk_at_the_end_leaves_both_keys(sealed: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_arguments: object) -> None:
        raise TargetUnwritable("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(files, "take_place", full)
        with pytest.raises(TargetUnwritable):
            rotate(sealed)
    assert opened(sealed, load_vault(sealed.data)) == {TOKEN, KEY}


def test_what_another_key_sealed_stays_and_is_counted(sealed: Settings) -> None:
    lost = Vault(bytes(32)).seal("lost")
    with (
        closing(Database(sqlite_url(sealed.data / "projectionist.sqlite"))) as database,
        database.write() as session,
    ):
        session.add(ListKeyRow(service="tmdb", key=lost))
    done = rotate(sealed)
    assert (done.sealed, done.unreadable) == (2, 1)
    assert lost in kept(sealed)


def test_a_key_of_the_environment_goes_over_to_another(data: Path) -> None:
    settings = filled(data, OLD_TEXT)
    with pytest.raises(UsageWrong, match="--new-key-file"):
        rotate(settings)
    assert rotate(settings, NEW_TEXT).former_key == ""
    assert opened(settings, load_vault(data, NEW_TEXT)) == {TOKEN, KEY}
    assert rotate(settings, NEW_TEXT).sealed == 2, "run again with the former one it is done already"


def test_a_short_key_is_refused_before_anything_is_changed(sealed: Settings) -> None:
    before = kept(sealed)
    with pytest.raises(SettingWrong, match="at least"):
        rotate(sealed, "short")
    assert kept(sealed) == before


def test_while_the_service_runs_nothing_is_changed(sealed: Settings) -> None:
    before = kept(sealed)
    with DataFolder.open(sealed.data), pytest.raises(DataFolderInUse):
        rotate(sealed)
    assert kept(sealed) == before


def test_without_a_database_there_is_nothing_to_rotate(data: Path) -> None:
    with pytest.raises(NotFound, match="nothing sealed"):
        rotate(settings_of(data, ""))
    assert not (data / NEXT_KEY_FILE).exists()
