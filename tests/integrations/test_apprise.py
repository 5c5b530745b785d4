from __future__ import annotations

import logging
from contextlib import closing, suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import InputWrong, ServerFailed, ServerRefused
from projectionist.integrations.messengers.services import AppriseMessenger
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind
from tests.kit.loopback import Loopback, says

SECRET = "canary-of-the-messenger-8b3d"
MESSAGE = Message("Disk of the data folder", "It is at 91 %.", Level.BAD)


def messenger(address: str) -> AppriseMessenger:
    return AppriseMessenger(MessengerAddress(MessengerKind.APPRISE, address))


def sent(address: str) -> None:
    with closing(messenger(address)) as one:
        one.send(MESSAGE)


def test_a_message_reaches_a_service_that_the_library_knows() -> None:
    with Loopback(says()) as loopback:
        sent(f"json://localhost:{loopback.port}/{SECRET}")
        assert loopback.heads[-1].startswith(f"POST /{SECRET}")


@pytest.mark.parametrize("status", ["500 Oops", "403 Forbidden", "404 Not Found"])
def test_who_does_not_take_it_says_so_and_no_error_or_line_tells_the_address(
    status: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    with Loopback(says(status=status)) as loopback, pytest.raises(ServerFailed) as raised:
        sent(f"json://user:{SECRET}@localhost:{loopback.port}/{SECRET}/more?+token={SECRET}")
    assert "did not take the message" in raised.value.message
    assert status[:3] in raised.value.message
    told = "".join((raised.value.message, caplog.text, *capfd.readouterr()))
    assert SECRET not in told


def test_nobody_there_is_a_failure_that_may_pass() -> None:
    with pytest.raises(ServerFailed) as raised:
        sent(f"json://127.0.0.1:9/{SECRET}")
    assert raised.value.retryable
    assert SECRET not in raised.value.message
    assert "127.0.0.1" not in raised.value.message, "what stands there is a token, with some services"


def test_no_redirect_is_followed() -> None:
    with Loopback(says()) as other:
        elsewhere = says(status="307 Temporary Redirect", location=f"{other.url}/elsewhere")
        with Loopback(elsewhere) as loopback, suppress(ServerFailed):
            sent(f"json://localhost:{loopback.port}/{SECRET}")
        assert other.heads == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nothing",
        "nothing://at-all",
        "https://example.org/x",
        "file:///etc/passwd",
        "tgram://too-short",
        "dbus://",
        "SYSLOG://",
        "gnome://",
        "macosx://",
        "windows://",
        "blink1://",
        "discord://123456789/abcdefghijklm?template=/etc/passwd",
        "discord://123456789/abcdefghijklm?Template=https://example.org/x",
        "fcm://project/token?keyfile=/etc/passwd",
        "mailtos://name:password@example.org?pgpprv=/etc/passwd",
        "json://localhost/?verify=no",
        "json://localhost/?redirect=yes",
        "json://localhost/?rto=100000",
        "json://localhost/" + "a" * 2000,
        "json://[::1",
    ],
)
def test_what_is_no_address_or_may_not_be_asked_for_is_refused(address: str) -> None:
    with pytest.raises(InputWrong) as raised:
        messenger(address)
    assert raised.value.field == "address"


@given(
    st.sampled_from(
        ["json", "tgram", "mailto", "discord", "slack", "ntfys", "matrix", "sns", "fcm", "vapid"]
    ),
    st.text(max_size=60),
)
def test_no_address_is_too_odd_to_be_judged(scheme: str, rest: str) -> None:
    with suppress(InputWrong):
        messenger(f"{scheme}://{rest}")


def test_none_of_them_expects_a_heartbeat() -> None:
    with pytest.raises(ServerRefused):
        messenger("json://localhost/").beat()
