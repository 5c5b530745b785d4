"""The System page, its API and `/metrics`, in the whole house."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from projectionist.errors import ServerUnreachable
from projectionist.features.metrics import queries
from projectionist.features.metrics.of_process import families_of_process
from projectionist.features.metrics.rolling import Step, start_of
from projectionist.features.metrics.sampling import Sampling
from projectionist.jobs.ports import Order
from projectionist.kit.breaker import breaker_of
from projectionist.kit.calls import timed_call
from tests.api.house import Open, opened, token_of

AWAY = "http://192.0.2.77:32400"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with opened(tmp_path_factory.mktemp("house") / "data") as found:
        yield found


@pytest.fixture(scope="module")
def sampled(house: Open) -> Open:
    """The same house, after it was looked at twice with requests between."""
    sampling = Sampling(house.house.metrics, samples=True)
    sampling.turn()
    with house.visitor() as client:
        for _ in range(3):
            client.get("/api/v1/me")
    sampling.turn()
    sampling._let_go()
    return house


def token(client: TestClient[Litestar], *scopes: str) -> dict[str, str]:
    body = {"name": f"Prometheus {len(scopes)} {scopes[0]}", "scopes": list(scopes), "days": 30}
    made = client.post("/api/v1/me/tokens", json=body, headers=token_of(client))
    assert made.status_code == 201, made.text
    return {"authorization": f"Bearer {made.json()['shown']}"}


def circuit_of(client: TestClient[Litestar], service: str) -> dict[str, Any]:
    """What the API tells of a service; by then other tests may have filled pages of them in this process."""
    seen = 0
    while items := client.get(f"/api/v1/system/circuits?offset={seen}").json()["items"]:
        for one in items:
            if one["service"] == service:
                return dict(one)
        seen += len(items)
    pytest.fail(f"Nothing is told of {service}")


def test_metrics_are_read_with_a_token_of_their_own_scope_only(house: Open) -> None:
    with house.visitor() as browser:
        good, other = token(browser, "read_metrics"), token(browser, "view", "manage_settings")
        assert browser.get("/metrics").status_code == 403, "a session is no token"
    with house.visitor(signed_in=False) as program:
        assert program.get("/metrics").status_code == 401
        assert program.get("/metrics", headers=other).status_code == 403
        told = program.get("/metrics", headers=good)
        assert (told.status_code, told.headers["content-type"]) == (
            200,
            "text/plain; version=0.0.4; charset=utf-8",
        )
        assert program.get("/api/v1/settings", headers=good).status_code == 403
        assert program.get("/api/v1/jobs", headers=good).status_code == 403


def test_metrics_tell_of_requests_jobs_queues_machine_and_database(house: Open) -> None:
    with house.visitor() as browser:
        browser.get("/jobs/no-such-job-91c2")
        good = token(browser, "read_metrics", "view")
        told = browser.get("/metrics", headers=good).text
    assert 'route="/jobs/{job_id}"' in told
    assert "91c2" not in told
    for name in (
        "projectionist_http_requests_total",
        "projectionist_http_request_seconds_bucket",
        "projectionist_jobs",
        "projectionist_queue_waiting",
        "projectionist_worker_alive",
        "projectionist_database_connections_used",
        "projectionist_info",
        "projectionist_data_disk_bytes",
        "process_cpu_seconds_total",
    ):
        assert f"\n# TYPE {name.removesuffix('_bucket')} " in f"\n{told}", name
    assert len([line for line in told.splitlines() if line.startswith("# TYPE ")]) == len(
        {line for line in told.splitlines() if line.startswith("# TYPE ")}
    )


def test_the_page_draws_what_was_measured_and_tells_the_same_in_tables(sampled: Open) -> None:
    with sampled.visitor() as client:
        page = html.unescape(client.get("/system").text)
        for period in ("24h", "7d", "30d"):
            assert client.get(f"/system?period={period}").status_code == 200
        for span in ("day", "week", "month"):
            assert client.get(f"/system?span={span}").status_code == 200
        assert client.get("/system?period=ever").status_code in (400, 422)
    assert page.count("<table") == page.count("<caption")
    assert page.count('data-chart="') == page.count('class="system-table"') > 2
    assert 'data-chart="requests"' in page


def test_a_program_gets_the_values_by_name_and_as_a_table(sampled: Open) -> None:
    with sampled.visitor() as client:
        found = client.get("/api/v1/system/metrics?period=live").json()
        rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/system/metrics.csv?period=live").text)))
    requests = next(one for one in found["charts"] if one["id"] == "requests")
    assert found["step"] == "raw"
    assert len(found["at"]) == len(rows) == len(requests["lines"][0]["values"])
    assert requests["lines"][0]["values"][-1] > 0
    assert float(rows[-1]["requests: requests"]) == requests["lines"][0]["values"][-1]


def test_where_the_service_was_off_the_charts_have_a_gap(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as house, house.visitor() as client:
        now = start_of(Step.RAW, house.house.clock.now())
        with house.house.database.write() as session:
            for ago in (1200, 1170, 600, 540, 510):  # off for nine minutes, and late by one sample once
                queries.put_sample(
                    session,
                    Step.RAW,
                    now - timedelta(seconds=ago),
                    {"cpu": (1, 0.5, 0.5), "calls": (1, 2.0, 2.0)},
                )
        found = client.get("/api/v1/system/metrics?period=live").json()
        rows = list(csv.DictReader(io.StringIO(client.get("/api/v1/system/metrics.csv?period=live").text)))
        assert client.get("/system?period=live").status_code == 200
    moments = [(datetime.fromisoformat(at) - now).total_seconds() for at in found["at"]]
    assert moments == [-1200, -1170, -1140, -600, -540, -510]
    (machine,) = [one for one in found["charts"] if one["id"] == "machine"]
    assert machine["lines"][0]["values"] == [0.5, 0.5, None, 0.5, 0.5, 0.5]
    for chart in found["charts"]:
        assert all(line["values"][2] is None for line in chart["lines"])
    assert [row["machine: processor"] for row in rows] == ["0.5", "0.5", "", "0.5", "0.5", "0.5"]


def test_what_a_process_tells_of_itself_says_which_process_it_is(house: Open) -> None:
    with house.house.database.write() as session:
        families: list[Any] = msgspec.to_builtins(families_of_process(house.house.database))
        queries.put_report(session, "pages-2", house.house.clock.now(), families)
    with house.visitor() as browser:
        told = browser.get("/metrics", headers=token(browser, "read_metrics", "view", "manage_settings")).text
    mine = house.house.jobs.process
    for name in ("projectionist_database_connections_used", "process_cpu_seconds_total"):
        of = {
            line.partition('process="')[2].partition('"')[0]
            for line in told.splitlines()
            if line.startswith(name)
        }
        assert of == {mine, "pages-2"}


def test_a_service_that_is_left_alone_is_told_on_the_page_and_in_the_api(house: Open) -> None:
    breaker = breaker_of(AWAY)
    for _ in range(5):
        assert breaker.enter() is None
        breaker.leave(True)
    with house.visitor() as client:
        page = html.unescape(client.get("/system").text)
        circuit = circuit_of(client, AWAY)
    assert f"{AWAY} failed again and again and is left alone" in page
    assert (circuit["is_open"], circuit["failures"]) == (True, 5)
    assert 0 < circuit["retry_in_s"] <= 15
    assert (circuit["calls"], circuit["average_ms"]) == (0, None)


def test_how_soon_and_how_often_a_service_answered_is_told_beside_its_breaker(house: Open) -> None:
    breaker_of("http://192.0.2.78:32400")
    with timed_call("Plex at http://192.0.2.78:32400"):
        pass
    with pytest.raises(ServerUnreachable), timed_call("Plex at http://192.0.2.78:32400"):
        raise ServerUnreachable("It is away.")
    with house.visitor() as client:
        circuit = circuit_of(client, "http://192.0.2.78:32400")
        assert circuit["service"] in client.get("/system").text
    assert (circuit["name"], circuit["calls"], circuit["failed"]) == ("Plex", 2, 1)
    assert circuit["average_ms"] >= 0


def test_before_anything_was_measured_the_page_says_when_to_come_back(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as house, house.visitor() as client:
        page = client.get("/system").text
    assert "A sample is taken every half minute" in page
    assert "There is none yet" in page


def test_jobs_that_are_for_later_and_those_of_paused_queues_are_not_due(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as house:
        jobs, now = house.house.jobs, house.house.clock.now()

        def due() -> int:
            with house.house.database.read() as session:
                return queries.due_jobs(session, now + timedelta(minutes=1))

        before = due()
        jobs.order(Order("library.sync", {"server_id": 1}, "now"))
        jobs.order(Order("library.sync", {"server_id": 1}, "later", not_before=now + timedelta(hours=1)))
        assert due() == before + 1
        queue = next(one.name for one in jobs.queues() if one.queued)
        jobs.pause(queue)
        assert due() <= before
