"""The pages of the cache's daily work: how it stands, the plan, the films, the moves, and what buttons do."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from litestar.testing import TestClient

from projectionist.errors import ProjectionistError
from projectionist.features.cache import service
from projectionist.features.cache.models import AnswerRow, Kind, PinRow, WantRow
from projectionist.features.cache.planning.plan import PlannedReturn, Refused
from projectionist.features.cache.planning.planner import FileWhy, ItemWhy
from projectionist.features.cache.running.noting import note
from projectionist.features.cache.running.ordering import RUN
from projectionist.features.cache.wanting.wants import Term
from projectionist.jobs.ports import JobState
from projectionist.web.ports import Permission
from tests.features.cache.pages.serving import GB, Premises
from tests.features.cache.stage import Stage

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""What the pages ask of the database is tried on both by test_lists."""


def panels(client: TestClient[Any], page: str, about: int = 0) -> str:
    """What panels there are on a shared page."""
    shown = str(client.get(f"/shared/{page}/{about}").text)
    return shown.partition("<h1>Shared</h1>")[2].partition("</main>")[0].strip()


PAGES = ("/cache", "/cache/plan", "/cache/files", "/cache/moves")


def test_without_a_fast_disk_each_page_says_what_to_do(stage: Stage) -> None:
    premises = Premises(stage, bare=True)
    with premises.browser() as client:
        said = [client.get(path).text.partition("<h2>")[2] for path in PAGES]

    assert [text.partition("</h2>")[0] for text in said] == [
        "No fast disk yet",
        "Nothing to plan with",
        "No fast disk yet",
        "Nothing was moved yet",
    ]


def test_the_overview_says_what_fills_a_disk_by_which_rule_and_why(premises: Premises) -> None:
    premises.cached("Heat")
    premises.came_along("Heat.srt", "Heat")
    with premises.browser() as client:
        page = client.get("/cache").text

    assert "limited by its own quota" in page
    assert "1 film, 1.0 GB" in page
    assert "Ada watches it next." in page
    assert "Heat.srt" not in page
    assert "this is a dry run" in page
    assert "live:cache from:body" in page


@pytest.mark.parametrize(
    ("rule", "said"), [("usage", "full its drive"), ("min_free", "minimum of free"), ("drive", "size of its")]
)
def test_the_tightest_rule_is_named(premises: Premises, rule: str, said: str) -> None:
    room = premises.crew.limits.rooms()[0]
    room.rule, room.left = rule, -5 * GB
    premises.crew.limits.rooms = lambda: [room]  # type: ignore[method-assign]
    with premises.browser() as client:
        page = client.get("/cache").text

    assert said in page
    assert "5.0 GB more than allowed" in page


def test_what_moves_now_is_shown_in_bytes_with_its_rate_and_what_is_left(premises: Premises) -> None:
    premises.moving("Heat")
    premises.jobs.put("Cache Ronin", kind="cache.in")
    with premises.browser() as client:
        page = client.get("/cache").text
        answer = client.post("/cache/stop", data={"x": "1"})

    assert "256 MB of 1.0 GB" in page
    assert "150 MB/s" in page
    assert "about 5.0 s left" in page
    assert "1 move waits" in page
    assert answer.headers["location"] == "/cache"
    assert [job.state for job in premises.jobs.held.values()] == [JobState.RUNNING, JobState.CANCELLED]


def test_a_disk_that_is_not_there_and_a_source_that_is_silent_are_said_plainly(premises: Premises) -> None:
    copy_id = premises.cached("Heat")
    moment = premises.stage.clock.now()
    with premises.place.database.write() as session:
        session.add(
            AnswerRow(
                source="watchlist",
                server_id=1,
                account_id=0,
                answered_at=None,
                failing_since=moment,
                reason="It did not answer in 5 s.",
            )
        )
        session.add(
            WantRow(
                source="watchlist",
                server_id=1,
                account_id=0,
                item_id=premises.item_of(copy_id),
                place=0,
                at=moment,
                first_at=moment,
            )
        )
    premises.crew.limits.rooms = list  # type: ignore[method-assign]
    with premises.browser() as client:
        page = client.get("/cache").text

    assert "SSD is not there" in page
    assert "Server 1 does not answer about the watchlist; noticed" in page
    assert "It did not answer in 5 s." in page
    assert "1 title that it named before stays where it is." in page


