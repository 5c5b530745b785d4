"""The guard of addresses over what other libraries do: every connection of a thread is judged where Python makes it.

Python tells of each connection right before the system is asked for it, with the address in digits that the library has
looked up (PEP 578, https://docs.python.org/3/library/audit_events.html). What is judged is therefore what is connected
to: a name that leads elsewhere a moment later, and a redirect, make no difference. Whoever may listen to that can never
stop, so the listener stays for the life of the process, and passes by whatever no guard is held over.
"""

from __future__ import annotations

import errno
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from projectionist.errors import AddressRefused
from projectionist.kit.outbound import Outbound


@dataclass(slots=True)
class Guard:
    """What may be connected to, and the first that was refused."""

    outbound: Outbound
    refused: AddressRefused | None = None


class _Held(threading.local):
    """The guard over this thread."""

    guard: Guard | None = None


_held = _Held()
_listening = threading.Lock()
_listens = False


@contextmanager
def guarded(outbound: Outbound) -> Iterator[Guard]:
    """Let this thread connect only where `outbound` allows, whatever library connects; start no program meanwhile.

    To the library it looks as if the system had refused, so that it cleans up, and tries the next address of a name
    where there is one. Raises AddressRefused where it fails for that; where it hides its failure, the guard tells. What
    a library does in threads of its own is not judged.
    """
    _listen()
    before, guard = _held.guard, Guard(outbound)
    _held.guard = guard
    try:
        yield guard
    except OSError as error:
        if guard.refused is None:
            raise
        raise guard.refused from error
    finally:
        _held.guard = before


def _listen() -> None:
    global _listens  # noqa: PLW0603 - a listener of this kind can be neither found nor taken away again
    with _listening:
        if not _listens:
            sys.addaudithook(_hear)
            _listens = True


def _hear(event: str, arguments: tuple[Any, ...]) -> None:
    judge, guard = _JUDGES.get(event), _held.guard
    if judge is None or guard is None:
        return
    try:
        judge(guard.outbound, arguments)
    except AddressRefused as error:
        guard.refused = guard.refused or error
        raise PermissionError(errno.EACCES, error.message) from None


def _judge_connection(outbound: Outbound, arguments: tuple[Any, ...]) -> None:
    address = arguments[1]
    if address is None:  # the socket is connected, which was judged
        return
    if not isinstance(address, tuple) or len(address) < 2:
        raise AddressRefused("A socket of this machine was asked for; nothing was sent there.")
    host, port = str(address[0]).partition("%")[0], int(address[1])
    try:
        ip_address(host)
    except ValueError:
        raise AddressRefused(
            f"{host[:60]!r} is a name where an address is needed; nothing was sent there. Give the address of the "
            "server in digits."
        ) from None
    outbound.check(host, port)


def _refuse_program(_outbound: Outbound, _arguments: tuple[Any, ...]) -> None:
    raise AddressRefused("A program of this machine was asked for; it was not started, and nothing was sent.")


_JUDGES: Mapping[str, Callable[[Outbound, tuple[Any, ...]], None]] = {
    **dict.fromkeys(("socket.connect", "socket.sendto", "socket.sendmsg"), _judge_connection),
    **dict.fromkeys(
        ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty"),
        _refuse_program,
    ),
}
