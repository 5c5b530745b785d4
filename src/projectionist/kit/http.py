"""The only way out by HTTP: bounded in time and size, tried again where that is safe, and every failure in words.

No error, log line or address made here holds a secret: those travel in headers only.
"""

from __future__ import annotations

import logging
import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, urlencode, urljoin

import httpx2
import msgspec
import stamina

from projectionist.errors import (
    RangeRefused,
    ServerAnswerWrong,
    ServerFailed,
    ServerLacks,
    ServerRefused,
    ServerUnreachable,
    ServiceError,
    TlsFailed,
)
from projectionist.kit.breaker import CircuitBreaker, breaker_of
from projectionist.kit.calls import STATUS, timed_call, traced_call
from projectionist.kit.connections import guarded, until
from projectionist.kit.exchange_errors import retry_after, tls_error, tls_words, why_lost
from projectionist.kit.logs import correlation
from projectionist.kit.outbound import OUTBOUND, Outbound, shown_address, stays
from projectionist.kit.ranges import is_range, range_header
from projectionist.kit.tracing import Span
from projectionist.kit.unpacking import Unpacking

logger = logging.getLogger(__name__)
logging.getLogger("httpx2").setLevel(logging.WARNING)  # a line for every call is written here, with its time

T = TypeVar("T")
Query = Sequence[tuple[str, str]]

CORRELATION_HEADER = "X-Correlation-Id"
_REDIRECTS = 3
_NUL = re.compile(rb"((?<!\\)(?:\\\\)*)\\u0000")
_PASSING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})
_BLANK: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class TimeOuts:
    """Seconds for connecting, for waiting on the next bytes, and for a whole call with all its tries.

    The last holds whatever the other side does; only the system's look-up of a name has limits of its own.
    """

    connect: float = 5.0
    read: float = 20.0
    total: float = 60.0


