from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from projectionist.errors import (
    AddressRefused,
    InputWrong,
    ServerFailed,
    ServerRefused,
    ServiceError,
    SubscriptionGone,
)
from projectionist.integrations.messengers import push_crypto
from projectionist.integrations.messengers.pushing import WebPush, body_of, topic_of
from projectionist.kit.outbound import Outbound, OwnService
from projectionist.media.messages import Level, Message
from projectionist.media.pushing import HouseKey, PushSubscription
from tests.integrations.push_service import SECRET, Browser, PushService, bytes_of, who_sends, words

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
KEY = push_crypto.new_key()
MESSAGE = Message("Disk of the data folder", "It is at 91 %.", Level.BAD, "/alerts", "disk")
CONTACT = "https://films.example.org"
POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
"""A browser's key, of the example in RFC 8291."""


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as found:
        yield found


def push_to(service: PushService, browser: Browser, message: Message = MESSAGE, key: HouseKey = KEY) -> None:
    web_push = WebPush(Outbound(), lambda: NOW, service.trust)
    with closing(web_push.connect(browser.subscription, key, CONTACT)) as messenger:
        messenger.send(message)


def test_a_message_is_encrypted_as_the_example_of_the_standard() -> None:
    """RFC 8291, section 5 and appendix A."""
    own = ec.derive_private_key(
        int.from_bytes(bytes_of("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")), ec.SECP256R1()
    )
    given = PushSubscription(
        "https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV",
        POINT,
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    content = b"When I grow up, I want to be a watermelon\x02"
    made = push_crypto.sealed(content, given, own, bytes_of("DGv6ra1nlYgDCS1FRnbzlw"))
    assert words(made) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6"
        "PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_the_browser_alone_reads_a_message_and_its_push_service_knows_who_sends(service: PushService) -> None:
    browser = Browser(service.url)
    push_to(service, browser)
    (pushed,) = service.taken
    assert browser.shows(pushed) == {
        "title": "Disk of the data folder",
        "text": "It is at 91 %.",
        "path": "/alerts",
        "about": "disk",
        "level": "bad",
    }
    assert pushed.path == browser.path
    assert {name: pushed.headers[name] for name in ("ttl", "urgency", "topic", "content-encoding")} == {
        "ttl": "86400",
        "urgency": "high",
        "topic": topic_of("disk"),
        "content-encoding": "aes128gcm",
    }
    key, claims = who_sends(pushed)
    expires_at = int((NOW + timedelta(hours=12)).timestamp())
    assert (key, claims) == (KEY.public, {"aud": service.url, "exp": expires_at, "sub": CONTACT})
    with pytest.raises(InvalidTag):
        Browser(service.url).reads(pushed.body)


def test_an_announcement_replaces_no_other(service: PushService) -> None:
    push_to(service, Browser(service.url), Message("ada announces", "Down tonight", Level.INFO))
    assert "topic" not in service.taken[0].headers
    assert service.taken[0].headers["urgency"] == "normal"


def test_the_same_message_never_looks_the_same_and_short_ones_are_equally_long(service: PushService) -> None:
    browser = Browser(service.url)
    for text in ("short", "short", "a little longer"):
        push_to(service, browser, replace(MESSAGE, text=text))
    first, second, third = (one.body for one in service.taken)
    assert first != second
    assert len(first) == len(second) == len(third)


@given(st.text(max_size=300), st.text(max_size=5000), st.sampled_from(Level))
def test_every_message_fits_into_what_push_services_take_and_is_read(
    title: str, text: str, level: Level
) -> None:
    title, text = (one.encode(errors="replace").decode() for one in (title, text))
    body = body_of(Message(title, text, level))
    assert len(body) <= push_crypto.LONGEST
    told = json.loads(body)["text"]
    assert told == text or (told.endswith("…") and text.startswith(told[:-1]))
    browser = Browser("https://push.example.org")
    assert browser.reads(push_crypto.encrypt(body, browser.subscription)) == body


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_takes_none_any_more_is_told_apart(service: PushService, status: int) -> None:
    service.answers = [(status, {})]
    with pytest.raises(SubscriptionGone, match="takes no messages any more"):
        push_to(service, Browser(service.url))


@pytest.mark.parametrize(("status", "after"), [(429, "7"), (503, "30")])
def test_how_long_a_push_service_wants_to_be_left_alone_is_known(
    service: PushService, status: int, after: str
) -> None:
    service.answers = [(status, {"Retry-After": after})]
    with pytest.raises(ServerFailed) as raised:
        push_to(service, Browser(service.url))
    assert (raised.value.retry_after_s, raised.value.retryable) == (float(after), True)
    assert len(service.taken) == 1, "whoever is asked to wait does not ask again at once"


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (400, ServerRefused, "refused the message (400)"),
        (401, ServerRefused, "refused the message (401)"),
        (403, ServerRefused, "refused the message (403)"),
        (413, ServerRefused, "too long (413)"),
        (429, ServerFailed, "asked less often"),
        (500, ServerFailed, "failed at"),
    ],
)
def test_every_refusal_ends_in_a_sentence_without_the_secret_address(
    service: PushService,
    status: int,
    error: type[ServiceError],
    said: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    service.answers = [(status, {})]
    with pytest.raises(error) as raised:
        push_to(service, Browser(service.url))
    assert said in raised.value.message
    assert SECRET not in raised.value.message
    assert raised.value.__cause__ is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://push.example.org/send/abc",
        "ftp://push.example.org/send/abc",
        "https://push.example.org",
        "https://push.example.org/",
        "https://name:word@push.example.org/send/abc",
        "https://127.0.0.1/send/abc",
        "https://10.0.0.7/send/abc",
        "https://[::1]/send/abc",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:192.168.1.1]/send",
        "https://2130706433/send",
    ],
)
def test_only_public_addresses_by_https_are_push_services(endpoint: str) -> None:
    web_push = WebPush.to_public(Outbound(own=OwnService("127.0.0.1", 8480)), lambda: NOW)
    given = replace(Browser("https://push.example.org").subscription, endpoint=endpoint)
    with pytest.raises(InputWrong) as raised:
        web_push.connect(given, KEY, CONTACT)
    assert raised.value.field == "endpoint"


