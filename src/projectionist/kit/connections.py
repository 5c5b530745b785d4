"""Connections of the HTTP client: they go only where the guard of addresses lets them, and end when a call has to.

A library bounds each wait for bytes by itself, so who sends one byte at a time could hold a call for ever. Here every
wait of a call is bounded by what is left of its time.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import httpcore2
import httpx2

from projectionist.kit.outbound import Outbound, moment_in, share

_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)

_MOST, _MOST_IDLE, _IDLE_S = 100, 20, 5.0
"""As httpx2 has it by itself."""


@contextmanager
def until(moment: float) -> Iterator[None]:
    """Let no connection of `guarded` wait beyond a moment of time.monotonic for what is done here, in this thread.

    Connecting to all addresses of a name, TLS, sending and receiving raise the time-outs of httpx2 then. Only a look-up
    of a name ends by the system's own limits.
    """
    before = _ends_at.set(moment)
    try:
        yield
    finally:
        _ends_at.reset(before)


def guarded(context: ssl.SSLContext, outbound: Outbound) -> httpx2.BaseTransport:
    """What carries requests, over connections that `outbound` allows; TLS is judged by the name that was asked for.

    A request that may go nowhere raises AddressRefused. No proxy of the environment is used.
    """
    return _GuardedTransport(context, outbound)


class _GuardedTransport(httpx2.HTTPTransport):
    """HTTPTransport, but for how connections are opened: it has no option for that, only its pool has."""

    def __init__(self, context: ssl.SSLContext, outbound: Outbound) -> None:
        super().__init__(verify=context, trust_env=False)
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=_MOST,
            max_keepalive_connections=_MOST_IDLE,
            keepalive_expiry=_IDLE_S,
            network_backend=_Judged(outbound),
        )


class _Judged(httpcore2.SyncBackend):
    """Opens connections to addresses that were judged, and looks no name up a second time."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address of `host` that takes it, within `timeout` seconds for all together.

        Raises AddressRefused, and as httpcore2 does.
        """
        try:
            addresses = self._outbound.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        ends_at = moment_in(_left(timeout, httpcore2.ConnectTimeout))
        *first, last = addresses
        for tried, address in enumerate(first):
            seconds = share(ends_at, len(addresses) - tried)
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return _Ending(super().connect_tcp(address, port, seconds, local_address, socket_options))
        seconds = share(ends_at, 1)
        return _Ending(super().connect_tcp(last, port, seconds, local_address, socket_options))


class _Ending(httpcore2.NetworkStream):
    """A connection that waits no longer than the call that uses it may: the next call has its own time."""

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Raises as httpcore2 does."""
        return self._stream.read(max_bytes, _left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As the library's own, which gives each part that the other side takes the whole time-out anew."""
        connection: socket.socket = self._stream.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            try:
                connection.settimeout(_left(timeout, httpcore2.WriteTimeout))
                rest = rest[connection.send(rest) :]
            except TimeoutError as error:
                raise httpcore2.WriteTimeout(str(error)) from error
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        """Give it up."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        """Raises as httpcore2 does."""
        left = _left(timeout, httpcore2.ConnectTimeout)
        return _Ending(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        """What the library knows of it."""
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, late: type[httpcore2.TimeoutException]) -> float | None:
    """Seconds that a wait may take, None for any number. Raises `late` where the call's time is over."""
    left = _ends_at.get() - time.monotonic()
    if left <= 0:
        raise late("the time for the whole call is over")
    least = left if timeout is None else min(left, timeout)
    return None if math.isinf(least) else least
