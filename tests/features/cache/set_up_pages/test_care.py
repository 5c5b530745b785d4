"""The pages and the API of the cache's care: findings, repairs, audits, files at rest, and moving in."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from projectionist.features.cache.adopting.jobs import ADOPT
from projectionist.features.cache.auditing import keeping
from projectionist.features.cache.auditing.findings import Finding, FindingKind, Repair
from projectionist.features.cache.auditing.jobs import AUDIT, MEND, SCRUB, TAKE_BACK, care_of, run_take_back
from projectionist.features.cache.journal import Resting
from projectionist.features.cache.models import Layout
from projectionist.features.cache.set_up import save_place
from projectionist.features.cache.tiers.setting_up import NewPlace
from projectionist.jobs.ports import JobState
from tests.features.cache.pages.serving import GB, Premises
from tests.features.cache.running.theatre import Hand

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def found(premises: Premises, kind: FindingKind, name: str, repair: Repair) -> int:
    finding = Finding(kind, premises.stage.slow / name, f"Evidence about {name}.", repair, GB)
    place = premises.place
    number = keeping.keep_finding(place.database, place.node, finding, place.clock.now()).id
    assert number is not None
    return number


def resting(premises: Premises, name: str) -> tuple[Path, Path]:
    """A file at rest, and the path that it had."""
    path = premises.stage.slow / name
    hidden = premises.stage.slow / f".projectionist-rest-{name}"
    hidden.write_bytes(b"film")
    premises.place.desk.journal.adopt_rest(path, Resting(hidden, premises.stage.slow, "deleted", 4))
    return path, hidden


def ordered(premises: Premises) -> list[str]:
    return [one.kind for one in premises.jobs.held.values()]


def test_before_anybody_looked_the_page_says_what_an_audit_is_for(premises: Premises) -> None:
    with premises.browser() as client:
        page = client.get("/cache/audit").text

    assert "Nobody has looked yet" in page
    assert "Slow disks that sleep are woken" in page
    assert "No file is at rest." in page


def test_a_finding_shows_its_evidence_its_size_and_what_its_repair_would_do(premises: Premises) -> None:
    found(premises, FindingKind.BROKEN, "Heat.mkv", Repair.SETTLE)
    with premises.browser() as client:
        page = client.get("/cache/audit").text
        told = client.get("/api/v1/cache/findings").json()["items"][0]

    assert "Evidence about Heat.mkv." in page
    assert "Leads nowhere" in page
    assert Repair.SETTLE.deed in page
    assert (told["kind"], told["size"], told["deed"]) == ("broken", GB, Repair.SETTLE.deed)


def test_findings_are_filtered_by_kind(premises: Premises) -> None:
    found(premises, FindingKind.BROKEN, "Heat.mkv", Repair.SETTLE)
    found(premises, FindingKind.ORPHAN, "Alien.mkv", Repair.REST)
    with premises.browser() as client:
        page = client.get("/cache/audit?kind=orphan").text
        told = client.get("/api/v1/cache/findings?kind=broken").json()

    assert "Alien.mkv" in page
    assert "Heat.mkv" not in page
    assert told["total"] == 1


def test_one_click_orders_one_repair(premises: Premises) -> None:
    number = found(premises, FindingKind.BROKEN, "Heat.mkv", Repair.SETTLE)
    with premises.browser() as client:
        client.post(f"/cache/findings/{number}/repair")

    assert ordered(premises) == [MEND]


def test_in_bulk_only_what_is_safe_is_mended(premises: Premises) -> None:
    found(premises, FindingKind.BROKEN, "Heat.mkv", Repair.SETTLE)
    found(premises, FindingKind.FOREIGN, "Alien.mkv", Repair.TAKE_OVER)
    unseen = found(premises, FindingKind.UNSEEN, "disk", Repair.NONE)
    with premises.browser() as client:
        page = client.get("/cache/audit").text
        jobs = client.post("/api/v1/cache/findings/repair").json()["job_ids"]
        refused = client.post(f"/api/v1/cache/findings/{unseen}/repair")

    assert "Mend 1 that is safe" in page
    assert len(jobs) == 1
    assert refused.status_code == 409


def test_audits_and_scrubs_are_jobs_and_the_last_is_told(premises: Premises) -> None:
    premises.jobs.put(
        "Audit",
        JobState.DONE,
        kind=AUDIT,
        result={"looked_at": 812, "found": {"orphan": 2}, "living": 0},
    )
    with premises.browser() as client:
        client.post("/cache/audit")
        client.post("/cache/scrub")
        page = client.get("/cache/audit").text

    assert ordered(premises)[1:] == [AUDIT, SCRUB]
    assert "812 files looked at" in page
    assert "2 findings" in page


def served(premises: Premises) -> None:
    wanted = NewPlace(1, str(premises.stage.slow), (1,), Layout.SYMLINK)
    save_place(premises.place, wanted)


def taken_back(premises: Premises) -> None:
    """Do what was asked for."""
    (job,) = [one for one in premises.jobs.held.values() if one.kind == TAKE_BACK]
    run_take_back(care_of(premises.place), Hand(), job.arguments)


def test_beside_its_path_a_file_at_rest_is_in_nobodys_way(premises: Premises) -> None:
    served(premises)
    path, _ = resting(premises, "Heat.mkv")
    path.write_bytes(b"a newer film")
    with premises.browser() as client:
        number = client.get("/api/v1/cache/rests").json()["items"][0]["id"]
        answer = client.post(f"/api/v1/cache/rests/{number}/return?beside=true")
        taken_back(premises)
        moves = client.get("/api/v1/cache/moves?kind=take_back").json()["items"]
        page = client.get("/cache/moves").text

    assert answer.status_code == 202
    assert path.with_name("Heat (taken back).mkv").read_bytes() == b"film"
    assert [(one["outcome"], one["asked_by"], one["can_undo"]) for one in moves] == [
        ("returned", "ada", False)
    ]
    assert moves[0]["why_not"] in page


def test_a_file_at_rest_has_its_path_again_when_somebody_asks(premises: Premises) -> None:
    served(premises)
    path, hidden = resting(premises, "Heat.mkv")
    with premises.browser() as client:
        page = client.get("/cache/audit").text
        number = client.get("/api/v1/cache/rests").json()["items"][0]["id"]
        client.post(f"/cache/rests/{number}/return")
    taken_back(premises)

    assert "Deleted by others" in page
    assert path.read_bytes() == b"film"
    assert not hidden.exists()
    assert premises.place.desk.journal.at_rest() == []
    assert premises.place.desk.journal.unfinished() == []


def test_a_file_at_rest_never_takes_the_path_of_another(premises: Premises) -> None:
    served(premises)
    path, hidden = resting(premises, "Heat.mkv")
    path.write_bytes(b"a newer film")
    with premises.browser() as client:
        number = client.get("/api/v1/cache/rests").json()["items"][0]["id"]
        answer = client.post(f"/cache/rests/{number}/return")

    assert answer.status_code == 409
    assert "There is a file at" in answer.text
    assert (path.read_bytes(), hidden.read_bytes()) == (b"a newer film", b"film")


def test_a_file_rests_until_its_day_and_is_not_restored_unasked(premises: Premises) -> None:
    resting(premises, "Heat.mkv")
    with premises.browser() as client:
        until = client.get("/api/v1/cache/rests").json()["items"][0]["until"]

    assert until.startswith((premises.place.clock.now() + timedelta(days=14)).date().isoformat())


def test_moving_in_shows_settings_first_then_what_would_be_then_does_it(
    premises: Premises, tmp_path: Path
) -> None:
    settings = {"path_mappings": [{"name": "Films", "real_path": "/slow", "cache_path": "/fast"}]}
    (tmp_path / "plexcache_settings.json").write_text(json.dumps(settings))
    with premises.browser() as client:
        page = client.post("/cache/adopt", data={"folder": str(tmp_path)}).text
        look = client.post("/cache/adopt", data={"folder": str(tmp_path), "step": "look"})
        client.post("/api/v1/cache/adopt", json={"folder": str(tmp_path), "dry": False})
        nothing = client.post("/cache/adopt", data={"folder": "plexcache"})

    assert "PlexCache-D" in page
    assert "See what would become of each file" in page
    assert look.headers["location"] == "/cache/audit#adopt"
    assert 'value="/fast"' in page
    assert "Add this fast disk" in page
    assert [one.kind for one in premises.jobs.held.values()] == [ADOPT, ADOPT]
    assert [one.arguments["dry"] for one in premises.jobs.held.values()] == [True, False]
    assert 'id="folder-error"' in nothing.text


def test_what_becomes_of_each_file_is_a_table(premises: Premises) -> None:
    row = {"path": "/slow/Heat.mkv", "outcome": "put_back", "why": "The copy is smaller.", "size": GB}
    result = {"rivals": ["PlexCache-D"], "files": {"put_back": 1, "ours": 2}, "dry": True, "rows": [row]}
    premises.jobs.put("Move in", JobState.DONE, kind=ADOPT, result=result)
    with premises.browser() as client:
        page = client.get("/cache/audit").text

    assert "What would become of each file" in page
    assert "Original is put back" in page
    assert "The copy is smaller." in page
    assert "2 files more are told in the log" in page


def test_what_a_rival_had_is_accepted_as_a_fast_disk(premises: Premises, tmp_path: Path) -> None:
    root = tmp_path / "nvme"
    root.mkdir()
    settings = {
        "path_mappings": [{"name": "Films", "real_path": "/slow", "cache_path": f"{root}/"}],
        "plexcache_quota": "500GB",
    }
    (tmp_path / "plexcache_settings.json").write_text(json.dumps(settings))
    with premises.browser() as client:
        (one,) = client.get(f"/api/v1/cache/rivals?folder={tmp_path}").json()["tiers"]
        fields = {name: one[name] for name in ("name", "root", "quota", "usage", "min_free", "copies")}
        client.post("/cache/tiers", data=fields)
        (again,) = client.get(f"/api/v1/cache/rivals?folder={tmp_path}").json()["tiers"]

    assert (one["name"], one["quota"], one["is_there"]) == ("nvme", "500GB", False)
    assert again["is_there"]


def test_without_a_fast_disk_there_is_nothing_to_look_at_and_no_audit_is_offered(bare: Premises) -> None:
    with bare.browser() as client:
        page = client.get("/cache/audit").text

    assert "Nothing to look at: no fast disk yet" in page
    assert "Audit now" not in page
    assert "Move in from" in page
