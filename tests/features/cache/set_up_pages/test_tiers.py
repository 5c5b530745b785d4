"""The pages and the API of fast disks, the folders they serve, caps, and sources."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from projectionist.features.cache import set_up
from projectionist.features.cache.models import AnswerRow, SourceChoiceRow, TierRow
from projectionist.features.library.models import LibraryRow
from projectionist.kit.data_folder import OwnFolder
from projectionist.web.ports import Permission
from tests.features.cache.pages.serving import Premises

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both where it is asked."""


def test_who_is_new_is_led_from_a_fast_disk_to_the_plan(bare: Premises, tmp_path: Path) -> None:
    fast, slow = tmp_path / "ssd", tmp_path / "hdd"
    fast.mkdir()
    slow.mkdir()
    with bare.browser() as client:
        first = client.get("/cache/tiers").text
        done = client.post("/cache/tiers", data={"name": "NVMe", "root": str(fast), "quota": "500"}).text
        form = client.get("/cache/places/new").text
        tier = set_up.tiers_named(bare.place)[0]
        told = client.post(
            "/cache/places", data={"library_id": 1, "slow_root": str(slow), "tier_ids": tier.id}
        ).text
        after = client.get("/cache/tiers").text

    assert "Four steps to a cache" in first
    assert 'href="/cache/tiers/new"' in first
    assert "NVMe is saved" in done
    assert 'href="/cache/places/new"' in done
    assert "Prove and save" in form
    assert "Look at the plan" in told
    assert "on one file system" in told
    assert str(slow) in after
    assert "500GB" in after
    assert "the tightest" not in done


def test_a_disk_that_serves_no_library_leads_to_choosing_one_not_to_an_empty_plan(
    bare: Premises, tmp_path: Path
) -> None:
    (tmp_path / "ssd").mkdir()
    with bare.browser() as client:
        client.post("/cache/tiers", data={"name": "NVMe", "root": str(tmp_path / "ssd")})
        pages = [client.get(path).text for path in ("/cache", "/cache/plan", "/cache/tiers")]

    assert all('href="/cache/places/new"' in page for page in pages)
    assert not any("Yes, move files" in page or "nothing is expected" in page for page in pages)
    assert not any("Move everything back" in page or "Save the cap" in page for page in pages)


def test_what_is_seldom_needed_is_folded_away_until_it_says_something(bare: Premises) -> None:
    with bare.browser() as client:
        fresh = client.get("/cache/tiers/new").text
        wrong = client.post("/cache/tiers", data={"name": "A", "root": "/", "too_hot_c": "boiling"}).text

    assert 'cache-more">' in fresh
    assert 'cache-more" open>' in wrong


def test_what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost(bare: Premises) -> None:
    with bare.browser() as client:
        answer = client.post(
            "/cache/tiers", data={"name": "NVMe", "root": "/nowhere/at/all", "quota": "200 %", "copies": "2"}
        )

    assert answer.status_code == 422
    assert 'id="root-error"' in answer.text
    assert "is not there" in answer.text
    assert 'value="200 %"' in answer.text
    assert set_up.tiers_named(bare.place) == []


def test_a_number_that_is_none_is_told_beside_its_field(bare: Premises) -> None:
    with bare.browser() as client:
        answer = client.post("/cache/tiers", data={"name": "NVMe", "root": "/", "copies": "many"})

    assert 'id="copies-error"' in answer.text


def test_a_tier_shows_its_rules_and_that_nobody_knows_its_temperature(premises: Premises) -> None:
    with premises.place.database.write() as session:
        row = session.get_one(TierRow, 1)
        row.quota, row.min_free, row.too_hot_c = "10GB", "1%", 70
    with premises.browser() as client:
        page = client.get("/cache/tiers").text

    assert "the cache takes at most 10GB" in page
    assert "1% stay free" in page
    assert "unknown: the drive does not tell" in page
    assert "nothing is copied from 70" in page


def test_a_tier_with_films_is_not_removed_and_says_why(premises: Premises) -> None:
    premises.cached("Heat")
    with premises.browser() as client:
        answer = client.post("/cache/tiers/1/remove")
        kept = set_up.tiers_named(premises.place)

    assert answer.status_code == 409
    assert "move them back first" in answer.text
    assert len(kept) == 1


