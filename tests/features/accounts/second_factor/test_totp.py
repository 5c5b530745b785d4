from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from projectionist.features.accounts.second_factor import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
"""That of the examples of both RFCs."""


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_rfc_6238(seconds: int, code: str) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_of(SECRET, totp.step_at(moment)) == code
    assert totp.matching_step(SECRET, code, moment) == seconds // 30


def test_codes_are_those_of_rfc_4226() -> None:
    codes = "755224 287082 359152 969429 338314 254676 287922 162583 399871 520489"
    assert [totp.code_of(SECRET, count) for count in range(10)] == codes.split()


def test_the_codes_right_before_and_after_are_taken_and_no_others() -> None:
    moment = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    taken = [
        totp.matching_step(SECRET, totp.code_of(SECRET, totp.step_at(moment + timedelta(seconds=by))), moment)
        for by in (-60, -30, 0, 30, 60)
    ]
    here = totp.step_at(moment)
    assert taken == [None, here - 1, here, here + 1, None]


def test_what_is_no_code_matches_nothing() -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    assert [totp.matching_step(SECRET, text, moment) for text in ("", "12345", "1234567", "é" * 6)] == [
        None
    ] * 4


def test_a_secret_is_160_bits_of_its_own() -> None:
    secrets = {totp.new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(base64.b32decode(one)) for one in secrets} == {20}


def test_an_app_reads_the_secret_and_whose_it_is() -> None:
    told = urlsplit(totp.app_address(SECRET, "vera+home@example.org"))
    assert (told.scheme, told.netloc) == ("otpauth", "totp")
    assert unquote(told.path) == "/Projectionist:vera+home@example.org"
    assert parse_qs(told.query) == {"secret": [SECRET], "issuer": ["Projectionist"]}
