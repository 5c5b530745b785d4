"""Nobody is asked at an address that no server has, however it is spelled and whatever a name leads to."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import msgspec
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import AddressRefused, InputWrong, ServerAnswerWrong, ServerUnreachable
from projectionist.features.servers.addresses import checked
from projectionist.kit.breaker import CircuitBreaker
from projectionist.kit.http import HttpClient, Retries, TimeOuts
from projectionist.kit.outbound import Outbound, OwnService, plain_host, stays
from projectionist.media.vocabulary import ServerKind
from tests.kit.loopback import Loopback, says
from tests.payloads import ADDRESSES, CLOUD, NAMES, number_of

SOON = TimeOuts(connect=5.0, read=5.0, total=20.0)
NUMBERS = msgspec.json.Decoder(dict[str, int])


def told(host: str, port: int) -> Sequence[str]:
    """What names lead to here: nobody outside is asked."""
    if host not in NAMES:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return NAMES[host]


@contextmanager
def client(url: str, outbound: Outbound, **options: object) -> Iterator[HttpClient]:
    made = HttpClient(
        url,
        name="Plex",
        time_outs=SOON,
        retries=Retries(attempts=1),
        breaker=CircuitBreaker(failures=1000),
        outbound=outbound,
        **options,  # type: ignore[arg-type]
    )
    try:
        yield made
    finally:
        made.close()


def asked(address: str) -> Sequence[str]:
    """Where a server that somebody adds would be asked."""
    parts = urlsplit(checked(ServerKind.PLEX, address))
    return Outbound(look_up=told).addresses(parts.hostname or "", parts.port or 80)


@pytest.mark.parametrize("kind", ADDRESSES)
def test_no_address_of_an_attacker_is_taken_or_asked(kind: str) -> None:
    for address in ADDRESSES[kind]:
        with pytest.raises((InputWrong, AddressRefused)):
            asked(address)


def test_there_are_enough_addresses_of_enough_kinds() -> None:
    assert len(ADDRESSES) >= 8
    assert number_of(ADDRESSES) >= 120


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.2",
        "172.16.4.5",
        "192.168.1.10",
        "100.64.0.7",
        "fd12::7",
        "8.8.8.8",
        "2606:4700::1",
    ],
)
def test_a_server_may_be_in_this_house_or_anywhere_outside(host: str) -> None:
    assert Outbound().addresses(host, 32400) == [host]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "::1",
        "10.0.0.2",
        "172.16.4.5",
        "192.168.1.10",
        "100.64.0.7",
        "fd12::7",
        "::ffff:10.0.0.2",
    ],
)
def test_who_may_only_be_outside_is_not_in_this_house(host: str) -> None:
    with pytest.raises(AddressRefused, match="private network"):
        Outbound(private=False).addresses(host, 443)


def test_of_the_addresses_of_a_name_those_are_tried_that_may_be() -> None:
    outbound = Outbound(look_up=lambda host, port: ("fe80::7%2", "192.168.1.10", CLOUD, "fd12::7"))
    assert outbound.addresses("nas.lan", 80) == ["192.168.1.10", "fd12::7"]


def test_what_is_refused_is_told_with_why_and_what_to_do() -> None:
    with pytest.raises(AddressRefused) as refused:
        Outbound(look_up=told).addresses("metadata.google.internal", 80)
    assert refused.value.message == (
        f"metadata.google.internal leads to {CLOUD}, a link-local address, where machines of clouds keep their "
        "secrets; nothing was sent there. Give the address of the server itself."
    )


@pytest.mark.parametrize(
    ("own", "host", "refused"),
    [
        (OwnService("127.0.0.1", 8480), "127.0.0.1", True),
        (OwnService("127.0.0.1", 8480), "::ffff:127.0.0.1", True),
        (OwnService("localhost", 8480), "::1", True),
        (OwnService("0.0.0.0", 8480), "127.0.0.9", True),  # nosec B104
        (OwnService("0.0.0.0", 8480), "192.0.2.7", False),  # nosec B104
        (OwnService("127.0.0.1", 8481), "127.0.0.1", False),
        (OwnService("192.0.2.7", 8480), "127.0.0.1", False),
    ],
)
def test_we_are_no_server_of_our_own(own: OwnService, host: str, refused: bool) -> None:
    outbound = Outbound(own=own)
    if refused:
        with pytest.raises(AddressRefused, match="Projectionist itself"):
            outbound.addresses(host, 8480)
    else:
        assert outbound.addresses(host, 8480) == [str(ip_address(host))]


def test_a_name_is_looked_up_once_and_what_was_judged_is_what_is_asked() -> None:
    """A name that leads elsewhere the second time gains nothing: nobody looks a second time."""
    asked: list[str] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return ("127.0.0.1",) if len(asked) == 1 else (CLOUD,)

    with Loopback(says(b'{"a": 1}')) as server:
        url = f"http://rebinding.example.org:{server.port}"
        with client(url, Outbound(look_up=rebinding)) as opened:
            assert opened.get_json("/x", NUMBERS) == {"a": 1}
            with pytest.raises(AddressRefused):
                opened.get_json("/x", NUMBERS)
        assert f"Host: rebinding.example.org:{server.port}" in server.heads[0]
        assert len(server.heads) == 1
    assert asked == ["rebinding.example.org"] * 2


def test_a_certificate_is_judged_by_the_name_and_not_by_the_address_it_leads_to() -> None:
    authority = trustme.CA()
    context = _server_context(authority, "plex.example.org")
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    leads = Outbound(look_up=lambda host, port: ("127.0.0.1",))
    with Loopback(says(b'{"a": 1}'), context=context) as server:
        url = f"https://plex.example.org:{server.port}"
        with client(url, leads, verify_tls=trusting) as opened:
            assert opened.get_json("/x", NUMBERS) == {"a": 1}


def test_the_next_address_is_tried_where_the_first_does_not_answer() -> None:
    with Loopback(says(b'{"a": 1}')) as server:
        leads = Outbound(look_up=lambda host, port: ("127.0.0.2", "127.0.0.1"))
        with client(f"http://two.example.org:{server.port}", leads) as opened:
            assert opened.get_json("/x", NUMBERS) == {"a": 1}


def test_a_name_that_leads_nowhere_is_unreachable_and_not_refused() -> None:
    with (
        client("http://missing.example.org", Outbound(look_up=told)) as opened,
        pytest.raises(ServerUnreachable, match="not known"),
    ):
        opened.get("/x")


def leads_away(target: str) -> bool:
    """Whether a redirect to this could be told in a header, and would not stay at the server that tells it."""
    if not (target.isascii() and target.isprintable() and re.match("[a-z+]+:", target)):
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return True
    return bool(parts.netloc) or parts.scheme != "http"


@pytest.mark.parametrize(
    "kind",
    [
        "clouds and neighbours",
        "decimal",
        "octal",
        "hexadecimal",
        "IPv6 around IPv4",
        "other schemes",
        "more than an address",
    ],
)
def test_no_redirect_leads_to_such_an_address(kind: str) -> None:
    targets = [target for target in ADDRESSES[kind] if leads_away(target)]
    assert len(targets) > 5
    for target in targets:
        with (
            Loopback(says(b"", "302 Found", location=target)) as server,
            client(server.url, Outbound()) as opened,
        ):
            with pytest.raises((ServerAnswerWrong, AddressRefused)):
                opened.get("/x")
            assert len(server.heads) == 1, target


@pytest.mark.parametrize(
    ("target", "follows"),
    [
        ("http://nas:32400/x", True),
        ("https://nas:32400/x", True),
        ("https://nas:443/x", False),
        ("https://nas/x", False),
        ("https://nas:9999/x", False),
        ("http://nas/x", False),
        ("http://tv:32400/x", False),
    ],
)
def test_a_redirect_stays_at_its_server_or_goes_over_to_https_there(target: str, follows: bool) -> None:
    assert stays("http://nas:32400/", target) is follows


def test_the_usual_ports_belong_together_and_https_is_not_left() -> None:
    assert stays("http://nas/", "https://nas/x")
    assert stays("http://nas/", "https://nas:443/x")
    assert stays("http://nas/", "http://nas:80/x")
    assert not stays("https://nas/", "http://nas/x")
    assert not stays("https://nas/", "http://nas:443/x")


def test_a_refusal_says_nothing_of_the_server_and_opens_no_circuit() -> None:
    breaker = CircuitBreaker(failures=2)
    refused = HttpClient(f"http://{CLOUD}", name="Plex", time_outs=SOON, breaker=breaker)
    for _ in range(5):
        with pytest.raises(AddressRefused):
            refused.get("/")
    assert breaker.enter() is None
    refused.close()


@given(st.integers(0, 2**32 - 1))
def test_no_number_is_a_host(number: int) -> None:
    for spelled in (str(number), hex(number), f"0{number:o}"):
        with pytest.raises(AddressRefused):
            plain_host(spelled)


@given(st.text(max_size=40))
def test_a_host_is_plain_ascii_or_refused(text: str) -> None:
    host, told = "", ""
    try:
        host = plain_host(text)
    except AddressRefused as error:
        told = error.message
    assert told.isprintable()
    assert bool(told) != bool(host)
    assert told or (host.isascii() and (host == text or ip_address(host) == ip_address(text)))


@given(st.integers(0, 2**16 - 1))
def test_every_neighbour_is_refused_in_every_guise(tail: int) -> None:
    plain = f"169.254.{tail >> 8}.{tail & 255}"
    for host in (plain, f"::ffff:{plain}", f"::{plain}", f"64:ff9b::{plain}", f"2002:a9fe:{tail:x}::"):
        with pytest.raises(AddressRefused):
            Outbound().addresses(host, 80)


def _server_context(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context
