"""Live pages: one stream of events per browser, each event only for those who may see it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from litestar import Litestar, Request, get
from litestar.concurrency import sync_to_thread
from litestar.response import Stream

from projectionist.errors import NotAllowed, ProjectionistError, TooManyRequests
from projectionist.web.config import ShellSettings
from projectionist.web.injection import Injected
from projectionist.web.ports import Identify, Permission, Principal

log = logging.getLogger(__name__)

STALE: Final = b"event: stale\ndata: {}\n\n"
BEAT: Final = b": still here\n\n"
HEARTBEAT_S: Final = 15.0
ASK_AGAIN_S: Final = 2.0
"""How often it is asked anew who a stream belongs to, so that it ends soon after they sign out."""
QUEUE: Final = 500
"""Events that wait for a slow browser; beyond them it is told to load its page anew."""


class Event(Protocol):
    """Something that happened: `permission` and, where set, `person` say who may hear of it."""

    @property
    def id(self) -> int: ...  # noqa: D102
    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def data(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def permission(self) -> str: ...  # noqa: D102
    @property
    def person(self) -> int | None: ...  # noqa: D102


class Events(Protocol):
    """Where events come from, of every process."""

    def listen(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Call the listener, from any thread, for each event from now on; returns what ends it."""

    def since(self, event_id: int) -> Sequence[Event]:
        """The kept events after this one, oldest first."""

    def reaches_back_to(self, event_id: int) -> bool:
        """Whether these are all that came after it."""


def may_see(principal: Principal, event: Event) -> bool:
    """Whether an event is for this person."""
    if event.person is not None and event.person != principal.id:
        return False
    return event.permission in {permission.value for permission in principal.permissions}


class Client:
    """One open stream: whose, and what waits to be sent on it."""

    def __init__(self, request: Request[Any, Any, Any], principal: Principal) -> None:
        self.request = request
        self.principal = principal
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._stir = asyncio.Event()
        self._over = False

    def put(self, event_id: int, message: bytes) -> None:
        """Queue a message; where too many wait already, they give way to the word to load the page anew."""
        if len(self._waiting) >= QUEUE:
            self._waiting.clear()
            message = STALE
        self._waiting.append((event_id, message))
        self._stir.set()

    def end(self) -> None:
        """Let the stream run out."""
        self._over = True
        self._stir.set()

    async def messages(self, missed: Sequence[tuple[int, bytes]]) -> AsyncIterator[bytes]:
        """The stream's bytes: a greeting, what was missed, then all that comes."""
        yield b"retry: 2000\nevent: ready\ndata: {}\n\n"
        last = -1
        for event_id, message in missed:
            last = event_id
            yield message
        while not self._over:
            await self._stir.wait()
            self._stir.clear()
            fresh = [message for event_id, message in self._waiting if event_id == 0 or event_id > last]
            self._waiting.clear()
            if fresh:
                yield b"".join(fresh)


