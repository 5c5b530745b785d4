from __future__ import annotations

import logging
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong, ServerFailed, ServerLacks, ServerUnreachable, ServiceError
from projectionist.integrations.messengers.posting import PostMessenger, body_of, parts_of
from projectionist.kit.http import TimeOuts
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind
from tests.kit.loopback import Loopback, hangs, says

SECRET = "canary-of-the-messenger-8b3d"
SOON = TimeOuts(connect=1, read=1, total=2)
MESSAGE = Message("Disk of the data folder", "It is at 91 %.", Level.BAD)


def sent(loopback: Loopback, kind: MessengerKind, path: str) -> str:
    address = MessengerAddress(kind, f"{loopback.url}{path}")
    with closing(PostMessenger(address, time_outs=SOON)) as messenger:
        messenger.send(MESSAGE)
    return loopback.heads[-1].splitlines()[0]


def test_messages_are_posted_to_the_address_and_of_ntfy_to_its_root_with_the_topic() -> None:
    with Loopback(says()) as loopback:
        assert sent(loopback, MessengerKind.APPRISE_API, "/notify/house") == "POST /notify/house HTTP/1.1"
        assert (
            sent(loopback, MessengerKind.GOTIFY, "/message?token=abc") == "POST /message?token=abc HTTP/1.1"
        )
        assert sent(loopback, MessengerKind.NTFY, "/my-topic") == "POST / HTTP/1.1"
        assert sent(loopback, MessengerKind.NTFY, "/sub/my-topic?auth=x") == "POST /sub?auth=x HTTP/1.1"


def test_each_service_reads_its_own_form() -> None:
    assert body_of(MessengerKind.APPRISE_API, MESSAGE) == {
        "title": MESSAGE.title,
        "body": MESSAGE.text,
        "type": "failure",
        "format": "text",
    }
    assert body_of(MessengerKind.NTFY, MESSAGE)["priority"] == 5
    assert body_of(MessengerKind.SLACK, Message("<!channel> & co", "x", Level.INFO)) == {
        "text": "*&lt;!channel&gt; &amp; co*\nx"
    }
    assert body_of(MessengerKind.DISCORD, MESSAGE)["allowed_mentions"] == {"parse": []}


@given(st.sampled_from(MessengerKind), st.text(max_size=3000), st.text(max_size=5000), st.sampled_from(Level))
def test_no_message_is_longer_than_services_take(
    kind: MessengerKind, title: str, text: str, level: Level
) -> None:
    told = body_of(kind, Message(title, text, level))
    if kind is MessengerKind.DISCORD:
        assert len(told["content"]) <= 2000


@pytest.mark.parametrize(("status", "error"), [("500 Oops", ServerFailed), ("404 Not Found", ServerLacks)])
def test_no_error_tells_the_address(
    status: str, error: type[ServiceError], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with Loopback(says(status=status)) as loopback:
        with pytest.raises(error) as raised:
            sent(loopback, MessengerKind.APPRISE_API, f"/notify/{SECRET}")
        assert "localhost" in raised.value.message
    assert SECRET not in raised.value.message
    assert raised.value.__cause__ is None


@pytest.mark.parametrize("kind", [kind for kind in MessengerKind if kind is not MessengerKind.APPRISE])
def test_how_long_a_service_wants_to_be_left_alone_is_known(kind: MessengerKind) -> None:
    with Loopback(says(status="429 Too Many", Retry_After="3600")) as loopback:
        with pytest.raises(ServerFailed) as raised:
            sent(loopback, kind, f"/notify/{SECRET}")
        assert len(loopback.heads) == 1
    assert (raised.value.retry_after_s, raised.value.answered) == (3600.0, 429)
    assert SECRET not in raised.value.message


def test_who_does_not_answer_is_given_up_soon() -> None:
    with Loopback(hangs(lambda: loopback.ended)) as loopback, pytest.raises(ServerUnreachable) as raised:
        sent(loopback, MessengerKind.APPRISE_API, f"/notify/{SECRET}")
    assert SECRET not in raised.value.message


def test_a_heartbeat_asks_for_the_address() -> None:
    with Loopback(says()) as loopback:
        address = MessengerAddress(MessengerKind.APPRISE_API, f"{loopback.url}/ping/abc")
        with closing(PostMessenger(address, time_outs=SOON)) as messenger:
            messenger.beat()
        assert loopback.heads[-1].startswith("GET /ping/abc ")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ntfy.example.org/topic",
        "file:///etc/passwd",
        "gopher://example.org/",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org:99999/",
        "https://example.org/a b",
        "https://example.org/\u00e4",
        "https://example.org/\r\nx: y",
        "https://example.org/" + "a" * 3000,
        "http://[::1",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputWrong):
        parts_of(address)


def test_an_address_is_told_apart_from_what_follows_its_host() -> None:
    assert parts_of(" https://example.org/a/b?c=d#e ") == ("https://example.org", "/a/b?c=d")
    assert parts_of("http://[fd00::10]:8080") == ("http://[fd00::10]:8080", "/")
