"""Connections of the HTTP client that go only where the guard of addresses lets them."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from contextlib import suppress

import httpcore2
import httpx2

from projectionist.kit.outbound import Outbound

_MOST, _MOST_IDLE, _IDLE_S = 100, 20, 5.0
"""As httpx2 has it by itself."""


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
        """A connection to the first address of `host` that takes it. Raises AddressRefused, and as httpcore2 does."""
        try:
            *first, last = self._outbound.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for address in first:
            with suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return super().connect_tcp(address, port, timeout, local_address, socket_options)
        return super().connect_tcp(last, port, timeout, local_address, socket_options)
