from __future__ import annotations

import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong
from projectionist.integrations.error_reports import ErrorReports, parts_of
from projectionist.kit import logs
from tests.kit.loopback import Loopback, answer, body_of

KEY = "0123456789abcdef-canary"
SECRET = "canary-of-the-report-6d1f"


class Service:
    """Takes reports, and keeps what came."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.came = threading.Semaphore(0)

    def __call__(self, connection: socket.socket, head: str) -> None:
        self.bodies.append(body_of(connection, head))
        connection.sendall(answer())
        self.came.release()

    def events(self) -> list[dict[str, object]]:
        return [json.loads(body.splitlines()[2]) for body in self.bodies]


@contextmanager
def reporting(loopback: Loopback) -> Iterator[None]:
    reports = ErrorReports(f"http://{KEY}@localhost:{loopback.port}/sentry/7")
    reports.start()
    with closing(reports):
        yield


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    yield
    logs._secrets.clear()


def fail(what: str) -> None:
    local = SECRET  # a variable where it happens, which no report tells
    raise ValueError(f"{what}, {len(local)} letters")


def test_an_error_that_nobody_expected_is_told_with_its_place_and_without_secrets() -> None:
    service = Service()
    logs.mask("canary-in-its-words")
    with Loopback(service) as loopback, reporting(loopback):
        marker = logs.correlation.set("thread-9")
        try:
            fail("canary-in-its-words")
        except ValueError:
            logging.getLogger("projectionist.test").exception("It failed with canary-in-its-words")
        logs.correlation.reset(marker)
        assert service.came.acquire(timeout=60)
        head = loopback.heads[-1]
    assert head.startswith("POST /sentry/api/7/envelope/ ")
    assert f"sentry_key={KEY}" in head
    (event,) = service.events()
    (value,) = event["exception"]["values"]  # type: ignore[index]
    assert (value["type"], value["value"]) == ("ValueError", f"{logs.MASKED}, 25 letters")
    assert [one["function"] for one in value["stacktrace"]["frames"]][-1] == "fail"
    assert event["tags"] == {"correlation_id": "thread-9"}
    told = b"".join(service.bodies).decode()
    assert SECRET not in told
    assert "canary-in-its-words" not in told
    assert __file__ not in told


def test_a_file_whose_name_is_no_text_ends_no_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # those of the tests cannot take it either
    service = Service()
    film = os.fsdecode(b"Am\xe9lie.mkv")
    with Loopback(service) as loopback, reporting(loopback):
        for number in (1, 2):
            try:
                fail(film)
            except ValueError:
                logging.getLogger("projectionist.test").exception("%s failed, %d", film, number)
            assert service.came.acquire(timeout=20), f"report {number} did not come"
    said = [event["message"]["formatted"] for event in service.events()]  # type: ignore[index]
    assert said == [r"Am\udce9lie.mkv failed, 1", r"Am\udce9lie.mkv failed, 2"]


def test_a_call_that_cannot_be_told_fails_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logging, "raiseExceptions", False)
    service = Service()
    with Loopback(service) as loopback, reporting(loopback):
        for words, value in (("%d films", "many"), ("%s films", "seven")):
            try:
                fail("x")
            except ValueError:
                logging.getLogger("projectionist.test").exception(words, value)
        assert service.came.acquire(timeout=60)
    assert [event["message"] for event in service.events()] == [{"formatted": "seven films"}]


def test_what_is_no_error_of_ours_is_not_told_and_neither_is_a_flood() -> None:
    service = Service()
    with Loopback(service) as loopback, reporting(loopback):
        logging.getLogger("projectionist.test").error("Expected, and said in words")
        for number in range(50):
            try:
                fail(str(number))
            except ValueError:
                logging.getLogger("projectionist.test").exception("Again")
        assert service.came.acquire(timeout=60)
    assert 1 <= len(service.bodies) <= 10


def test_a_service_that_is_away_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    reports = ErrorReports(f"http://{KEY}@127.0.0.1:9/7")
    reports.start()
    with closing(reports):
        try:
            fail("x")
        except ValueError:
            logging.getLogger("projectionist.test").exception("Once")
    assert KEY not in caplog.text


def test_a_dsn_is_taken_apart() -> None:
    assert parts_of("https://abc@sentry.example.org/12") == (
        "https://sentry.example.org",
        "/api/12/envelope/",
        "abc",
    )
    assert parts_of("http://abc@[::1]:8000/a/b/3")[:2] == ("http://[::1]:8000", "/a/b/api/3/envelope/")


@pytest.mark.parametrize(
    "dsn",
    ["", "https://example.org/1", "https://abc@example.org/", "ftp://abc@example.org/1", "https://a@[::1/1"],
)
def test_what_is_no_dsn_is_refused(dsn: str) -> None:
    with pytest.raises(InputWrong):
        parts_of(dsn)


@given(st.text(max_size=60))
def test_no_dsn_is_too_odd_to_be_judged(text: str) -> None:
    with suppress(InputWrong):
        parts_of(f"https://abc@{text}")
