"""Every way in which a server can fail ends in bounded time, in an error that says what happened."""

from __future__ import annotations

import gzip
import logging
import re
import socket
import ssl
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpcore2
import msgspec
import pytest
import trustme

from projectionist.errors import (
    RangeRefused,
    ServerAnswerWrong,
    ServerFailed,
    ServerLacks,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
    TlsFailed,
)
from projectionist.kit.breaker import CircuitBreaker
from projectionist.kit.connections import _Judged
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.logs import correlation
from projectionist.kit.outbound import Outbound
from tests.kit.loopback import (
    Loopback,
    Reply,
    dead_addresses,
    dribbles,
    hangs,
    repeats,
    says,
    sends,
    takes_slowly,
)

TOKEN = "a-very-secret-token"
QUICK = TimeOuts(connect=1.0, read=0.2, total=1.0)
NUMBERS = msgspec.json.Decoder(dict[str, int])


@contextmanager
def client(url: str, **options: object) -> Iterator[HttpClient]:
    chosen: dict[str, object] = {
        "time_outs": QUICK,
        "retries": Retries(attempts=3, first=0.0, longest=0.0, jitter=0.0),
        "breaker": CircuitBreaker(failures=1000),
    }
    made = HttpClient(url, {"X-Plex-Token": TOKEN}, name="Plex", **(chosen | options))  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def failure(*replies: Reply, path: str = "/library", **options: object) -> tuple[ServiceError, int]:
    """What a call raises, and after how many requests."""
    with Loopback(*replies) as server, client(server.url, **options) as asked:
        with pytest.raises(ServiceError) as raised:
            asked.get_json(path, NUMBERS)
        assert "Plex at http://localhost:" in raised.value.message
        assert TOKEN not in raised.value.message
        return raised.value, len(server.heads)


@pytest.mark.parametrize(
    ("status", "error", "requests"),
    [
        ("401 Unauthorized", ServerRefused, 1),
        ("403 Forbidden", ServerRefused, 1),
        ("404 Not Found", ServerLacks, 1),
        ("400 Bad Request", ServerAnswerWrong, 1),
        ("304 Not Modified", ServerAnswerWrong, 1),
        ("500 Internal Server Error", ServerFailed, 1),
        ("429 Too Many Requests", ServerFailed, 3),
        ("502 Bad Gateway", ServerFailed, 3),
        ("503 Service Unavailable", ServerFailed, 3),
        ("504 Gateway Timeout", ServerFailed, 3),
    ],
)
def test_each_status_has_its_error_and_only_what_may_pass_is_tried_again(
    status: str, error: type[ServiceError], requests: int
) -> None:
    raised, made = failure(says(b"", status))
    assert type(raised) is error
    assert made == requests
    assert status[:3] in raised.message


def test_a_call_succeeds_at_the_second_try() -> None:
    with Loopback(says(status="503 Busy"), says(b'{"a": 1}')) as server, client(server.url) as asked:
        assert asked.get_json("/x", NUMBERS, [("b>", "c d")]) == {"a": 1}
        assert [head.split("\r\n")[0] for head in server.heads] == ["GET /x?b%3E=c%20d HTTP/1.1"] * 2


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    busy = says(status="429 Too Many", Retry_After="1")
    with Loopback(busy, says(b"{}")) as server, client(server.url, time_outs=TimeOuts()) as asked:
        began = time.monotonic()
        asked.get("/")
        assert time.monotonic() - began >= 1.0


def test_a_pause_longer_than_the_call_may_take_is_not_waited_for() -> None:
    began = time.monotonic()
    raised, made = failure(says(status="503 Busy", Retry_After="3600"))
    assert (type(raised), made) == (ServerFailed, 1)
    assert time.monotonic() - began < 5


def test_what_changes_something_is_asked_once() -> None:
    with Loopback(says(status="503 Busy")) as server, client(server.url) as asked:
        with pytest.raises(ServerFailed):
            asked.request("POST", "/x", content=b"1")
        assert len(server.heads) == 1


def test_a_port_where_nobody_listens_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client(f"http://user:{TOKEN}@127.0.0.1:{port}/plex?X-Plex-Token={TOKEN}") as asked:
        with pytest.raises(ServerUnreachable, match=rf"Plex at http://127.0.0.1:{port} .*refused") as raised:
            asked.get("/")
        assert TOKEN not in raised.value.message


def test_a_server_that_hangs_is_given_up() -> None:
    server = Loopback(hangs(lambda: server.ended))
    with server, client(server.url) as asked:
        began = time.monotonic()
        with pytest.raises(ServerUnreachable, match="in time"):
            asked.get("/")
        assert time.monotonic() - began < 5
        assert len(server.heads) == 3


