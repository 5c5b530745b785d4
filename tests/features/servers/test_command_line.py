from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.features.command import projectionist


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def servers(data: Path, *arguments: str | Path) -> tuple[int, str, str]:
    """`projectionist servers` with these arguments: its status and what it printed."""
    ran = projectionist("servers", *arguments, "--data", data)
    return ran.status, ran.out, ran.err


def test_a_folder_is_added_listed_and_tested(data: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "Alien.mkv").write_bytes(b"film")
    assert "no server yet" in servers(data, "list")[1]
    status, out, _ = servers(data, "add", films, "--kind", "folder", "--name", "Cellar", "--json")
    assert status == 0
    assert json.loads(out)["has_token"] is False
    [listed] = json.loads(servers(data, "list", "--json")[1])
    assert (listed["name"], listed["address"]) == ("Cellar", str(films))
    assert servers(data, "test", "1")[0] == 0
    (films / "Alien.mkv").unlink()
    status, _, err = servers(data, "test", "1")
    assert status == 1
    assert str(films) in err
    assert "does not answer" in servers(data, "list")[1]


def test_a_mapping_that_opens_nothing_ends_with_1(data: Path, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "Alien.mkv").write_bytes(b"film")
    servers(data, "add", films, "--kind", "folder")
    status, out, _ = servers(data, "map", "1", "/data", films)
    assert status == 1
    assert "not proven" in out
    assert json.loads(servers(data, "map", "1", "--json")[1])[0]["server_prefix"] == "/data"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("add", "http://192.0.2.1", "--kind", "vhs"), "vhs is neither"),
        (("add", "/no/such/folder", "--kind", "folder"), "There is no folder"),
        (("test", "7"), "There is no such server"),
        (("map", "1", "/data"), "Give both folders"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(data: Path, arguments: tuple[str, ...], told: str) -> None:
    status, _, err = servers(data, *arguments)
    assert status != 0
    assert told in err
