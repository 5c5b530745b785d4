"""The only way out by mail: one mail to one person, over a connection that is verified, and every failure in words.

No error and no log line made here holds a password, whom a mail is for, or what it says.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as EVERY_SERVER
from email.utils import format_datetime, make_msgid
from smtplib import (
    SMTP,
    SMTP_SSL,
    SMTPAuthenticationError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from projectionist.errors import (
    MailRefused,
    ProjectionistError,
    ServerAnswerWrong,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    TlsFailed,
)
from projectionist.kit.http import tls_context
from projectionist.kit.interruptible import Interruptible
from projectionist.kit.secrets import Secret
from projectionist.settings.choices import Security
from projectionist.settings.mailing import mail_address, parted

logger = logging.getLogger(__name__)

_POLICY = EVERY_SERVER.clone(cte_type="7bit")
_HELLO = "[127.0.0.1]"
"""What we call ourselves, as mail programs do: looking our own name up may take long, and is nobody's business."""
_NOBODY = Secret("")


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds for each answer of a server, and for a whole mail."""

    answer: float = 20.0
    total: float = 90.0


PATIENCE = Patience()
"""What holds unless somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed to. `sender` is an address, or a name and an address in angle brackets.

    `port` None is the usual one. `trusted` judges the certificate; None is by what this machine trusts.
    """

    host: str
    sender: str
    security: Security = Security.STARTTLS
    port: int | None = None
    user: str = ""
    password: Secret = _NOBODY
    trusted: ssl.SSLContext | None = None
    patience: Patience = PATIENCE

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or _PORTS[self.security]

    @property
    def called(self) -> str:
        """What a sentence calls it."""
        host, port = self.address
        return f"The mail server at {f'[{host}]' if ':' in host else host}:{port}"


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail: plain text to one person."""

    to: str
    subject: str
    text: str = field(repr=False)


def no_check() -> None:
    """Nobody gives up."""


def send(server: MailServer, mail: Mail, now: datetime, check: Callable[[], None] = no_check) -> None:
    """Hand a mail to its server. `check` is called meanwhile; what it raises is raised, and the mail may arrive still.

    Raises MailRefused where the server, or its address, will never do; ServerUnreachable, ServerFailed where
    it may pass; TlsFailed, ServerRefused (user and password), ServerAnswerWrong where it is no mail server.
    """
    message = message_of(server, mail, now)
    began = time.monotonic()

    def look() -> None:
        check()
        if time.monotonic() - began > server.patience.total:
            raise ServerUnreachable(
                f"{server.called} did not take the mail within {server.patience.total:.0f} s; it may arrive still."
            )

    calls = Interruptible(look)
    try:
        calls.call(_hand_over, server, message, mail.to)
    finally:
        calls.close()
    logger.info("%s took a mail, %.0f ms", server.called, (time.monotonic() - began) * 1000)


def message_of(server: MailServer, mail: Mail, now: datetime) -> EmailMessage:
    """The mail as it crosses the wire; no line end in what it is made of can add a header. Raises MailRefused."""
    try:
        to = Address(addr_spec=mail_address(mail.to))
    except ValueError:
        raise MailRefused("That is no e-mail address, so nothing was sent; correct it.") from None
    name, address = parted(server.sender)
    sender = Address(display_name=name, addr_spec=address)
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = _one_line(mail.subject).replace(
        "=?", "= ?"
    )  # no encoded word, which could hold line ends
    message["Date"] = format_datetime(now)
    message["Message-ID"] = make_msgid(domain=sender.domain)
    message["Auto-Submitted"] = "auto-generated"  # so that no machine answers that its owner is on holiday
    message.set_content(mail.text)
    return message


def _hand_over(server: MailServer, message: EmailMessage, to: str) -> None:
    with _explained(server, to), _connected(server) as connection:
        if server.user:
            _sign_in(server, connection)
        connection.send_message(message, parted(server.sender)[1], [to])
        with suppress(SMTPException, OSError):  # the mail is theirs now, however they say goodbye
            connection.quit()


