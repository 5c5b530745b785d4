"""What a request may bring: no null character, so many bytes, in good time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.testing import TestClient

from projectionist.errors import ProjectionistError
from projectionist.web import bodies
from projectionist.web.bodies import Incoming, NullCharacter, TooLarge, TooSlow, holds_null, larger
from projectionist.web.config import ShellSettings
from tests.web.house import House
from tests.web.visitors import token_of, visitor

T = TypeVar("T")
JSON, FORM = "application/json", "application/x-www-form-urlencoded"


class Sent:
    """A request that arrives in parts; None is one that never comes."""

    def __init__(self, *parts: bytes | None) -> None:
        self.parts = list(parts)

    async def __call__(self) -> Any:
        part = self.parts.pop(0)
        if part is None:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": part, "more_body": bool(self.parts)}


def in_a_loop(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """What comes of it on a thread of its own: the browser of other tests has the loop of this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()


def taken(incoming: Incoming) -> bytes:
    """The whole body."""

    async def take() -> bytes:
        whole = b""
        while True:
            message: Any = await incoming.receive()
            whole += bytes(message["body"])
            if not message["more_body"]:
                return whole

    return in_a_loop(take)


@pytest.mark.parametrize(
    ("kind", "parts"),
    [
        (JSON, [b'{"a": "\\u0000"}']),
        (JSON, [b'{"a": "\\u00', b'00"}']),
        (JSON, [b'{"a": "x\\\\\\u0000"}']),
        (JSON, [b'{"\\u0000": 1}']),
        (JSON, [b'{"a": "\0"}']),
        ("application/merge-patch+json", [b'{"a": "\\u0000"}']),
        (f"{JSON}; charset=utf-8", [b'["\\u0000"]']),
        (FORM, [b"a=%00"]),
        (FORM, [b"a=%", b"00"]),
        (FORM, [b"%00=a"]),
        (FORM, [b"a=\0"]),
        ("multipart/form-data; boundary=x", [b"--x\r\n\r\n\0\r\n--x--"]),
        ("", [b"\0"]),
    ],
)
def test_the_null_character_is_refused_however_it_is_spelled(kind: str, parts: Sequence[bytes]) -> None:
    with pytest.raises(NullCharacter):
        taken(Incoming(Sent(*parts), kind))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (JSON, b'{"a": "\\\\u0000"}'),
        (JSON, b'{"a": "%00"}'),
        (JSON, b'{"a": "\\u0001"}'),
        (FORM, b"a=%2500"),
        (FORM, b"a=\\u0000"),
        ("", b""),
    ],
)
def test_what_only_looks_like_it_is_taken(kind: str, body: bytes) -> None:
    assert taken(Incoming(Sent(body), kind)) == body


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=5), st.sampled_from([JSON, FORM, ""]))
def test_in_whichever_parts_a_body_comes_it_is_judged_as_a_whole(parts: list[bytes], kind: str) -> None:
    whole = b"".join(parts)
    if holds_null(whole, kind):
        with pytest.raises(NullCharacter):
            taken(Incoming(Sent(*parts), kind))
    else:
        assert taken(Incoming(Sent(*parts), kind)) == whole


def test_more_bytes_than_the_route_takes_are_not_read_to_their_end() -> None:
    incoming = Incoming(Sent(b"x" * 600, b"x" * 600, None), JSON)
    incoming.most = 1000
    with pytest.raises(TooLarge, match="1,000 bytes"):
        taken(incoming)


def test_a_body_that_stops_arriving_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "QUIET_S", 0.05)
    with pytest.raises(TooSlow):
        taken(Incoming(Sent(b"{", None), JSON))


def test_a_body_that_drips_is_given_up_in_the_end() -> None:
    moments = iter([0.0, 10.0, 20.0, 59.0, 60.0, 61.0])
    drops = [b" "] * 5 + [None]
    with pytest.raises(TooSlow):
        taken(Incoming(Sent(*drops), JSON, ticks=lambda: next(moments)))


def test_who_has_sent_all_may_wait_for_the_answer() -> None:
    moments, sent = iter([0.0]), Sent(b"{}")

    async def wait() -> Any:
        incoming = Incoming(sent, JSON, ticks=lambda: next(moments))
        await incoming.receive()
        sent.parts.append(b"gone")
        return await incoming.receive()

    assert in_a_loop(wait)["body"] == b"gone"


@pytest.mark.parametrize(
    "path", ["/jobs?q=%00", "/nowhere/%00", "/api/v1/things?offset=%00", "/api/v1/things?a=b%00"]
)
def test_no_address_holds_the_null_character(ada: TestClient[Any], path: str) -> None:
    answer = ada.get(path)
    assert answer.status_code in (400, 404)
    if path.startswith("/api/"):
        assert answer.json()["code"] == "null_character"


def test_no_json_holds_the_null_character(house: House, ada: TestClient[Any]) -> None:
    answer = ada.post("/api/v1/things", headers=token_of(ada), json={"name": "a\0b"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "null_character"
    assert house.done == []


def test_a_route_may_take_more_than_others_and_none_more_than_the_setting_lets_it() -> None:
    assert larger(5_000_000, {"opt": {"permission": None}}) == {
        "opt": {"permission": None, bodies.KEY: 5_000_000}
    }
    assert larger(10**9, {"opt": {}})["opt"][bodies.KEY] == bodies.MOST
    with visitor(House(settings=ShellSettings(max_body_bytes=50))) as client:
        answer = client.post("/api/v1/things", headers=token_of(client), json={"name": "a" * 60})
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"


def test_what_is_refused_says_what_happened() -> None:
    for error in (bodies.null_character(), bodies.too_large(1000), TooSlow("It took too long.")):
        assert isinstance(error, ProjectionistError)
        assert error.message.endswith(".")
        assert error.status in (400, 408, 413)
