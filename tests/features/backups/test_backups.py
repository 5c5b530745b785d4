"""Backups, made and proved on both engines; what is wrong with one is found, and what is too old goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text, update

import projectionist
from projectionist.db import schema
from projectionist.db.engine import Database
from projectionist.db.tables import SavedSettingRow
from projectionist.errors import BackupUnusable, DatabaseNewer, DatabaseUnusable, TargetUnwritable, UsageWrong
from projectionist.features.accounts.models import HandshakeRow
from projectionist.features.backups import archive, queries, service
from projectionist.features.backups.service import Place
from projectionist.features.servers.models import ServerRow
from projectionist.kit import files
from projectionist.kit.secrets import Vault, load_key
from projectionist.settings import Settings

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
PASSPHRASE = "correct horse battery staple"
TOKEN = "canary-of-the-token-4c7e"
SAID = "canary-in-the-database-91aa"


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Place:
    data = tmp_path / "data"
    data.mkdir()
    vault = Vault(load_key(data))
    with database.write() as session:
        session.add(SavedSettingRow(name="page_rate", value=SAID))
        session.add(
            ServerRow(
                kind="plex",
                name="Plex",
                address="http://127.0.0.1:1",
                identity="x",
                token=vault.seal(TOKEN),
                created_at=NOW,
            )
        )
    return Place(database, tmp_path / "backups", data, lambda: vault, lambda: NOW, 3)


def older(place: Place, days: int) -> Place:
    return replace(place, now=lambda: NOW - timedelta(days=days))


def test_a_backup_is_made_and_proven_and_recorded(place: Place) -> None:
    made = service.make_backup(place, "by hand", asked_by="ada")
    assert (made.trouble, made.is_proven, made.rows > 0) == ("", True, True)
    assert service.backups(place.folder) == [made]
    path = place.folder / made.name
    assert (path.stat().st_mode & 0o777, place.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    assert sorted(one.name for one in place.folder.iterdir()) == [made.name, f"{made.name}.json"]
    header = archive.header_of(path)
    assert header.engine == ("sqlite" if place.database.is_sqlite else "postgresql")
    assert header.rows["server"] == 1


def test_no_secret_is_in_a_backup_without_the_key(place: Place, tmp_path: Path) -> None:
    made = service.make_backup(place, "by hand")
    archive.unpack(place.folder / made.name, tmp_path / "open.sqlite", "")
    content = (tmp_path / "open.sqlite").read_bytes() + (place.folder / made.name).read_bytes()
    key = (place.data / "secret.key").read_bytes().strip()
    assert SAID.encode() in content  # it is the database
    assert [secret for secret in (TOKEN.encode(), key) if secret in content] == []


def test_an_encrypted_backup_shows_nothing_and_opens_only_with_its_passphrase(
    place: Place, tmp_path: Path
) -> None:
    made = service.make_backup(replace(place, passphrase=PASSPHRASE), "schedule")
    assert (made.is_encrypted, made.is_proven) == (True, True)
    path = place.folder / made.name
    assert SAID.encode() not in path.read_bytes()
    for wrong in ("", "another passphrase"):
        with pytest.raises(BackupUnusable):
            archive.unpack(path, tmp_path / f"open{len(wrong)}.sqlite", wrong)
    with service.opened(path, PASSPHRASE) as found:
        assert found.key is None


def test_the_key_goes_along_only_sealed(place: Place) -> None:
    with pytest.raises(UsageWrong, match="--encrypt"):
        service.make_backup(place, "by hand", with_key=True)
    with pytest.raises(UsageWrong, match="at least"):
        service.make_backup(place, "by hand", passphrase="short")
    made = service.make_backup(place, "by hand", passphrase=PASSPHRASE, with_key=True)
    assert (made.has_key, made.trouble) == (True, "")
    with service.opened(place.folder / made.name, PASSPHRASE) as found:
        assert found.key == (place.data / "secret.key").read_bytes()
    assert [one.name for one in place.folder.glob("*.backup")] == [made.name]


def test_a_backup_whose_tokens_this_key_does_not_open_is_not_proven(place: Place) -> None:
    made = service.make_backup(replace(place, vault=lambda: Vault(os.urandom(32))), "by hand")
    assert "key" in made.trouble
    assert not service.backups(place.folder)[0].is_proven


def test_a_key_of_a_list_that_this_key_does_not_open_is_told(place: Place) -> None:
    with place.database.write() as session:
        session.execute(update(ServerRow).values(token=""))
        session.execute(
            text("INSERT INTO cache_list_key (service, \"key\") VALUES ('mdblist', :key)"),
            {"key": Vault(os.urandom(32)).seal("a key of then")},
        )
    made = service.make_backup(place, "by hand")
    assert "key" in made.trouble


def test_a_sign_in_that_was_left_half_way_keeps_no_backup_from_being_proven(place: Place) -> None:
    sealed = Vault(os.urandom(32)).seal("what the other service was told")
    with place.database.write() as session:
        session.add(
            HandshakeRow(
                token_hash="x", kind="oidc", sealed=sealed, remember=False, wanted="/", expires_at=NOW
            )
        )
    assert service.make_backup(place, "by hand").trouble == ""


def test_whatever_is_sealed_is_proven() -> None:
    """A module that seals something says here where that is kept, so that a backup proves it too."""
    kept = {
        "features/servers/service.py": ("server", "token"),
        "features/cache/wanting/lists/keeping.py": ("cache_list_key", "key"),
        "features/accounts/second_factor/service.py": ("second_factor", "secret"),
        "features/alerts/service.py": ("messenger", "address"),
        "features/alerts/announcing.py": ("heartbeat", "address"),
        "features/alerts/pushed.py": (
            "push_key",
            "private_key",
        ),  # and of messengers that are browsers, the address
        "features/accounts/ways/oidc.py": ("handshake", "sealed"),
        "features/accounts/ways/plex.py": ("handshake", "sealed"),
    }
    home = Path(projectionist.__file__).parent
    seals = {str(path.relative_to(home)) for path in home.rglob("*.py") if "vault.seal(" in path.read_text()}
    assert seals == set(kept)
    assert set(queries.SEALED) == set(kept.values())


def test_what_a_killed_backup_left_is_gone_after_the_next_start(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", backup_folder=tmp_path / "backups")
    left = []
    for folder in (settings.data, tmp_path / "backups"):
        folder.mkdir()
        left.append(killed_in(folder))
        assert (left[-1] / "copy.sqlite").stat().st_size == 7
        assert left[-1].stat().st_mode & 0o777 == 0o700
    with files.scratch_folder(tmp_path / "backups") as living:
        assert service.sweep(settings) == [one.parent for one in reversed(left)]
        assert living.is_dir()
    assert [list(folder.iterdir()) for folder in (settings.data, tmp_path / "backups")] == [[], []]


def killed_in(folder: Path) -> Path:
    """The scratch folder of a backup that was killed."""
    code = (
        "import os, sys; from pathlib import Path; from projectionist.kit.files import scratch_folder\n"
        "with scratch_folder(Path(sys.argv[1])) as scratch:\n"
        "    (scratch / 'copy.sqlite').write_bytes(b'content')\n"
        "    print(scratch, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code, folder], check=False, capture_output=True, text=True)
    assert ran.returncode == -9
    return Path(ran.stdout.strip())


def test_what_is_no_backup_or_damaged_is_told(place: Place, tmp_path: Path) -> None:
    made = service.make_backup(place, "by hand")
    whole = (place.folder / made.name).read_bytes()
    for number, content in enumerate((b"", b"foreign" * 100, whole[:-40], whole[: len(archive.MAGIC) + 20])):
        path = tmp_path / f"{number}.backup"
        path.write_bytes(content)
        assert service.trouble_of(place, path, "") != ""
        with pytest.raises(BackupUnusable), service.opened(path, ""):
            pass


def test_rows_that_are_missing_are_counted(place: Place) -> None:
    made = service.make_backup(place, "by hand")
    path = place.folder / made.name
    header = archive.header_of(path)
    with pytest.raises(BackupUnusable, match="rows of server"):
        service.compare(header, {**header.rows, "server": 0}, path)


def test_a_backup_of_a_newer_program_is_refused(place: Place) -> None:
    made = service.make_backup(place, "by hand")
    header = archive.header_of(place.folder / made.name)
    with pytest.raises(DatabaseNewer, match="nothing was changed"):
        archive.refuse_newer(header, ("0001",))


def test_the_newest_proven_ones_are_kept(place: Place) -> None:
    old = [service.make_backup(older(place, days), "schedule") for days in (9, 8, 7)]
    lost = service.make_backup(replace(older(place, 6), vault=lambda: Vault(os.urandom(32))), "schedule")
    assert len(service.backups(place.folder)) == 4  # one that is not proven takes the place of none
    new = service.make_backup(place, "schedule")
    assert [one.name for one in service.backups(place.folder)] == [
        new.name,
        lost.name,
        old[2].name,
        old[1].name,
    ]
    assert not (place.folder / f"{old[0].name}.json").exists()


def test_nothing_is_removed_elsewhere(place: Place, tmp_path: Path) -> None:
    for days in range(5):
        service.make_backup(older(place, days), "by hand", to=tmp_path / "usb")
    assert len(service.backups(tmp_path / "usb")) == 5
    assert service.backups(place.folder) == ()


def test_one_that_was_cut_short_or_has_no_record_is_not_proven(place: Place) -> None:
    made = service.make_backup(place, "by hand")
    with (place.folder / made.name).open("ab") as file:
        file.write(b"x")
    assert "not as long" in service.backups(place.folder)[0].trouble
    (place.folder / f"{made.name}.json").write_text("no record")
    assert "no record" in service.backups(place.folder)[0].trouble


# upgrades


@pytest.fixture
def old_place(database_url: str, tmp_path: Path) -> Iterator[Place]:
    data = tmp_path / "data"
    data.mkdir()
    with closing(Database(database_url)) as database:
        schema.migrate(database, "0008")
        vault = Vault(load_key(data))
        yield Place(database, tmp_path / "backups", data, lambda: vault, lambda: NOW, 3)


def test_an_upgrade_begins_with_a_backup(old_place: Place) -> None:
    made = service.bring_up(old_place)
    assert made is not None
    assert (made.reason, made.revision, made.trouble) == ("upgrade", "0008", "")
    assert schema.revision_of(old_place.database) == schema.newest_revision()
    assert service.bring_up(old_place) is None
    assert len(service.backups(old_place.folder)) == 1


def test_a_new_database_is_not_backed_up(database_url: str, tmp_path: Path) -> None:
    with closing(Database(database_url)) as database:
        place = Place(database, tmp_path / "b", tmp_path, lambda: Vault(bytes(32)), lambda: NOW, 3)
        assert service.bring_up(place) is None
    assert not place.folder.exists()


def test_an_upgrade_that_fails_leaves_the_old_database_usable(old_place: Place) -> None:
    with old_place.database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE audit_head (mine INTEGER)"))
        connection.execute(text("INSERT INTO audit_head VALUES (7)"))
    with pytest.raises((BackupUnusable, DatabaseUnusable)):  # on trial already, where the copy has it too
        service.bring_up(old_place)
    with pytest.raises(DatabaseUnusable):
        schema.prepare(old_place.database)
    assert schema.revision_of(old_place.database) == "0008"
    with old_place.database.read() as session:
        assert session.execute(text("SELECT mine FROM audit_head")).scalar_one() == 7
    assert len(service.backups(old_place.folder)) == 1


def test_without_room_for_a_backup_no_upgrade_begins(old_place: Place) -> None:
    old_place.folder.parent.joinpath("backups").write_text("a file where the folder should be")
    with pytest.raises(TargetUnwritable):
        service.bring_up(old_place)
    assert schema.revision_of(old_place.database) == "0008"


def test_a_record_can_be_read_by_programs(place: Place) -> None:
    made = service.make_backup(place, "by hand")
    told = json.loads((place.folder / f"{made.name}.json").read_text())
    assert (told["name"], told["trouble"], told["revision"]) == (made.name, "", schema.newest_revision())