def test_an_empty_tier_is_changed_and_removed(premises: Premises) -> None:
    root = str(premises.stage.fast)
    with premises.browser() as client:
        changed = client.post("/cache/tiers/1", data={"name": "Quick", "root": root, "min_free": "5%"})
        shown = client.get("/cache/tiers/1").text
        client.post("/cache/tiers/1/remove")

    assert "Quick is saved" in changed.text
    assert 'value="5%"' in shown
    assert set_up.tiers_named(premises.place) == []


def test_links_where_an_arr_keeps_its_files_are_warned_of_and_a_union_is_offered(
    premises: Premises, tmp_path: Path
) -> None:
    slow = tmp_path / "hdd"
    slow.mkdir()
    data = {"library_id": 1, "slow_root": str(slow), "tier_ids": 1, "arr_owned": "true"}
    with premises.browser() as client:
        told = client.post("/cache/places", data=data).text
        page = client.get("/cache/tiers").text
        number = set_up.places_set(premises.place)[0].place.id
        edit = client.get(f"/cache/places/{number}").text
        client.post(f"/cache/places/{number}/remove")

    assert "with a union" in told
    assert "Use a union" in page
    assert str(slow) in edit
    assert "checked" in edit
    assert set_up.places_set(premises.place) == []


def test_every_path_of_a_place_is_shown(premises: Premises, tmp_path: Path) -> None:
    slow = tmp_path / "hdd"
    slow.mkdir()
    data = {"library_id": 1, "slow_root": str(slow), "tier_ids": 1, "host_root": "/mnt/disk1/films"}
    with premises.browser() as client:
        client.post("/cache/places", data=data)
        page = client.get("/cache/tiers").text
        told = client.get("/api/v1/cache/places").json()["items"][0]

    assert [view["whose"] for view in told["views"]] == ["server", "local", "slow", "fast", "host"]
    assert "/mnt/disk1/films" in page
    assert "Media server" in page


def test_a_cap_is_set_told_and_taken_away(premises: Premises) -> None:
    with premises.browser() as client:
        client.post("/cache/caps", data={"whom": "item:", "most": "50GB"})
        client.post("/cache/caps", data={"whom": "library:1", "excluded": "true"})
        page = client.get("/cache/tiers").text
        wrong = client.post("/cache/caps", data={"whom": "item:", "most": "a lot"})
        client.post("/cache/caps", data={"whom": "item:"})
        left = client.get("/api/v1/cache/caps").json()

    assert "at most 50GB" in page
    assert 'id="most-error"' in wrong.text
    assert [(one["scope"], one["excluded"]) for one in left["items"]] == [("library", True)]


def test_the_api_adds_changes_and_removes_tiers(bare: Premises, tmp_path: Path) -> None:
    fast = tmp_path / "ssd"
    fast.mkdir()
    with bare.browser() as client:
        added = client.post("/api/v1/cache/tiers", json={"name": "NVMe", "root": str(fast)}).json()
        number = added["id"]
        wanted = {"name": "NVMe", "root": str(fast), "quota": "80%", "daily_writes": "200GB"}
        client.put(f"/api/v1/cache/tiers/{number}", json=wanted)
        one = client.get(f"/api/v1/cache/tiers/{number}").json()
        wrong = client.put(f"/api/v1/cache/tiers/{number}", json={**wanted, "quota": "much"})
        gone = client.delete(f"/api/v1/cache/tiers/{number}")
        missing = client.get(f"/api/v1/cache/tiers/{number}")

    assert (one["quota"], one["daily_writes"], one["is_there"]) == ("80%", "200GB", True)
    assert wrong.status_code == 422
    assert wrong.headers["content-type"].startswith("application/problem+json")
    assert (gone.status_code, missing.status_code) == (204, 404)


