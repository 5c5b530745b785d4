"""The pages of alerts and announcements, their API, the bell and Home, in the whole house."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.features.alerts import delivering
from projectionist.features.alerts.beating import Beating
from projectionist.features.alerts.watching import Watching
from projectionist.features.audit_log import service as audit_log
from projectionist.jobs.ports import JobFilter
from tests.api.house import Open, opened, token_of
from tests.features.alerts.house import ADDRESS, Outside


@pytest.fixture
def outside() -> Outside:
    return Outside()


@pytest.fixture
def house(tmp_path: Path, outside: Outside) -> Iterator[Open]:
    with opened(tmp_path / "data") as found:
        found.house.alerts = replace(found.house.alerts, connect=outside)
        found.app = found.house.web()
        yield found


FORM = {
    "name": "Phone",
    "kind": "ntfy",
    "address": ADDRESS,
    "is_on": "true",
    "is_woken": "true",
    "quiet_from": "22:00",
    "quiet_to": "07:00",
    "heard": "disk",
}


def test_somebody_adds_a_messenger_tries_it_changes_it_and_removes_it(house: Open, outside: Outside) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        assert client.post("/alerts/messengers", data=FORM, headers=headers).status_code == 303
        page = html.unescape(client.get("/alerts").text)
        assert "ntfy.example.org" in page
        assert "canary-of-the-topic" not in page
        assert "quiet from 22:00 to 07:00" in page
        tried = client.post("/alerts/messengers/1/test", headers=headers)
        assert (tried.status_code, "The trial message was taken" in tried.text) == (200, True)
        assert outside.sent[0][0] == ADDRESS
        outside.is_away = True
        failed = client.post("/alerts/messengers/1/test", headers=headers)
        assert (failed.status_code, "did not answer" in failed.text) == (502, True)
        changed = {**FORM, "address": "", "name": "Tablet", "heard": ["disk", "errors"]}
        assert client.post("/alerts/messengers/1", data=changed, headers=headers).status_code == 303
        (told,) = client.get("/api/v1/me/messengers").json()["items"]
        assert (told["name"], "errors" in told["left_out"], "memory" in told["left_out"]) == (
            "Tablet",
            False,
            True,
        )
        assert client.post("/alerts/messengers/1/remove", headers=headers).status_code == 303
        assert client.get("/api/v1/me/messengers").json()["total"] == 0
    said = str(list(audit_log.all_entries(house.house.database)))
    assert "messenger changed" in said
    assert "canary-of-the-topic" not in said


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"name": ""}, "needs a name"),
        ({"kind": "pigeon"}, "Choose in whose form"),
        ({"address": ""}, "Give the address"),
        ({"quiet_from": "25:00"}, "looks like 22:30"),
    ],
)
def test_what_is_wrong_with_a_messenger_is_said_and_nothing_is_kept(
    house: Open, wrong: dict[str, str], why: str
) -> None:
    with house.visitor() as client:
        answer = client.post("/alerts/messengers", data={**FORM, **wrong}, headers=token_of(client))
        assert (answer.status_code, why in html.unescape(answer.text)) == (422, True)
        assert "canary-of-the-topic" not in answer.text
        assert client.get("/api/v1/me/messengers").json()["total"] == 0


def test_a_rule_is_changed_in_the_units_that_people_read(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        form = {"is_on": "true", "threshold": "92,5", "lasting_min": "10", "cool_down_min": "30"}
        assert client.post("/alerts/rules/disk", data=form, headers=headers).status_code == 303
        rules = {one["rule"]: one for one in client.get("/api/v1/alerts").json()["items"]}
        assert (rules["disk"]["threshold"], rules["disk"]["lasting_s"], rules["disk"]["is_on"]) == (
            0.925,
            600,
            True,
        )
        for typed in ("much", "", "150", "-1", "nan"):
            answer = client.post("/alerts/rules/disk", data={**form, "threshold": typed}, headers=headers)
            assert answer.status_code == 422, typed
        assert client.post("/alerts/rules/moon", data=form, headers=headers).status_code == 404
        wanted = {"is_on": False, "threshold": 0.5, "lasting_s": 0, "cool_down_s": 0}
        assert client.patch("/api/v1/alerts/errors", json=wanted, headers=headers).json()["is_on"] is False


def test_an_alert_is_on_the_bell_of_who_may_do_something_about_it(house: Open) -> None:
    watching = Watching(house.house.alerts, Beating(house.house.alerts))
    now = house.house.clock.now()
    for number in range(14):
        watching.sampled(now + timedelta(seconds=30 * number), {"disk": (1, 0.99, 0.99)})
    with house.visitor() as client:
        assert "is at 99 %" in html.unescape(client.get("/frame/ring").text)
        assert "is at 99 %" in html.unescape(client.get("/alerts").text)
        told = {one["rule"]: one for one in client.get("/api/v1/alerts").json()["items"]}["disk"]
        assert told["since"] is not None
        assert told["says"].startswith("The disk with the data folder is at 99 %")


def test_everybody_reads_announcements_on_home_and_only_some_make_them(house: Open) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        form = {"text": "No films tonight <b>", "level": "warn", "hours": "5"}
        assert client.post("/announcements", data=form, headers=headers).status_code == 303
        assert "No films tonight &lt;b&gt;" in client.get("/").text
        (told,) = client.get("/api/v1/announcements").json()["items"]
        assert (told["by"], told["level"]) == ("ada", "warn")
        assert client.post(f"/announcements/{told['id']}/remove", headers=headers).status_code == 303
        assert "No films tonight" not in client.get("/").text
        assert client.post("/announcements", data={**form, "text": " "}, headers=headers).status_code == 422


def test_the_heartbeat_is_kept_tried_at_once_and_never_shown(house: Open, outside: Outside) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        form = {"heartbeat-address": "https://hc.example.org/canary-of-the-ping", "every_s": "60"}
        assert client.post("/alerts/heartbeat", data=form, headers=headers).status_code == 303
        assert outside.beats == [form["heartbeat-address"]]
        page = client.get("/alerts").text
        assert ("hc.example.org" in page, "canary-of-the-ping" in page) == (True, False)
        assert client.get("/api/v1/heartbeat").json()["every_s"] == 60
        kept = client.put("/api/v1/heartbeat", json={"every_s": 90}, headers=headers)
        assert kept.json()["heard_at"] is not None
        assert client.delete("/api/v1/heartbeat", headers=headers).status_code == 204
        assert client.get("/api/v1/heartbeat").status_code == 404


def test_a_message_goes_out_by_a_job_of_the_house(house: Open, outside: Outside) -> None:
    with house.visitor() as client:
        headers = token_of(client)
        client.post(
            "/alerts/messengers",
            data={**FORM, "heard": "announcements", "quiet_to": "22:00"},
            headers=headers,
        )
        client.post("/api/v1/announcements", json={"text": "New films"}, headers=headers)
        (job,) = house.house.jobs.find(JobFilter(kinds=(delivering.DELIVER,))).items
        delivering.deliver(house.house.alerts, int(job.arguments["delivery_id"]), is_last=False)
        (message,) = [message for _, message in outside.sent]
        assert message.text == "New films"
        assert client.get("/api/v1/me/messages").json()["items"][0]["state"] == "sent"
