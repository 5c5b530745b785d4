"""`projectionist jobs`: what it prints, what it gives programs, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from projectionist.features.operations.documents import JobDocument, NodeDocument, QueueDocument
from projectionist.jobs.ports import JobFilter, JobState, Order, Priority
from projectionist.jobs.queries import add_log, add_queue, change
from tests.features.command import Ran, projectionist
from tests.features.operations.commands import Command, engine, fields, found

Ask: TypeAlias = Callable[..., str]
NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
GONE = "There is no such job; it may have been taken out of the history."


@pytest.fixture
def ask(data: Path) -> Ask:
    """Asks for the sync of a server, and cancels it where it is to be over; the job's id."""

    def asked(server: int = 1, *, over: bool = False) -> str:
        with engine(data) as jobs:
            job_id = jobs.order(Order("library.sync", {"server_id": server})).job_id
            if over:
                jobs.cancel(job_id)
        return job_id

    return asked


def test_jobs_are_listed_as_the_api_gives_them(command: Command, ask: Ask) -> None:
    first, over = ask(1), ask(2, over=True)
    listed = found(command("jobs", "list", "--json"))
    assert ([one["id"] for one in listed["jobs"]], listed["offset"], listed["total"]) == ([over, first], 0, 2)
    assert list(listed["jobs"][0]) == fields(JobDocument)
    narrowed = found(command("jobs", "list", "--kind", "library.sync", "--state", "queued", "--json"))
    assert [one["id"] for one in narrowed["jobs"]] == [first]
    assert found(command("jobs", "list", "--kind", "jobs.tidy", "--json"))["total"] == 0
    turned = command("jobs", "list", "--sort", "created_at").out.splitlines()
    assert [line.split()[:2] for line in turned] == [[first, "queued"], [over, "cancelled"], ["2", "of"]]


def test_a_job_is_shown_with_its_log(command: Command, ask: Ask, data: Path) -> None:
    job_id = ask()
    write_log(data, job_id, 3)
    shown = found(command("jobs", "show", job_id, "--json"))
    assert list(shown) == [*fields(JobDocument), "log"]
    assert [line["message"] for line in shown["log"]] == ["line 0", "line 1", "line 2"]
    told = command("jobs", "show", job_id).out
    assert f"id: {job_id}\n" in told
    assert 'arguments: {"server_id": 1}\n' in told
    assert told.endswith("2026-03-01 12:00:02 UTC  info  line 2\n")


def write_log(data: Path, job_id: str, lines: int) -> None:
    with engine(data) as jobs, jobs.database.write() as session:
        times = [NOON + timedelta(seconds=number) for number in range(lines)]
        add_log(
            session,
            [
                {"job_id": job_id, "at": at, "level": "info", "message": f"line {number}"}
                for number, at in enumerate(times)
            ],
        )


def test_a_long_log_is_shown_in_parts(command: Command, ask: Ask, data: Path) -> None:
    job_id = ask()
    write_log(data, job_id, 4)
    assert command("jobs", "log", job_id, "--size", "2").out.splitlines() == [
        "2026-03-01 12:00:00 UTC  info  line 0",
        "2026-03-01 12:00:01 UTC  info  line 1",
        "2 of 4 lines; `jobs log ID --offset 2` shows more.",
    ]
    rest = command("jobs", "log", job_id, "--offset", "2").out.splitlines()
    assert [line.rpartition("  ")[2] for line in rest] == ["line 2", "line 3"]
    part = found(command("jobs", "log", job_id, "--offset", "3", "--json"))
    assert (part["offset"], part["total"]) == (3, 4)
    assert part["log"] == [{"at": "2026-03-01T12:00:03Z", "level": "info", "message": "line 3"}]


def test_a_job_is_cancelled_once(command: Command, ask: Ask, data: Path) -> None:
    job_id = ask()
    ran = command("jobs", "cancel", job_id)
    assert ran == Ran(0, f"{job_id} is cancelled, or ends at its next step.\n", "")
    with engine(data) as jobs:
        assert jobs.get(job_id).state is JobState.CANCELLED
    again = command("jobs", "cancel", job_id)
    assert again == Ran(1, "", f"{job_id}: The job is over already; nothing was changed.\n")


