"""A guard over what a library does: each connection of the thread is judged, by whatever way it is made."""

from __future__ import annotations

import os
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress

import pytest
import requests

from projectionist.errors import AddressRefused
from projectionist.kit.guarded import guarded
from projectionist.kit.outbound import Outbound, OwnService
from tests.kit.loopback import Loopback, says

PUBLIC = Outbound(private=False)


def test_what_is_allowed_is_done() -> None:
    with Loopback(says()) as loopback, guarded(Outbound()):
        assert requests.get(loopback.url, timeout=5).status_code == 200


def test_a_request_is_refused_and_nothing_is_sent() -> None:
    with Loopback(says()) as loopback:
        with pytest.raises(AddressRefused, match=r"127\.0\.0\.1 is .* private network"), guarded(PUBLIC):
            requests.get(f"http://localhost:{loopback.port}", timeout=5)
        assert loopback.heads == []


def test_where_a_redirect_leads_is_judged() -> None:
    with Loopback(says()) as own, Loopback(says(status="302 Found", location=own.url)) as loopback:
        outbound = Outbound(own=OwnService("127.0.0.1", own.port))
        with pytest.raises(AddressRefused, match="which is Projectionist itself"), guarded(outbound):
            requests.get(loopback.url, timeout=5)
        assert (len(loopback.heads), own.heads) == (1, [])


def test_a_library_that_hides_what_was_refused_does_not_hide_it_from_us() -> None:
    with guarded(PUBLIC) as guard, suppress(OSError):
        smtplib.SMTP("localhost", 9, timeout=5)
    assert guard.refused is not None


def test_another_failure_stays_what_it_is() -> None:
    with pytest.raises(ConnectionRefusedError), guarded(Outbound()):
        socket.create_connection(("127.0.0.1", 9))


@pytest.fixture
def sender() -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made:
        yield made


def test_datagrams_are_judged(sender: socket.socket) -> None:
    with pytest.raises(AddressRefused), guarded(PUBLIC):
        sender.sendto(b"x", ("127.0.0.1", 9))
    with pytest.raises(AddressRefused), guarded(PUBLIC):
        sender.sendmsg([b"x"], [], 0, ("127.0.0.1", 9))


def test_a_name_that_the_system_would_look_up_after_us_is_refused(sender: socket.socket) -> None:
    with pytest.raises(AddressRefused, match="'localhost' is a name"), guarded(Outbound()):
        sender.sendto(b"x", ("localhost", 9))


def test_a_socket_of_this_machine_is_refused() -> None:
    local = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    with closing(local), pytest.raises(AddressRefused, match="socket of this machine"), guarded(Outbound()):
        local.connect("/dev/log")


def test_no_program_is_started() -> None:
    with pytest.raises(AddressRefused, match="was not started"), guarded(Outbound()):
        subprocess.run([sys.executable, "-c", ""], check=False)
    with pytest.raises(AddressRefused), guarded(Outbound()):
        os.system("true")


def test_nobody_else_and_nothing_after_it_is_judged() -> None:
    statuses: list[int] = []

    def ask() -> None:
        statuses.append(requests.get(loopback.url, timeout=5).status_code)

    with Loopback(says(), says()) as loopback:
        with guarded(PUBLIC):
            other = threading.Thread(target=ask)
            other.start()
            other.join()
        ask()
    assert statuses == [200, 200]


def test_a_guard_within_a_guard_gives_way_to_the_first(sender: socket.socket) -> None:
    with guarded(PUBLIC) as first:
        with guarded(Outbound()):
            sender.sendto(b"x", ("127.0.0.1", 9))
        assert first.refused is None
        with suppress(OSError):
            sender.sendto(b"x", ("127.0.0.1", 9))
    assert first.refused is not None