def test_the_first_run_is_a_dry_one_and_has_to_be_confirmed(premises: Premises) -> None:
    premises.planned("Heat")
    with premises.browser() as client:
        sent = client.post("/cache/run", data={"x": "1"})
        assert premises.jobs.held == {}
        plan = client.get("/cache/plan").text
        yes = client.post("/cache/plan/confirm", data={"x": "1"})
        again = client.post("/cache/run", data={"x": "1"})
        page = client.get("/cache").text

    assert sent.headers["location"] == "/cache/plan"
    assert "This is a dry run" in plan
    assert "Yes, move files" in plan
    assert (yes.status_code, again.headers["location"]) == (303, "/cache")
    assert service.is_confirmed(premises.jobs)
    [job] = premises.jobs.held.values()
    assert (job.kind, job.arguments["dry"], job.asked_by) == ("cache.run", False, "ada")
    assert "The next plan is made" in page
    assert "dry run" not in page


def test_the_plan_says_what_why_how_much_and_estimates_only_what_was_measured(premises: Premises) -> None:
    premises.planned("Heat", size=2 * GB)
    path = premises.path("Ronin")
    premises.plans.returns.append(
        PlannedReturn(path, 1, GB, "Nobody is expected to watch it soon.", premises.path("Heat"))
    )
    premises.plans.refused.append(
        Refused(premises.path("Big"), 90 * GB, "It is larger than 50 GB, the most for one item.")
    )
    with premises.browser() as client:
        before = client.get("/cache/plan").text
        premises.cached("Alien")
        after = client.get("/cache/plan").text
        returns = client.get("/cache/plan?part=returns").text
        refused = client.get("/cache/plan?part=refused").text

    assert "Ada watches it next; she is quick" in before
    assert "+60" in before
    assert "nothing was copied yet that an estimate could rest on" in before
    assert "Copying, estimated" in after
    assert '<span class="stat-value">8.0 s</span>' in after
    assert "at 256 MB/s" in after
    assert "Nobody is expected" in returns
    assert ">Heat<" in returns
    assert "larger than 50 GB" in refused


def test_a_plan_without_moves_says_so(premises: Premises) -> None:
    service.confirm(premises.place, premises.jobs, "every 1h")
    with premises.browser() as client:
        page = client.get("/cache/plan").text

    assert "There is nothing to move" in page
    assert "Carry it out" not in page


def test_films_are_filtered_sorted_and_told_with_what_came_along(premises: Premises) -> None:
    premises.cached("Heat", size=3 * GB)
    small = premises.cached("Ronin", size=GB)
    premises.came_along("Heat.srt", "Heat")
    with premises.place.database.write() as session:
        session.add(
            PinRow(
                item_id=premises.item_of(small),
                version="first",
                asked_by="ada",
                at=premises.stage.clock.now(),
            )
        )
    with premises.browser() as client:
        every = client.get("/cache/files?sort=size").text
        found = client.get("/cache/files?q=hea").text
        pinned = client.get("/cache/files?pinned=yes").text
        wrong = client.get("/cache/files?sort=colour")
        none = client.get("/cache/files?q=zzz").text

    assert every.index("Ronin") < every.index("Heat.mkv")
    assert "with 1 file more, 1.0 KB" in every
    assert "Ronin" not in found
    assert "Heat" not in pinned.split("<tbody>")[1]
    assert wrong.status_code == 422
    assert "No film fits these filters." in none


def test_ticked_films_go_back_and_those_that_went_already_are_told(premises: Premises) -> None:
    first, second = premises.cached("Heat"), premises.cached("Ronin")
    with premises.browser() as client:
        came = client.post("/cache/files/return", data={"ids": [first, second]})
        nothing = client.post("/cache/files/return", data={"x": "1"})

    assert came.status_code == 303
    assert sorted(job.arguments["path"] for job in premises.jobs.held.values()) == sorted(
        str(premises.path(name)) for name in ("Heat", "Ronin")
    )
    assert nothing.status_code == 422


