"""The pages over the whole house: a plan is seen and confirmed, films move, one is taken back, all go home."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from litestar.testing import TestClient

from projectionist.web.csrf import COOKIE, HEADER, new_token
from projectionist.web.ports import Permission, Principal
from tests.demo.houses import house_media
from tests.e2e.test_cache_house import Cinema, cinema, state_of
from tests.recovery.houses_under_fire import until

__all__ = ["house_media"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def visitor(here: Cinema) -> TestClient[Any]:
    """Somebody who may do everything."""
    ada = Principal(1, "ada", "administrator", frozenset(Permission))
    client = TestClient(here.house.web(identify=lambda request: ada), base_url="http://127.0.0.1:8480")
    client.follow_redirects = False
    token = new_token()
    client.cookies.set(COOKIE, token)
    client.headers[HEADER] = token
    return client


def moves(client: TestClient[Any]) -> list[dict[str, Any]]:
    """What was moved, the last first."""
    found: list[dict[str, Any]] = client.get("/api/v1/cache/moves?result=moved&limit=100").json()["items"]
    return found


def test_a_plan_is_seen_and_confirmed_and_what_it_moved_is_undone_and_goes_home(
    tmp_path: Path, house_media: Path
) -> None:
    with (
        cinema(tmp_path, house_media, cache_retention=timedelta(hours=1)) as here,
        visitor(here) as client,
    ):
        assert client.post("/cache/run", data={"x": "1"}).headers["location"] == "/cache/plan"
        plan = client.get("/cache/plan").text
        titles = re.findall(r'<a href="/items/(\d+)">([^<]+)</a>', plan)
        assert titles
        assert here.cached() == set()
        assert client.post("/cache/plan/confirm", data={"x": "1"}).status_code == 303
        until(lambda: len(moves(client)) >= len(titles), 60, lambda: state_of(here))

        item, title = titles[0]
        files = client.get("/api/v1/cache/files?limit=100").json()["items"]
        assert title in client.get("/cache/files").text
        assert {one["path"] for one in files} <= {str(path) for path in here.cached()}
        assert "on the fast disk" in client.get(f"/items/{item}").text
        why = client.get(f"/api/v1/cache/items/{item}").json()["files"]
        assert [one["is_here"] for one in why] == [True]
        assert files[0]["title"] in client.get("/").text

        move = moves(client)[0]
        assert move["can_undo"]
        assert client.post(f"/cache/moves/{move['id']}/undo", data={"x": "1"}).status_code == 303
        until(
            lambda: any(one["was_undone"] for one in moves(client) if one["id"] == move["id"]),
            60,
            lambda: state_of(here),
        )
        assert Path(move["path"]) not in here.cached()

        client.post("/cache/restore-all", data={"x": "1"})
        until(lambda: not here.cached(), 60, lambda: state_of(here))
        assert here.is_whole()
        assert "this is a dry run" in client.get("/cache").text