def test_a_body_that_dribbles_is_given_up_when_the_call_has_taken_too_long() -> None:
    server = Loopback(dribbles(lambda: server.ended))
    with server, client(server.url) as asked:
        began = time.monotonic()
        with pytest.raises(ServerUnreachable, match=r"given up after 1\.0 s"):
            asked.get("/")
        assert 0.9 < time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nX-Long: ", b"a", id="a header"),
        pytest.param(b"", b"HTTP/1.1 100 Continue\r\n\r\n", id="interim answers"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x", id="a chunk"),
    ],
)
def test_what_dribbles_before_the_body_is_given_up_when_the_call_has_taken_too_long(
    first: bytes, again: bytes
) -> None:
    server = Loopback(repeats(lambda: server.ended, first, again))
    with server, client(server.url) as asked:
        began = time.monotonic()
        with pytest.raises(ServerUnreachable, match=r"given up after 1\.0 s"):
            asked.get("/")
        assert 0.9 < time.monotonic() - began < 5


def test_a_request_that_is_taken_too_slowly_is_given_up_when_the_call_has_taken_too_long() -> None:
    limits = TimeOuts(connect=1.0, read=1.0, total=1.5)
    server = Loopback(takes_slowly(lambda: server.ended))
    with server, client(server.url, time_outs=limits) as asked:
        began = time.monotonic()
        with pytest.raises(ServerUnreachable, match=r"given up after 1\.5 s"):
            asked.request("PUT", "/", content=bytes(64_000_000))
        assert 1.4 < time.monotonic() - began < 7.5


def test_a_name_with_many_dead_addresses_takes_no_longer_than_one() -> None:
    limits = TimeOuts(connect=1.0, read=1.0, total=1.5)
    with dead_addresses(8) as (dead, port):
        outbound = Outbound(look_up=lambda host, port: dead)
        with client(f"http://plex.example.org:{port}", outbound=outbound, time_outs=limits) as asked:
            began = time.monotonic()
            with pytest.raises(ServerUnreachable, match="in time"):
                asked.get("/")
            assert time.monotonic() - began < 5
            with pytest.raises(TimeoutError):
                outbound.connect("plex.example.org", port, 0.5)
            assert time.monotonic() - began < 6.5


def test_behind_dead_addresses_the_one_that_answers_is_found_in_time() -> None:
    limits = TimeOuts(connect=1.0, read=1.0, total=5.0)
    with Loopback(says()) as server, dead_addresses(3, server.port) as (dead, _):
        outbound = Outbound(look_up=lambda host, port: (*dead, "127.0.0.1"))
        with client(f"http://plex.example.org:{server.port}", outbound=outbound, time_outs=limits) as asked:
            assert asked.get("/").body == b"{}"
        with outbound.connect("plex.example.org", server.port, 1.0) as connection:
            assert connection.getpeername()[0] == "127.0.0.1"


def test_a_connection_that_closes_without_an_answer_is_tried_again() -> None:
    raised, made = failure(sends(b""))
    assert (type(raised), made) == (ServerUnreachable, 3)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PACKED = gzip.compress(b'{"a": 1}')


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (sends(HEAD + b'Content-Length: 99\r\n\r\n{"a": 1'), "broke off"),
        (sends(HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":'), "broke off"),
        (sends(HEAD + b"Content-Encoding: gzip\r\n\r\n" + PACKED[:-6]), "broke off"),
        (sends(HEAD + b"Content-Encoding: gzip\r\n\r\nnot packed"), "damaged"),
        (sends(HEAD + b"Content-Encoding: br\r\n\r\nabc"), "packed as br"),
        (sends(b"SSH-2.0-OpenSSH_9\r\n\r\n"), "not HTTP"),
        (says(b'{"a": 1'), "cut off or broken"),
        (says(b"\xff\xfe"), "cut off or broken"),
        (says(b'{"a": "b"}'), r"Expected `int`, got `str`.*\$\["),
        (says(b"<html>", kind="text/html"), "text/html instead of JSON"),
    ],
)
def test_an_answer_that_cannot_be_used_says_how(reply: Reply, words: str) -> None:
    raised, made = failure(reply)
    assert type(raised) is ServerAnswerWrong
    assert re.search(words, raised.message), raised.message
    assert made == 1


def test_a_packed_answer_is_unpacked() -> None:
    reply = says(PACKED, Content_Encoding="gzip")
    with Loopback(reply) as server, client(server.url) as asked:
        assert asked.get_json("/", NUMBERS) == {"a": 1}


def test_a_small_answer_that_unpacks_to_a_huge_one_is_refused_without_unpacking_it() -> None:
    bomb = says(gzip.compress(bytes(200_000_000)), Content_Encoding="gzip")
    tracemalloc.start()
    try:
        raised, _ = failure(bomb, max_body=1_000_000, time_outs=TimeOuts())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "more than 1,000,000 bytes" in raised.message
    assert peak < 30_000_000