def test_ticked_films_are_pinned_and_unpinned_and_a_film_of_no_item_is_told(premises: Premises) -> None:
    known, unknown = premises.cached("Heat"), premises.cached("Stray", listed=False)
    with premises.browser() as client:
        came = client.post("/cache/files/pin", data={"ids": [known, unknown]})
        pinned = client.get("/cache/files?pinned=yes").text
        client.post("/cache/files/unpin", data={"ids": known})
        after = client.get("/cache/files?pinned=yes").text

    assert came.status_code == 409
    assert "1 file was taken" in came.text
    assert "Stray" in came.text
    assert "Heat" in pinned
    assert "Heat.mkv" not in after


def test_moves_are_told_with_their_results_and_can_be_taken_back_once(premises: Premises) -> None:
    premises.cached("Heat")
    errand = premises.crew.errand(premises.path("Heat"), title="Ronin")
    note(premises.place, Kind.CACHE_IN, errand, "SSD", "failed", 10, "The disk is full.")
    with premises.browser(zone="Europe/Berlin") as client:
        page = client.get("/cache/moves").text
        failed = client.get("/cache/moves?result=failed").text
        undone = client.post("/cache/moves/1/undo", data={"x": "1"})
        conflict = client.post("/cache/moves/2/undo", data={"x": "1"})

    assert page.count("/undo") == 1
    assert "1.0 GB to the fast disk" in page
    assert "The disk is full." in failed
    assert "move-1" not in failed
    assert undone.headers["location"] == "/cache/moves"
    [job] = premises.jobs.held.values()
    assert (job.kind, job.arguments["undoes"]) == ("cache.back", 1)
    assert conflict.status_code == 409


def test_what_was_undone_is_marked_and_not_offered_again(premises: Premises) -> None:
    premises.cached("Heat")
    back = premises.crew.errand(premises.path("Heat"), title="Heat", undoes=1)
    note(premises.place, Kind.MOVE_BACK, back, "SSD", "home", 5)
    with premises.browser() as client:
        page = client.get("/cache/moves").text

    assert "undone" in page
    assert "/cache/moves/1/undo" not in page


def test_lists_are_exported_without_formulas(premises: Premises) -> None:
    premises.cached("=cmd")
    with premises.browser() as client:
        table = list(csv.DictReader(io.StringIO(client.get("/cache/files/export").text)))
        listed = client.get("/cache/moves/export?form=json").json()

    assert table[0]["title"] == "'=cmd"
    assert [row["outcome"] for row in listed] == ["cached"]


def test_an_item_is_explained_file_by_file_with_its_score(premises: Premises) -> None:
    item = premises.item_of(premises.cached("Heat"))
    premises.plans.whys[item] = ItemWhy(
        item,
        (
            FileWhy(
                premises.path("Heat"),
                GB,
                True,
                "It stays. It is wanted.",
                71.0,
                (Term("next", 71, "Ada is next"),),
            ),
        ),
        (),
    )
    with premises.browser() as client:
        page = client.get(f"/cache/items/{item}").text
        unknown = client.get("/cache/items/999")

    assert "It stays. It is wanted." in page
    assert "Ada is next" in page
    assert unknown.status_code == 404


def test_an_item_is_pinned_in_a_version_and_unpinned(premises: Premises) -> None:
    item = premises.item_of(premises.cached("Heat"))
    with premises.browser() as client:
        pinned = client.post(f"/cache/items/{item}/pin", data={"version": "highest"})
        wrong = client.post(f"/cache/items/{item}/pin", data={"version": "8k"})
        panel = panels(client, "item", item)
        client.post(f"/cache/items/{item}/unpin", data={"x": "1"})
        bare = panels(client, "item", item)

    assert pinned.headers["location"] == f"/items/{item}"
    assert wrong.status_code == 422
    assert "Unpin" in panel
    assert "Unpin" not in bare


