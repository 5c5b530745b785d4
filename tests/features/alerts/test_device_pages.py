"""The page of one's own notifications and its API, in the whole house, with a push service on this machine."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from projectionist.features.alerts import announcing, delivering
from projectionist.integrations.messengers.pushing import WebPush
from projectionist.kit.logs import masked
from projectionist.kit.outbound import Outbound
from projectionist.web.ports import Permission, Principal
from tests.api.house import Open, opened, token_of
from tests.integrations.push_service import SECRET, Browser, PushService, who_sends

PAGE = "/account/notifications"


@pytest.fixture
def push_service() -> Iterator[PushService]:
    with PushService() as found:
        yield found


@pytest.fixture
def house(tmp_path: Path, push_service: PushService) -> Iterator[Open]:
    with opened(tmp_path / "data") as found:
        pushing = WebPush(Outbound(), found.house.clock.now, push_service.trust)
        found.house.alerts = replace(found.house.alerts, pushing=pushing, contact="https://films.example.org")
        found.app = found.house.web()
        yield found


def as_user(house: Open) -> None:
    """Whoever comes may only view."""
    person = Principal(1, "ada", "user", frozenset({Permission.VIEW}))
    house.app = house.house.web(identify=lambda request: person)


def test_somebody_is_notified_changes_what_they_hear_and_removes_the_device(
    house: Open, push_service: PushService
) -> None:
    browser = Browser(push_service.url)
    with house.visitor() as client:
        headers = token_of(client)
        key = client.get("/api/v1/push-key").json()["public_key"]
        agent = {"user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"}
        made = client.post("/api/v1/me/devices", json=browser.sent, headers={**headers, **agent})
        assert (made.status_code, made.json()["name"]) == (201, "Firefox 145 on Linux")
        page = client.get(PAGE).text
        assert f'data-device="{made.json()["mark"]}"' in page
        assert SECRET not in page + made.text + client.get("/api/v1/me/devices").text
        assert client.post(f"{PAGE}/1/test", headers=headers).status_code == 200
        sent_by, claims = who_sends(push_service.taken[0])
        assert (sent_by, claims["sub"]) == (key, "https://films.example.org")
        assert browser.shows(push_service.taken[0])["title"] == "A trial message"
        form = {
            "name": "Laptop",
            "is_on": "true",
            "quiet_from": "22:00",
            "quiet_to": "07:00",
            "heard": "disk",
        }
        assert client.post(f"{PAGE}/1", data=form, headers=headers).status_code == 303
        (found,) = client.get("/api/v1/me/devices").json()["items"]
        assert (found["name"], found["quiet_from"], found["is_woken"]) == ("Laptop", "22:00", False)
        assert "disk" not in found["left_out"]
        assert "announcements" in found["left_out"]
        wrong = client.post(f"{PAGE}/1", data={**form, "quiet_from": "25:00"}, headers=headers)
        assert (wrong.status_code, "looks like 22:30" in wrong.text) == (422, True)
        change = {"name": "Desk", "left_out": ["announcements"]}
        assert client.put("/api/v1/me/devices/1", json=change, headers=headers).json()["name"] == "Desk"
        assert client.post(f"{PAGE}/1/remove", headers=headers).status_code == 303
        assert client.get("/api/v1/me/devices").json()["total"] == 0
        gone = client.post(f"{PAGE}/1/test", headers=headers)
        assert (gone.status_code, "not notified any more" in html.unescape(gone.text)) == (404, True)
        messages = client.get("/api/v1/me/messages").json()["items"]
        assert [(one["messenger"], one["state"]) for one in messages] == [("Firefox 145 on Linux", "sent")]


def test_who_may_only_view_has_devices_and_announcements_but_no_alerts_and_no_messengers(
    house: Open, push_service: PushService
) -> None:
    as_user(house)
    with house.visitor(signed_in=False) as client:
        headers = token_of(client)
        sent = Browser(push_service.url).sent
        assert client.post("/api/v1/me/devices", json=sent, headers=headers).status_code == 201
        page = client.get(PAGE).text
        assert "Disk of the data folder" not in page
        assert 'href="/alerts' not in page
        change = {"name": "Phone", "left_out": ["disk", "announcements"]}
        changed = client.put("/api/v1/me/devices/1", json=change, headers=headers)
        assert changed.json()["left_out"] == ["announcements"]
        assert client.get("/api/v1/me/messages").status_code == 200
        assert client.get("/api/v1/me/messengers").status_code == 403


def test_what_a_stranger_offers_hides_nothing_in_the_log(house: Open) -> None:
    said = "GET /api/v1/somebody-looked-here, 200"
    offered = {**Browser("https://push.example.org").sent}
    offered["endpoint"] = "https://push.example.org/api/v1/somebody-looked-here"
    with house.visitor(signed_in=False) as client:
        renewed = {**offered, "former": "https://push.example.org/send/nobody-has-it"}
        assert client.post("/api/v1/push-subscriptions/renew", json=renewed).status_code == 404
        assert masked(said) == said
    with house.visitor() as client:
        added = client.post("/api/v1/me/devices", json=offered, headers=token_of(client))
        assert added.status_code == 201
        assert masked(said) == said, "nothing was sent there yet"


def test_a_push_service_that_has_forgotten_the_browser_removes_it_and_the_page_says_so(
    house: Open, push_service: PushService
) -> None:
    push_service.answers = [(410, {})]
    with house.visitor() as client:
        headers = token_of(client)
        client.post("/api/v1/me/devices", json=Browser(push_service.url).sent, headers=headers)
        tried = client.post(f"{PAGE}/1/test", headers=headers)
        assert (tried.status_code, "takes no messages any more (410)" in tried.text) == (410, True)
        assert SECRET not in tried.text
        page = client.get(PAGE).text
        assert "No device yet" in page
        assert "takes no messages any more (410)" in page, "in what was sent"


def test_an_announcement_goes_out_as_a_job_of_the_house(house: Open, push_service: PushService) -> None:
    browser = Browser(push_service.url)
    with house.visitor() as client:
        client.post("/api/v1/me/devices", json=browser.sent, headers=token_of(client))
    announcing.announce(house.house.alerts, "ada", "Down tonight")
    assert delivering.deliver(house.house.alerts, 1, is_last=True) == {"outcome": "sent"}
    told = browser.shows(push_service.taken[0])
    assert told == {
        "title": "ada announces",
        "text": "Down tonight",
        "path": "/",
        "about": "",
        "level": "info",
    }


def test_a_service_worker_renews_its_subscription_by_the_former_endpoint_alone(
    house: Open, push_service: PushService
) -> None:
    before, after = Browser(push_service.url), Browser(push_service.url, "/send/renewed")
    renewed = "/api/v1/push-subscriptions/renew"
    with house.visitor() as client:
        client.post("/api/v1/me/devices", json=before.sent, headers=token_of(client))
    with house.visitor(signed_in=False) as client:
        body = {"former": before.subscription.endpoint, **after.sent}
        unknown = client.post(renewed, json={**body, "former": f"{push_service.url}/send/guessed"})
        assert unknown.status_code == 404
        assert client.post(renewed, json=body).status_code == 204
        assert client.post(renewed, json=body).status_code == 404, "the former one is none any more"
        ended = "/api/v1/push-subscriptions/end"
        endpoint = {"former": after.subscription.endpoint}
        assert client.post(ended, json=endpoint, headers=token_of(client)).status_code == 401
    with house.visitor() as client:
        assert client.post(ended, json=endpoint, headers=token_of(client)).status_code == 204
        assert client.get("/api/v1/me/devices").json()["total"] == 0


def test_no_name_of_a_browser_is_too_long_and_no_endpoint_inside_the_house_is_taken(house: Open) -> None:
    house.house.alerts = replace(
        house.house.alerts, pushing=WebPush.to_public(Outbound(), house.house.clock.now)
    )
    house.app = house.house.web()
    with house.visitor() as client:
        headers = {**token_of(client), "user-agent": "x" * 500}
        body = Browser("https://push.example.org").sent
        made = client.post("/api/v1/me/devices", json=body, headers=headers)
        assert (made.status_code, len(made.json()["name"])) == (201, 60)
        for inside in (
            "https://192.168.1.1/send/a",
            "https://127.0.0.1/send/a",
            "http://push.example.org/s/a",
        ):
            refused = client.post("/api/v1/me/devices", json={**body, "endpoint": inside}, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (422, "invalid_input")
