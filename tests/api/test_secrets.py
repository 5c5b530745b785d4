"""Secrets stay in: a token and a password that are told once are found nowhere afterwards."""

from __future__ import annotations

import re
from pathlib import Path

from projectionist.web.access import declared_routes
from tests.api.house import NAME, PASSWORD, TOKEN, Open, opened, token_of

SECRETS = (TOKEN.encode(), PASSWORD.encode())


def looked_at(house: Open) -> dict[str, bytes]:
    """What every page and every address of the API answers to its administrator."""
    found = {}
    with house.visitor() as client:
        for route in declared_routes(house.app):
            if route.method == "GET" and route.path not in ("/events", "/static/{version:str}/{name:path}"):
                address = re.sub(r"\{[^}]+\}", "1", route.path)
                answer = client.get(address)
                found[address] = answer.content + repr(answer.headers).encode()
    return found


def test_no_page_and_no_answer_tells_a_token_or_a_password(house: Open) -> None:
    found = looked_at(house)
    assert b"Shelves" in found["/servers/1"]
    assert [address for address, body in found.items() if any(secret in body for secret in SECRETS)] == []


def test_no_file_of_the_data_folder_holds_a_token_or_a_password(tmp_path: Path) -> None:
    with opened(tmp_path) as house, house.visitor(signed_in=False) as client:
        headers = token_of(client)
        good = {"name": NAME, "password": PASSWORD}
        wrong = {"name": PASSWORD, "password": f"{PASSWORD}x"}
        assert client.post("/api/v1/sign-in", json=wrong, headers=headers).status_code == 401
        assert client.post("/api/v1/sign-in", json=good, headers=headers).status_code == 200
        new = {"kind": "plex", "address": "http://127.0.0.1:1", "token": TOKEN}
        again = client.post("/api/v1/servers", json=new, headers=headers)
        assert again.status_code == 409
        assert TOKEN not in again.text
        refused = client.post("/api/v1/servers/test", json={**new, "address": 7}, headers=headers)
        assert refused.status_code in (400, 422)
        assert TOKEN not in refused.text
        assert client.post("/api/v1/libraries/1/sync", json={}, headers=headers).status_code < 300
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert {"projectionist.sqlite", "projectionist.sqlite-wal", "log.txt"} <= set(files)
    assert [name for name, body in files.items() if any(secret in body for secret in SECRETS)] == []


def test_what_holds_secrets_is_for_its_owner_alone(tmp_path: Path) -> None:
    with opened(tmp_path):
        modes = {
            path.name: path.stat().st_mode & 0o077
            for path in tmp_path.rglob("*")
            if path.is_file() and re.search(r"sqlite|key", path.name)
        }
    assert len(modes) >= 2
    assert set(modes.values()) == {0}, modes
