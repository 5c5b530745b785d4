"""Requests that do not end: whoever sends them is let go, on a real socket."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from projectionist.web import bodies, serving
from projectionist.web.csrf import new_token
from tests.serving import served
from tests.web.house import House

LONGEST_S = 60.0
TOKEN = new_token().encode()


def answer_to(address: str, sent: bytes) -> bytes:
    """What comes back until the server hangs up; it is never told that all was sent."""
    parts = urlsplit(address)
    told = b""
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=LONGEST_S) as connection:
        connection.sendall(sent)
        while more := connection.recv(65_536):
            told += more
            if b"\r\n\r\n" in told and b"408" in told.split(b"\r\n", 1)[0]:
                break
    return told


def test_a_head_that_does_not_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "HEADERS_S", 0.3)
    with served(House().app()) as address:
        told = answer_to(address, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    assert b" 200 " not in told


def test_a_body_that_does_not_end_is_given_up_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "QUIET_S", 0.3)
    head = (
        b"POST /api/v1/things HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Cookie: who=ada; projectionist_csrf=" + TOKEN + b"\r\nX-CSRF-Token: " + TOKEN + b"\r\n"
        b"Content-Length: 100\r\n\r\n{"
    )
    with served(House().app()) as address:
        told = answer_to(address, head)
    assert b"HTTP/1.1 408" in told