def test_a_redirect_within_the_server_is_followed() -> None:
    moved = says(b"", "302 Found", Location="/there")
    with Loopback(moved, says(b"{}")) as server, client(server.url) as asked:
        asked.get("/here")
        assert server.heads[1].startswith("GET /there ")
        assert TOKEN in server.heads[1]


def test_a_redirect_to_another_host_is_not_followed_and_the_token_stays() -> None:
    with Loopback(says()) as elsewhere:
        raised, _ = failure(says(b"", "302 Found", Location=f"http://127.0.0.1:{elsewhere.port}/?a={TOKEN}"))
        assert type(raised) is ServerAnswerWrong
        assert f"http://127.0.0.1:{elsewhere.port}, which was not followed" in raised.message
        assert elsewhere.heads == []


@pytest.mark.parametrize("location", ["/\x7f", "/" + "a" * 66_000, "/\x01x", "http://[/"])
def test_a_redirect_to_what_is_no_address_says_so(location: str) -> None:
    raised, made = failure(says(b"", "302 Found", Location=location))
    assert (type(raised), made) == (ServerAnswerWrong, 1)
    assert "a redirect" in raised.message


def test_a_path_that_is_none_is_not_asked_for() -> None:
    raised, made = failure(says(), path="/" + "a" * 66_000)
    assert (type(raised), made) == (ServerUnreachable, 0)
    assert len(raised.message) < 500


@pytest.mark.parametrize("after", ["Sun, 06 Nov 1994 08:49:37 +99999999999999", "9" * 400, "soon", "-1"])
def test_a_pause_that_is_none_changes_nothing(after: str) -> None:
    raised, _ = failure(says(status="503 Busy", Retry_After=after))
    assert type(raised) is ServerFailed


def test_a_redirect_to_another_service_of_the_machine_is_not_followed_and_the_token_stays(
    authority: trustme.CA,
) -> None:
    with Loopback(says(), context=serving(authority, "localhost")) as other:
        raised, _ = failure(says(b"", "302 Found", Location=f"{other.url}/x"), verify_tls=False)
        assert type(raised) is ServerAnswerWrong
        assert f"{other.url}, which was not followed" in raised.message
        assert other.heads == []


