"""Where we may connect to: every address that somebody named is judged at the moment a connection is made to it.

A name is looked up once, each address that it leads to is judged, and the connection goes to one that was judged:
what the name leads to a moment later makes no difference.
"""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias
from urllib.parse import urlsplit

from projectionist.errors import AddressRefused

Ip: TypeAlias = IPv4Address | IPv6Address
LookUp: TypeAlias = Callable[[str, int], Sequence[str]]
"""Tells to which addresses, in digits, a name leads. Raises OSError."""

LONGEST_HOST = 253
_LEAST_S = 0.001
"""A socket takes nought for another wish: not to wait at all."""
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
"""What a host ends with that systems take for a number, be it decimal, octal or hexadecimal."""

_USUAL = {"http": 80, "https": 443}
_CLOUDS = "where machines of clouds keep their secrets"
_NEVER = tuple(
    (ip_network(network), why)
    for network, why in (
        ("0.0.0.0/8", "which is the address of no machine"),
        ("::/128", "which is the address of no machine"),
        ("169.254.0.0/16", f"a link-local address, {_CLOUDS}"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "an address that is not used any more"),
        ("224.0.0.0/4", "an address of many machines at once"),
        ("ff00::/8", "an address of many machines at once"),
        ("240.0.0.0/4", "an address that nobody has"),
        ("100.100.100.200/32", _CLOUDS),
        ("168.63.129.16/32", _CLOUDS),
        ("192.0.0.192/32", _CLOUDS),
        ("fd00:ec2::/64", _CLOUDS),
        ("fd20:ce::/64", _CLOUDS),
    )
)
_TRANSLATED = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")


@dataclass(frozen=True, slots=True)
class OwnService:
    """Where this service listens."""

    host: str
    port: int

    def is_at(self, address: Ip, port: int) -> bool:
        """Whether a connection would end here."""
        if port != self.port:
            return False
        try:
            listens = ip_address(self.host)
        except ValueError:  # a name, as localhost is one
            return address.is_loopback or _is_here(address)
        return _is_here(address) if listens.is_unspecified else address == listens


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses of a name, in the order of the system. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(one[4][0]) for one in found))


@dataclass(frozen=True, slots=True)
class Outbound:
    """Who may be connected to: any machine that can be a server, with `private` those of this house too.

    Refused always: link-local addresses, those of clouds' own data, of many machines or of none, and `own`.
    """

    private: bool = True
    own: OwnService | None = None
    look_up: LookUp = addresses_of

    def addresses(self, host: str, port: int) -> Sequence[str]:
        """The addresses, in digits, that a connection to `host` may go to. Raises AddressRefused, OSError."""
        plain = plain_host(host)
        with suppress(ValueError):
            return self._allowed(plain, port, [str(ip_address(plain))])
        return self._allowed(plain, port, self.look_up(plain, port))

    def check(self, host: str, port: int) -> None:
        """Raise AddressRefused where nobody may be connected to `host`; a name is looked up only when one is."""
        plain = plain_host(host)
        with suppress(ValueError):
            self._allowed(plain, port, [str(ip_address(plain))])

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """A connection to the first of a host's addresses that takes it, within `timeout` seconds for all together.

        Raises AddressRefused, OSError.
        """
        addresses = self.addresses(host, port)
        ends_at = moment_in(timeout)
        *first, last = addresses
        for tried, address in enumerate(first):
            with suppress(OSError):
                return socket.create_connection((address, port), share(ends_at, len(addresses) - tried))
        return socket.create_connection((last, port), share(ends_at, 1))

    def _allowed(self, host: str, port: int, found: Sequence[str]) -> Sequence[str]:
        """Those that may be: a name that leads to several places may lead to some that are of no use."""
        refusals = {one: self._why_not(ip_address(one), port) for one in found}
        allowed = [one for one, why in refusals.items() if not why]
        if not allowed:
            one, why = next(iter(refusals.items()), ("nothing", "so that there is nothing to ask"))
            leads = f"{host} is {why}" if one == host else f"{host} leads to {one}, {why}"
            raise AddressRefused(f"{leads}; nothing was sent there. Give the address of the server itself.")
        return allowed

    def _why_not(self, address: Ip, port: int) -> str:
        for one in _meant(address):
            if self.own is not None and self.own.is_at(one, port):
                return "which is Projectionist itself"
            why = next((why for network, why in _NEVER if one in network), "")
            if not why and not self.private and not one.is_global:
                why = "an address of a private network"
            if why:
                return why
        return ""


OUTBOUND = Outbound()
"""What holds unless somebody says otherwise."""


def moment_in(seconds: float | None) -> float:
    """When so many seconds are over, by time.monotonic; never where there is no limit."""
    return math.inf if seconds is None else time.monotonic() + seconds


def share(ends_at: float, of: int) -> float | None:
    """Seconds that the first of so many addresses has, so that the last is tried too before `ends_at`; None for any."""
    left = ends_at - time.monotonic()
    return None if math.isinf(left) else max(left, _LEAST_S) / of


def plain_host(host: str) -> str:
    """A host in its one spelling. Raises AddressRefused for what systems read in more than one way.

    A number such as 2130706433 or 0x7f.1 is an address to some programs and a name to others, and letters of other
    alphabets can become ASCII on the way.
    """
    if "%" not in host:
        with suppress(ValueError):
            return str(ip_address(host))
    ends = host.rpartition(".")[2]
    if len(host) > LONGEST_HOST or not _NAME.fullmatch(host) or _NUMBER.fullmatch(ends):
        shown = host[:60].encode("ascii", "backslashreplace").decode()
        raise AddressRefused(
            f"{shown!r} is no plain name or address of a machine; nothing was sent there. Give a name in ASCII "
            "letters, or an address such as 192.168.1.10 or [fd00::10]."
        )
    return host


def is_local(host: str) -> bool:
    """Whether a host is this machine by its name: none, a socket's folder, localhost, or a loopback address."""
    if not host or host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def shown_address(url: str) -> str:
    """Scheme, host and port of an address: what may be shown of it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{parts.scheme}://{host}{f':{port}' if port else ''}"


def stays(url: str, target: str) -> bool:
    """Whether a redirect stays at its server: what was asked for goes along to the same host and port only.

    It may go over to HTTPS, there or from the usual port of one to that of the other. Raises ValueError.
    """
    old, new = urlsplit(url), urlsplit(target)
    if old.hostname != new.hostname:
        return False
    ports = old.port or _USUAL.get(old.scheme), new.port or _USUAL.get(new.scheme)
    if old.scheme == new.scheme:
        return ports[0] == ports[1]
    return (old.scheme, new.scheme) == ("http", "https") and (ports[0] == ports[1] or ports == (80, 443))


def _meant(address: Ip) -> Iterator[Ip]:
    """An address, and those of the older kind that it carries: a gateway would pass a connection on to them."""
    if isinstance(address, IPv4Address):
        yield address
        return
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
        return
    yield address
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    carried = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _TRANSLATED) or (
        address in _COMPATIBLE and not (address.is_loopback or address.is_unspecified)
    ):
        yield carried


def _is_here(address: Ip) -> bool:
    """Whether an address is one of this machine: only those can be bound."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
