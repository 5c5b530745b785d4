"""A real SMTP server on this machine, which keeps the mails that it is given."""

from __future__ import annotations

import asyncio
import re
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


@dataclass(frozen=True)
class Arrived:
    """A mail as it came in."""

    sender: str
    to: tuple[str, ...]
    raw: bytes
    is_encrypted: bool
    is_signed_in: bool

    @property
    def message(self) -> EmailMessage:
        message = message_from_bytes(self.raw, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        content = self.message.get_content()
        assert isinstance(content, str)
        return content.replace("\r\n", "\n")

    @property
    def link(self) -> str:
        """The link that the mail holds, without the host."""
        found = re.search(r"https?://[^/\s]+(/\S+)", self.text)
        assert found is not None, self.text
        return found[1]


class _HangsUp(SMTP):
    """Breaks the connection off once it has read the first line of a letter."""

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - as the server calls it
        await self.push("354 Go on")
        await self._reader.readline()
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.abort()


class Postbox:
    """Takes mails; `refusals` are answered first, by the command, each once. `users` have to sign in.

    It hangs up once: in the middle of a letter, or before it says that it took one.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        starttls: ssl.SSLContext | None = None,
        users: Mapping[str, str] | None = None,
        refusals: Mapping[str, Sequence[str]] | None = None,
        hangs_up: Literal["", "in the middle", "at the end"] = "",
    ) -> None:
        self._hangs_up = hangs_up
        self._tls = tls
        self._starttls = starttls
        self._users = dict(users or {})
        self._refusals = {command: list(said) for command, said in (refusals or {}).items()}
        self._loop = asyncio.new_event_loop()
        self._speakers: list[SMTP] = []
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.port = 0
        self.arrived: list[Arrived] = []
        self.shown: list[str] = []
        """The passwords that were shown, right or wrong."""

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    async def handle_MAIL(  # noqa: N802 - as the server calls it
        self, server: SMTP, session: Any, envelope: Any, address: str, mail_options: list[str]
    ) -> str:
        if said := self._refusal("MAIL"):
            return said
        if self._users and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Any, envelope: Any, address: str, rcpt_options: list[str]
    ) -> str:
        if said := self._refusal("RCPT"):
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if said := self._refusal("DATA"):
            return said
        self.arrived.append(
            Arrived(
                sender=envelope.mail_from,
                to=tuple(envelope.rcpt_tos),
                raw=envelope.content,
                is_encrypted=session.ssl is not None or self._tls is not None,
                is_signed_in=bool(session.authenticated),
            )
        )
        if self._hangs_up == "at the end":
            self._hangs_up = ""
            assert isinstance(server.transport, asyncio.WriteTransport)
            server.transport.abort()
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        return self._refusal("QUIT") or "221 Bye"

    def _refusal(self, command: str) -> str:
        waiting = self._refusals.get(command, [])
        return waiting.pop(0) if waiting else ""

    def _authenticate(
        self, server: SMTP, session: Any, envelope: Any, mechanism: str, shown: LoginPassword
    ) -> AuthResult:
        self.shown.append(shown.password.decode())
        if said := self._refusal("AUTH"):
            return AuthResult(success=False, handled=False, message=said)
        is_right = self._users.get(shown.login.decode()) == shown.password.decode()
        return AuthResult(success=is_right, handled=False)

    def _speaker(self) -> SMTP:
        kind = _HangsUp if self._hangs_up == "in the middle" else SMTP
        if kind is _HangsUp:
            self._hangs_up = ""
        speaker = kind(
            self,
            hostname="postbox.test",
            tls_context=self._starttls,
            require_starttls=self._starttls is not None,
            auth_require_tls=self._starttls is not None,
            authenticator=self._authenticate,
            loop=self._loop,
        )
        self._speakers.append(speaker)
        return speaker

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(self._speaker, "127.0.0.1", 0, ssl=self._tls)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for speaker in self._speakers:
            if isinstance(speaker.transport, asyncio.WriteTransport):
                speaker.transport.abort()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        await asyncio.sleep(0)
        others = asyncio.all_tasks(self._loop) - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for _ in range(5):  # what was aborted says so to its protocols, one layer after the other
            await asyncio.sleep(0)