def test_a_source_is_switched_for_everybody_and_for_one_person(premises: Premises) -> None:
    with premises.browser() as client:
        client.post("/cache/sources/recent", data={"everybody": "yes"})
        page = client.get("/cache/sources").text
        client.put("/api/v1/cache/sources/recent", json={"counts": None})
        nobody = client.put("/api/v1/cache/sources/recent", json={"counts": False, "account_id": 999})
        pin = client.post("/cache/sources/pin", data={"everybody": "no"})

    with premises.place.database.read() as session:
        assert session.query(SourceChoiceRow).all() == []
    assert 'value="yes" selected' in page
    assert (nobody.status_code, pin.status_code) == (404, 404)


def test_a_source_that_does_not_answer_says_since_when_and_why(premises: Premises) -> None:
    with premises.place.database.write() as session:
        session.add(
            AnswerRow(
                source="watchlist",
                server_id=1,
                account_id=0,
                answered_at=datetime(2026, 11, 20, tzinfo=UTC),
                failing_since=datetime(2026, 11, 20, 1, tzinfo=UTC),
                reason="It did not answer in 5 s.",
            )
        )
    with premises.browser() as client:
        page = client.get("/cache/sources").text
        told = {one["source"]: one for one in client.get("/api/v1/cache/sources").json()["items"]}

    assert "It did not answer in 5 s." in page
    assert "does not answer" in page
    assert told["watchlist"]["answers"][0]["reason"] == "It did not answer in 5 s."


def test_what_a_server_never_gives_is_told_quietly_and_once(premises: Premises) -> None:
    with premises.place.database.write() as session:
        for account in (1, 2):
            session.add(
                AnswerRow(
                    source="watchlist",
                    server_id=1,
                    account_id=account,
                    answered_at=datetime(2026, 11, 20, tzinfo=UTC),
                    reason="Only that of the owner is shown.",
                )
            )
    with premises.browser() as client:
        page = client.get("/cache/sources").text
    assert page.count("Only that of the owner is shown.") == 1
    assert "no answer since" not in page


@pytest.mark.parametrize("path", ["/cache/tiers", "/cache/tiers/new", "/cache/sources", "/cache/places/new"])
def test_who_may_not_look_after_the_cache_sees_none_of_it(premises: Premises, path: str) -> None:
    may = [one for one in Permission if one is not Permission.MANAGE_CACHE]
    with premises.browser(may=may) as client:
        assert client.get(path).status_code == 403


def test_a_tier_within_a_library_and_a_place_outside_of_it_are_refused(
    premises: Premises, tmp_path: Path
) -> None:
    films, within, elsewhere = tmp_path / "films", tmp_path / "films" / "fast", tmp_path / "elsewhere"
    within.mkdir(parents=True)
    elsewhere.mkdir()
    with premises.place.database.write() as session:
        session.get_one(LibraryRow, 1).locations = [str(films)]
    place = {"library_id": 1, "tier_ids": [1]}
    with premises.browser() as client:
        tier = client.post("/api/v1/cache/tiers", json={"name": "Within", "root": str(within)})
        wrong = client.post("/api/v1/cache/places", json={**place, "slow_root": str(elsewhere)})
        right = client.post("/api/v1/cache/places", json={**place, "slow_root": str(films)})

    assert (tier.status_code, wrong.status_code, right.status_code) == (422, 422, 201)
    assert "list every copy as a second version" in tier.json()["detail"]
    assert str(films) in wrong.json()["detail"]
    assert [one.slow_root for one in premises.place.places.all()].count(elsewhere) == 0


def test_neither_the_form_nor_the_api_takes_a_folder_of_ours_or_a_tier_twice(
    bare: Premises, tmp_path: Path
) -> None:
    data, fast = tmp_path / "data", tmp_path / "ssd"
    (data / "previews").mkdir(parents=True)
    fast.mkdir()
    bare.place = replace(bare.place, own=OwnFolder(data))
    with bare.browser() as client:
        inside = client.post("/cache/tiers", data={"name": "NVMe", "root": str(data / "previews")})
        client.post("/cache/tiers", data={"name": "NVMe", "root": str(fast)})
        place = {"library_id": 1, "tier_ids": [set_up.tiers_named(bare.place)[0].id], "slow_root": str(data)}
        served = client.post("/api/v1/cache/places", json=place)
        shown = client.post("/cache/places", data=place)
        twice = client.post("/cache/tiers", data={"name": "Again", "root": str(fast)})
        again = client.post("/api/v1/cache/tiers", json={"name": "Again", "root": str(fast)})

    assert "where Projectionist keeps its own data" in inside.text
    assert 'id="root-error"' in inside.text
    assert "keeps its own data" in served.json()["detail"]
    assert "keeps its own data" in shown.text
    assert f"{fast} is the tier NVMe already" in twice.text
    assert f"{fast} is the tier NVMe already" in again.json()["detail"]
    assert {inside.status_code, served.status_code, again.status_code} == {422}
    assert len(set_up.tiers_named(bare.place)) == 1