class LiveStreams:
    """All open streams of this process: fed by one listener, watched over by one task.

    At most so many are open, in all and for one person, as the settings say.
    """

    def __init__(self, events: Events, identify: Identify, settings: ShellSettings) -> None:
        self._most = settings.event_streams
        self._most_per_person = settings.event_streams_per_person
        self._events = events
        self._identify = identify
        self._clients: set[Client] = set()
        self._stop_listening: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return len(self._clients)

    @asynccontextmanager
    async def lifespan(self, app: Litestar) -> AsyncIterator[None]:
        """Watches over the streams while the program runs."""
        self._loop = asyncio.get_running_loop()
        self._closing = False
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()
            self._end_all()
            self._rest()

    def close(self) -> None:
        """End every stream and open none any more, from any thread; what else runs goes on."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end_all)

    async def open(self, request: Request[Any, Any, Any], principal: Principal, after: int | None) -> Stream:
        """A new stream for this person, beginning with what came after the event they saw last.

        Raises TooManyRequests.
        """
        self._require_room(principal)
        client = Client(request, principal)
        self._clients.add(client)  # before what was missed is read, so that nothing falls between
        try:
            missed = await self._begin(principal, after)
        except ProjectionistError:
            self._clients.discard(client)
            raise
        if self._closing:
            client.end()
        return Stream(
            self._streaming(client, missed),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _begin(self, principal: Principal, after: int | None) -> Sequence[tuple[int, bytes]]:
        if self._stop_listening is None:
            self._stop_listening = lambda: (
                None
            )  # another stream that opens meanwhile finds that it is being done
            self._stop_listening = await sync_to_thread(self._events.listen, self._heard)
        return [] if after is None else await sync_to_thread(self._missed, principal, after)

    def _require_room(self, principal: Principal) -> None:
        own = sum(client.principal.id == principal.id for client in self._clients)
        if own >= self._most_per_person:
            raise TooManyRequests(
                f"{own} pages of yours are live already, so this one does not change by itself; close some of them, "
                "or have event_streams_per_person raised.",
                HEARTBEAT_S,
            )
        if len(self._clients) >= self._most:
            raise TooManyRequests(
                f"{self._most} pages are live already, so this one does not change by itself; come back later, or "
                "have event_streams raised.",
                HEARTBEAT_S,
            )

    def _missed(self, principal: Principal, after: int) -> list[tuple[int, bytes]]:
        """What this person has to hear first; where that is too much, or not all is kept, to load the page anew."""
        whole = self._events.reaches_back_to(after)
        kept = self._events.since(after)
        missed = [(event.id, message_of(event)) for event in kept if may_see(principal, event)]
        if whole and len(missed) <= QUEUE:
            return missed
        return [(kept[-1].id if kept else after, STALE)]

    async def _streaming(self, client: Client, missed: Sequence[tuple[int, bytes]]) -> AsyncIterator[bytes]:
        try:
            async for message in client.messages(missed):
                yield message
        finally:
            self._clients.discard(client)

    def _heard(self, event: Event) -> None:
        if self._loop is not None and self._clients and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_out, event)

    def _hand_out(self, event: Event) -> None:
        message = message_of(event)
        for client in self._clients:
            if may_see(client.principal, event):
                client.put(event.id, message)

    def _rest(self) -> None:
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _end_all(self) -> None:
        self._closing = True
        for client in self._clients:
            client.end()

    async def _watch(self) -> None:
        beat = self._now()
        while True:
            await asyncio.sleep(ASK_AGAIN_S)
            clients = list(self._clients)
            if not clients:
                self._rest()  # nobody looks: nothing is asked of the database
                continue
            for client, principal in await sync_to_thread(self._ask_again, clients):
                if principal is None or Permission.VIEW not in principal.permissions:
                    client.end()
                else:
                    client.principal = principal
            if self._now() - beat >= HEARTBEAT_S:
                beat = self._now()
                for client in self._clients:
                    client.put(0, BEAT)

    def _ask_again(self, clients: Sequence[Client]) -> list[tuple[Client, Principal | None]]:
        answers: list[tuple[Client, Principal | None]] = []
        for client in clients:
            try:
                answers.append((client, self._identify(client.request)))
            except NotAllowed:
                answers.append((client, None))
            except ProjectionistError as error:
                log.warning("It cannot be told whose stream this is, so it stays as it is: %s", error.message)
        return answers

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def message_of(event: Event) -> bytes:
    """An event as the stream carries it: one kind of message, the topic inside."""
    data = json.dumps({"topic": event.topic, "data": event.data}, separators=(",", ":"), ensure_ascii=False)
    return f"id: {event.id}\ndata: {data}\n\n".encode()


@get("/events", include_in_schema=False)
async def event_stream(request: Request[Any, Any, Any], principal: Injected[Principal]) -> Stream:
    """The stream of this browser."""
    seen = request.headers.get("last-event-id") or request.query_params.get("after") or ""
    streams: LiveStreams = request.app.state.shell.live
    return await streams.open(request, principal, int(seen) if seen.isdecimal() and len(seen) < 19 else None)


HANDLERS = (event_stream,)