def test_a_pin_that_does_not_fit_is_refused_with_its_reason(premises: Premises) -> None:
    item = premises.item_of(premises.cached("Heat"))
    premises.plans.too_large.add(item)
    with premises.browser() as client:
        answer = client.post(f"/cache/items/{item}/pin", data={"version": "highest"})
        panel = panels(client, "item", item)

    assert answer.status_code == 409
    assert "not all of that fits; nothing was pinned" in answer.text
    assert "Unpin" not in panel


def test_everything_goes_back_and_nothing_is_moved_by_itself_any_more(premises: Premises) -> None:
    service.confirm(premises.place, premises.jobs, "every 1h")
    with premises.browser() as client:
        answer = client.post("/cache/restore-all", data={"x": "1"})

    assert answer.headers["location"] == "/cache"
    assert not service.is_confirmed(premises.jobs)
    assert [job.kind for job in premises.jobs.held.values()] == ["cache.restore"]


def test_who_may_only_look_at_the_library_sees_none_of_it(premises: Premises) -> None:
    with premises.browser(may=[Permission.VIEW]) as client:
        assert {client.get(path).status_code for path in PAGES} == {403}
        assert client.post("/cache/restore-all", data={"x": "1"}).status_code == 403


def test_panels_tell_what_is_there_and_only_to_whom_it_may_be_told(premises: Premises) -> None:
    item = premises.item_of(premises.cached("Heat"))
    premises.moving("Ronin")
    with premises.browser() as client:
        home, needs, of_item = (panels(client, page, item) for page in ("home", "needs", "item"))
    with premises.browser(may=[Permission.VIEW]) as client:
        guest, none, film = (panels(client, page, item) for page in ("home", "needs", "item"))

    assert "Heat" in home
    assert "1 file is on its way." in home
    assert "first plan" in needs
    assert "Ada watches it next." in of_item
    assert "Pin" in of_item
    assert "1 film" in guest
    assert "1 file is on its way." in guest
    assert "Heat" not in guest
    assert "Ronin" not in guest
    assert none == ""
    assert "on the fast disk" in film
    assert "Ada" not in film
    assert "Pin" not in film


def test_home_says_what_failed_of_late_and_which_disk_is_not_there(premises: Premises) -> None:
    service.confirm(premises.place, premises.jobs, "every 1h")
    errand = premises.crew.errand(premises.stage.film("Heat.mkv"), title="Heat")
    note(premises.place, Kind.CACHE_IN, errand, "SSD", "failed", 10, "The disk is full.")
    with premises.browser() as client:
        failed = panels(client, "needs")
        premises.stage.clock.pass_by(days=2)
        over = panels(client, "needs")
        premises.crew.limits.rooms = list  # type: ignore[method-assign]
        pulled = panels(client, "needs")

    assert "1 move of the cache failed in the last day: The disk is full." in failed
    assert over == ""
    assert "The fast disk SSD is not there" in pulled


def test_a_house_without_a_cache_has_no_panel_of_it(stage: Stage) -> None:
    with Premises(stage, bare=True).browser() as client:
        assert [panels(client, page, 1) for page in ("home", "needs", "item")] == ["", "", ""]


def test_what_the_planner_cannot_do_is_a_page_with_its_reason(premises: Premises) -> None:
    class Broken(ProjectionistError):
        """A plan that cannot be made."""

    def fail(now: object) -> None:
        raise Broken("The database is locked; try again.")

    premises.plans.think = fail  # type: ignore[method-assign, assignment]
    with premises.browser() as client:
        page = client.get("/cache/plan", headers={"accept": "text/html"})

    assert page.status_code >= 400
    assert "The database is locked; try again." in page.text


def test_a_look_at_what_to_move_that_failed_is_told_until_one_succeeds(premises: Premises) -> None:
    premises.jobs.put("Plan", JobState.FAILED, kind=RUN, error="The database did not answer.")
    with premises.browser() as client:
        failed = client.get("/cache").text
        premises.jobs.held.clear()
        premises.jobs.put("Plan", JobState.DONE, kind=RUN)
        fine = client.get("/cache").text

    assert "The last look at what to move failed: The database did not answer. What is on" in failed
    assert "The last look at what to move failed" not in fine