def test_everything_that_is_wrong_is_told_at_once_each_beside_its_field(bare: Premises) -> None:
    wrong = {
        "name": "",
        "root": "/nowhere/at/all",
        "quota": "lots",
        "min_free": "200 %",
        "too_hot_c": "boiling",
    }
    with bare.browser() as client:
        page = client.post("/cache/tiers", data=wrong).text
        told = client.post(
            "/api/v1/cache/tiers", json={"name": "NVMe", "root": "/nowhere/at/all", "quota": "lots"}
        ).json()

    for field in ("name", "root", "quota", "min_free", "too_hot_c"):
        assert f'id="{field}-error"' in page, field
    assert 'id="usage-error"' not in page
    assert {one["field"] for one in told["errors"]} == {"root", "quota"}


def test_a_name_that_is_taken_is_told_with_what_else_is_wrong(premises: Premises) -> None:
    with premises.browser() as client:
        page = client.post("/cache/tiers", data={"name": "SSD", "root": "/nowhere/at/all"}).text

    assert 'id="name-error"' in page
    assert 'id="root-error"' in page


def test_folders_of_libraries_are_proposed_and_taken_by_one_click(premises: Premises, tmp_path: Path) -> None:
    slow = tmp_path / "films"
    slow.mkdir()
    with premises.place.database.write() as session:
        session.get_one(LibraryRow, 1).locations = [str(slow)]
    with premises.browser() as client:
        page = client.get("/cache/tiers").text
        form = client.get("/cache/places/new").text
        done = client.post("/cache/places", data=proposed(page))
        after = client.get("/cache/tiers").text

    assert f'value="{slow}"' in form
    assert "The folder is saved" in done.text
    assert [str(one.place.slow_root) for one in set_up.places_set(premises.place)] == [str(slow)]
    assert "not served yet" not in after


def proposed(page: str) -> dict[str, str]:
    """What the first form that is filled in sends."""
    form = page.partition('id="offers"')[2].partition("</form>")[0]
    return dict(re.findall(r'name="(library_id|slow_root|tier_ids)" value="([^"]*)"', form))


def test_tiers_on_one_drive_say_so_both(bare: Premises, tmp_path: Path) -> None:
    with bare.browser() as client:
        for name in ("NVMe", "SSD"):
            (tmp_path / name).mkdir()
            client.post("/cache/tiers", data={"name": name, "root": str(tmp_path / name)})
        page = client.get("/cache/tiers").text

    assert "shares its drive with NVMe" in page
    assert "shares its drive with SSD" in page


def test_a_quota_is_shown_in_the_unit_and_number_that_was_typed(premises: Premises) -> None:
    with premises.place.database.write() as session:
        session.get_one(TierRow, 1).quota = "3GB"
    with premises.browser() as client:
        page = client.get("/cache").text

    assert "0 B of 3.0 GB" in page


SILENT = (
    "plex.tv at https://discover.provider.plex.tv did not answer GET /library/sections/watchlist/all "
    "(no route, after 0.0 s); check that it runs."
)


def test_people_whose_source_fails_for_one_reason_are_told_in_one_notice_without_addresses(
    premises: Premises,
) -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    with premises.place.database.write() as session:
        for account in (0, 1):
            session.add(
                AnswerRow(
                    source="watchlist", server_id=1, account_id=account, failing_since=at, reason=SILENT
                )
            )
    with premises.browser() as client:
        pages = [client.get(path).text for path in ("/cache/sources", "/cache")]

    assert "It never answered." in pages[0]
    for page in pages:
        assert page.count("plex.tv did not answer (no route); check that it runs.") == 1
        assert "provider.plex.tv" not in page
        assert "GET /" not in page
