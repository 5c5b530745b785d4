"""A secret of each kind is told once; afterwards it stands on no page, in no answer, log, database, job or backup."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from projectionist.db.engine import Database
from projectionist.features.backups import service as backups
from projectionist.integrations.lists.connecting import list_connector
from projectionist.kit.secrets import load_vault
from tests.api.house import NAME, PASSWORD, TOKEN, Open, opened, token_of
from tests.api.test_secrets import looked_at
from tests.kit.loopback import Loopback, says

LIST_KEY = "canary-of-the-list-key-5d2a"
PASSPHRASE = "canary-of-the-backup-passphrase-77c0"
SECRET_KEY = "canary-of-the-secret-key-31b9-Zx8"
TYPED = "canary-typed-as-a-name-90af"
KEPT = b"http://127.0.0.1:32400"
"""What every database holds as it is, so that a search that finds nothing is known to have looked."""
GIVEN = {
    "the token of a server": TOKEN,
    "a password": PASSWORD,
    "the key of a list service": LIST_KEY,
    "the passphrase of backups": PASSPHRASE,
    "the key of the environment": SECRET_KEY,
}


@contextmanager
def planted(data: Path, **more: str) -> Iterator[tuple[Open, dict[str, str]]]:
    """A house with a secret of each kind, and what it told once."""
    given = {"secret_key": SECRET_KEY, "backup_passphrase": PASSPHRASE, **more}
    with (
        Loopback(says(b"[]")) as trakt,
        opened(data, lists=list_connector(trakt_url=trakt.url), **given) as house,
    ):
        once = told_once(house)
        assert LIST_KEY in trakt.heads[0]
        yield house, {**GIVEN, **once}


def told_once(house: Open) -> dict[str, str]:
    """What is shown one time, to who made it; the key of a list service is told as well."""
    with house.visitor() as client:
        headers = token_of(client)
        told = client.put("/api/v1/cache/list-keys/trakt", json={"key": LIST_KEY}, headers=headers)
        assert told.status_code < 300, told.text
        made = client.post(
            "/api/v1/me/tokens", json={"name": "a program", "scopes": ["view"]}, headers=headers
        )
        hooks = [
            client.post("/api/v1/webhook-senders", json={"name": kind, "kind": kind}, headers=headers)
            for kind in ("sonarr", "plex")
        ]
        invited = client.post("/api/v1/invitations", json={"role": "user"}, headers=headers)
    assert made.status_code < 300, made.text
    assert invited.status_code < 300, invited.text
    once = {
        "a token for a program": made.json()["shown"],
        "an invitation": invited.json()["link"].rpartition("token=")[2],
        "a session": house.session,
        "the secret of a webhook": hooks[0].json()["secret"],
        "the secret in the address of a webhook": hooks[1].json()["secret"],
    }
    assert all(len(one) > 20 for one in once.values())
    return once


def found_in(content: bytes, secrets: Mapping[str, str]) -> list[str]:
    return [what for what, secret in secrets.items() if secret.encode() in content]


def test_no_page_and_no_answer_tells_a_secret(tmp_path: Path) -> None:
    with planted(tmp_path) as (house, secrets):
        answers = looked_at(house)
    assert {address: what for address, body in answers.items() if (what := found_in(body, secrets))} == {}


def test_no_database_log_or_job_holds_a_secret(tmp_path: Path, database_url: str) -> None:
    with planted(tmp_path, database_url=database_url) as (house, secrets), house.visitor() as client:
        headers = token_of(client)
        wrong = {"name": TYPED, "password": PASSWORD}
        assert client.post("/api/v1/sign-in", json=wrong, headers=headers).status_code == 401
        assert client.post("/api/v1/libraries/1/sync", json={}, headers=headers).status_code < 300
        logging.getLogger("projectionist.test").warning(
            "Authorization: Bearer %s", secrets["a token for a program"]
        )
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        files |= on_disk(house.house.database)
        jobs = json.dumps(client.get("/api/v1/jobs?limit=100").json())
    assert {"empty.sqlite", "empty.sqlite-wal", "log.txt"} <= set(files) or any(
        "pg_wal/" in name for name in files
    )
    assert len([name for name, body in files.items() if KEPT in body]) > 1, (
        "table and write-ahead log are read"
    )
    assert {name: what for name, body in files.items() if (what := found_in(body, secrets))} == {}
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
def test_no_backup_holds_a_secret(tmp_path: Path, encrypted: bool) -> None:
    with planted(tmp_path / "data") as (house, secrets):
        settings = house.house.settings
        vault = load_vault(settings.data, settings.secret_key)
        place = backups.Place.of(settings, house.house.database, lambda: vault, house.house.clock.now)
        made = backups.make_backup(
            place, "by hand", to=tmp_path / "backups", passphrase=PASSPHRASE if encrypted else ""
        )
        assert made.is_proven, made.trouble
        with backups.opened(next((tmp_path / "backups").glob("*.backup"), Path()), PASSPHRASE) as content:
            inside = content.database.read_bytes()
    whole = b"".join(path.read_bytes() for path in (tmp_path / "backups").rglob("*") if path.is_file())
    assert NAME.encode() in inside
    assert found_in(inside, secrets) == []
    assert found_in(whole, secrets) == []
