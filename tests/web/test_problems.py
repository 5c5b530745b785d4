"""What people and programs are told when something cannot be done."""

from __future__ import annotations

from typing import Any

import pytest
from litestar.testing import TestClient

from projectionist.errors import DatabaseUnusable
from projectionist.web.ports import ReadinessCheck
from tests.web.house import House
from tests.web.visitors import token_of, visitor


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/missing", 404, "not_found"),
        ("GET", "/api/v1/nowhere", 404, "not_found"),
        ("DELETE", "/api/v1/things", 405, "wrong_method"),
        ("GET", "/api/v1/unreachable", 502, "server_unreachable"),
        ("GET", "/api/v1/broken", 500, "internal"),
        ("GET", "/api/v1/things?limit=0", 400, "bad_request"),
        ("GET", "/api/v1/things?limit=101", 400, "bad_request"),
        ("GET", "/api/v1/things?offset=-1", 400, "bad_request"),
    ],
)
def test_programs_get_a_problem_that_says_what_happened(
    ada: TestClient[Any], method: str, path: str, status: int, code: str
) -> None:
    answer = ada.request(method, path)
    problem = answer.json()
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"].endswith((".", ";"))
    assert problem["correlation_id"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text
    assert "Traceback" not in answer.text


def test_a_wrong_value_is_named_by_its_field(ada: TestClient[Any]) -> None:
    answer = ada.post("/api/v1/things", headers=token_of(ada), json={"name": "a", "size": -1})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "size", "message": "A size is not below zero; nothing was kept."}
    ]
    answer = ada.post("/api/v1/things", headers=token_of(ada), json={"size": 1})
    assert answer.status_code == 400
    assert answer.json()["errors"]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_api_takes_json_that_says_it_is(house: House, ada: TestClient[Any], kind: str) -> None:
    answer = ada.post(
        "/api/v1/things", headers={**token_of(ada), "content-type": kind}, content=b'{"name":"a"}'
    )
    assert answer.status_code == 415
    assert answer.json()["code"] == "wrong_content_type"
    assert house.done == []


def test_a_body_beyond_the_limit_is_not_read(house: House, ada: TestClient[Any]) -> None:
    body = b'{"name":"' + b"a" * 10_000_100 + b'"}'
    headers = {**token_of(ada), "content-type": "application/json"}
    assert ada.post("/api/v1/things", headers=headers, content=body).status_code == 413
    assert house.done == []


def test_people_get_a_page_with_what_to_do_and_an_id_for_the_log(ada: TestClient[Any]) -> None:
    answer = ada.get("/crash")
    assert answer.status_code == 500
    assert "hunter2" not in answer.text
    assert answer.headers["x-request-id"] in answer.text
    assert ada.get("/nowhere").status_code == 404


def test_an_address_that_nobody_serves_keeps_the_frame_for_those_who_are_signed_in(
    house: House, ada: TestClient[Any]
) -> None:
    assert '<nav class="rail"' in ada.get("/nowhere/at/all").text
    with visitor(house, who="") as stranger:
        assert '<nav class="rail"' not in stranger.get("/nowhere/at/all").text


def test_a_panel_that_fails_shows_so_and_the_page_stands(house: House, ada: TestClient[Any]) -> None:
    house.failing = True
    answer = ada.get("/")
    assert answer.status_code == 200
    assert "This part could not be shown" in answer.text
    assert "secret detail" not in answer.text
    assert "/media" in answer.text


def test_readiness_names_the_part_that_is_not_and_no_more() -> None:
    def broken() -> None:
        raise DatabaseUnusable("The database at /data/secret.db is locked; try again.")

    checks = (ReadinessCheck("database", broken), ReadinessCheck("jobs", lambda: None))
    with visitor(House(readiness=checks), "") as nobody:
        answer = nobody.get("/health/ready")
        assert nobody.get("/health/live").json() == {"status": "ok"}
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": "database_unusable", "jobs": "ok"}
    assert "secret" not in answer.text


def test_the_api_document_describes_the_api_and_its_errors(ada: TestClient[Any]) -> None:
    document = ada.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert all(path.startswith("/api/v1/") for path in document["paths"])
    operation = document["paths"]["/api/v1/things"]["get"]
    assert "application/problem+json" in operation["responses"]["default"]["content"]
    assert "/api/v1/things" in ada.get("/api/docs").text


def test_htmx_gets_the_inside_of_the_page_only(ada: TestClient[Any]) -> None:
    part = ada.get("/jobs", headers={"hx-request": "true"}).text
    assert "jobs-table" in part
    assert "<html" not in part
    whole = ada.get("/jobs", headers={"hx-request": "true", "hx-history-restore-request": "true"}).text
    assert "<html" in whole


def test_a_panel_is_loaded_anew_alone(ada: TestClient[Any]) -> None:
    assert 'hx-get="/frame/panels/home/disks"' in ada.get("/").text
    part = ada.get("/frame/panels/home/disks").text
    assert "/media" in part
    assert "<html" not in part
    assert ada.get("/frame/panels/home/none").text.strip() == ""
