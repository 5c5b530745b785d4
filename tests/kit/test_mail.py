from __future__ import annotations

import email
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.policy import default
from typing import Any, Literal

import pytest
import trustme
from hypothesis import example, given
from hypothesis import strategies as st

from projectionist.errors import (
    JobCancelled,
    MailRefused,
    ProjectionistError,
    ServerAnswerWrong,
    ServerFailed,
    ServerRefused,
    ServerUnreachable,
    TlsFailed,
)
from projectionist.kit.mail import Mail, MailServer, Patience, message_of, send
from projectionist.kit.secrets import Secret
from projectionist.settings.choices import Security
from tests.postbox import Postbox

NOW = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
SENDER = "Projectionist <films@example.org>"
PASSWORD = "canary-of-the-mail-password-77aa"
MAIL = Mail("ada@example.org", "A word", "One line.\n.\n.. and dots.\nGrüße\n")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusted(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def certified(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def at(postbox: Postbox, security: Security = Security.NONE, **more: Any) -> MailServer:
    return MailServer("127.0.0.1", SENDER, security, postbox.port, **more)


@contextmanager
def shouting(words: bytes) -> Iterator[int]:
    """A port that says this to whoever comes, and then goes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(words)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(60)
        listener.close()


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes whoever comes, and never says a word."""
    listener = socket.create_server(("127.0.0.1", 0))
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def test_a_mail_arrives_as_it_was_written() -> None:
    with Postbox() as postbox:
        send(at(postbox), MAIL, NOW)
    (arrived,) = postbox.arrived
    assert (arrived.sender, arrived.to) == ("films@example.org", ("ada@example.org",))
    assert arrived.text.splitlines() == MAIL.text.splitlines()
    message = arrived.message
    assert (message["From"], message["To"], message["Subject"]) == (SENDER, "ada@example.org", "A word")
    assert message["Date"] == "Sun, 01 Mar 2026 20:00:00 +0000"
    assert message["Auto-Submitted"] == "auto-generated"
    assert str(message["Message-ID"]).endswith("@example.org>")


def test_starttls_encrypts_before_the_password_is_shown(
    authority: trustme.CA, trusted: ssl.SSLContext
) -> None:
    with Postbox(starttls=certified(authority), users={"films": PASSWORD}) as postbox:
        server = at(postbox, Security.STARTTLS, user="films", password=Secret(PASSWORD), trusted=trusted)
        send(server, MAIL, NOW)
    (arrived,) = postbox.arrived
    assert (arrived.is_encrypted, arrived.is_signed_in) == (True, True)


def test_tls_from_the_first_byte(authority: trustme.CA, trusted: ssl.SSLContext) -> None:
    with Postbox(tls=certified(authority), users={"films": PASSWORD}) as postbox:
        send(at(postbox, Security.TLS, user="films", password=Secret(PASSWORD), trusted=trusted), MAIL, NOW)
    (arrived,) = postbox.arrived
    assert (arrived.is_encrypted, arrived.is_signed_in) == (True, True)


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
@pytest.mark.parametrize(("name", "is_known"), [("mail.example.org", True), ("127.0.0.1", False)])
def test_a_certificate_of_another_name_or_of_nobody_is_refused_before_the_password_is_shown(
    authority: trustme.CA, trusted: ssl.SSLContext, security: Security, name: str, is_known: bool
) -> None:
    context = certified(authority, name)
    how: dict[str, Any] = {"tls": context} if security is Security.TLS else {"starttls": context}
    with Postbox(users={"films": PASSWORD}, **how) as postbox:
        believes = trusted if is_known else None
        server = at(postbox, security, user="films", password=Secret(PASSWORD), trusted=believes)
        with pytest.raises(TlsFailed, match="certificate that this machine does not trust"):
            send(server, MAIL, NOW)
    assert (postbox.arrived, postbox.shown) == ([], [])


def test_where_starttls_is_not_offered_nothing_is_sent_in_the_open(trusted: ssl.SSLContext) -> None:
    with Postbox(users={"films": PASSWORD}) as postbox:
        server = at(postbox, Security.STARTTLS, user="films", password=Secret(PASSWORD), trusted=trusted)
        with pytest.raises(TlsFailed, match="offers no STARTTLS"):
            send(server, MAIL, NOW)
    assert (postbox.arrived, postbox.shown) == ([], [])


def test_tls_at_a_port_that_speaks_plainly_is_told(trusted: ssl.SSLContext) -> None:
    with Postbox() as postbox, pytest.raises(TlsFailed, match="did not agree on TLS"):
        send(at(postbox, Security.TLS, trusted=trusted), MAIL, NOW)


def test_a_wrong_password_is_told_and_shown_nowhere(
    authority: trustme.CA, trusted: ssl.SSLContext, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Postbox(starttls=certified(authority), users={"films": "another"}) as postbox:
        server = at(postbox, Security.STARTTLS, user="films", password=Secret(PASSWORD), trusted=trusted)
        with pytest.raises(ServerRefused, match="PROJECTIONIST_MAIL_PASSWORD") as refused:
            send(server, MAIL, NOW)
    assert postbox.arrived == []
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("projectionist")]
    for told in (refused.value.message, repr(server), repr(MAIL), *ours):
        assert PASSWORD not in told


def test_a_server_that_breaks_off_is_told() -> None:
    with shouting(b"220 here\r\n") as port, pytest.raises(ServerUnreachable):
        send(MailServer("127.0.0.1", SENDER, Security.NONE, port), MAIL, NOW)


@pytest.mark.parametrize(("moment", "arrived"), [("in the middle", 0), ("at the end", 1)])
def test_a_server_that_hangs_up_over_a_letter_is_told_and_tried_again(
    moment: Literal["in the middle", "at the end"], arrived: int
) -> None:
    """Whether it took the letter nobody knows then: rather twice than never."""
    long = Mail("ada@example.org", "A word", "A line of a long letter.\n" * 40_000)
    with Postbox(hangs_up=moment) as postbox:
        with pytest.raises(ServerUnreachable, match="before it said that it took the mail") as told:
            send(at(postbox), long, NOW)
        assert told.value.retryable
        assert len(postbox.arrived) == arrived
        send(at(postbox), long, NOW)
    assert [one.text for one in postbox.arrived] == [long.text] * (arrived + 1)


def test_a_password_that_smtp_cannot_carry_is_told() -> None:
    with Postbox(users={"films": PASSWORD}) as postbox:
        server = at(postbox, user="films", password=Secret("Ünbekannt"))
        with pytest.raises(ServerRefused, match="takes no such user and password"):
            send(server, MAIL, NOW)


def test_a_server_that_knows_no_way_of_signing_in_that_we_know_is_told_and_not_tried_again() -> None:
    with shouting(b"220 here\r\n250-here\r\n250 AUTH GSSAPI NTLM\r\n") as port:
        server = MailServer("127.0.0.1", SENDER, Security.NONE, port, user="films", password=Secret(PASSWORD))
        with pytest.raises(ServerRefused, match="PLAIN, LOGIN or CRAM-MD5") as told:
            send(server, MAIL, NOW)
    assert not told.value.retryable
    assert PASSWORD not in told.value.message


@pytest.mark.parametrize(
    ("command", "said", "what", "retryable"),
    [
        ("MAIL", "553 5.1.8 No such sender", MailRefused, False),
        ("RCPT", "550 5.1.1 <ada@example.org> nobody here", MailRefused, False),
        ("DATA", "554 5.7.1 Looks like spam", MailRefused, False),
        ("MAIL", "451 4.3.0 Busy", ServerFailed, True),
        ("RCPT", "450 4.2.0 Greylisted", ServerFailed, True),
        ("DATA", "452 4.3.1 Disk full", ServerFailed, True),
    ],
)
def test_what_is_refused_for_good_and_for_now_are_told_apart(
    command: str, said: str, what: type[ProjectionistError], retryable: bool
) -> None:
    with Postbox(refusals={command: [said]}) as postbox, pytest.raises(what) as refused:
        send(at(postbox), MAIL, NOW)
    assert refused.value.retryable is retryable
    assert said[:9] in refused.value.message, "what the server said helps"
    assert MAIL.to not in refused.value.message, "pages of jobs show it to more than its reader"
    assert postbox.arrived == []


def test_a_bad_goodbye_does_not_make_a_mail_that_was_taken_a_failure() -> None:
    with Postbox(refusals={"QUIT": ["421 Too busy to say goodbye"]}) as postbox:
        send(at(postbox), MAIL, NOW)
    assert len(postbox.arrived) == 1


def test_what_is_no_mail_server_is_told() -> None:
    with shouting(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, pytest.raises(ServerAnswerWrong):
        send(MailServer("127.0.0.1", SENDER, Security.NONE, port), MAIL, NOW)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_does_not_answer_is_told(host: str) -> None:
    with silent() as port:
        pass
    with pytest.raises(ServerUnreachable) as refused:
        send(MailServer(host, SENDER, Security.NONE, port), MAIL, NOW)
    assert refused.value.retryable
    assert f"{host}:{port}" in refused.value.message


def test_silence_is_not_waited_for_for_ever() -> None:
    with silent() as port:
        for patience in (Patience(answer=0.3), Patience(answer=600, total=0.3)):
            server = MailServer("127.0.0.1", SENDER, Security.NONE, port, patience=patience)
            with pytest.raises(ServerUnreachable):
                send(server, MAIL, NOW)


def test_who_gives_up_does_not_wait() -> None:
    def check() -> None:
        raise JobCancelled("It was cancelled.")

    with silent() as port, pytest.raises(JobCancelled):
        send(MailServer("127.0.0.1", SENDER, Security.NONE, port), MAIL, NOW, check)


@pytest.mark.parametrize(
    "to",
    [
        "ada@example.org\r\nBcc: all@example.org",
        "ada@example.org\nBcc: all@example.org",
        "ada@example.org, all@example.org",
        '"a b"@example.org',
        "ada@example.org\0",
        "<ada@example.org>",
        "=?utf-8?q?a=0D=0ABcc=3A=20x?=@example.org",
        "",
    ],
)
def test_an_address_that_would_add_a_header_or_another_reader_is_refused(to: str) -> None:
    with Postbox() as postbox, pytest.raises(MailRefused):
        send(at(postbox), Mail(to, "A word", "text"), NOW)
    assert postbox.arrived == []


@given(subject=st.text(max_size=200), text=st.text(max_size=200))
@example(subject="=?utf-8?q?a=0D=0ABcc=3A=20x?=", text="")
@example(subject="", text="\r\n\r\nBcc: x@example.org\r\n.\r\n")
def test_nothing_that_a_mail_is_made_of_adds_a_header(subject: str, text: str) -> None:
    server = MailServer("127.0.0.1", SENDER)
    raw = message_of(server, Mail("ada@example.org", f"a\r\nBcc: x@example.org\n{subject}", text), NOW)
    read = email.message_from_bytes(raw.as_bytes(), policy=default)
    names = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"]
    assert list(read.keys())[:6] == names
    assert set(read.keys()) - set(names) == {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert read["To"] == "ada@example.org"