def test_many_jobs_are_cancelled_and_one_that_is_not_there_stops_no_other(
    command: Command, ask: Ask, data: Path
) -> None:
    first, second = ask(1), ask(2)
    ran = command("jobs", "cancel", first, "none", second, "--json")
    assert (ran.status, ran.err) == (1, "")
    failed = [{"job_id": "none", "message": GONE}]
    assert json.loads(ran.out) == {"done": 2, "failed": failed, "ordered": []}
    with engine(data) as jobs:
        assert {jobs.get(one).state for one in (first, second)} == {JobState.CANCELLED}


def test_jobs_that_are_over_are_done_again(command: Command, ask: Ask) -> None:
    over, live = ask(1, over=True), ask(2)
    ran = command("jobs", "retry", over, live)
    assert (ran.status, ran.err) == (1, f"{live}: The job is not over yet; nothing was changed.\n")
    new = ran.out.removesuffix(" is queued.\n")
    job = found(command("jobs", "show", new, "--json"))
    assert (job["state"], job["arguments"]) == ("queued", {"server_id": 1})
    again = found(command("jobs", "retry", over, "--json"))
    [ordered] = again.pop("ordered")
    assert (again, ordered["created"]) == ({"done": 1, "failed": []}, True)
    assert found(command("jobs", "show", ordered["job_id"], "--json"))["state"] == "queued"


def test_queued_jobs_are_moved_to_a_priority(command: Command, ask: Ask, data: Path) -> None:
    first, second, over = ask(1), ask(2), ask(3, over=True)
    ran = command("jobs", "priority", first, second, "now")
    assert ran == Ran(0, f"{first} has the priority now.\n{second} has the priority now.\n", "")
    with engine(data) as jobs:
        assert [jobs.get(one).priority for one in (first, second)] == [Priority.NOW] * 2
    late = command("jobs", "priority", over, "low", "--json")
    assert late.status == 1
    assert json.loads(late.out)["failed"][0]["message"].startswith("Only a job that waits in its queue")


def test_a_priority_that_is_none_does_nothing_else(command: Command, ask: Ask, data: Path) -> None:
    job_id = ask()
    ran = command("jobs", "priority", job_id, "cancel")
    told = "projectionist: A priority is one of now, high, normal, low; cancel is none.\n"
    assert ran == Ran(2, "", told)
    with engine(data) as jobs:
        assert jobs.get(job_id).state is JobState.QUEUED


def test_jobs_that_are_over_are_taken_out_of_the_history(command: Command, ask: Ask, data: Path) -> None:
    over, live = ask(1, over=True), ask(2)
    ran = command("jobs", "forget", over, live, "none")
    assert (ran.status, ran.out) == (1, f"{over} is out of the history.\n")
    assert ran.err == f"{live}: The job is not over yet; it stays.\nnone: {GONE}\n"
    with engine(data) as jobs:
        assert [job.id for job in jobs.find(JobFilter()).items] == [live]
    other = ask(3, over=True)
    assert found(command("jobs", "forget", other, "--json")) == {"done": 1, "failed": [], "ordered": []}


@pytest.mark.parametrize("name", ["show", "log"])
def test_a_job_that_is_not_there_cannot_be_shown(command: Command, name: str) -> None:
    assert command("jobs", name, "none", "--json") == Ran(1, "", f"projectionist: {GONE}\n")


def test_a_queue_is_paused_goes_on_and_is_widened(command: Command, data: Path) -> None:
    paused = command("jobs", "pause", "previews")
    assert paused == Ran(0, "previews is paused; what runs goes on to its end.\n", "")
    assert "previews  paused  0 wait, 0 run" in command("jobs", "queues").out
    with engine(data) as jobs:
        assert {one.name for one in jobs.queues() if one.paused} == {"previews"}
    assert command("jobs", "resume", "previews") == Ran(0, "previews goes on.\n", "")
    assert command("jobs", "concurrency", "previews", "7") == Ran(0, "previews runs 7 at once.\n", "")
    with engine(data) as jobs:
        [queue] = [one for one in jobs.queues() if one.name == "previews"]
    assert (queue.paused, queue.concurrency) == (False, 7)


