from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from projectionist.db.engine import Database
from projectionist.db.events import Events
from projectionist.errors import InputWrong, MailNotSet, MailRefused, ServerFailed
from projectionist.features.mail import jobs as mail_jobs
from projectionist.features.mail import service
from projectionist.features.mail.service import Content, Letter, Mailroom, veiled
from projectionist.jobs.engine import Engine
from projectionist.jobs.ports import JobState
from projectionist.kit.mail import MailServer
from projectionist.settings.choices import Security
from tests.features.accounts.clocks import Clock
from tests.features.command import projectionist
from tests.features.operations.fake_jobs import FakeJobs
from tests.jobs import crew
from tests.postbox import Postbox

ADDRESS = "ada@example.org"
KIND = "number"


def written(session: Session, letter: Letter, moment: datetime) -> Content | None:
    """A letter that says its number, and how often it was written; nothing where it is about nothing."""
    if not letter.about:
        return None
    session.execute(
        text("UPDATE setting SET value = CAST(CAST(value AS INTEGER) + 1 AS VARCHAR) WHERE name = 'written'")
    )
    times = session.execute(text("SELECT value FROM setting WHERE name = 'written'")).scalar_one()
    return Content(letter.address, f"Number {letter.about['number']}", f"Written {times} times\n")


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes whoever comes, and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def at(postbox: Postbox) -> MailServer:
    return MailServer("127.0.0.1", "Projectionist <films@example.org>", Security.NONE, postbox.port)


def opened(database: Database, server: MailServer | None, jobs: FakeJobs | Engine | None = None) -> Mailroom:
    with database.write() as session:
        session.execute(text("INSERT INTO setting (name, value) VALUES ('written', '0')"))
    return Mailroom(database, jobs or FakeJobs(), Clock().now, server, {KIND: written})


def noted(room: Mailroom, number: int = 7, about: bool = True) -> int:
    with room.database.write() as session:
        return service.note_letter(
            session, KIND, ADDRESS, {"number": number} if about else {}, asked_by="Vera", now=room.now()
        )


def waiting(room: Mailroom) -> int:
    return service.standing(room).waiting


def test_a_letter_is_written_when_it_is_sent_and_gone_after(database: Database) -> None:
    with Postbox() as postbox:
        room = opened(database, at(postbox))
        letter = noted(room)
        assert (waiting(room), postbox.arrived) == (1, [])
        service.send(room, letter)
        service.send(room, letter)
    (arrived,) = postbox.arrived
    assert (arrived.subject, arrived.text) == ("Number 7", "Written 1 times\n")
    assert waiting(room) == 0


def test_what_could_not_be_sent_is_written_anew_the_next_time(database: Database) -> None:
    with Postbox(refusals={"DATA": ["451 Busy"], "RCPT": ["450 Greylisted"]}) as postbox:
        room = opened(database, at(postbox))
        letter = noted(room)
        for _ in range(2):
            with pytest.raises(ServerFailed):
                service.send(room, letter)
            assert waiting(room) == 1
        service.send(room, letter)
    assert [one.text for one in postbox.arrived] == ["Written 3 times\n"]


def test_what_is_refused_for_good_waits_for_somebody_who_tries_again(database: Database) -> None:
    with Postbox(refusals={"RCPT": ["550 Nobody"]}) as postbox:
        room = opened(database, at(postbox))
        letter = noted(room)
        with pytest.raises(MailRefused):
            service.send(room, letter)
        service.send(room, letter)
    assert len(postbox.arrived) == 1


def test_a_letter_that_has_nothing_to_say_or_is_over_is_dropped(database: Database) -> None:
    clock = Clock()
    with Postbox() as postbox:
        room = replace(opened(database, at(postbox)), now=clock.now)
        service.send(room, noted(room, about=False))
        late = noted(room)
        clock.forward(hours=25)
        service.send(room, late)
        with database.read() as session:
            left = session.execute(text("SELECT count(*) FROM mail_letter")).scalar_one()
    assert (postbox.arrived, left) == ([], 0)


def test_what_was_noted_and_not_ordered_is_ordered_at_the_next_start(database: Database) -> None:
    jobs = FakeJobs()
    room = opened(database, MailServer("127.0.0.1", "films@example.org"), jobs)
    first, second = noted(room, 1), noted(room, 2)
    service.order(room, first, KIND)
    assert service.order_left(room) == 1, "one was ordered already"
    assert sorted(job.arguments["letter"] for job in jobs.held.values()) == [first, second]
    assert service.order_left(replace(room, server=None)) == 0


def test_a_job_of_mail_names_nobody(database: Database) -> None:
    jobs = FakeJobs()
    room = opened(database, MailServer("127.0.0.1", "films@example.org"), jobs)
    service.order(room, noted(room), KIND, "Vera")
    service.order_test(room, ADDRESS, "Vera")
    for job in jobs.held.values():
        assert ADDRESS not in json.dumps(dict(job.arguments))
        assert set(job.arguments) == {"letter", "kind"}


