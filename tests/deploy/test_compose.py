"""The compose files: as strict as they say, the same image in each, and a database that PostgreSQL itself accepts."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import make_url

from projectionist.db.engine import Database
from projectionist.kit.secrets import load_key
from projectionist.settings import load_settings
from tests.deploy.container import ROOT, image_environment

COMPOSE = ROOT / "deploy/compose"
FILES = ["single.yaml", "postgres.yaml"]
_UNIT = {"kB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


def read(name: str) -> dict[str, Any]:
    """A compose file with what it says twice by reference."""
    return dict(yaml.safe_load((COMPOSE / name).read_text()))


def ours() -> list[tuple[str, str, dict[str, Any]]]:
    """The services that run our image."""
    found = [(name, key, one) for name in FILES for key, one in read(name)["services"].items()]
    return [(name, key, one) for name, key, one in found if one["image"] == "projectionist"]


OURS = [pytest.param(one, id=f"{name}-{key}") for name, key, one in ours()]


@pytest.mark.parametrize("service", OURS)
def test_each_of_ours_is_confined(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.fullmatch(r"/tmp:rw,noexec,nosuid,nodev,size=\d+m,mode=1777", service["tmpfs"][0])
    assert service["user"] == "${PUID:-1000}:${PGID:-1000}"
    media = next(one for one in service["volumes"] if "/media" in one)
    assert media.endswith(":/media:ro")
    assert {one.split(":/")[1] for one in service["volumes"]} == {"config", "cache", "media:ro"}


@pytest.mark.parametrize("service", OURS)
def test_each_of_ours_has_its_share_of_the_machine_and_of_the_log(service: dict[str, Any]) -> None:
    assert service["deploy"]["resources"] == {
        "limits": {"cpus": "1.0", "memory": "1G"},
        "reservations": {"cpus": "0.25"},
    }
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert int(service["stop_grace_period"].removesuffix("s")) > 10  # it ends by itself before


def test_nothing_is_published_beyond_this_machine_unless_somebody_says_so() -> None:
    ports = [port for _, _, one in ours() for port in one.get("ports", [])]
    assert ports == ["${LISTEN:-127.0.0.1}:8480:8480"] * 2
    assert "ports" not in read("postgres.yaml")["services"]["database"]


def test_two_workers_do_the_jobs_and_one_serves_pages() -> None:
    services = read("postgres.yaml")["services"]
    assert services["worker"]["command"] == ["worker"]
    assert services["worker"]["deploy"]["replicas"] == 2
    assert services["pages"]["command"][:2] == ["serve", "--no-worker"]
    assert (
        services["worker"]["environment"]["PROJECTIONIST_NODE"]
        == services["worker"]["healthcheck"]["test"][-1]
    )


@pytest.mark.parametrize("name", FILES)
def test_every_volume_secret_and_service_that_is_named_is_declared(name: str) -> None:
    document = read(name)
    for service in document["services"].values():
        assert set(service.get("secrets", [])) <= set(document.get("secrets", {}))
        assert set(service.get("depends_on", {})) <= set(document["services"])
        for volume in service.get("volumes", []):
            named = re.sub(r"\$\{\w+:[-?]([^}]*)\}", r"\1", volume).split(":")[0]
            assert named in document["volumes"] or named.startswith((".", "/", "Say")), volume


def test_the_settings_of_each_of_ours_can_be_read(tmp_path: Path) -> None:
    prepared(tmp_path)
    for _name, _key, service in ours():
        written = {name: re.sub(r"\$\{\w+:-\}", "", value) for name, value in service["environment"].items()}
        written = {name: value.replace("/run/secrets", str(tmp_path)) for name, value in written.items()} | {
            "PROJECTIONIST_DATA": str(tmp_path / "data")
        }
        settings = load_settings({**image_environment(), **written})
        assert (settings.node, settings.host, settings.unknown) == ("house", "0.0.0.0", ())
        if settings.database_url:
            url = make_url(settings.database_url)
            assert (url.query["sslmode"], url.host) == ("verify-full", "database")
            Database(settings.database_url).close()
            assert len(load_key(tmp_path, settings.secret_key)) == 32


def prepared(folder: Path) -> None:
    subprocess.run([COMPOSE / "prepare", folder], check=True, capture_output=True, timeout=120)


def test_what_is_prepared_is_private_whole_and_made_once(tmp_path: Path) -> None:
    prepared(tmp_path)
    first = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    declared = {Path(one["file"]).name for one in read("postgres.yaml")["secrets"].values()}
    assert declared <= set(first)
    for name in ("secret_key", "database_password", "database_url", "database_key", "database_ca_key"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600, name
    verify = [
        "openssl",
        "verify",
        "-CAfile",
        "database_ca",
        "-verify_hostname",
        "database",
        "database_certificate",
    ]
    assert subprocess.run(verify, cwd=tmp_path, check=True, capture_output=True).stdout.endswith(b"OK\n")
    prepared(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == first
    other = tmp_path / "other"
    prepared(other)
    assert (other / "secret_key").read_bytes() != first["secret_key"]
    if os.geteuid() == 0:
        assert (tmp_path / "secret_key").stat().st_uid == 1000


def flags() -> dict[str, str]:
    """What the database is started with."""
    [command] = read("postgres.yaml")["services"]["database"]["command"]
    words = shlex.split(command.partition("exec docker-entrypoint.sh postgres")[2])
    assert words[::2] == ["-c"] * (len(words) // 2)
    return dict(word.split("=", 1) for word in words[1::2])


def test_the_database_speaks_tls_only() -> None:
    given = flags()
    assert (given["ssl"], given["ssl_min_protocol_version"]) == ("on", "TLSv1.3")
    lines = [
        line.split()
        for line in (COMPOSE / "pg_hba.conf").read_text().splitlines()
        if line[:1] not in ("", "#")
    ]
    assert [line[0] for line in lines] == ["local", "hostssl"]
    assert {line[-1] for line in lines} == {"scram-sha-256"}


@pytest.mark.slow
def test_postgresql_takes_every_value_it_is_tuned_with(postgres: str) -> None:
    """Asked of the server that the tests have; it was built without TLS, so those values are looked up only."""
    database = Database(postgres)
    try:
        with database.engine.connect() as connection:
            folder = connection.exec_driver_sql("SHOW data_directory").scalar_one()
            where = "SELECT setting FROM pg_config WHERE name = 'BINDIR'"
            program = Path(connection.exec_driver_sql(where).scalar_one()) / "postgres"
            known = {row[0] for row in connection.exec_driver_sql("SELECT name FROM pg_settings")}
    finally:
        database.close()
    given = flags()
    assert set(given) <= known
    tried = {name: value for name, value in given.items() if not name.startswith(("ssl", "hba"))}
    owner = Path(folder).stat()
    for name in tried:
        options = [word for pair in tried.items() for word in ("-c", "=".join(pair))]
        command = [str(program), "-D", folder, *options, "-C", name]
        ran = subprocess.run(
            command, capture_output=True, text=True, check=False, user=owner.st_uid, group=owner.st_gid
        )
        assert (ran.returncode, ran.stdout != "") == (0, True), f"{name}: {ran.stderr}"


def test_the_database_has_room_for_every_connection_that_may_be_opened() -> None:
    processes = 2 + 2  # pages serve from two, and two work
    pools = 2 * 2 * 8
    assert int(flags()["max_connections"]) >= processes * (pools + 8)


def test_the_database_keeps_within_its_memory() -> None:
    given, limit = flags(), read("postgres.yaml")["services"]["database"]["deploy"]["resources"]["limits"]
    assert limit["memory"] == "1G"
    assert size(given["shared_buffers"]) <= (1 << 30) // 4
    assert size(given["shared_buffers"]) < size(given["effective_cache_size"]) < 1 << 30


def size(text: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(kB|MB|GB)", text).groups()  # type: ignore[union-attr]
    return int(number) * _UNIT[unit]