TIME_OUTS = TimeOuts()
"""What holds unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call that may be repeated is made in all, and the seconds between: doubled, with jitter."""

    attempts: int = 3
    first: float = 0.1
    longest: float = 5.0
    jitter: float = 0.3


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer of a success, unpacked; the names of `headers` are in lower case."""

    status: int
    content_type: str
    body: bytes
    content_range: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class _Passing(Exception):
    """A failure that may pass by itself; `after` is how many seconds the server asks to be left alone."""

    def __init__(self, error: ServiceError, *, counts: bool, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.counts = counts
        self.after = after


class HttpClient:
    """Calls one server. `name` and the address, without credentials, stand in every error.

    Calls raise ServerUnreachable, TlsFailed, ServerRefused (401, 403), ServerLacks (404), ServerFailed (5xx, 429),
    ServerAnswerWrong, or AddressRefused where `outbound` lets nobody connect. GET and HEAD are tried again after
    time-outs, lost connections, 429, 502, 503 and 504.
    `breaker` is by default shared by all clients of this address. Safe to use from several threads.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str] = _BLANK,
        *,
        name: str,
        verify_tls: bool | ssl.SSLContext = True,
        time_outs: TimeOuts = TIME_OUTS,
        retries: Retries = Retries(),
        breaker: CircuitBreaker | None = None,
        max_body: int = 64 * 1024 * 1024,
        outbound: Outbound = OUTBOUND,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._address = shown_address(base_url)
        self.who = f"{name} at {self._address}"
        self._time_outs = time_outs
        self._retries = retries
        self._breaker = breaker
        self._max_body = max_body
        context = verify_tls if isinstance(verify_tls, ssl.SSLContext) else tls_context(verify_tls)
        self._client = httpx2.Client(
            headers={**headers, "Accept-Encoding": "gzip"},
            transport=guarded(context, outbound),
            trust_env=False,
            follow_redirects=False,
        )

    def get(self, path: str, query: Query = (), *, headers: Mapping[str, str] = _BLANK) -> Answer:
        """GET `path`, which is already quoted, below the base address."""
        return self.request("GET", path, query, headers=headers)

    def get_range(self, path: str, start: int, length: int) -> bytes:
        """GET `length` bytes from `start` on of what is at `path`; fewer only where that ends before.

        Raises RangeRefused where it ends at `start` or before. The whole is never read in place of a range.
        """
        asked = {"Range": range_header(start, length), "Accept-Encoding": "identity"}
        answer = self.get(path, headers=asked)
        if not is_range(answer.content_range, start, length, len(answer.body)):
            how = f"with other bytes than the {length} from {start} on"
            raise self.wrong(f"GET {path}", how, "nothing of it was used; check the proxy before it")
        return answer.body

    def get_json(
        self,
        path: str,
        decoder: msgspec.json.Decoder[T],
        query: Query = (),
        *,
        headers: Mapping[str, str] = _BLANK,
    ) -> T:
        """GET an answer of JSON, decoded. Raises ServerAnswerWrong naming the field that is missing or wrong."""
        answer = self.get(path, query, headers=headers)
        return self.decoded(answer, decoder, f"GET {path}")

    def decoded(self, answer: Answer, decoder: msgspec.json.Decoder[T], call: str) -> T:
        """An answer's JSON. Raises ServerAnswerWrong."""
        if "json" not in answer.content_type:
            kind = answer.content_type or "no content type"
            raise self.wrong(
                call, f"with {kind} instead of JSON", "check that the address leads to this kind of server"
            )
        try:
            return decoder.decode(_without_nul(answer.body))
        except msgspec.ValidationError as error:
            raise self.wrong(call, f"not as expected: {error}", "nothing of it was used") from None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self.wrong(
                call, "with JSON that is cut off or broken", "nothing of it was used; try again"
            ) from None

    def wrong(self, call: str, how: str, what_to_do: str, *, answered: int = 0) -> ServerAnswerWrong:
        """The error that this server has answered a call in a way it should not."""
        return ServerAnswerWrong(f"{self.who} answered {call} {how}; {what_to_do}.", answered=answered)

    def request(
        self,
        method: str,
        path: str,
        query: Query = (),
        *,
        headers: Mapping[str, str] = _BLANK,
        content: bytes | None = None,
        idempotent: bool | None = None,
    ) -> Answer:
        """One call. `idempotent` says that it may be repeated; by default GET and HEAD are."""
        call = f"{method} {path}"
        url = f"{self._base}{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        again = method in ("GET", "HEAD") if idempotent is None else idempotent
        with self._admitted(), timed_call(self.who):
            return self._tried(call, method, url, headers, content, again)

    def close(self) -> None:
        """Give up connections."""
        self._client.close()

    @contextmanager
    def _admitted(self) -> Iterator[None]:
        """Let a call pass if the circuit is closed, and count how it ends."""
        breaker = self._breaker or breaker_of(self._address)
        refusal = breaker.enter()
        if refusal is not None:
            raise ServerUnreachable(
                f"{self.who} has failed again and again since {refusal.since:%H:%M:%S} UTC and is left alone; "
                f"it is tried again in {refusal.retry_in_s:.0f} s."
            )
        failed: bool | None = None
        try:
            yield
            failed = False
        except _Passing as passing:
            failed = True if passing.counts else None
            raise passing.error from passing.__cause__
        except ServerFailed:
            failed = True
            raise
        except (ServerRefused, ServerLacks, ServerAnswerWrong, RangeRefused):
            failed = False
            raise
        finally:
            breaker.leave(failed)

    def _tried(
        self,
        call: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        again: bool,
    ) -> Answer:
        deadline = time.monotonic() + self._time_outs.total

        def wait(error: Exception) -> bool | float:
            if not isinstance(error, _Passing):
                return False
            if error.after is None:
                return True
            return error.after if time.monotonic() + error.after < deadline else False

        waits = self._retries
        tries = stamina.retry_context(
            on=wait,
            attempts=waits.attempts if again else 1,
            timeout=self._time_outs.total,
            wait_initial=waits.first,
            wait_max=waits.longest,
            wait_jitter=waits.jitter,
        )
        for attempt in tries:
            with attempt:
                return self._followed(call, method, url, headers, content, deadline)
        raise AssertionError("stamina makes at least one attempt")

    def _followed(
        self,
        call: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        deadline: float,
    ) -> Answer:
        for _ in range(_REDIRECTS + 1):
            asked = self._request(call, method, url, headers, content, deadline)
            with until(deadline):
                answer = self._once(call, asked)
            if isinstance(answer, Answer):
                return answer
            url = self._redirected(call, method, url, answer)
        raise self.wrong(call, "with one redirect after another", "check the address and the proxy before it")

    def _redirected(self, call: str, method: str, url: str, location: str) -> str:
        try:
            target = urljoin(url, location)
            httpx2.URL(target)
            same = stays(url, target)
        except (ValueError, httpx2.InvalidURL):
            how = "with a redirect to what is no address"
            raise self.wrong(call, how, "check the proxy before it") from None
        if not same or method not in ("GET", "HEAD"):
            raise self.wrong(
                call,
                f"with a redirect to {shown_address(target)}, which was not followed, for the token would go along",
                "if that is the right place, make it the server's address",
            )
        return target

    def _request(
        self,
        call: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        deadline: float,
    ) -> httpx2.Request:
        left = max(0.01, deadline - time.monotonic())
        read = min(self._time_outs.read, left)
        connect = min(self._time_outs.connect, left)
        limits = httpx2.Timeout(connect=connect, read=read, write=read, pool=connect)
        thread = correlation.get()
        sent = {**headers, CORRELATION_HEADER: thread} if thread else headers
        try:
            return self._client.build_request(method, url, headers=sent, content=content, timeout=limits)
        except httpx2.InvalidURL:
            raise self._unaskable(call) from None

    def _once(self, call: str, asked: httpx2.Request) -> Answer | str:
        """One request and its answer, or where it redirects to. Raises ServiceError, _Passing."""
        url = asked.url
        with traced_call(asked.method, url.host, url.port, url.scheme) as span:
            return self._exchanged(call, asked, span)

    def _exchanged(self, call: str, asked: httpx2.Request, span: Span) -> Answer | str:
        began = time.monotonic()
        answering = False
        try:
            response = self._client.send(asked, stream=True)
            try:
                answering = True
                span.set(STATUS, response.status_code)
                location = response.headers.get("location")
                if response.is_redirect and location:
                    return location
                self._check(call, response)
                body = self._body(call, response)
            finally:
                response.close()
        except httpx2.TransportError as error:
            span.fail(type(error).__name__)
            raise self._lost(call, error, answering, time.monotonic() - began) from error
        self._log(call, response.status_code, began)
        headers = response.headers
        return Answer(
            response.status_code,
            headers.get("content-type", "").lower(),
            body,
            headers.get("content-range", ""),
            dict(headers),
        )

    def _check(self, call: str, response: httpx2.Response) -> None:
        """Raise for every status that is no success."""
        status = response.status_code
        if "range" in response.request.headers and status == HTTPStatus.OK:
            raise self.wrong(
                call,
                "with the whole file instead of a part of it",
                "nothing of it was read; let the proxy before it pass ranges on",
            )
        if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            return
        if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise RangeRefused(
                f"{self.who} has no such range of what {call} asks for ({status}); it sees a shorter file there."
            )
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise ServerRefused(
                f"{self.who} refused {call} ({status}); give it a token that is valid and allowed to do that.",
                answered=status,
            )
        if status == HTTPStatus.NOT_FOUND:
            raise ServerLacks(
                f"{self.who} has nothing for {call} (404); it may have been removed there, or the address is wrong.",
                answered=status,
            )
        if status == HTTPStatus.TOO_MANY_REQUESTS or status in _PASSING:
            after = retry_after(response.headers.get("retry-after", ""))
            many = status == HTTPStatus.TOO_MANY_REQUESTS
            said = "asks to be asked less often" if many else "failed to answer"
            told = f"{self.who} {said} ({call}: {status}); try again in a while."
            failure = ServerFailed(told, answered=status, retry_after_s=after)
            raise _Passing(failure, counts=status in _PASSING, after=after)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ServerFailed(
                f"{self.who} failed at {call} ({status}); its own log says why. Try again when it works.",
                answered=status,
            )
        raise self.wrong(
            call,
            f"with status {status}",
            "check that the address leads to this kind of server and that it is up to date",
            answered=status,
        )

    def _body(self, call: str, response: httpx2.Response) -> bytes:
        """The body, unpacked, never more than allowed in memory."""
        encoding = response.headers.get("content-encoding", "identity").lower()
        if encoding not in ("identity", "gzip", ""):
            raise self.wrong(call, f"packed as {encoding[:20]}, unasked", "check the proxy before it")
        unpack = Unpacking() if encoding == "gzip" else None
        body = bytearray()
        for chunk in response.iter_raw():
            room = self._max_body + 1 - len(body)
            try:
                body += unpack.more(chunk, room) if unpack else chunk
            except zlib.error:
                raise self.wrong(
                    call, "with a packed body that is damaged", "check the proxy before it"
                ) from None
            if len(body) > self._max_body:
                raise self.wrong(call, f"with more than {self._max_body:,} bytes", "the rest was not read")
        if unpack and body and not unpack.is_whole:
            raise self._cut_off(call)
        return bytes(body)

    def _lost(
        self, call: str, error: httpx2.TransportError, answering: bool, seconds: float
    ) -> ServiceError | _Passing:
        """What a failed exchange means, in our words."""
        refusal = tls_error(error)
        if refusal is not None:
            return TlsFailed(f"{self.who} {tls_words(refusal)}")
        if isinstance(error, httpx2.TimeoutException):
            return _Passing(self._too_slow(call, seconds), counts=True)
        if answering and isinstance(error, httpx2.RemoteProtocolError | httpx2.ReadError):
            return self._cut_off(call)
        if isinstance(error, httpx2.RemoteProtocolError) and "disconnected" not in str(error):
            return self.wrong(call, "with something that is not HTTP", "check its address and port")
        if isinstance(error, httpx2.UnsupportedProtocol | httpx2.LocalProtocolError):
            return self._unaskable(call)
        reason = why_lost(error)
        return _Passing(
            ServerUnreachable(
                f"{self.who} did not answer {call} ({reason}, after {seconds:.1f} s); "
                "check that it runs and that its address is right."
            ),
            counts=False,
        )

    def _unaskable(self, call: str) -> ServerUnreachable:
        return ServerUnreachable(
            f"{self.who} cannot be asked for {call[:200]}; check how its address is spelled."
        )

    def _too_slow(self, call: str, seconds: float) -> ServerUnreachable:
        return ServerUnreachable(
            f"{self.who} did not answer {call} in time (given up after {seconds:.1f} s); "
            "check that it runs, that its address is right and that it is not overloaded."
        )

    def _cut_off(self, call: str) -> ServerAnswerWrong:
        return self.wrong(
            call,
            "and broke off in the middle",
            "nothing of it was used; try again, and check the proxy before it",
        )

    def _log(self, call: str, status: int, began: float) -> None:
        logger.debug("%s: %s, %d, %.0f ms", self.who, call, status, (time.monotonic() - began) * 1000)


def _without_nul(body: bytes) -> bytes:
    """JSON with the sign for an unreadable letter where it names the null one, which no database keeps in a text."""
    return _NUL.sub(rb"\1\\ufffd", body) if rb"\u0000" in body else body


@cache
def tls_context(verify: bool) -> ssl.SSLContext:
    """How certificates are judged: by what this machine trusts, or not at all; read once, for that takes a while."""
    context = ssl.create_default_context()
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
