"""A secret of each kind is told once; afterwards it stands on no page, in no answer, log, database, job or backup."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.features.backups import queries as backup_queries
from projectionist.features.backups import service as backups
from projectionist.features.operations.queries import texts_beginning
from projectionist.kit.secrets import SEALED, load_vault
from projectionist.settings import secret_names
from tests.api.canaries import NO_SECRETS, SEALED_BY, SETTINGS, planted, sealing_modules
from tests.api.house import NAME, PASSWORD, token_of
from tests.api.test_secrets import looked_at

TYPED = "canary-typed-as-a-name-90af"
KEPT = b"http://127.0.0.1:32400"
"""What every database holds as it is, so that a search that finds nothing is known to have looked."""


def found_in(content: bytes, secrets: Mapping[str, str]) -> list[str]:
    return [what for what, secret in secrets.items() if secret.encode() in content]


def test_every_secret_setting_is_planted() -> None:
    assert secret_names() == set(SETTINGS)


def test_whatever_seals_a_secret_is_planted() -> None:
    assert sealing_modules() == set(SEALED_BY) | NO_SECRETS
    assert set(backup_queries.SEALED) == set[tuple[str, str]]().union(*SEALED_BY.values())


def test_every_column_that_is_sealed_holds_a_canary(tmp_path: Path) -> None:
    with planted(tmp_path) as (house, secrets), house.house.database.read() as session:
        vault = load_vault(tmp_path, SETTINGS["secret_key"][1])
        kept = [
            ((str(one.table.name), one.column), vault.open(one.text))
            for one in texts_beginning(session, SEALED)
        ]
    assert {place for place, _ in kept} == set(backup_queries.SEALED)
    assert [place for place, text in kept if not found_in(text.encode(), secrets)] == []


def test_no_page_and_no_answer_tells_a_secret(tmp_path: Path, database_url: str) -> None:
    with planted(tmp_path, database_url) as (house, secrets):
        answers = looked_at(house)
    told = {address: what for address, body in answers.items() if (what := found_in(body, secrets))}
    assert told == {}


def test_no_database_log_or_job_holds_a_secret(tmp_path: Path, database_url: str) -> None:
    with planted(tmp_path, database_url) as (house, secrets), house.visitor() as client:
        headers = token_of(client)
        wrong = {"name": TYPED, "password": PASSWORD}
        assert client.post("/api/v1/sign-in", json=wrong, headers=headers).status_code == 401
        assert client.post("/api/v1/libraries/1/sync", json={}, headers=headers).status_code < 300
        mail = {"email": "somebody@example.org"}
        assert client.post("/api/v1/mail/test", json=mail, headers=headers).status_code < 300
        log = logging.getLogger("projectionist.test")
        log.warning("Authorization: Bearer %s", secrets["a token for a program"])
        for what, secret in secrets.items():
            if what.startswith("the setting"):
                log.warning("A library says whatever it was given: %s", secret)
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        files |= on_disk(house.house.database)
        jobs = json.dumps(client.get("/api/v1/jobs?limit=100").json())
    assert files["log.txt"].count(b"A library says whatever it was given") >= len(SETTINGS) - 1
    assert {"empty.sqlite", "empty.sqlite-wal", "log.txt"} <= set(files) or any(
        "pg_wal/" in name for name in files
    )
    assert len([name for name, body in files.items() if KEPT in body]) > 1, (
        "table and write-ahead log are read"
    )
    holding = {name: held for name, body in files.items() if (held := found_in(body, secrets))}
    assert holding == {}
    assert [name for name, body in files.items() if TYPED.encode() in body] == []
    assert found_in(jobs.encode(), secrets) == []


def on_disk(database: Database) -> dict[str, bytes]:
    """What a database has on its disk once all is written to the tables; of PostgreSQL the log of all databases too."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(FULL)")
            return {"tables": Path(database.url.database or "").read_bytes()}
        connection.exec_driver_sql("CHECKPOINT")
        asked = "SELECT current_setting('data_directory'), oid FROM pg_database WHERE datname = current_database()"
        folder, number = connection.exec_driver_sql(asked).one()
    found = {}
    for path in (*Path(folder, "base", str(number)).iterdir(), *Path(folder, "pg_wal").iterdir()):
        with suppress(FileNotFoundError, IsADirectoryError):  # others in the same server go on meanwhile
            found[f"{path.parent.name}/{path.name}"] = path.read_bytes()
    return found


@pytest.mark.parametrize("encrypted", [True, False])
def test_no_backup_holds_a_secret(tmp_path: Path, database_url: str, encrypted: bool) -> None:
    passphrase = SETTINGS["backup_passphrase"][1]
    with planted(tmp_path / "data", database_url) as (house, secrets):
        settings = house.house.settings
        vault = load_vault(settings.data, settings.secret_key)
        place = backups.Place.of(settings, house.house.database, lambda: vault, house.house.clock.now)
        made = backups.make_backup(
            place, "by hand", to=tmp_path / "backups", passphrase=passphrase if encrypted else ""
        )
        assert made.is_proven, made.trouble
        with backups.opened(next((tmp_path / "backups").glob("*.backup"), Path()), passphrase) as content:
            inside = content.database.read_bytes()
    whole = b"".join(path.read_bytes() for path in (tmp_path / "backups").rglob("*") if path.is_file())
    assert NAME.encode() in inside
    assert found_in(inside, secrets) == []
    assert found_in(whole, secrets) == []