def test_a_name_that_leads_into_the_house_is_refused_when_it_is_asked() -> None:
    outbound = Outbound(look_up=lambda host, port: ("192.168.1.10",))
    web_push = WebPush.to_public(outbound, lambda: NOW)
    browser = Browser("https://push.example.org")
    with (
        closing(web_push.connect(browser.subscription, KEY, CONTACT)) as messenger,
        pytest.raises(AddressRefused) as raised,
    ):
        messenger.send(MESSAGE)
    assert "private network" in raised.value.message
    assert SECRET not in raised.value.message


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [
        ("", "AAAAAAAAAAAAAAAAAAAAAA"),
        ("A" * 87, "AAAAAAAAAAAAAAAAAAAAAA"),
        (words(b"\x04" + b"\x01" * 64), "AAAAAAAAAAAAAAAAAAAAAA"),
        (POINT, "AAAA"),
        (POINT, "\u00e4"),
    ],
)
def test_keys_that_nothing_can_be_encrypted_for_are_refused(p256dh: str, auth: str) -> None:
    given = PushSubscription("https://push.example.org/send/abc", p256dh, auth)
    with pytest.raises(InputWrong) as raised:
        WebPush(Outbound(), lambda: NOW).connect(given, KEY, CONTACT)
    assert raised.value.field == "keys"


def test_nothing_of_a_subscription_or_a_key_is_shown() -> None:
    shown = repr(Browser("https://push.example.org").subscription) + repr(KEY)
    assert SECRET not in shown
    assert KEY.private not in shown