def test_without_a_mail_server_that_is_said(database: Database) -> None:
    room = opened(database, None)
    with pytest.raises(MailNotSet, match="PROJECTIONIST_MAIL_HOST"):
        service.order_test(room, ADDRESS, "Vera")
    (kind,) = mail_jobs.kinds(room)
    assert not kind.accepts({"letter": 1, "kind": KIND})


@pytest.mark.parametrize("typed", ["", "ada", "ada@example.org\r\nBcc: x@example.org", "a\0@example.org"])
def test_an_address_that_is_none_is_refused_beside_its_field(database: Database, typed: str) -> None:
    room = opened(database, MailServer("127.0.0.1", "films@example.org"))
    with pytest.raises(InputWrong) as refused:
        service.order_test(room, typed, "Vera")
    assert refused.value.field == "email"
    assert waiting(room) == 0


def test_a_veiled_address_is_known_by_its_owner_alone() -> None:
    assert [veiled(one) for one in ("ada@example.org", "a@b.cd", "")] == ["a…@example.org", "a…@b.cd", ""]


@pytest.mark.slow
def test_the_engine_tries_again_until_the_server_takes_it(database: Database, tmp_path: Path) -> None:
    engine = Engine(database, tmp_path, node="here", publish=Events(database).publish)
    with Postbox(refusals={"DATA": ["451 Busy", "451 Busy"]}) as postbox:
        room = opened(database, at(postbox), engine)
        (kind,) = mail_jobs.kinds(room)
        engine.bring((replace(kind, backoff=timedelta(milliseconds=50)),), (mail_jobs.QUEUE,))
        engine.start(work=True)
        try:
            ordered = service.order(room, noted(room), KIND)
            job = crew.over(engine, ordered.job_id, 60)
        finally:
            engine.close()
    assert (job.state, job.attempt, job.title) == (JobState.DONE, 3, "Mail: number")
    assert [one.text for one in postbox.arrived] == ["Written 3 times\n"]
    assert waiting(room) == 0


@pytest.mark.slow
def test_nobody_waits_for_a_mail_server_that_hangs(database: Database, tmp_path: Path) -> None:
    """The order returns at once, and a cancelled job ends, though the server never says a word."""
    engine = Engine(database, tmp_path, node="here", publish=Events(database).publish)
    hanging = threading.Event()

    def hang(session: Session, letter: Letter, moment: datetime) -> Content | None:
        hanging.set()
        return Content(letter.address, "A word", "text")

    with silent() as port:
        server = MailServer("127.0.0.1", "films@example.org", Security.NONE, port)
        room = replace(opened(database, server, engine), writers={KIND: hang})
        engine.bring(mail_jobs.kinds(room), (mail_jobs.QUEUE,))
        engine.start(work=True)
        try:
            ordered = service.order(room, noted(room), KIND)
            assert hanging.wait(60)
            engine.cancel(ordered.job_id)
            job = crew.over(engine, ordered.job_id)
        finally:
            engine.close()
    assert job.state is JobState.CANCELLED


def mail_variables(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    for name, value in {
        "MAIL_HOST": "127.0.0.1",
        "MAIL_PORT": str(port),
        "MAIL_SECURITY": "none",
        "MAIL_FROM": "Projectionist <films@example.org>",
        "BASE_URL": "https://films.example.org",
    }.items():
        monkeypatch.setenv(f"PROJECTIONIST_{name}", value)


def test_the_command_sends_a_test_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Postbox(refusals={"RCPT": ["", "550 Nobody"]}) as postbox:
        mail_variables(monkeypatch, postbox.port)
        sent = projectionist("mail", "test", ADDRESS, "--data", tmp_path, "--json")
        refused = projectionist("mail", "test", ADDRESS, "--data", tmp_path)
    assert (sent.status, json.loads(sent.out)["sent"]) == (0, True)
    assert [one.to for one in postbox.arrived] == [(ADDRESS,)]
    assert refused.status == 1
    assert "does not take the mail (550 Nobody)" in refused.err
    gone = projectionist("mail", "test", ADDRESS, "--data", tmp_path)
    assert (gone.status, "does not answer" in gone.err) == (1, True)


def test_the_command_says_where_no_mail_server_is_set_or_the_address_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = projectionist("mail", "test", ADDRESS, "--data", tmp_path)
    assert (ran.status, "PROJECTIONIST_MAIL_HOST" in ran.err) == (1, True)
    mail_variables(monkeypatch, 1)
    ran = projectionist("mail", "test", "ada", "--data", tmp_path)
    assert (ran.status, "an e-mail address" in ran.err) == (2, True)
