"""A server on this machine that answers with exactly the bytes a test wants, or not at all."""

from __future__ import annotations

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Self

Reply = Callable[[socket.socket, str], None]
"""Gets the connection and the head of the request."""


_HELLO = b"\x16\x03"
"""How TLS begins; who does not speak it answers that this is no request."""


class Loopback:
    """Gives each request to the next of `replies`, the last one for ever. `heads` are the requests that came."""

    def __init__(self, *replies: Reply, context: ssl.SSLContext | None = None) -> None:
        self._replies = list(replies)
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ended = threading.Event()
        self._open: list[socket.socket] = []
        self.heads: list[str] = []
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://localhost:{self.port}"

    @property
    def ended(self) -> threading.Event:
        """Set when the test is over: what hangs waits for it."""
        return self._ended

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ended.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        for connection in self._open:
            connection.close()

    def _serve(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                head = b""
                while b"\r\n\r\n" not in head:
                    received = connection.recv(65536)
                    if not received:
                        return
                    head += received
                    if head.startswith(_HELLO):
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                        return
                self.heads.append(head.decode("latin-1"))
                reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
                reply(connection, self.heads[-1])
        except OSError:  # the client has gone, as it should from what hangs or is cut off
            return


def says(
    body: bytes = b"{}", status: str = "200 OK", kind: str = "application/json", **headers: str
) -> Reply:
    """A whole answer; the names of headers have `_` for `-`."""
    told = answer(body, status, kind, **headers)

    def reply(connection: socket.socket, asked: str) -> None:
        body_of(connection, asked)  # a connection that is closed before its end takes the answer with it
        connection.sendall(told)

    return reply


def answer(
    body: bytes = b"{}", status: str = "200 OK", kind: str = "application/json", **headers: str
) -> bytes:
    """The same, as it goes over the wire."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    told = f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n{more}Connection: close\r\n\r\n"
    return f"HTTP/1.1 {status}\r\n{told}".encode() + body


def body_of(connection: socket.socket, asked: str) -> bytes:
    """The body of a request to its end; it can be read once, as it often comes after the head."""
    head, _, begun = asked.partition("\r\n\r\n")
    length = re.search(r"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
    wanted = int(length[1]) if length else 0
    body = begun.encode("latin-1")
    while len(body) < wanted and (more := connection.recv(min(wanted - len(body), 65536))):
        body += more
    return body


def sends(raw: bytes) -> Reply:
    """These bytes, then the end."""
    return lambda connection, _head: connection.sendall(raw)


def hangs(ended: Callable[[], threading.Event], first: bytes = b"") -> Reply:
    """`first`, and then nothing until the test is over."""

    def reply(connection: socket.socket, _head: str) -> None:
        connection.sendall(first)
        ended().wait()

    return reply


def dribbles(ended: Callable[[], threading.Event], every: float = 0.05) -> Reply:
    """The head of a large answer, and then its body byte by byte."""

    def reply(connection: socket.socket, _head: str) -> None:
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
        )
        while not ended().wait(every):
            connection.sendall(b" ")

    return reply


def repeats(
    ended: Callable[[], threading.Event], first: bytes, again: bytes, every: float = 0.05, times: int = 200
) -> Reply:
    """`first`, and then `again` over and over, never long enough apart to be taken for silence."""

    def reply(connection: socket.socket, _head: str) -> None:
        connection.sendall(first)
        for _ in range(times):
            if ended().wait(every):
                return
            connection.sendall(again)

    return reply


def takes_slowly(ended: Callable[[], threading.Event], every: float = 0.05, times: int = 200) -> Reply:
    """Reads the body of a request little by little, and answers nothing."""

    def reply(connection: socket.socket, _head: str) -> None:
        for _ in range(times):
            if ended().wait(every):
                return
            connection.recv(200_000)

    return reply


@contextmanager
def dead_addresses(number: int, port: int = 0) -> Iterator[tuple[tuple[str, ...], int]]:
    """Addresses of this machine, and a port, where nobody takes a connection and nobody refuses one."""
    addresses = tuple(f"127.0.0.{last}" for last in range(2, number + 2))
    with ExitStack() as stack:
        for address in addresses:
            silent = stack.enter_context(socket.create_server((address, port), backlog=0))
            port = silent.getsockname()[1]
            while _lets_wait(stack.enter_context(socket.socket()), address, port):
                continue
        yield addresses, port


def _lets_wait(waiting: socket.socket, address: str, port: int) -> bool:
    waiting.settimeout(0.2)
    try:
        waiting.connect((address, port))
    except TimeoutError:
        return False
    return True
