"""What people do in the API and by command, as the audit log tells it afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from projectionist.db.engine import Database, sqlite_url
from projectionist.features.audit_log import service as audit_log
from projectionist.features.audit_log.service import Entry
from projectionist.jobs.ports import Order
from projectionist.kit.acting import NOBODY, acting
from tests.api.house import NAME, Open, opened, token_of
from tests.features.command import projectionist


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Open]:
    with opened(tmp_path / "data") as found:
        yield found


@pytest.fixture(autouse=True)
def nobody_acts_after_a_command() -> Iterator[None]:
    yield
    acting.set(NOBODY)


class Acting:
    """The administrator at the API; `told` is what the log has heard since the last look."""

    def __init__(self, house: Open) -> None:
        self.house = house
        self.seen = audit_log.entries(house.house.database).total

    def do(self, method: str, path: str, body: Any = None) -> Any:
        with self.house.visitor() as client:
            answer = client.request(method, f"/api/v1{path}", json=body, headers=token_of(client))
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def told(self) -> list[Entry]:
        every = list(audit_log.all_entries(self.house.house.database))
        fresh, self.seen = every[self.seen :], len(every)
        assert {(one.who, one.address) for one in fresh} <= {(NAME, "testclient")}
        return fresh


def one(entries: list[Entry]) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    (entry,) = entries
    return entry.act, entry.about, dict(entry.before), dict(entry.after)


def test_jobs_queues_and_schedules(house: Open) -> None:
    her = Acting(house)
    job = house.house.jobs.order(Order("library.sync", {"server_id": 1}))
    her.do("POST", f"/jobs/{job.job_id}/cancel")
    title = house.house.jobs.get(job.job_id).title
    assert one(her.told()) == ("jobs cancelled", title, {"jobs": [title]}, {})
    her.do("POST", "/jobs/bulk", {"action": "forget", "job_ids": [job.job_id, "nothing"]})
    assert one(her.told()) == ("jobs forgotten", title, {"jobs": [title]}, {})
    her.do("PATCH", "/queues/previews", {"paused": True})
    assert one(her.told()) == ("queue changed", "previews", {"paused": False}, {"paused": True})
    her.do("PATCH", "/queues/previews", {"paused": True})
    assert her.told() == []
    wanted = {"kind": "library.sync", "when": "every 1h", "arguments": {"server_id": 1}}
    her.do("PUT", "/schedules/nightly", wanted)
    her.told()
    her.do("PUT", "/schedules/nightly", {**wanted, "when": "every 2h"})
    assert one(her.told()) == ("schedule changed", "nightly", {"when": "every 1h"}, {"when": "every 2h"})
    her.do("DELETE", "/schedules/nightly")
    act, about, before, _ = one(her.told())
    assert (act, about, before["when"]) == ("schedule removed", "nightly", "every 2h")


def test_servers_paths_and_libraries(house: Open, tmp_path: Path) -> None:
    her = Acting(house)
    path = {"server_prefix": "/films", "local_prefix": str(tmp_path)}
    kept = her.do("POST", "/servers/1/mappings", path)
    act, about, before, after = one(her.told())
    assert (act, about, before, after["local_prefix"]) == (
        "path mapping changed",
        "/films",
        {},
        str(tmp_path),
    )
    her.do("POST", f"/mappings/{kept['id']}/prove")
    assert her.told() == []
    her.do("DELETE", f"/mappings/{kept['id']}")
    assert one(her.told())[0] == "path mapping removed"
    library = her.do("GET", "/libraries")["items"][0]
    her.do("PATCH", f"/libraries/{library['id']}", {"enabled": False})
    told = one(her.told())
    assert told == ("library changed", library["title"], {"enabled": True}, {"enabled": False})
    her.do("PATCH", f"/previews/libraries/{library['id']}/choices", {"width": 480})
    assert one(her.told()) == ("preview choices changed", library["title"], {"width": None}, {"width": 480})


def test_the_cache(house: Open, tmp_path: Path) -> None:
    her = Acting(house)
    fast = tmp_path / "fast"
    fast.mkdir()
    tier = her.do("POST", "/cache/tiers", {"name": "SSD", "root": str(fast), "quota": "10GB"})
    assert one(her.told())[:2] == ("fast tier changed", "SSD")
    her.do("PUT", f"/cache/tiers/{tier['id']}", {"name": "SSD", "root": str(fast), "quota": "20GB"})
    told = one(her.told())
    assert told == ("fast tier changed", "SSD", {"quota": "10GB"}, {"quota": "20GB"})
    her.do("PUT", "/cache/caps", {"scope": "library", "key": "1", "most": "5GB", "excluded": False})
    assert one(her.told()) == ("cache limit changed", "library 1", {"most": ""}, {"most": "5GB"})
    her.do("PUT", "/cache/sources/watchlist", {"counts": False})
    act, about, _, after = one(her.told())
    assert (act, about, after) == ("cache source changed", "watchlist for everybody", {"counts": False})
    her.do("POST", "/cache/restore-all")
    assert one(her.told()) == ("cache left", "", {}, {"jobs_cancelled": 0})
    her.do("DELETE", f"/cache/tiers/{tier['id']}")
    assert one(her.told())[:2] == ("fast tier removed", "SSD")


def test_the_doctors_mends(house: Open) -> None:
    her = Acting(house)
    house.house.jobs.order(Order("library.sync", {"server_id": 1}))
    queue = next(one.name for one in house.house.jobs.queues() if one.queued)
    house.house.jobs.pause(queue)
    her.do("POST", "/doctor/mend/paused-queues")
    act, about, before, after = one(her.told())
    assert (act, about) == ("mended by the doctor", "paused-queues")
    assert queue in after["done"]
    assert before["found"]


def test_what_is_done_by_command_is_told_as_such(tmp_path: Path) -> None:
    data, fast = tmp_path / "data", tmp_path / "fast"
    fast.mkdir()
    with opened(data) as house:
        begun = audit_log.entries(house.house.database).total
    for words in (
        ("jobs", "pause", "previews"),
        (
            "schedules",
            "save",
            "nightly",
            "--kind",
            "library.sync",
            "--every",
            "1h",
            "--arguments",
            '{"server_id": 1}',
        ),
        ("schedules", "remove", "nightly"),
        ("cache", "tiers", "add", str(fast), "--name", "SSD"),
        ("cache", "restore", "--all"),
    ):
        ran = projectionist(*words, "--data", data)
        assert ran.status == 0, (words, ran)
    with closing(Database(sqlite_url(data / "projectionist.sqlite"))) as database:
        fresh = list(audit_log.all_entries(database))[begun:]
        assert audit_log.verify(database).is_whole
    assert [(one.act, one.about) for one in fresh] == [
        ("queue changed", "previews"),
        ("schedule changed", "nightly"),
        ("schedule removed", "nightly"),
        ("fast tier changed", "SSD"),
        ("cache left", ""),
    ]
    assert {(one.who, one.address) for one in fresh} == {("the command line", "")}
