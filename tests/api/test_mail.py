"""Mail in the whole house: its page and its API, how often links are asked for, and its password, which stays in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from projectionist.web.access import declared_routes
from tests.api.house import Open, opened, token_of

MAIL_PASSWORD = "canary-of-the-mail-password-5b1d"
ADDRESS = "somebody@example.org"
MAIL: dict[str, Any] = {
    "mail_host": "mail.example.org",
    "mail_from": "Projectionist <films@example.org>",
    "mail_user": "films@example.org",
    "mail_password": MAIL_PASSWORD,
    "base_url": "http://127.0.0.1:8480",
}


@pytest.fixture
def mailing(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data", **MAIL) as found:
        yield found


def test_the_page_tells_how_mail_is_sent_and_orders_a_test(mailing: Open) -> None:
    with mailing.visitor() as client:
        page = client.get("/mail").text
        assert "mail.example.org:587" in page
        assert "STARTTLS" in page
        sent = client.post("/mail/test", data={"email": ADDRESS}, headers=token_of(client))
        assert (sent.status_code, sent.headers["location"][:6]) == (303, "/jobs/")
        job = client.get(f"/api/v1{sent.headers['location']}").json()
        assert (job["kind"], job["title"], job["state"]) == ("mail.send", "Mail: test", "queued")
        assert ADDRESS not in client.get(sent.headers["location"]).text
        told = client.get("/api/v1/mail").json()
        assert (told["host"], told["port"], told["security"], told["waiting"]) == (
            "mail.example.org",
            587,
            "starttls",
            1,
        )
        wrong = client.post("/mail/test", data={"email": "x"}, headers=token_of(client))
        assert (wrong.status_code, 'id="email-error"' in wrong.text) == (422, True)
        again = client.post("/api/v1/mail/test", json={"email": ADDRESS}, headers=token_of(client))
        assert again.status_code == 202


def test_without_a_mail_server_the_page_says_what_to_set(house: Open) -> None:
    with house.visitor() as client:
        assert "PROJECTIONIST_MAIL_HOST" in client.get("/mail").text
        assert client.get("/api/v1/mail").json()["is_set"] is False
        refused = client.post("/api/v1/mail/test", json={"email": ADDRESS}, headers=token_of(client))
        assert (refused.status_code, refused.json()["code"]) == (409, "mail_not_set")


def test_links_to_new_passwords_are_asked_for_three_times_an_hour(mailing: Open) -> None:
    with mailing.visitor(signed_in=False) as client:
        headers = token_of(client)
        for number in range(3):
            sent = {"email": f"n{number}@example.org"}
            told = client.post("/api/v1/forgotten-password", json=sent, headers=headers)
            assert (told.status_code, list(told.json())) == (202, ["detail"])
        refused = client.post("/api/v1/forgotten-password", json={"email": ADDRESS}, headers=headers)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_the_password_of_the_mail_server_is_told_nowhere(tmp_path: Path) -> None:
    with opened(tmp_path, **MAIL) as house:
        with house.visitor() as client:
            client.post("/mail/test", data={"email": ADDRESS}, headers=token_of(client))
            found = {
                route.path: client.get(re.sub(r"\{[^}]+\}", "1", route.path)).text
                for route in declared_routes(house.app)
                if route.method == "GET" and not route.path.startswith(("/events", "/static"))
            }
        files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "set, and not shown" in found["/settings"]
    assert [path for path, text in found.items() if MAIL_PASSWORD in text] == []
    assert [name for name, body in files.items() if MAIL_PASSWORD.encode() in body] == []
