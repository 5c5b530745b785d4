"""The addresses that senders send to, in the whole house: who is let in, what is taken, and what nobody can do."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from projectionist.features.accounts.sessions import COOKIE
from projectionist.kit import logs
from tests.api.house import Open, opened, token_of
from tests.features.webhooks.tellings import plex, radarr, said, sonarr_test

JSON = {"content-type": "application/json"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


@pytest.fixture(scope="module")
def outside(house: Open) -> Iterator[TestClient[Litestar]]:
    """A program that nobody knows."""
    with house.visitor(signed_in=False) as client:
        yield client


@contextmanager
def administrator(house: Open, client: TestClient[Litestar]) -> Iterator[dict[str, str]]:
    """The same as a browser in which the administrator is signed in; gives the header of our own pages."""
    client.cookies.set(COOKIE, house.session)
    try:
        yield token_of(client)
    finally:
        client.cookies.clear()


def added(house: Open, client: TestClient[Litestar], kind: str, name: str) -> dict[str, Any]:
    with administrator(house, client) as headers:
        answer = client.post("/api/v1/webhook-senders", json={"name": name, "kind": kind}, headers=headers)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def told(house: Open, client: TestClient[Litestar], made: dict[str, Any]) -> list[dict[str, Any]]:
    with administrator(house, client):
        found = client.get(f"/api/v1/webhook-senders/{made['sender']['id']}/deliveries").json()
    items: list[dict[str, Any]] = found["items"]
    return items


def basic(password: str) -> dict[str, str]:
    return {"authorization": "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()}


def test_a_secret_is_shown_in_one_of_three_headers(house: Open, outside: TestClient[Litestar]) -> None:
    made = added(house, outside, "sonarr", "three headers")
    shown = (
        {"x-webhook-secret": made["secret"]},
        {"authorization": f"Bearer {made['secret']}"},
        basic(made["secret"]),
    )
    for headers in shown:
        answer = outside.post(made["address_path"], content=sonarr_test(), headers={**JSON, **headers})
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["ratelimit-limit"] == "120"
        assert "set-cookie" not in answer.headers
    assert [one["outcome"] for one in told(house, outside, made)] == ["test"] * 3


def test_nothing_else_lets_anybody_in(house: Open, outside: TestClient[Litestar]) -> None:
    made = added(house, outside, "sonarr", "nothing else")
    path, secret = made["address_path"], made["secret"]
    tries: list[tuple[str, dict[str, str]]] = [
        (path, {}),
        (path, {"x-webhook-secret": secret[:-1]}),
        (path, {"authorization": f"Basic {secret}"}),
        (path, {"authorization": "Basic !!"}),
        (path, {"authorization": f"Digest {secret}"}),
        (f"{path}?secret={secret}", {}),
        (f"{path}/{secret}", {}),
        ("/webhooks/999", {"x-webhook-secret": secret}),
        ("/webhooks/x", {"x-webhook-secret": secret}),
    ]
    answers = [
        outside.post(where, content=sonarr_test(), headers={**JSON, **headers}) for where, headers in tries
    ]
    with administrator(house, outside) as headers:
        answers.append(outside.post(path, content=sonarr_test(), headers={**JSON, **headers}))
    assert {answer.status_code for answer in answers} == {401}
    told_of = {(one.json()["detail"], one.json()["code"], one.headers["content-type"]) for one in answers}
    assert len(told_of) == 1
    assert told(house, outside, made) == []


def test_only_json_of_a_sensible_size_is_taken(house: Open, outside: TestClient[Litestar]) -> None:
    made = added(house, outside, "radarr", "only json")
    mine = {"x-webhook-secret": made["secret"]}

    def sent(body: bytes, kind: str = "application/json") -> int:
        headers = {**mine, "content-type": kind} if kind else mine
        return outside.post(made["address_path"], content=body, headers=headers).status_code

    assert sent(radarr(), "application/json; charset=utf-8") == 204
    assert sent(radarr(), "text/plain") == 415
    assert sent(radarr(), "") == 415
    assert sent(b"payload=x", "application/x-www-form-urlencoded") == 415
    assert sent(b"--x--", "multipart/form-data; boundary=x") == 415
    assert sent(b"") == 400
    assert sent(b"{") == 400
    assert sent(said(eventType="Download", movieFile={"path": "/media/\0.mkv"})) == 400
    assert sent(b'{"eventType": "' + b"x" * 300_000 + b'"}') == 413
    assert sent(said(eventType="Whatever", unknown=[1, {"deep": None}])) == 204


def test_a_path_of_the_library_becomes_a_job_that_anybody_may_see(
    house: Open, outside: TestClient[Litestar]
) -> None:
    made = added(house, outside, "radarr", "a job")
    headers = {**JSON, "x-webhook-secret": made["secret"]}
    assert outside.post(made["address_path"], content=radarr(), headers=headers).status_code == 204
    with administrator(house, outside):
        found = outside.get("/api/v1/jobs?queue=webhooks").json()["items"]
        job = next(one for one in found if "folder" in one["arguments"])
        assert job["title"] == "Look at /media on Shelves"
        page = outside.get(f"/senders/{made['sender']['id']}").text
    assert "/media" in page
    assert made["secret"] not in page


def test_plex_sends_a_form_with_a_poster_and_its_secret_in_the_address(
    house: Open, outside: TestClient[Litestar]
) -> None:
    made = added(house, outside, "plex", "Plex")
    assert made["secret"] in made["address_path"]
    poster = ("thumb.jpg", b"\xff\xd8" + bytes(100_000), "image/jpeg")
    answer = outside.post(made["address_path"], data={"payload": plex().decode()}, files={"thumb": poster})
    assert answer.status_code == 204, answer.text
    assert told(house, outside, made)[0]["note"] == "Shelves"
    for body, kind in (
        (b"--x--\r\n", "multipart/form-data; boundary=x"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (
            b'--x\r\ncontent-disposition: form-data; name="payload"\r\ncontent-type: text/plain; charset=nonsense'
            b"\r\n\r\n{}\r\n--x--\r\n",
            "multipart/form-data; boundary=x",
        ),
    ):
        answer = outside.post(made["address_path"], content=body, headers={"content-type": kind})
        assert answer.status_code == 400, (body, answer.text)
        assert answer.json()["detail"].endswith(".")
    wrong = outside.post(
        made["address_path"][:-1], data={"payload": plex().decode()}, files={"thumb": poster}
    )
    assert wrong.status_code == 401


def test_a_secret_in_an_address_is_in_no_line_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_given: object, **_named: object) -> None:
        raise RuntimeError("inside")

    with opened(tmp_path) as own, own.visitor(signed_in=False) as client:
        made = added(own, client, "plex", "Plex")
        monkeypatch.setattr("projectionist.features.webhooks.receiving.take", broken)
        answer = client.post(made["address_path"], content=plex(), headers=JSON)
        log = (tmp_path / "log.txt").read_text()
    assert answer.status_code == 500
    assert made["secret"] not in answer.text + log
    assert f"/webhooks/{made['sender']['id']}/{logs.MASKED}" in log


@pytest.mark.parametrize("kind", ["sonarr", "plex"])
def test_the_page_shows_a_secret_once_and_how_to_use_it(
    house: Open, outside: TestClient[Litestar], kind: str
) -> None:
    client = outside
    with administrator(house, client) as headers:
        made = client.post("/senders", data={"name": f"by hand {kind}", "kind": kind}, headers=headers)
        assert made.status_code == 200
        assert "projectionist_hook_" in made.text
        secret = made.text.partition("projectionist_hook_")[2].partition("<")[0]
        assert len(secret) == 43
        number = int(made.text.partition("/senders/")[2].partition("/")[0])
        assert secret not in client.get(f"/senders/{number}").text
        assert f"by hand {kind}" in client.get("/senders").text
        again = client.post(f"/senders/{number}/secret", data={"keeps_former": "true"}, headers=headers)
        assert "projectionist_hook_" in again.text
        assert "The secret before is taken too" in again.text
        refused = client.post("/senders", data={"name": f"by hand {kind}", "kind": kind}, headers=headers)
        assert refused.status_code == 422
        assert "choose another" in refused.text
        gone = client.post(f"/senders/{number}/remove", headers=headers)
        assert (gone.status_code, gone.headers["location"]) == (303, "/senders")
        assert client.get(f"/senders/{number}").status_code == 404