@contextmanager
def _connected(server: MailServer) -> Iterator[SMTP]:
    context = server.trusted or tls_context(True)
    wait_s = server.patience.answer
    if server.security is Security.TLS:
        with closing(SMTP_SSL(*server.address, _HELLO, timeout=wait_s, context=context)) as connection:
            yield connection
        return
    with closing(SMTP(*server.address, _HELLO, timeout=wait_s)) as connection:
        if server.security is Security.STARTTLS:
            _encrypt(server, connection, context)
        yield connection


def _encrypt(server: MailServer, connection: SMTP, context: ssl.SSLContext) -> None:
    try:
        connection.starttls(context=context)
    except SMTPNotSupportedError:
        raise TlsFailed(
            f"{server.called} offers no STARTTLS, so nothing was sent; try PROJECTIONIST_MAIL_SECURITY=tls, and its "
            "port."
        ) from None


def _sign_in(server: MailServer, connection: SMTP) -> None:
    try:
        connection.login(server.user, server.password.reveal())
    except SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise ServerFailed(
                f"{server.called} lets nobody sign in now ({error.smtp_code}), so nothing was sent; try again in a "
                "while."
            ) from None
        raise ServerRefused(
            f"{server.called} refuses user and password ({error.smtp_code}), so nothing was sent; correct "
            "PROJECTIONIST_MAIL_USER and PROJECTIONIST_MAIL_PASSWORD."
        ) from None
    except (SMTPNotSupportedError, UnicodeError):
        raise ServerRefused(
            f"{server.called} takes no such user and password, so nothing was sent; if it asks for none, set none."
        ) from None
    except (SMTPServerDisconnected, SMTPResponseException):
        raise
    except SMTPException:
        raise ServerRefused(
            f"{server.called} lets nobody sign in by PLAIN, LOGIN or CRAM-MD5, so nothing was sent; switch one of "
            "them on there, or name another server."
        ) from None


@contextmanager
def _explained(server: MailServer, to: str) -> Iterator[None]:
    """Failures of SMTP and of the network in our words; errors of the first are also errors of the second."""
    try:
        yield
    except ssl.SSLError as error:
        raise TlsFailed(f"{server.called} {_tls_words(error)}") from None
    except SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (550, b""))
        raise _refusal(server, code, words, to) from None
    except SMTPResponseException as error:
        raise _refusal(server, error.smtp_code, error.smtp_error, to) from None
    except SMTPException:
        raise ServerUnreachable(
            f"{server.called} broke off, or said nothing for {server.patience.answer:.0f} s, before it said that it "
            "took the mail; check that its port belongs to PROJECTIONIST_MAIL_SECURITY."
        ) from None
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise ServerUnreachable(
            f"{server.called} does not answer ({why.lower()}), so nothing was sent; check that it runs and that its "
            "address is right."
        ) from None


def _refusal(server: MailServer, code: int, words: bytes | str, to: str) -> ProjectionistError:
    said = f"{code} {_legible(words, to)}".strip()
    if 400 <= code < 500:
        return ServerFailed(
            f"{server.called} puts the mail off ({said}), so nothing was sent; try again in a while."
        )
    if 500 <= code < 600:
        return MailRefused(
            f"{server.called} does not take the mail ({said}), so nothing was sent; check the address, and "
            "PROJECTIONIST_MAIL_FROM."
        )
    return ServerAnswerWrong(
        f"{server.called} answers with something that is not SMTP, so nothing was sent; check its address and port."
    )


def _tls_words(error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return (
            f"has a certificate that this machine does not trust ({error.verify_message}), so nothing was sent; use "
            "the name that is in it, or have its issuer trusted here."
        )
    return (
        f"did not agree on TLS ({error.reason or 'handshake failed'}), so nothing was sent; check that its port "
        "belongs to PROJECTIONIST_MAIL_SECURITY."
    )


def _legible(words: bytes | str, to: str) -> str:
    """What a server said, on one line, without whom the mail was for."""
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else words
    return _one_line(text.replace(to, "…"))[:200]


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
