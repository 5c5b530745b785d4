"""`projectionist schedules`: what it prints, what it gives programs, how it ends."""

from __future__ import annotations

from pathlib import Path

import pytest

from projectionist.features.operations.documents import OrderedDocument, ScheduleDocument
from projectionist.jobs.ports import Schedule
from tests.features.command import Ran
from tests.features.operations.commands import Command, engine, fields, found

NIGHTLY = ("save", "Nightly sync", "--kind", "library.sync", "--cron", "30 4 * * *")


def schedules(data: Path) -> dict[str, Schedule]:
    with engine(data) as jobs:
        return {one.name: one for one in jobs.schedules()}


def test_a_schedule_is_saved_shown_and_replaced(command: Command, data: Path) -> None:
    told = ("--time-zone", "Europe/Berlin", "--arguments", '{"server_id": 1}', "--paused")
    saved = found(command("schedules", *NIGHTLY, *told, "--json"))
    assert list(saved) == fields(ScheduleDocument)
    assert (saved["when"], saved["time_zone"], saved["paused"]) == ("30 4 * * *", "Europe/Berlin", True)
    assert found(command("schedules", "show", "Nightly sync", "--json")) == saved
    assert 'arguments: {"server_id": 1}\n' in command("schedules", "show", "Nightly sync").out
    again = command("schedules", "save", "Nightly sync", "--kind", "library.sync", "--every", "6h")
    [kept] = [one for one in schedules(data).values() if one.kind == "library.sync"]
    assert (kept.when, dict(kept.arguments), kept.paused) == ("every 6h", {}, False)
    assert again == Ran(0, f"Nightly sync is saved, next {kept.next_at:%Y-%m-%d %H:%M} UTC.\n", "")


def test_schedules_are_listed(command: Command) -> None:
    command("schedules", *NIGHTLY, "--paused")
    listed = found(command("schedules", "list", "--json"))
    assert [list(one) for one in listed] == [fields(ScheduleDocument)] * 2
    told = command("schedules", "list").out.splitlines()
    assert "Nightly sync  library.sync  30 4 * * * (UTC)  paused" in told


def test_a_schedule_rests_and_goes_on(command: Command, data: Path) -> None:
    command("schedules", *NIGHTLY)
    assert command("schedules", "pause", "Nightly sync") == Ran(0, "Nightly sync is paused.\n", "")
    assert schedules(data)["Nightly sync"].paused
    resumed = command("schedules", "resume", "Nightly sync")
    assert (resumed.status, resumed.err) == (0, "")
    assert resumed.out.startswith("Nightly sync goes on, next 20")
    assert not schedules(data)["Nightly sync"].paused
    paused = found(command("schedules", "pause", "Nightly sync", "--json"))
    assert (list(paused), paused["paused"]) == (fields(ScheduleDocument), True)
    assert found(command("schedules", "resume", "Nightly sync", "--json"))["paused"] is False


def test_a_schedule_asks_for_its_job_now(command: Command) -> None:
    command("schedules", *NIGHTLY, "--arguments", '{"server_id": 4}')
    ordered = found(command("schedules", "run", "Nightly sync", "--json"))
    assert (list(ordered), ordered["created"]) == (fields(OrderedDocument), True)
    assert found(command("jobs", "show", ordered["job_id"], "--json"))["arguments"] == {"server_id": 4}
    again = command("schedules", "run", "Nightly sync")
    assert again == Ran(0, f"{ordered['job_id']} is not over yet.\n", "")


def test_a_schedule_is_taken_out_and_shown_as_it_was(command: Command, data: Path) -> None:
    saved = found(command("schedules", *NIGHTLY, "--json"))
    assert found(command("schedules", "remove", "Nightly sync", "--json")) == saved
    assert "Nightly sync" not in schedules(data)
    command("schedules", *NIGHTLY)
    gone = command("schedules", "remove", "Nightly sync")
    assert gone == Ran(0, "Nightly sync is gone; jobs it has asked for stay.\n", "")
    assert "Nightly sync" not in schedules(data)


@pytest.mark.parametrize("name", ["show", "pause", "resume", "run", "remove"])
def test_a_schedule_that_is_not_there_is_said_so(command: Command, name: str) -> None:
    ran = command("schedules", name, "none", "--json")
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("projectionist: There is no schedule none")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--kind", "library.sync"), "Say when by one of --cron and --every."),
        (("--kind", "library.sync", "--cron", "0 4 * * *", "--every", "1h"), "Say when by one of --cron and"),
        (("--kind", "library.sync", "--cron", "61 4 * * *"), "This schedule cannot be read ("),
        (("--kind", "library.sync", "--cron", "4 o'clock"), "A schedule is five fields as in cron"),
        (("--kind", "library.sync", "--every", "soon"), "A schedule is five fields as in cron"),
        (
            ("--kind", "library.sync", "--every", "1s"),
            "A schedule may not ask for more than one job in 10 s.",
        ),
        (("--kind", "burn", "--every", "1h"), "There is no job of kind burn"),
        (("--every", "1h"), "Missing option '--kind'"),
        (
            ("--kind", "library.sync", "--cron", "0 4 * * *", "--time-zone", "Moon"),
            "There is no time zone Moon",
        ),
        (
            ("--kind", "library.sync", "--every", "1h", "--arguments", "[1]"),
            "--arguments takes a JSON object",
        ),
        (("--kind", "library.sync", "--every", "1h", "--arguments", "{"), "--arguments takes a JSON object"),
    ],
    ids=lambda words: " ".join(words) if isinstance(words, tuple) else "",
)
def test_a_schedule_that_cannot_be_followed_is_not_saved(
    command: Command, data: Path, words: tuple[str, ...], told: str
) -> None:
    before = schedules(data)
    ran = command("schedules", "save", "Nightly", *words)
    assert (ran.status, ran.out, ran.err.count("\n")) == (2, "", 1)
    assert told in ran.err
    assert schedules(data) == before


def test_a_schedule_has_a_name_that_an_address_can_hold(command: Command) -> None:
    ran = command("schedules", "save", "a/b", *NIGHTLY[2:])
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("projectionist: A schedule's name begins with a letter or digit")
