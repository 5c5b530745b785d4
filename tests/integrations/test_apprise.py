from __future__ import annotations

import logging
import re
from contextlib import closing, suppress
from pathlib import Path

import apprise
import pytest
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import AddressRefused, InputWrong, ServerFailed, ServerRefused
from projectionist.integrations.messengers.services import AppriseMessenger
from projectionist.kit.outbound import OUTBOUND, LookUp, Outbound, OwnService
from projectionist.media.messages import Level, Message, MessengerAddress, MessengerKind
from tests.kit.loopback import Loopback, says

SECRET = "canary-of-the-messenger-8b3d"
MESSAGE = Message("Disk of the data folder", "It is at 91 %.", Level.BAD)


def messenger(address: str, outbound: Outbound = OUTBOUND) -> AppriseMessenger:
    return AppriseMessenger(MessengerAddress(MessengerKind.APPRISE, address), outbound=outbound)


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
        "xmpp://user:password@example.org",
        "mqtt://example.org/topic",
        "rsyslog://example.org",
        "json://2130706433/",
        "json://0x7f.1/",
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
        messenger(f"{scheme}://{rest}", Outbound(look_up=leads_to("93.184.216.34")))


def test_none_of_them_expects_a_heartbeat() -> None:
    with pytest.raises(ServerRefused):
        messenger("json://localhost/").beat()


def leads_to(*addresses: str) -> LookUp:
    return lambda host, port: addresses


@pytest.mark.parametrize(
    "found",
    ["127.0.0.1", "10.0.0.7", "192.168.1.1", "::1", "::ffff:127.0.0.1", "fd00::1", "64:ff9b::7f00:1"],
)
def test_a_name_that_leads_into_the_house_is_refused_where_the_house_is_not_open(found: str) -> None:
    public = Outbound(private=False, look_up=leads_to(found))
    with pytest.raises(InputWrong, match=r"messages.example.org leads to .* private network"):
        messenger(f"json://messages.example.org/{SECRET}", public)
    messenger(f"json://messages.example.org/{SECRET}", Outbound(look_up=leads_to(found)))


@pytest.mark.parametrize("found", ["169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "0.0.0.0"])
def test_a_name_that_leads_where_nothing_may_be_sent_is_refused(found: str) -> None:
    with pytest.raises(InputWrong, match=r"nothing was sent there") as raised:
        messenger(f"jsons://messages.example.org/{SECRET}", Outbound(look_up=leads_to(found)))
    assert raised.value.field == "address"
    assert SECRET not in raised.value.message


def test_a_token_in_the_place_of_a_host_is_not_looked_up() -> None:
    def look_up(host: str, port: int) -> list[str]:
        raise AssertionError(host)

    messenger("discord://1234567890/abcdefghijklmnop", Outbound(look_up=look_up))


def test_a_name_that_cannot_be_looked_up_now_is_taken() -> None:
    def look_up(host: str, port: int) -> list[str]:
        raise OSError("no network")

    messenger("json://messages.example.org/", Outbound(look_up=look_up))


@pytest.mark.parametrize(
    "address", ["json://localhost:{port}", "mailto://ada:word@localhost:{port}?to=b@a.org"]
)
def test_a_name_that_leads_elsewhere_once_it_was_judged_is_refused_when_a_message_is_sent(
    address: str,
) -> None:
    """The fake resolver names a public address, and the system, which the library asks, this machine."""
    rebound = Outbound(private=False, look_up=leads_to("93.184.216.34"))
    with Loopback(says()) as loopback:
        one = messenger(f"{address.format(port=loopback.port)}", rebound)
        with pytest.raises(AddressRefused, match="an address of a private network; nothing was sent"):
            one.send(MESSAGE)
        assert loopback.heads == []


def test_a_message_never_goes_to_projectionist_itself() -> None:
    with Loopback(says()) as loopback:
        own = Outbound(look_up=leads_to("93.184.216.34"), own=OwnService("127.0.0.1", loopback.port))
        with pytest.raises(AddressRefused, match="which is Projectionist itself"):
            messenger(f"json://localhost:{loopback.port}", own).send(MESSAGE)
        assert loopback.heads == []


def test_a_refusal_tells_no_secret() -> None:
    rebound = Outbound(private=False, look_up=leads_to("93.184.216.34"))
    with Loopback(says()) as loopback, pytest.raises(AddressRefused) as raised:
        messenger(f"json://user:{SECRET}@localhost:{loopback.port}/{SECRET}", rebound).send(MESSAGE)
    assert SECRET not in raised.value.message


def test_no_service_of_the_library_begins_a_thread_that_connects_unseen() -> None:
    """Whoever takes up a new version of the library looks whether the services named here are all of them."""
    plugins = Path(apprise.__file__).parent / "plugins"
    threads = {
        path.relative_to(plugins).parts[0].removesuffix(".py")
        for path in plugins.rglob("*.py")
        if re.search(
            r"Thread\(|ThreadPoolExecutor|loop_start|run_in_executor|executor\.submit", path.read_text()
        )
    }
    assert threads == {"base", "mqtt", "xmpp"}
