"""One-time codes by the clock (RFC 6238), as authenticator apps make them: six digits, anew every 30 s, by SHA-1."""

from __future__ import annotations

import base64
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

PERIOD_S = 30
DIGITS = 6
SKEW = 1
"""So many codes before and after the one of this moment are taken: clocks differ."""

ISSUER = "Projectionist"
_SECRET_BYTES = 20


def new_secret() -> str:
    """160 bits by chance, in the letters and digits that apps take."""
    return base64.b32encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def step_at(now: datetime) -> int:
    """The number of the period in which a moment lies."""
    return int(now.timestamp()) // PERIOD_S


def code_of(secret: str, step: int) -> str:
    """The code of a period."""
    digest = hmac.digest(base64.b32decode(secret), step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The period of which this is the code, among those that are taken now; None where it is of none."""
    here = step_at(now)
    steps = range(here - SKEW, here + SKEW + 1)
    found = [step for step in steps if hmac.compare_digest(code_of(secret, step).encode(), code.encode())]
    return found[-1] if found else None


def app_address(secret: str, name: str) -> str:
    """What an app reads from the QR code."""
    asked = {"secret": secret, "issuer": ISSUER}
    return f"otpauth://totp/{ISSUER}:{quote(name, safe='')}?{urlencode(asked)}"