def test_redirects_in_a_circle_end() -> None:
    raised, made = failure(says(b"", "302 Found", Location="/library"))
    assert (type(raised), made) == (ServerAnswerWrong, 4)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def serving(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def test_a_certificate_that_nobody_vouches_for_fails(authority: trustme.CA) -> None:
    with Loopback(says(), context=serving(authority, "localhost")) as server, client(server.url) as asked:
        with pytest.raises(TlsFailed, match="does not trust"):
            asked.get("/")
        assert server.heads == []


def test_a_certificate_of_another_name_fails(authority: trustme.CA) -> None:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with (
        Loopback(says(), context=serving(authority, "plex.example.org")) as server,
        client(server.url, verify_tls=trusting) as asked,
        pytest.raises(TlsFailed, match="localhost"),
    ):
        asked.get("/")


@pytest.mark.parametrize("trusts", [True, False])
def test_a_certificate_is_accepted_where_it_is_trusted_or_not_checked(
    authority: trustme.CA, trusts: bool
) -> None:
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with (
        Loopback(says(), context=serving(authority, "localhost")) as server,
        client(server.url, verify_tls=trusting if trusts else False, time_outs=TimeOuts()) as asked,
    ):
        assert asked.get("/").body == b"{}"


def test_tls_to_a_server_without_it_says_so() -> None:
    with (
        Loopback(says()) as server,
        client(server.url.replace("http:", "https:")) as asked,
        pytest.raises(TlsFailed, match="http:// or https://"),
    ):
        asked.get("/")


class Clock:
    """Seconds that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_server_that_fails_again_and_again_is_left_alone_and_then_tried_once() -> None:
    clock = Clock()
    breaker = CircuitBreaker(failures=3, window_s=60, open_s=15, clock=clock)
    bad, good = says(status="500 No"), says()
    with Loopback(bad, bad, bad, bad, good) as server, client(server.url, breaker=breaker) as asked:
        for _ in range(3):
            with pytest.raises(ServerFailed):
                asked.get("/")
        with pytest.raises(ServerUnreachable, match=r"since \d\d:\d\d:\d\d UTC .* again in 15 s"):
            asked.get("/")
        assert len(server.heads) == 3
        clock.now = 15.1
        with pytest.raises(ServerFailed):
            asked.get("/")
        with pytest.raises(ServerUnreachable):
            asked.get("/")
        clock.now = 30.3
        asked.get("/")
        asked.get("/")
        assert len(server.heads) == 6


def test_time_outs_open_the_circuit_and_refusals_do_not() -> None:
    breaker = CircuitBreaker(failures=2)
    server = Loopback(says(status="401 No"), says(status="404 No"), hangs(lambda: server.ended))
    with server, client(server.url, breaker=breaker, retries=Retries(attempts=1)) as asked:
        for expected, words in (
            (ServerRefused, "401"),
            (ServerLacks, "404"),
            (ServerUnreachable, "in time"),
            (ServerUnreachable, "in time"),
            (ServerUnreachable, "left alone"),
        ):
            with pytest.raises(expected, match=words):
                asked.get("/")
        assert len(server.heads) == 4


def test_only_one_call_probes_a_server_that_was_left_alone() -> None:
    clock = Clock()
    breaker = CircuitBreaker(failures=1, open_s=5, clock=clock)
    assert breaker.enter() is None
    breaker.leave(failed=True)
    clock.now = 6
    assert breaker.enter() is None
    assert breaker.enter() is not None
    breaker.leave(failed=None)
    assert breaker.enter() is None, "a probe that told nothing leaves room for another"


def test_failures_far_apart_open_nothing() -> None:
    clock = Clock()
    breaker = CircuitBreaker(failures=2, window_s=10, clock=clock)
    for moment in (0.0, 11.0, 22.0):
        clock.now = moment
        assert breaker.enter() is None
        breaker.leave(failed=True)
    assert breaker.enter() is None


def test_the_correlation_id_goes_along(caplog: pytest.LogCaptureFixture) -> None:
    before = correlation.set("thread-of-events")
    try:
        with (
            caplog.at_level(logging.DEBUG, "projectionist"),
            Loopback(says()) as server,
            client(server.url) as asked,
        ):
            asked.get("/x")
            assert "x-correlation-id: thread-of-events" in server.heads[0].lower()
    finally:
        correlation.reset(before)
    assert any("GET /x, 200" in line for line in caplog.messages)
    assert TOKEN not in caplog.text


def ranged(status: str, body: bytes, content_range: str = "") -> Reply:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n"
    head += f"Content-Range: {content_range}\r\n" if content_range else ""
    return sends(f"{head}\r\n".encode() + body)


@pytest.mark.parametrize(
    ("content_range", "body"),
    [("bytes 10-13/100", b"abcd"), ("bytes 10-13/*", b"abcd"), ("bytes 10-11/12", b"ab")],
)
def test_a_range_of_a_file_is_read_as_far_as_the_file_goes(content_range: str, body: bytes) -> None:
    reply = ranged("206 Partial Content", body, content_range)
    with Loopback(reply) as server, client(server.url) as asked:
        assert asked.get_range("/film", 10, 4) == body
        assert "range: bytes=10-13\r\n" in server.heads[0].lower()
        assert "accept-encoding: identity\r\n" in server.heads[0].lower()
        assert TOKEN not in server.heads[0].partition("\r\n")[0]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (ranged("416 Range Not Satisfiable", b"", "bytes */8"), RangeRefused, "a shorter file"),
        (ranged("404 Not Found", b""), ServerLacks, "has nothing"),
        (ranged("200 OK", b"abcd"), ServerAnswerWrong, "the whole file instead of a part"),
        (ranged("206 Partial Content", b"abcd"), ServerAnswerWrong, "other bytes"),
        (ranged("206 Partial Content", b"abc", "bytes 10-13/100"), ServerAnswerWrong, "other bytes"),
        (ranged("206 Partial Content", b"abc", "bytes 10-12/100"), ServerAnswerWrong, "other bytes"),
        (ranged("206 Partial Content", b"abcd", "bytes 0-3/100"), ServerAnswerWrong, "other bytes"),
        (
            sends(b"HTTP/1.1 206 P\r\nContent-Length: 4\r\nContent-Range: bytes 10-13/100\r\n\r\nab"),
            ServerAnswerWrong,
            "broke off",
        ),
    ],
)
def test_what_is_not_the_range_that_was_asked_for_is_not_used(
    reply: Reply, error: type[ServiceError], words: str
) -> None:
    with Loopback(reply) as server, client(server.url) as asked:
        with pytest.raises(error, match=words) as raised:
            asked.get_range("/film", 10, 4)
        assert type(raised.value) is error
        assert len(server.heads) == 1


def test_what_is_written_to_a_connection_that_was_given_up_meanwhile_is_an_error_of_the_library() -> None:
    with Loopback(sends(b"")) as server:
        connection = _Judged(Outbound()).connect_tcp("127.0.0.1", urlsplit(server.url).port or 0, 5.0)
        connection.close()
        with pytest.raises(httpcore2.WriteError):
            connection.write(b"too late", 5.0)
