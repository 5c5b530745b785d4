"""What a Plex server tells of by itself, over its web socket."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator, Mapping
from threading import Event
from urllib.parse import urlsplit

import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from projectionist.errors import (
    ServerAnswerWrong,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
    TlsFailed,
)
from projectionist.integrations.plex import wire
from projectionist.kit.http import TimeOuts
from projectionist.kit.logs import correlation
from projectionist.kit.outbound import OUTBOUND, Outbound

_PATH = "/:/websockets/notifications"
_LOOKS_EVERY_S = 0.5
"""How soon a listener notices that it is to stop."""
_LARGEST = 4 * 1024 * 1024
_REFUSED = (401, 403, 4401)


def listen(
    address: str,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
    who: str,
    time_outs: TimeOuts,
    stop: Event,
    outbound: Outbound = OUTBOUND,
) -> Iterator[wire.Notification]:
    """The notifications, until `stop` is set. Raises ServiceError where the connection fails or is lost."""
    if stop.is_set():
        return
    connection = _connected(address, headers, context, who, time_outs, outbound)
    with connection:
        while not stop.is_set():
            try:
                message = connection.recv(timeout=_LOOKS_EVERY_S, decode=False)
            except TimeoutError:
                continue
            except ConnectionClosed as error:
                raise _closed(who, error) from error
            yield _read(who, message)


def _connected(
    address: str,
    headers: Mapping[str, str],
    context: ssl.SSLContext,
    who: str,
    time_outs: TimeOuts,
    outbound: Outbound,
) -> ClientConnection:
    url = f"ws{address.rstrip('/').removeprefix('http')}{_PATH}"
    thread = correlation.get()
    sent = {name: value for name, value in headers.items() if name != "Accept"}
    try:
        return connect(
            url,
            # on a socket of ours no redirect is followed: the token would go along
            sock=_socket(address, time_outs, outbound),
            additional_headers=sent | ({"X-Correlation-Id": thread} if thread else {}),
            ssl=context if url.startswith("wss://") else None,
            open_timeout=time_outs.connect,
            close_timeout=1,
            proxy=None,
            max_size=_LARGEST,
        )
    except (InvalidHandshake, InvalidURI, OSError, EOFError, ValueError) as error:
        raise _not_connected(who, error) from error


def _socket(address: str, time_outs: TimeOuts, outbound: Outbound) -> socket.socket:
    parts = urlsplit(address)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return outbound.connect(parts.hostname or "", port, time_outs.connect)


def _not_connected(who: str, error: Exception) -> ServiceError:
    if isinstance(error, InvalidStatus):
        status = error.response.status_code
        if status in _REFUSED:
            return ServerRefused(
                f"{who} refused its notifications ({status}); give it a token that is valid."
            )
        if status >= 500:
            return ServerFailed(f"{who} failed to open its notifications ({status}); its own log says why.")
    if isinstance(error, InvalidHandshake | InvalidURI) or type(error) is ValueError:
        return ServerAnswerWrong(
            f"{who} did not open its notifications ({type(error).__name__}); check that a proxy before it "
            "lets web sockets through."
        )
    if isinstance(error, ssl.SSLError):
        return TlsFailed(
            f"{who} has a certificate that this machine does not trust, or did not agree on TLS; "
            "use the name that is in it, or switch its check off for this server."
        )
    return ServerUnreachable(
        f"{who} could not be reached for its notifications; check that it runs and that its address is right."
    )


def _closed(who: str, error: ConnectionClosed) -> ServiceError:
    if error.rcvd is not None and error.rcvd.code in _REFUSED:
        return ServerRefused(f"{who} refused its notifications; give it a token that is valid.")
    return ServerUnreachable(f"{who} closed the connection for its notifications; it is opened again later.")


def _read(who: str, message: bytes) -> wire.Notification:
    try:
        return wire.NOTIFIED.decode(message).NotificationContainer
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ServerAnswerWrong(
            f"{who} sent a notification that is not as expected: {error}; nothing of it was used."
        ) from None
