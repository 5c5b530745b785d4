"""The demo house opens, answers, and closes."""

from __future__ import annotations

import httpx2

from projectionist.demo.house import DemoHouse


def test_the_house_answers_to_its_owner_in_json_and_to_nobody_without_a_token(house: DemoHouse) -> None:
    headers = {"X-Plex-Token": house.plex_token, "Accept": "application/json"}
    told = httpx2.get(f"{house.plex_url}/library/sections", headers=headers).json()["MediaContainer"]
    assert [section["title"] for section in told["Directory"]] == ["Movies", "Shows", "Home Videos", "Music"]
    refused = httpx2.get(f"{house.plex_url}/library/sections")
    assert refused.status_code == 401
    assert "401 Unauthorized" in refused.text
