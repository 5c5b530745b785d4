"""The page of the log and its API in the whole house."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator

import pytest

from tests.api.house import Open, opened


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with opened(tmp_path_factory.mktemp("house") / "data", log_kept="0") as found:
        folder = found.house.settings.data / "logs"
        folder.mkdir(exist_ok=True)
        lines = [
            {
                "timestamp": f"2026-03-02T12:00:{number % 60:02}Z",
                "level": "error" if number == 7 else "info",
                "message": f"line {number} <b>",
                "logger": "a",
                "function": "f",
                "line": 1,
                "correlation_id": f"thread-{number % 2}",
            }
            for number in range(250)
        ]
        (folder / "log-00000001.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
        yield found


def test_the_page_shows_the_newest_first_and_goes_back(house: Open) -> None:
    with house.visitor() as client:
        page = client.get("/logs").text
        assert "line 249 &lt;b&gt;" in page
        assert "line 149 " not in page
        older = html.unescape(page).partition('rel="next" href="')[2].partition('"')[0]
        assert "line 149 &lt;b&gt;" in client.get(older).text


def test_the_page_is_searched_filtered_and_followed(house: Open) -> None:
    with house.visitor() as client:
        assert client.get("/logs?q=LINE 7 ").text.count('<li class="log-line') == 1
        errors = client.get("/logs?level=error").text
        assert (errors.count('<li class="log-line'), "line 7 " in errors) == (1, True)
        thread = client.get("/logs?correlation=thread-1").text
        assert ("line 249 " in thread, "line 248 " in thread) == (True, False)
        assert 'hx-trigger="every 2s"' in client.get("/logs?live=true").text
        assert 'hx-trigger="every 2s"' not in client.get("/logs").text
        assert "No line fits" in client.get("/logs?q=nothing-of-that").text
        assert client.get("/logs?level=loud").status_code in (400, 422)
        assert client.get("/logs?offset=nowhere").status_code == 422


def test_a_program_reads_the_same(house: Open) -> None:
    with house.visitor() as client:
        found = client.get("/api/v1/logs?limit=2").json()
        assert [one["message"] for one in found["items"]] == ["line 249 <b>", "line 248 <b>"]
        more = client.get(f"/api/v1/logs?limit=1&before={found['next']}").json()
        assert more["items"][0]["message"] == "line 247 <b>"
        assert client.get("/api/v1/logs?limit=100&level=error").json()["next"] == ""