def test_a_changed_queue_is_given_as_the_api_gives_it(command: Command) -> None:
    paused = found(command("jobs", "pause", "previews", "--json"))
    assert (list(paused), paused["name"], paused["paused"]) == (fields(QueueDocument), "previews", True)
    widened = found(command("jobs", "concurrency", "previews", "64", "--json"))
    assert (widened["concurrency"], widened["paused"]) == (64, True)
    resumed = found(command("jobs", "resume", "previews", "--json"))
    assert (resumed["concurrency"], resumed["paused"]) == (64, False)
    assert resumed in found(command("jobs", "queues", "--json"))


@pytest.mark.parametrize("words", [("pause", "none"), ("resume", "none"), ("concurrency", "none", "2")])
def test_a_queue_that_is_none_is_said_so(command: Command, words: tuple[str, ...]) -> None:
    assert command("jobs", *words, "--json") == Ran(1, "", "projectionist: There is no queue none.\n")


def test_a_queue_that_is_no_more_is_told_from_those_that_are(command: Command, ask: Ask, data: Path) -> None:
    job_id = ask()
    with engine(data) as jobs, jobs.database.write() as session:
        add_queue(session, "tape", 1)
        change(session, job_id, {"queue": "tape"})
    told = command("jobs", "queues").out.splitlines()
    assert "tape  no more  1 wait, 0 run" in told
    assert len([line for line in told if "  open  " in line]) > 2


def test_the_nodes_are_shown(command: Command) -> None:
    [node] = found(command("jobs", "nodes", "--json"))
    assert (list(node), node["alive"], node["queues"]) == (fields(NodeDocument), False, [])
    told = command("jobs", "nodes").out
    assert told.startswith(f"{node['name']}  gone, last seen {node['seen_at'][:10]} ")
    assert told.endswith(f"  0 run  no queue  version {node['version']}\n")


def test_whether_a_machine_works_is_said_by_the_exit_code(command: Command, data: Path) -> None:
    refused = command("jobs", "nodes", "--working", "nowhere")
    assert refused.status == 1
    assert "Nobody does jobs on nowhere now" in refused.err
    with engine(data) as jobs:
        jobs.start(queues=["previews"])
        try:
            host = next(one.host for one in jobs.nodes() if one.alive)
            [node] = found(command("jobs", "nodes", "--working", host, "--json"))
            assert node["queues"] == ["previews", "upkeep"]
            assert command("jobs", "nodes", "--working", "elsewhere").status == 1
        finally:
            jobs.close()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("list", "--state", "asleep"),
            "A state is one of queued, running, waiting, done, failed, cancelled.",
        ),
        (("list", "--sort", "colour"), "Jobs are sorted by one of "),
        (("concurrency", "previews", "65"), "From 1 to 64 jobs can run at once."),
        (("concurrency", "previews", "many"), "'many' is not a valid int"),
        (("cancel",), "Missing argument 'ID...'"),
        (("priority", "now"), "Missing argument"),
        (("log", "none", "--size", "0"), "--size"),
        (("show", "\udcff"), "A word of this command is no text in UTF-8"),
        (("list", "--text", "\udcff"), "A word of this command is no text in UTF-8"),
        (("cancel", "\udcff"), "A word of this command is no text in UTF-8"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_wrong_use_ends_with_2(command: Command, words: tuple[str, ...], told: str) -> None:
    ran = command("jobs", *words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert told in ran.err


@pytest.mark.parametrize("words", [("jobs", "list"), ("jobs", "cancel", "1"), ("schedules", "list")])
def test_a_folder_in_which_nothing_has_run_stays_as_it_is(
    tmp_path: Path, own_log: None, words: tuple[str, ...]
) -> None:
    ran = projectionist(*words, "--data", tmp_path / "typo")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(f"projectionist: Projectionist has never run in {tmp_path / 'typo'}; ")
    assert list(tmp_path.iterdir()) == []
